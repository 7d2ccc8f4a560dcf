"""What hides the ground on one image: by its mask with rims and shade, or without one by its look, and by whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.errors import InputError
from imagery_diff.method.masked_things import BROAD_M
from imagery_diff.read.cloud_model import find_cloud_model
from imagery_diff.scene import DEGRADED, UNSEEN, Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.params import Params
    from imagery_diff.scene import Scene, SceneInfo


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Who judged what hides the ground, and what could be asked."""

    asked: tuple[str, ...] = ()
    """What the built-in check could tell from the bands: of cloud, haze, shadow, snow."""
    learned: str = ""
    """Who judged cloud, haze and shadow in its place; nothing where it judged them itself."""
    why_not: str = ""
    """Why a learned judge that is installed was not asked, or failed."""


def with_sky(info: SceneInfo, scene: Scene, names: tuple[str, ...], params: Params) -> tuple[Scene, Judged]:
    """Mark what hides the ground in the flags of a scene.

    Where a mask came with it: the shade that its clouds throw, if it does not mark shadows, and the rims of both as far
    as they fade. Without a mask the built-in check judges cloud, haze, shade and snow; where omnicloudmask and its
    weights are at hand it judges cloud, haze and shade, and the built-in check snow alone.

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
    Scene, Judged
        With what was found in its flags; and by whom. Radar looks through clouds.

    """
    if info.level.radar:
        return scene, Judged()
    pixel = max(scene.grid.pixel_size_m) if scene.grid.crs is not None else params.unknown_pixel_m
    if info.cloud_masked:
        return _with_soft_rims(_with_thrown_shade(scene, info, names, pixel), names, pixel), Judged()
    from imagery_diff.method.sky import find_sky  # noqa: PLC0415 - most images come with a mask

    sky = find_sky(scene.data, ~scene.unseen, names, pixel, info.level, info.sun_from_top(scene.grid))
    learned, judged = _learned(scene, names, pixel)
    if learned is None:
        return replace(scene, flags=scene.flags | sky.flags), replace(judged, asked=sky.asked)
    snow = np.where(learned & Flag.CLOUD.value, np.uint8(0), sky.flags & np.uint8(Flag.SNOW.value))
    return replace(scene, flags=scene.flags | learned | snow), replace(judged, asked=sky.asked)


def _with_thrown_shade(scene: Scene, info: SceneInfo, names: tuple[str, ...], pixel_m: float) -> Scene:
    """Mark the shade that a mask's clouds throw, where the mask does not mark it itself."""
    cloud = (scene.flags & np.uint8(Flag.CLOUD.value)) != 0
    if info.shadow_masked or not cloud.any():
        return scene
    from imagery_diff.method.cloud_shade import project_shadow  # noqa: PLC0415 - most images are clear

    known = (scene.flags & np.uint8(UNSEEN & ~Flag.CLOUD)) == 0
    shade = project_shadow(cloud, scene.data, known, names, pixel_m, info.sun_from_top(scene.grid)).shade
    flags = scene.flags.copy()
    flags[shade] |= np.uint8(Flag.SHADOW.value)
    return replace(scene, flags=flags)


def _with_soft_rims(scene: Scene, names: tuple[str, ...], pixel_m: float) -> Scene:
    """Mark how far the clouds and shadows of a mask go on beyond it, by their own blur: there they are thin.

    What is no broader than ships is left as it is: it may be a thing that the mask takes for cloud, which clear ground
    around it tells (:mod:`imagery_diff.pair_masked`).
    """
    from imagery_diff.method.cloud_shade import grow_shadow  # noqa: PLC0415 - most images are clear
    from imagery_diff.method.sky import grow_cloud  # noqa: PLC0415

    flags = scene.flags.copy()
    seen = (scene.flags & np.uint8(UNSEEN & ~Flag.CLOUD)) == 0
    cloud = (scene.flags & np.uint8(Flag.CLOUD.value)) != 0
    broad = _holding_a_disc(cloud, BROAD_M / pixel_m)
    if broad.any():
        soft, _ = grow_cloud(broad, scene.data, seen, names, pixel_m)
        flags[soft & ~cloud] |= np.uint8(Flag.HAZE.value)
    shadow = ((scene.flags & np.uint8(Flag.SHADOW.value)) != 0) & ~cloud
    if shadow.any():
        soft, _ = grow_shadow(shadow, scene.data, seen & ~cloud, names, pixel_m)
        flags[soft] |= np.uint8(Flag.SHADOW.value)
    return replace(scene, flags=flags)


def _holding_a_disc(mask: NDArray[np.bool_], across_px: float) -> NDArray[np.bool_]:
    """Patches of a mask in which a disc fits; (row, col)."""
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    if not count:
        return mask
    deepest = ndimage.maximum(ndimage.distance_transform_edt(mask), labels, np.arange(count + 1))
    return np.asarray((np.asarray(deepest) >= across_px / 2)[labels] & mask, bool)


def _learned(scene: Scene, names: tuple[str, ...], pixel_m: float) -> tuple[NDArray[np.uint8] | None, Judged]:
    """Ask the learned judge, if there is one; its flags, and who it was, or why there are none."""
    model = find_cloud_model()
    if isinstance(model, str):
        return None, Judged(why_not=model)
    from imagery_diff.method import learned_sky  # noqa: PLC0415 - seldom there

    unfit = learned_sky.unfit(scene.grid.shape, names, pixel_m)
    if unfit:
        return None, Judged(why_not=f"{model.name} was not asked: {unfit}")
    try:
        flags = learned_sky.flags_of(model.classes, scene.data, ~scene.unseen, names, pixel_m)
    except InputError as error:
        return None, Judged(why_not=str(error))
    return flags, Judged(learned=model.label)


def words_of(info: SceneInfo, judged: Judged, scene: Scene) -> tuple[str, ...]:
    """Say what was judged by its look, by whom, and who could not."""
    share = float(np.mean((scene.flags & np.uint8(Flag.CLOUD | DEGRADED)) != 0))
    shown = f"({share:.0%} of what is shown)"
    words = []
    if judged.learned:
        snow = ", snow by its look alone" if "snow" in judged.asked else ""
        words.append(f"without a mask cloud, haze and shadow were judged by {judged.learned}{snow} {shown}")
    elif judged.asked:
        listed = " and ".join((", ".join(judged.asked[:-1]), judged.asked[-1]) if judged.asked[1:] else judged.asked)
        words.append(f"without a mask {listed} were judged by their look alone {shown}; thin cloud is missed")
    if judged.why_not:
        words.append(judged.why_not)
    return tuple(f"{info.name}: {told}" for told in words)
