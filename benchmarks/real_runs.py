"""Run the command line on every real pair at hand: seconds, peak memory, shift, regions. Prints a Markdown table.

    python benchmarks/real_runs.py [--keep FOLDER]

The images are looked for at $IMAGERY_DIFF_DATA or ../shared/data. With --keep the result folders stay, to be looked at.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))


def pairs() -> list[tuple[str, str, Path, Path]]:
    """Name, AOI, before, after of every real pair."""
    found = []
    for folder in sorted((DATA / "pairs").iterdir()):
        aoi = folder / "aoi.geojson"
        found.append((folder.name, str(aoi) if aoi.exists() else "-", folder / "before.tif", folder / "after.tif"))
    arosics, alaska = DATA / "coreg" / "s2a_t33uuu_arosics", DATA / "coreg" / "l9_s2_unalakleet"
    found.append(("s2a_t33uuu_arosics", "-", arosics / "ref_20160608.jp2", arosics / "tgt_20160529.jp2"))
    found.append(("l9_s2_unalakleet", "-", alaska / "ref_L9_20230630.tif", alaska / "tgt_S2_20231009.tif"))
    juelich = DATA / "unlabelled" / "landsat7_juelich_2001"
    found.append(("landsat7_juelich_2001", "-", juelich / "before.tif", juelich / "after.tif"))
    bay = DATA / "unlabelled" / "planetscope_visual"
    # The two frames overlap by an offset only known from elsewhere; without a georeference they are laid corner on
    # corner.
    found.append(("planetscope_visual frames", "-", bay / "sfbay_frame_before.jpg", bay / "sfbay_frame_after.jpg"))
    venice = sorted((DATA / "series" / "venice_s2_rgb").glob("*.png"))
    found += [(f"venice {a.stem} {b.stem}", "-", a, b) for a, b in pairwise(venice)]
    return found


def run(aoi: str, before: Path, after: Path, folder: Path) -> dict[str, Any]:
    """Run one comparison as a process of its own; seconds are user plus system time of the child."""
    command = [sys.executable, "-m", "imagery_diff", aoi, str(before), str(after), "-o", str(folder), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP)
    assert process.stdout is not None
    assert process.stderr is not None
    answer, error = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    row = {"cpu": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss / 1024, "code": process.returncode}
    return {**row, "summary": json.loads(answer) if answer else None, "error": error.strip().splitlines()[-1:]}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path)
    keep = parser.parse_args().keep
    print("| pair | pixels | shift rows, cols (px) | appeared / disappeared / changed | CPU s | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as scratch:
        base = keep or Path(scratch)
        base.mkdir(parents=True, exist_ok=True)
        for name, aoi, before, after in pairs():
            row = run(aoi, before, after, base / name.replace(" ", "_"))
            cost = f"{row['cpu']:.1f} | {row['mb']:.0f} |"
            summary = row["summary"]
            if summary is None:
                print(f"| {name} | | | exit {row['code']}: {' '.join(row['error'])} | {cost}")
                continue
            rows, cols = summary["grid"]["shape"]
            shift = summary["shift"]
            directions = [r["direction"] for r in summary["regions"]]
            counts = " / ".join(str(directions.count(d)) for d in ("appeared", "disappeared", "changed"))
            print(
                f"| {name} | {cols} x {rows} | {shift['rows']:+.2f}, {shift['cols']:+.2f} | {counts} | {cost}",
                flush=True,
            )


if __name__ == "__main__":
    main()
