"""Freed memory goes back to the system: what one step leaves lying about must not stand beside what the next needs."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def giving_back(progress: Callable[[str], None]) -> Callable[[str], None]:
    """Return what tells of a step and, first, gives back what the last one freed."""

    def begin(step: str) -> None:
        give_back()
        progress(step)

    return begin


def give_back() -> None:
    """Return freed pages where the C library keeps them and can be asked to (glibc); elsewhere do nothing."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):
        return lambda _: None
    return trim
