"""What hides the ground on an image that came without a mask: judged by its look, and said so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.scene import DEGRADED, Flag

if TYPE_CHECKING:
    from imagery_diff.params import Params
    from imagery_diff.scene import Scene, SceneInfo


def by_look(info: SceneInfo, scene: Scene, names: tuple[str, ...], params: Params) -> tuple[Scene, tuple[str, ...]]:
    """Judge cloud, haze, shade and snow by their look where no mask tells them.

    Parameters
    ----------
    info
        What the image is: its level, its sun, and whether a mask came with it.
    scene
        Its pixels as delivered.
    names
        Common names of the scene's bands, which may be some of the image's.
    params
        For the size of a pixel that has none.

    Returns
    -------
    Scene, tuple of str
        With what was found in its flags; and what could be asked of these bands, nothing of radar or under a mask.

    """
    if info.cloud_masked or info.level.radar:
        return scene, ()
    from imagery_diff.method.sky import find_sky  # noqa: PLC0415 - most images come with a mask

    pixel = max(scene.grid.pixel_size_m) if scene.grid.crs is not None else params.unknown_pixel_m
    sky = find_sky(scene.data, ~scene.unseen, names, pixel, info.level, info.sun_from_top(scene.grid))
    return replace(scene, flags=scene.flags | sky.flags), sky.asked


def words_of(info: SceneInfo, asked: tuple[str, ...], scene: Scene) -> tuple[str, ...]:
    """Say what was judged by its look alone."""
    if not asked:
        return ()
    share = float(np.mean((scene.flags & np.uint8(Flag.CLOUD | DEGRADED)) != 0))
    listed = " and ".join((", ".join(asked[:-1]), asked[-1]) if len(asked) > 1 else asked)
    told = f"without a mask {listed} were judged by their look alone ({share:.0%} of what is shown)"
    return (f"{info.name}: {told}; thin cloud is missed",)
