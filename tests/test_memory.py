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


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a process holds")
def test_what_is_set_aside_takes_no_room_until_it_is_looked_at(tmp_path):
    before = resident_mb()
    kept = [memory.set_aside(np.full((2500, 2000), k, np.float32), tmp_path) for k in range(10)]
    assert resident_mb() < before + 100  # of 200
    assert [float(k.mean()) for k in kept] == list(range(10))
    full = resident_mb()
    memory.let_go(*kept)
    assert resident_mb() < full - 100
    assert [float(k[7, 7]) for k in kept] == list(range(10)), "what was let go comes back"
    assert not list(tmp_path.iterdir())


def test_letting_go_leaves_what_lies_in_memory_alone(tmp_path):
    own = np.arange(5)
    memory.let_go(own, own[1:3])
    assert own.tolist() == [0, 1, 2, 3, 4]
    assert memory.set_aside(own[:0], tmp_path).size == 0
