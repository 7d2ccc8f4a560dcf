"""The story of what would have been missed: sensitivity(), the smallest things that a pair would have shown.

docs/explanation/sensitivity.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.pair import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from imagery_diff.aoi import AOI
    from imagery_diff.params import Params
    from imagery_diff.result import Sensitivity
    from imagery_diff.scene import SceneInfo


def sensitivity(
    aoi: AOI | str | Path,
    before: SceneInfo | str | Path,
    after: SceneInfo | str | Path,
    *,
    despite: Sequence[str] = (),
    params: Params | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Sensitivity:
    """Say how small a ship, stack or train would have been missed by a comparison of two images.

    Hundreds of rendered things are put into the pair, in the colours from dark red to white and of all lengths, and it
    is compared again with everything estimated standing. It takes minutes.

    Parameters
    ----------
    aoi
        As for :func:`imagery_diff.compare`; with zones.
    before, after, despite, params, progress
        As for :func:`imagery_diff.compare`.

    Returns
    -------
    Sensitivity
        With a curve for each kind of zone and a floor for each zone, metres; None with a reason where there is none.

    Raises
    ------
    InputError
        If the AOI has no zones, or the pair cannot be compared.

    """
    result = compare(
        aoi, before, after, detect="alarm", despite=despite, sensitivity="full", params=params, progress=progress
    )
    if result.sensitivity is None or not result.zones:
        raise InputError(
            f"{result.name}: what would have been missed is told of zones (berths, yards, tracks), and the AOI has "
            "none; give one with zones (docs/reference/aoi_files.md)"
        )
    return result.sensitivity
