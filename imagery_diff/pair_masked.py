"""What a provider's mask calls cloud and looks like a thing: told as something to look at, never as a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.method import zones
from imagery_diff.method.masked_things import find_masked
from imagery_diff.method.regions import outline_of
from imagery_diff.result import LookAt
from imagery_diff.scene import UNSEEN, Flag

if TYPE_CHECKING:
    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.params import Params
    from imagery_diff.scene import Scene

_DATES = ("before", "after")


def to_look_at(
    scenes: tuple[Scene, Scene], pair: Pair, ground: AOI | None, grid: Grid, params: Params
) -> tuple[LookAt, ...]:
    """Look under the providers' masks of clouds, in the zones, or all over where there are none.

    Parameters
    ----------
    scenes
        Both images as read, on the grid, with the flags of their masks.

    """
    found: list[LookAt] = []
    pixel = max(grid.pixel_size_m) if grid.crs is not None else params.unknown_pixel_m
    # Beside a mask the resampling's edge is unseen for its kernel's sake, not for cloud.
    flags = [scene.flags & ~np.uint8(Flag.EDGE.value) for scene in scenes]
    for k, (info, name) in enumerate(zip(pair.infos, _DATES, strict=True)):
        masked = (flags[k] & UNSEEN) == Flag.CLOUD.value
        if not info.cloud_masked or not masked.any():
            continue
        images = (scenes[k].data.astype(np.float32), scenes[1 - k].data.astype(np.float32))
        for patch in find_masked(images, masked, (flags[k] == 0, flags[1 - k] == 0), pixel):
            shape = outline_of(patch, patch.mask.astype(np.float32), grid)
            if shape is None:
                continue
            zone = zones.zone_of(shape.outline, ground)[0] if ground and ground.zones else None
            if ground and ground.zones and (zone is None or zone.kind == "ignore"):
                continue
            number = f"L{len(found) + 1}"
            found.append(
                LookAt(
                    id=number,
                    geometry=shape.outline,
                    date=name,
                    zone=zone.name if zone else None,
                    length_m=shape.length_m,
                    width_m=shape.width_m,
                )
            )
    return tuple(found)
