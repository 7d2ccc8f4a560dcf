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
    return _read("calibration.json")


def read_classes() -> dict[str, Any]:
    """Read ``classes.json``, which benchmarks/classes.py wrote, for ``method.class_model.ClassModel.of_table``.

    Examples
    --------
    >>> read_classes()["temperature"] > 0
    True

    """
    return _read("classes.json")


def read_lengths() -> dict[str, Any]:
    """Read ``lengths.json``, which benchmarks/measures.py wrote, for ``method.measure.Limits.of_table``."""
    return _read("lengths.json")


def _read(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(files("imagery_diff").joinpath(name).read_text(encoding="utf-8"))
    return table
