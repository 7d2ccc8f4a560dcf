"""The same pair once more, with things put into its images: everything estimated stands, the rest is done again.

Registration, gains and drift, clouds, noise, levels, sharpness and the second stage are those of the pair as it is.
What a thing changes is asked anew: what ground its pixels look like, what is shade, the evidence, the regions and what
is told of them. With nothing put in, the answer is the pair's own.

Assumption: a thing of the size that would just be found moves none of the estimates. Broken by: things that are a large
part of their class of ground (tests/test_pair_again.py holds the frozen answer against a whole new comparison).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_evidence, pair_find, pair_match, pair_regions, pair_result
from imagery_diff.method import blocks, shade, sharpness
from imagery_diff.method.radiometry import Surface

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.method import evidence, regions
    from imagery_diff.method.coregister import Shift
    from imagery_diff.method.describe import Described
    from imagery_diff.method.radiometry import Ground
    from imagery_diff.pair_find import Frame
    from imagery_diff.pair_match import Matched
    from imagery_diff.scene import Scene

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """Everything that was estimated of a pair, and the pair in common numbers."""

    frame: Frame
    shift: Shift
    matched: Matched
    """With its texture."""
    noises: tuple[evidence.NoiseModel, evidence.NoiseModel]
    scales: tuple[regions.Scale, ...]
    """With the levels of the pair."""
    pictures: tuple[Scene, Scene]
    """Both images in their own numbers."""
    told: tuple[Described, ...]
    """What was found of the pair as it is."""
    blind: Bools
    """(row, col), seen, but change was not looked for."""


def find_again(known: Known, added: tuple[Floats, Floats]) -> list[Described]:
    """Return what is told of the pair with something added to its images.

    Parameters
    ----------
    known
        The pair; no map, no radar.
    added
        (band, row, col) before and after, in the numbers of each image: what is put in less what was there; 0
        elsewhere.

    """
    frame = known.frame
    matched = _with(known, added)
    weighed = pair_evidence.weigh(matched, known.noises, known.shift, frame.geometry, frame.params)
    scales = pair_evidence.at_levels(list(known.scales), weighed, frame.params)
    scales += pair_evidence.track_scales(
        weighed, matched, known.noises[0], frame.geometry, frame.ground, frame.grid, frame.params
    )
    weighed = replace(weighed, tolerant=scales[0].strength)
    # What stands in the images says how soft edges may be; things put in do not.
    frame = replace(frame, softest_px=pair_regions.softest_edge_px(known.matched, frame.params))
    drawn = pair_find.draw(scales, matched, weighed, frame)
    return pair_find.tell(drawn, scales, matched, weighed, frame)


def _with(known: Known, added: tuple[Floats, Floats]) -> Matched:
    """Return the pair in common numbers with something added: gains are linear, and so is the blur of a sharper image.

    A thing is not asked whether it looks like thin cloud or snow: what the pair's own veils took off stands.
    """
    old, frame = known.matched, known.frame
    gains = (old.match.gain_before, old.match.gain_after)
    more = tuple(np.asarray(g, np.float32)[:, None, None] * a for g, a in zip(gains, added, strict=True))
    if old.sharpness is not None and old.sharpness.matched:
        more = sharpness.match_sharpness((more[0], more[1]), old.surface != Surface.UNSEEN.value, old.sharpness)
    brightness = (old.brightness[0] + more[0], old.brightness[1] + more[1])
    cover = _cover_with(known, added)
    shaded = shade.cast_shadow(*brightness, frame.pair.names, least=frame.params.shadow_darkening, water=cover.water)
    return frame.geometry.set_shadows_aside(
        replace(
            old,
            images=brightness,
            brightness=brightness,
            cover=cover,
            shaded=shaded,
            moved=np.zeros_like(shaded[0]) if frame.geometry.shadows_moved else old.moved,
        )
    )


def _cover_with(known: Known, added: tuple[Floats, Floats]) -> Ground:
    """Say anew what the ground is where something was added, and as far around as its texture is felt."""
    old, frame = known.matched.cover, known.frame
    touched = np.logical_or(*(np.any(a != 0, axis=0) for a in added))
    if not touched.any():
        return old
    reach = pair_match.texture_px(frame.grid, frame.params) // 2 + 1
    near = blocks.grown(touched, reach)
    snow = known.matched.veiled.get(pair_result.SNOW)
    if snow is not None:
        near &= ~snow  # under snow the ground is what it was taken for without it
    images = tuple(p.data.astype(np.float32) + a for p, a in zip(known.pictures, added, strict=True))
    new = pair_match.classify((images[0], images[1]), known.pictures, frame.pair, frame.ground, frame.params)
    water = old.water
    if old.water is not None and new.water is not None:
        water = (np.where(near, new.water[0], old.water[0]), np.where(near, new.water[1], old.water[1]))
    return replace(
        old,
        surface=np.where(near, new.surface, old.surface),
        texture=np.where(near, new.texture, old.texture),
        water=water,
    )
