"""Freed memory is given back, and a step is told of whether or not the system can take it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from imagery_diff import memory


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process holds, and only glibc gives back")
def test_many_small_arrays_that_were_freed_are_given_back():
    """Each is below the size from which the C library asks the system for pages of its own."""
    kept = [np.ones(1 << 13) for _ in range(3200)]
    wall = np.ones(1)
    full = resident_mb()
    del kept
    memory.give_back()
    assert wall.all()
    assert resident_mb() < full - 100


def test_a_step_is_told_of_where_nothing_can_be_given_back(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    told = []
    memory.giving_back(told.append)("registering")
    assert told == ["registering"]


def test_numbers_that_are_looked_at_take_half_the_room_unless_they_would_overflow():
    seen = np.array([0.25, np.nan, 3001.0], np.float32)
    halved = memory.at_half_precision(seen)
    assert halved.dtype == np.float16
    assert np.allclose(halved, seen, rtol=1 / 2000, equal_nan=True)
    large = np.array([70000.0, np.nan], np.float32)
    assert memory.at_half_precision(large).dtype == np.float32
