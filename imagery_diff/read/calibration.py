"""The tables fitted on design scenes that are shipped with the package."""

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


def read_classes() -> dict[str, Any]:
    """Read ``classes.json``, which benchmarks/classes.py wrote, for ``method.class_model.ClassModel.of_table``.

    Examples
    --------
    >>> read_classes()["temperature"] > 0
    True

    """
    table: dict[str, Any] = json.loads(files("imagery_diff").joinpath("classes.json").read_text(encoding="utf-8"))
    return table
