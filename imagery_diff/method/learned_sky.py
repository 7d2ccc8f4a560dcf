"""What a learned judge of clouds says of cells of about 10 m, as flags of pixels.

omnicloudmask was trained on 10 to 50 m and is recommended 10 m where pixels are finer; below 96 x 96 pixels it is no
longer good (balanced accuracy .55 at 32, .78 at 96, .83 at 509; its documentation, "Choosing a resolution" and "Spatial
context"). Its thick cloud is cloud, its thin cloud haze, its shadow shade; cloud and shade are grown by their own fade,
as in ``method/sky.py``. Snow it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.errors import InputError
from imagery_diff.method.cells import Cells, grown, reach_of_fade
from imagery_diff.method.cloud_shade import CELL_M, darkness
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Classes = NDArray[np.uint8]

BANDS = ("red", "green", "nir")
"""What it looks at, in this order."""
_THICK, _THIN, _SHADOW = 1, 2, 3
_COARSEST_M = 50.0
_LEAST = 96
"""Fewest cells on a side."""
_MOST = 6_000_000
"""Cells that are judged at all: 24 x 24 km of 10 m."""
_FADE_M, _SHADE_FADE_M = 150.0, 120.0
"""As far as the rims of cloud and of shade are followed, metres: those of ``method/sky.py``."""


def unfit(shape: tuple[int, int], names: tuple[str, ...], pixel_m: float) -> str:
    """Say why an image cannot be judged so; nothing if it can.

    Examples
    --------
    >>> unfit((600, 600), ("blue", "green", "red"), 3.0)
    'it needs nir'
    >>> unfit((600, 600), ("blue", "green", "red", "nir"), 3.0)
    ''

    """
    lacking = [name for name in BANDS if name not in names]
    if lacking:
        return f"it needs {' and '.join(lacking)}"
    if pixel_m > _COARSEST_M:
        return f"it is made for pixels of {_COARSEST_M:g} m at most"
    side = Cells.of(shape, pixel_m, CELL_M).side
    rows, cols = (-(-n // side) for n in shape)
    if min(rows, cols) < _LEAST:
        return f"it needs {_LEAST} x {_LEAST} cells of {side * pixel_m:.3g} m to tell, and {cols} x {rows} are shown"
    return f"{cols} x {rows} cells are more than {_MOST / 1e6:g} million" if rows * cols > _MOST else ""


def flags_of(
    judge: Callable[[Floats], Classes], image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float
) -> NDArray[np.uint8]:
    """Ask a judge of clouds, and lay what it says out as flags.

    Parameters
    ----------
    judge
        Takes (band, row, col) of ``BANDS``, NaN where not seen; gives (row, col): 0 clear, 1 thick cloud, 2 thin
        cloud, 3 shadow.
    image
        (band, row, col), any numbers that grow with light.
    seen
        (row, col), True where the image holds something.
    names
        Common names of the bands.
    pixel_m
        Size of a pixel, metres; finer ones than about 10 m are averaged.

    Returns
    -------
    (row, col), bits of ``Flag``: CLOUD, HAZE, SHADOW; 0 where nothing was seen.

    Raises
    ------
    InputError
        If the judge names a class that is none.

    """
    cells = Cells.of(seen.shape, pixel_m, CELL_M)
    light, known = cells.image(image, seen), cells.seen(seen)
    asked = light[[names.index(name) for name in BANDS]]
    classes = judge(np.where(known, asked, np.float32(np.nan)))
    if classes.max(initial=0) > _SHADOW:
        raise InputError(f"the judge of clouds gave the class {classes.max()}, and knows 0 to {_SHADOW}")
    cloud = _grown(classes == _THICK, asked.min(axis=0), known, cells.cell_m, _FADE_M)
    dark = darkness(light, known & ~cloud, names, cells.cell_m)
    shade = _grown(classes == _SHADOW, dark, known & ~cloud, cells.cell_m, _SHADE_FADE_M)
    flags = np.zeros(seen.shape, np.uint8)
    marked = ((Flag.CLOUD, cloud), (Flag.HAZE, (classes == _THIN) & ~cloud), (Flag.SHADOW, shade & ~cloud))
    for flag, where in marked:
        flags[np.asarray(cells.laid_out(where & known), bool) & seen] |= np.uint8(flag.value)
    return flags


def _grown(mask: Bools, signal: Floats, known: Bools, cell_m: float, most_m: float) -> Bools:
    """Grow what was marked by as much as it takes to fade."""
    return grown(mask, reach_of_fade(mask, signal, known, cell_m, most_m) / cell_m)
