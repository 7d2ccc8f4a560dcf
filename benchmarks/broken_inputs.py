"""What the command line says to twenty broken or hostile inputs: exit code, the line, and what it left behind.

    python benchmarks/broken_inputs.py

Prints a Markdown table. Nothing may end in a traceback, and nothing may be left where a result was to be.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from imagery_diff import samples

BEFORE, AFTER = samples.pair("stack_appears")
UTM = {"crs": "EPSG:32652", "transform": Affine(3, 0, 605_000, 0, -3, 4_677_000)}


def image(path: Path, data: np.ndarray, **profile: object) -> Path:
    """Write a small image."""
    count, height, width = data.shape
    options = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": data.dtype, **profile}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **options) as file:
            file.write(data)
    return path


def noise(bands: int = 4, side: int = 300, low: int = 200) -> np.ndarray:
    """Return an image of nothing in particular."""
    return np.random.default_rng(1).integers(low, 3000, (bands, side, side)).astype(np.uint16)


def cloudy(folder: Path) -> Path:
    """Copy a delivered scene and call all of it cloud."""
    copy = shutil.copytree(AFTER.parent, folder / AFTER.parent.name)
    mask = next(copy.glob("*udm2*.tif"))
    with rasterio.open(mask, "r+") as file:
        bands = file.read()
        bands[0], bands[5] = 0, 1
        file.write(bands)
    return copy


def cases(folder: Path) -> list[tuple[str, list[str]]]:
    """Return what is tried, and the words for it."""
    text = folder / "text.tif"
    text.write_text("this is no image")
    vrt = folder / "vrt.tif"
    vrt.write_text(
        '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand><SourceFilename>/etc/passwd</SourceFilename>'
    )
    script = folder / "script.tif"
    script.write_text("#!/bin/sh\nrm -rf /\n")
    truncated = folder / "truncated.tif"
    whole = BEFORE.read_bytes()
    truncated.write_bytes(whole[: len(whole) * 6 // 10])
    empty = folder / "empty.tif"
    empty.touch()
    zipped = folder / "zip.tif"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("../../evil.txt", "x")
    away = image(folder / "away.tif", noise(), crs="EPSG:32652", transform=Affine(3, 0, 700_000, 0, -3, 4_677_000))
    here = image(folder / "here.tif", noise(), **UTM)
    plain = image(folder / "plain.tif", noise(1))
    other = image(folder / "one_band.tif", noise(1), **UTM)
    with rasterio.open(other, "r+") as file:
        file.set_band_description(1, "thermal")
    two = image(folder / "two_band.tif", noise(2), **UTM)
    black = image(folder / "black.tif", np.zeros((4, 300, 300), np.uint16), nodata=0, **UTM)
    nowhere = image(folder / "nan.tif", noise(), crs="EPSG:32652", transform=Affine(float("nan"), 0, 0, 0, -3, 0))
    nested = folder / "deep.geojson"
    nested.write_text('{"a":' * 10_000 + "1" + "}" * 10_000)
    busy = folder / "busy"
    busy.mkdir()
    (busy / "notes.txt").write_text("mine")
    b, a = str(BEFORE), str(AFTER)
    return [
        ("missing file", ["najin", str(folder / "none.tif"), a]),
        ("text renamed .tif", ["najin", str(text), a]),
        ("VRT posing as .tif", ["najin", str(vrt), a]),
        ("script posing as .tif", ["najin", str(script), a]),
        ("truncated GeoTIFF", ["najin", str(truncated), a]),
        ("empty file", ["najin", str(empty), a]),
        ("zip posing as .tif", ["najin", str(zipped), a]),
        ("images 95 km apart", ["-", str(here), str(away)]),
        ("AOI elsewhere", ["vostochny", b, a]),
        ("no georeference, geographic AOI", ["najin", str(plain), str(plain)]),
        ("one with, one without georeference", ["-", str(here), str(plain)]),
        ("no band in common", ["-", str(other), str(two)]),
        ("all nodata", ["-", str(black), str(here)]),
        ("all cloud", ["najin", b, str(cloudy(folder))]),
        ("rendered against other", ["-", b, str(here)]),
        ("georeference not a number", ["-", str(nowhere), str(here)]),
        ("mask given as image", ["najin", str(next(BEFORE.parent.glob("*udm2*.tif"))), a]),
        ("our own result as image", ["-", str(folder / "ours" / "evidence.tif"), a]),
        ("AOI nested 10,000 deep", [str(nested), b, a]),
        ("typing error in the AOI", ["najn", b, a]),
        ("typing error in the verb", ["comapre", "najin", b, a]),
        ("result folder holds something else", ["najin", b, a, "-o", str(busy)]),
        ("result folder under a file", ["najin", b, a, "-o", str(text / "out")]),
        ("the same file twice", ["najin", b, b, "-o", str(folder / "twice")]),
    ]


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line; without -o the result would lie in the folder's subfolder ``cwd``."""
    cwd = folder / "cwd"
    cwd.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "imagery_diff", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=dict(os.environ), check=False)


def main() -> None:
    """Print the table; exit with 1 if anything crashed or left something."""
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run(["najin", str(BEFORE), str(AFTER), "-o", str(folder / "ours")], folder)
        print("| input | exit | what it printed on stderr | left behind |\n| --- | --- | --- | --- |")
        for name, words in cases(folder):
            process = run(words, folder)
            left = sorted(p.name for p in (folder / "cwd").iterdir())
            lines = [s for s in process.stderr.strip().splitlines() if not s.startswith(("Usage", "Try ", "written"))]
            said = " / ".join(s for s in lines if s).replace(str(folder), "…").replace("|", "\\|")
            print(f"| {name} | {process.returncode} | {said} | {', '.join(left) or 'nothing'} |")
            bad += "Traceback" in process.stderr or bool(left)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
