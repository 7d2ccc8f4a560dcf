"""Count how strong false regions and true events come out on design scenes, and write the calibration table.

    python benchmarks/accuracy.py rendered --block design --set floor_sigma=2.4 --set family_error=0.9999 --json LOW
    python benchmarks/calibrate.py LOW [--write]

The first command runs the method with its threshold let down, so that regions below it are counted as well. ``redrawn``
scenes (small things that truly come and go) are left out: their regions are no false alarms. Without ``--write`` the
table is printed only; with it, it goes to ``imagery_diff/calibration.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

TABLE = Path(__file__).resolve().parents[1] / "imagery_diff" / "calibration.json"
LEFT_OUT = {"redrawn"}


def main() -> None:
    """Read results, print the table, write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+", help="JSON of accuracy.py")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    scenes = [s for d in documents for s in d["scenes"] if s["case"] not in LEFT_OUT and not s["error"]]
    settings = sorted({setting for d in documents for setting in d["params"]})
    table = calibrate(scenes, settings)
    text = json.dumps(table, indent=1) + "\n"
    sys.stdout.write(text)
    if options.write:
        TABLE.write_text(text, encoding="utf-8")


def calibrate(scenes: list[dict[str, Any]], settings: list[str]) -> dict[str, Any]:
    """Return the table: false regions per km2 by strength, and quantiles of the strength of true events."""
    nulls = [s for s in scenes if s["null"]]
    km2 = sum(s["zone_km2"] for s in nulls)
    false = np.sort([r["strength"] for s in nulls for r in s["regions"] if r["status"] == "false"])
    true = np.array([r["strength"] for s in scenes for r in s["regions"] if r["status"] == "matched"])
    # Rates at the strengths that 1, 2, 4, 8 … false regions reach: few numbers, each as sure as its count.
    counts = [n for n in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597) if n <= len(false)]
    at = [float(false[-n]) for n in counts]
    return {
        "strength": [round(v, 3) for v in at[::-1]],
        "false_per_km2": [round(n / km2, 5) for n in counts[::-1]],
        "null_km2": round(km2, 2),
        "event_strength": [round(float(v), 2) for v in np.quantile(true, np.arange(0.05, 1.0, 0.1))],
        "bands": ["blue", "green", "red", "nir"],
        "units": "reflectance",
        "pixel_m": [2.4, 3.75],
        "provenance": f"benchmarks/calibrate.py; {len(nulls)} unchanged and {len(scenes) - len(nulls)} other rendered "
        f"design scenes, {len(false)} false and {len(true)} true regions; {', '.join(settings) or 'as shipped'}",
    }


if __name__ == "__main__":
    main()
