"""Two things at a time: numpy, scipy, GDAL and Pillow let go of the interpreter while they work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")
_OTHERS = 1
"""Threads beside the one that asks."""


def each(work: Callable[[Piece], Answer], pieces: Sequence[Piece]) -> list[Answer]:
    """Run ``work`` on every piece, two at a time; the answers come in the order of the pieces.

    >>> each(abs, [-1, 2, -3])
    [1, 2, 3]

    """
    answers: dict[int, Answer] = {}
    waiting = iter(range(len(pieces)))

    def take() -> None:
        try:
            for number in waiting:  # whoever is free takes the next
                answers[number] = work(pieces[number])
        finally:
            list(waiting)  # after an error nobody begins another

    if len(pieces) < 2:  # noqa: PLR2004
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(_OTHERS) as pool:
        others = [pool.submit(take) for _ in range(_OTHERS)]
        take()
        for other in others:
            other.result()
    return [answers[number] for number in range(len(pieces))]
