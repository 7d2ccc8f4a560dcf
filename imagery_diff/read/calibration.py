"""The calibration table that is shipped with the package."""

from __future__ import annotations

import json
from importlib.resources import files

from imagery_diff.method.chance import Calibration


def load_calibration() -> Calibration:
    """Read ``calibration.json``, which benchmarks/calibrate.py wrote.

    Examples
    --------
    >>> load_calibration().null_km2 > 0
    True

    """
    table = json.loads(files("imagery_diff").joinpath("calibration.json").read_text(encoding="utf-8"))
    lists = ("strength", "false_per_km2", "event_strength", "bands", "pixel_m")
    return Calibration(**{**table, **{name: tuple(table[name]) for name in lists}})
