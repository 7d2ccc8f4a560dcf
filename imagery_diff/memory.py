"""Memory: what is freed goes back to the system, what is only looked at takes half the room, or lies in files.

What one step leaves lying about must not stand beside what the next needs.
"""

from __future__ import annotations

import ctypes
import mmap
import tempfile
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

Numbers = TypeVar("Numbers", bound=np.generic)
_ARENA_MAX = -8
"""Number of the setting in glibc's malloc.h."""


def giving_back(progress: Callable[[str], None]) -> Callable[[str], None]:
    """Return what tells of a step and, first, gives back what the last one freed."""
    _one_heap()

    def begin(step: str) -> None:
        give_back()
        progress(step)

    return begin


def give_back() -> None:
    """Return freed pages where the C library keeps them and can be asked to (glibc); elsewhere do nothing."""
    _asked("malloc_trim")(0)


@cache
def _one_heap() -> None:
    """Let all threads share one heap: the end of a heap of a thread's own is never given back."""
    _asked("mallopt")(_ARENA_MAX, 1)


def _asked(name: str) -> Callable[..., object]:
    """Find a function of the C library; one that does nothing where it has none of the name."""
    try:
        found: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (OSError, TypeError, AttributeError):
        return lambda *_: None
    return found


def set_aside(array: NDArray[Numbers], folder: Path) -> NDArray[Numbers]:
    """Return an array as a file without a name holds it: it takes room in memory only while it is looked at."""
    if not array.size:
        return array
    with tempfile.TemporaryFile(dir=folder) as file:
        kept = np.memmap(file, array.dtype, "w+", shape=array.shape)
    kept[...] = array
    let_go(kept)
    return kept


def let_go(*arrays: NDArray[Any]) -> None:
    """Give the memory back in which files are mapped; what they hold stays, and comes back when it is looked at."""
    for array in arrays:
        base: object = array
        while base is not None and not isinstance(base, mmap.mmap):
            base = getattr(base, "base", None)
        if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            base.madvise(mmap.MADV_DONTNEED)


def at_half_precision(data: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Copy numbers that are only looked at to two bytes each, a two-thousandth of each value, where they fit."""
    largest = float(np.nanmax(np.abs(data), initial=0.0))
    return data.astype(np.float16) if largest < float(np.finfo(np.float16).max) else data.copy()
