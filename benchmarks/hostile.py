"""Real files, broken in a seeded way: what `inspect` and the comparison do with them.

    python benchmarks/hostile.py [--mutations 300] [--seed 1] [--only N]

Takes images, masks and metadata of the shared data, the sample tiles, and product folders as the tests build them;
changes one file of each in one way (bits, zeros, cuts, doubled ranges, sizes, offsets, counts and types in TIFF
directories, numbers and names in XML and JSON); and runs the command line on it in a process of its own, bounded in
memory and time. Prints a Markdown table of refused cleanly, ran, crashed, hung, and every crash with its seed; exit
code 1 if there is any.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.errors import NotGeoreferencedWarning

TOP = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
MEMORY_BYTES = 4_000_000_000
"""Address space of a run; about 1 GB of it are libraries."""
SECONDS = 120
TIMES = ["--before-time", "2023-10-16T02:00Z", "--after-time", "2023-10-20T02:00Z"]
PASSED_OVER = ("warning: ", "written to ", "_tiffSeekProc: ")
"""Lines on stderr that are no refusal; the last is libtiff's own, past every handler, on an offset beyond 2^63."""
OUTCOMES = ("refused cleanly", "ran", "crashed", "hung")


@dataclass(frozen=True)
class Sample:
    """Something to break."""

    name: str
    folder: Path
    """Holds all of it; a copy is broken."""
    given: str
    """Which of the files is given on the command line; "" = the folder."""
    other: Path
    """What it is compared with."""
    place: tuple[str, ...]
    """AOI words."""


def samples(scratch: Path) -> list[Sample]:
    """Return what is there to break: real files first."""
    with warnings.catch_warnings():
        # Some of the pictures have no place, and are meant to.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return [*_real(scratch), *_planet(scratch), *_tiles(), *_built(scratch)]


def _real(scratch: Path) -> list[Sample]:
    """Return images of the shared data, each with its other date."""
    pairs = [(f"pairs/{n}/before.tif", f"pairs/{n}/after.tif") for n in ("sar_bern", "landsat_sardinia", "sar_ottawa")]
    pairs += [
        ("pairs/planet_sfbay/before.tif", "pairs/planet_sfbay/after.tif"),
        ("pairs/landsat_taizhou/before.tif", "pairs/landsat_taizhou/after.tif"),
        ("coreg/s2a_t33uuu_arosics/tgt_20160529.jp2", "coreg/s2a_t33uuu_arosics/ref_20160608.jp2"),
        ("series/venice_s2_rgb/2020-01-01.png", "series/venice_s2_rgb/2020-01-09.png"),
        ("unlabelled/planetscope_visual/sfbay_frame_before.jpg", "unlabelled/planetscope_visual/sfbay_frame_after.jpg"),
        ("masks/l8_bqa_cloudy/bqa.tif", "masks/l8_bqa_cloudy/bqa.tif"),
        ("masks/s2_clouds_drivendata/adwp_image.tif", "masks/s2_clouds_drivendata/adwp_image.tif"),
    ]
    found = []
    for first, second in pairs:
        if (DATA / first).is_file():
            folder = scratch / "real" / first.replace("/", "_")
            folder.mkdir(parents=True)
            shutil.copy(DATA / first, folder)
            found.append(Sample(first, folder, Path(first).name, DATA / second, _around(DATA / second)))
    return found


def _around(path: Path) -> tuple[str, ...]:
    """Return the words for a small place in the middle of an image."""
    with rasterio.open(path) as file:
        if not file.crs:
            return ("-",)
        x, y = file.transform @ (file.width / 2, file.height / 2)
        lon, lat = Transformer.from_crs(file.crs, 4326, always_xy=True).transform(x, y)
    return ("--at", f"{lat:.5f}", f"{lon:.5f}", "--radius", "500")


def _planet(scratch: Path) -> list[Sample]:
    """Return PlanetScope scenes: their real masks and metadata, beside them an image of nothing on their grid."""
    found = []
    for mask in sorted((DATA / "masks" / "udm2_planetscope_sumatra").glob("*_udm2_clip.tif"))[:4]:
        stem = mask.name.removesuffix("_udm2_clip.tif")
        folder = scratch / "planet" / stem
        folder.mkdir(parents=True)
        for beside in mask.parent.glob(f"{stem.removesuffix('_3B')}*"):
            shutil.copy(beside, folder)
        image = folder / f"{stem}_AnalyticMS_clip.tif"
        with rasterio.open(mask) as file:
            profile = {**file.profile, "count": 4, "dtype": "uint16", "nodata": 0, "compress": "deflate"}
        data = np.random.default_rng(1).integers(500, 9000, (4, profile["height"] // 8 + 1, profile["width"] // 8 + 1))
        data = np.kron(data, np.ones((1, 8, 8), int))[:, : profile["height"], : profile["width"]]
        with rasterio.open(image, "w", **profile) as file:
            file.write(data.astype(np.uint16))
        found.append(Sample(f"PlanetScope {stem}", folder, "", image, _around(image)))
    return found


def _tiles() -> list[Sample]:
    """Return two of the sample tiles."""
    from imagery_diff import samples as shipped  # noqa: PLC0415 - with the package's own path

    before, after = shipped.pair("stack_appears")
    return [Sample(f"sample tile {p.parent.name}", p.parent, "", q, ("najin",)) for p, q in ((before, after),)]


def _built(scratch: Path) -> list[Sample]:
    """Return product folders as the tests build them after the documented layouts."""
    sys.path.insert(0, str(TOP))
    makers = {"landsat": "scene", "maxar": "product", "airbus": "product", "rapideye": "product", "sentinel2": "safe"}
    found = []
    for product, maker in makers.items():
        here = scratch / "built" / product
        here.mkdir(parents=True)
        module = importlib.import_module(f"tests.read.products.test_{product}")
        build = _inner(getattr(module, maker))
        needs = build.__code__.co_varnames[: build.__code__.co_argcount]
        write = _inner(importlib.import_module("tests.conftest").write_image)(here)
        build(*[{"tmp_path": here, "write_image": write}[n] for n in needs])()
        top = next(p for p in here.iterdir() if p.is_dir())
        found.append(Sample(f"{product} as built", top, "", top, ("-",)))
    return found


def _inner(fixture: Any) -> Any:
    """Return the function inside a fixture, which is called without pytest here."""
    return getattr(fixture, "__wrapped__", None) or fixture._get_wrapped_function()  # noqa: SLF001


def mutate(raw: bytes, name: str, dice: random.Random) -> tuple[bytes, str]:
    """Return a file's bytes changed in one way, and which."""
    if not raw:
        return b"\xff", "something in an empty file"
    ways = [flipped, zeroed, cut, doubled, junk]
    if raw[:4] in (b"II*\0", b"MM\0*"):
        ways += [entry] * 6
    if name.lower().endswith((".xml", ".json", ".txt", ".imd", ".til", ".gml", ".dim", ".safe")):
        ways += [value] * 4 + [renamed] * 2
    way = dice.choice(ways)
    return way(raw, dice), way.__name__


def flipped(raw: bytes, dice: random.Random) -> bytes:
    """Flip up to 20 bits, half of the times near the beginning."""
    out = bytearray(raw)
    span = len(out) if dice.random() < 0.5 else min(len(out), 600)
    for _ in range(dice.randint(1, 20)):
        out[dice.randrange(span)] ^= 1 << dice.randrange(8)
    return bytes(out)


def zeroed(raw: bytes, dice: random.Random) -> bytes:
    """Fill a range with zeros or ones."""
    at, size = dice.randrange(len(raw)), dice.choice([4, 64, 4096])
    fill = dice.choice([b"\0", b"\xff"]) * len(raw[at : at + size])
    return raw[:at] + fill + raw[at + size :]


def cut(raw: bytes, dice: random.Random) -> bytes:
    """Break off."""
    return raw[: dice.randrange(len(raw))]


def doubled(raw: bytes, dice: random.Random) -> bytes:
    """Write a range twice, so that all after it moves."""
    at, size = dice.randrange(len(raw)), dice.choice([1, 16, 1024])
    return raw[: at + size] + raw[at:]


def junk(raw: bytes, dice: random.Random) -> bytes:
    """Overwrite a range at random."""
    at, size = dice.randrange(len(raw)), dice.choice([8, 256, 8192])
    return raw[:at] + dice.randbytes(len(raw[at : at + size])) + raw[at + size :]


def entry(raw: bytes, dice: random.Random) -> bytes:
    """Change one field (tag, type, count, or value or offset) of one entry of a TIFF's first directory."""
    order = "<" if raw[:2] == b"II" else ">"
    start = struct.unpack_from(order + "I", raw, 4)[0]
    if start + 2 > len(raw):
        return flipped(raw, dice)
    count = struct.unpack_from(order + "H", raw, start)[0]
    at = start + 2 + 12 * dice.randrange(max(count, 1))
    if at + 12 > len(raw):
        return flipped(raw, dice)
    out = bytearray(raw)
    where, kind, values = dice.choice(
        [
            (0, "H", [256, 257, 258, 259, 273, 277, 279, 324, 339, 34735, dice.randrange(65536)]),
            (2, "H", [0, 1, 2, 3, 5, 12, 13, 16, 255]),
            (4, "I", [0, 1, 2**16, 2**31, 2**32 - 1, dice.randrange(100)]),
            (8, "I", [0, 1, 7, 8, start, len(raw) - 1, len(raw), 65535, 2**31 - 1, 2**32 - 1, dice.randrange(2**20)]),
        ]
    )
    struct.pack_into(order + kind, out, at + where, dice.choice(values))
    return bytes(out)


def value(raw: bytes, dice: random.Random) -> bytes:
    """Put something else in the place of a number or a quoted text."""
    spots = list(re.finditer(rb'(?<=[>":= ])[-+.\dA-Za-z_:/]+(?=[<",; \n])', raw))
    if not spots:
        return flipped(raw, dice)
    spot = dice.choice(spots)
    odd = [b"NaN", b"-1", b"1e999", b"9" * 400, b"", b"null", b"[]", b"{}", b"0", b"../../etc/hostname", b"/dev/zero"]
    odd += [b"http://127.0.0.1:9/x", b"/vsicurl/http://127.0.0.1:9/x", b"\x00", b"\xff\xfe", b"99999-99-99T99:99:99Z"]
    return raw[: spot.start()] + dice.choice(odd) + raw[spot.end() :]


def renamed(raw: bytes, dice: random.Random) -> bytes:
    """Take a line out, or write it a thousand times."""
    lines = raw.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    lines[at : at + 1] = [lines[at]] * dice.choice([0, 2, 1000])
    return b"".join(lines)


def limited() -> None:
    """Bound this process: its memory, its time on the processor, and what it may write."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000_000, 2_000_000_000))


def run(words: list[str], cwd: Path) -> tuple[str, str]:
    """Run the command line; return the outcome, and the last lines of what it said."""
    command = [sys.executable, "-m", "imagery_diff", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(TOP)}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, timeout=SECONDS, check=False, preexec_fn=limited
        )
    except subprocess.TimeoutExpired:
        return "hung", ""
    said = done.stderr.decode("utf-8", "replace")
    lines = [s for s in said.splitlines() if s.strip() and not s.startswith(PASSED_OVER)]
    if done.returncode == 0:
        return ("ran" if not lines else "crashed"), said
    refused_files = words[0] == "inspect" and not lines
    if done.returncode == 1 and (refused_files or (len(lines) == 1 and lines[0].startswith("Error: "))):
        left = any(cwd.iterdir())
        return ("crashed" if left else "refused cleanly"), said + ("left something behind" if left else "")
    return "crashed", said


def attempt(number: int, seed: int, sample: Sample, scratch: Path) -> list[tuple[str, str, str, str]]:
    """Break a copy of a sample, and run both verbs on it."""
    dice = random.Random(f"{seed}/{number}")  # noqa: S311 - seeded on purpose
    here = scratch / f"run{number}"
    copy = here / sample.folder.name
    shutil.copytree(sample.folder, copy)
    files = sorted(p for p in copy.rglob("*") if p.is_file() and p.name != "truth.geojson")
    victim = dice.choice(files)
    broken, way = mutate(victim.read_bytes(), victim.name, dice)
    victim.write_bytes(broken)
    given = str(copy / sample.given if sample.given else copy)
    first, *options = sample.place
    words = [first, given, str(sample.other)] if first != "--at" else [given, str(sample.other), first, *options]
    found = []
    for verb, line in (("inspect", ["inspect", given]), ("compare", [*words, *TIMES])):
        cwd = here / verb
        cwd.mkdir()
        outcome, said = run(line, cwd)
        found.append((verb, outcome, f"{number} ({sample.name}, {victim.name}, {way})", said))
    shutil.rmtree(here)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="number of one mutation")
    asked = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    bad = []
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        scratch = Path(name)
        taken = samples(scratch)
        numbers = range(asked.mutations) if asked.only is None else [asked.only]
        jobs = [pool.submit(attempt, n, asked.seed, taken[n % len(taken)], scratch) for n in numbers]
        for job in jobs:
            for verb, outcome, what, said in job.result():
                counts[verb, outcome] += 1
                if outcome in ("crashed", "hung"):
                    bad.append((verb, outcome, what, said))
                    print(f"{outcome}: {verb} of mutation {what}\n{said[-1500:]}", file=sys.stderr, flush=True)
    print(f"{len(taken)} samples, {len(jobs)} mutations, seed {asked.seed}\n")
    print(f"| verb | {' | '.join(OUTCOMES)} |\n| --- |{' ---: |' * len(OUTCOMES)}")
    for verb in ("inspect", "compare"):
        print(f"| {verb} | {' | '.join(str(counts[verb, o]) for o in OUTCOMES)} |")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
