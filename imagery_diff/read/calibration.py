"""The calibration table that is shipped with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def read_calibration() -> dict[str, Any]:
    """Read ``calibration.json``, which benchmarks/calibrate.py wrote, for ``method.chance.Calibration.of_table``.

    Examples
    --------
    >>> read_calibration()["null_km2"] > 0
    True

    """
    table: dict[str, Any] = json.loads(files("imagery_diff").joinpath("calibration.json").read_text(encoding="utf-8"))
    return table
