"""The same pair once more, with things put into its images: everything estimated stands, the rest is done again.

Registration, gains and drift, clouds, noise, levels, sharpness and the second stage are those of the pair as it is.
What a thing changes is asked anew: what ground its pixels look like, what is shade, the evidence, the regions and what
is told of them. With nothing put in, the answer is the pair's own.

Assumption: a thing of the size that would just be found moves none of the estimates. Broken by: things that are a large
part of their class of ground (tests/test_pair_again.py holds the frozen answer against a whole new comparison).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff import pair_evidence, pair_find, pair_regions, pair_result
from imagery_diff.method import blocks, shade, sharpness
from imagery_diff.method.radiometry import DRY, Surface, among, estimate_colour, plants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.method import evidence, regions
    from imagery_diff.method.coregister import Shift
    from imagery_diff.method.describe import Described, Found
    from imagery_diff.method.radiometry import Colour, Ground
    from imagery_diff.pair_find import Frame
    from imagery_diff.pair_match import Matched
    from imagery_diff.scene import Scene

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]


_LEAF_PX = 2
"""By how much :func:`imagery_diff.method.radiometry.plants` grows what it finds."""


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
    water: tuple[Colour, Colour] | None = None
    """How open water looks before and after; None where it is not known."""
    is_settled: bool = False
    drawn: Bools | None = None
    """(row, col), where the pair as it is has a piece of change, told or not; None where that was not kept."""
    softest_px: float | None = None
    """Over how many pixels the edge of a thing may rise on all of this grid; None where that was not asked yet."""

    def settled(self) -> Known:
        """Return it with what is asked of all of the pair and never changes again."""
        frame, cover = self.frame, self.matched.cover
        softest = self.softest_px or pair_regions.softest_edge_px(self.matched, frame.params)
        water = None
        if cover.water is not None:
            core = blocks.shrunk_by_steps(cover.water[0] & cover.water[1], 2)
            if core.any():
                first, second = (
                    estimate_colour(np.asarray(picture.data, np.float32), core) for picture in self.pictures
                )
                water = (first, second)
        return replace(self, frame=replace(frame, softest_px=softest), water=water, is_settled=True)

    def cut(self, window: tuple[slice, slice]) -> Known:
        """Return it on a rectangle of its grid, as it is there."""
        m, rows, cols = self.matched, *window
        shape = (rows.stop - rows.start, cols.stop - cols.start)
        grid = self.frame.grid.window(rows.start, cols.start, shape)

        def part(layer: NDArray[Any]) -> NDArray[Any]:
            return np.ascontiguousarray(layer[..., rows, cols])

        def parts(layers: tuple[NDArray[Any], NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
            return part(layers[0]), part(layers[1])

        brightness = parts(m.brightness)
        matched = replace(
            m,
            images=brightness,
            brightness=brightness,
            cover=replace(
                m.cover,
                surface=part(m.cover.surface),
                texture=part(m.cover.texture),
                water=m.cover.water and parts(m.cover.water),
            ),
            shaded=parts(m.shaded),
            moved=part(m.moved),
            clear=part(m.clear),
            flags=part(m.flags),
            veiled={cause: part(layer) for cause, layer in m.veiled.items()},
        )
        before, after = (replace(p, data=part(p.data), flags=part(p.flags), grid=grid) for p in self.pictures)
        scales = tuple(replace(s, strength=part(s.strength), later=None) for s in self.scales)
        return replace(
            self,
            frame=replace(self.frame, grid=grid),
            matched=matched,
            scales=scales,
            pictures=(before, after),
            blind=part(self.blind),
            drawn=None if self.drawn is None else part(self.drawn),
            softest_px=None,
        )


def find_again(
    known: Known, added: tuple[Floats, Floats], *, among: Bools | None = None, near: Bools | None = None
) -> tuple[list[Found], Bools]:
    """Return what is told of the pair with something added to its images, and where it was drawn, (row, col).

    What was drawn beside that which is asked for is not returned: most of a pair is as it was.

    Parameters
    ----------
    known
        The pair, :meth:`Known.settled`; no map, no radar.
    added
        (band, row, col) before and after, in the numbers of each image: what is put in less what was there; 0
        elsewhere.
    among
        (row, col); what holds none of these pixels is not told of. None: all is.
    near
        (row, col), with ``among``: where else it is asked what was drawn.

    """
    frame = known.frame
    matched = _with(known, added)
    weighed = pair_evidence.weigh(matched, known.noises, known.shift, frame.geometry, frame.params)
    scales = pair_evidence.at_levels(list(known.scales), weighed, frame.params)
    scales += pair_evidence.track_scales(
        weighed, matched, known.noises[0], frame.geometry, frame.ground, frame.grid, frame.params
    )
    weighed = replace(weighed, tolerant=scales[0].strength)
    asked = among if among is None or near is None else among | near
    drawn = pair_find.draw(scales, matched, weighed, frame, among=asked)
    views = pair_find.lay_out(drawn, scales, matched, weighed, frame)
    told = pair_find.told(drawn, views, frame, among=among)
    return told, pair_find.covered(drawn, frame.grid)


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
    """Say anew what the ground is where something was added: plants, and whether it still looks like open water.

    Texture is the smaller of the two dates', and what stands on one date only does not make its place rough.
    """
    old, frame = known.matched.cover, known.frame
    touched = [np.any(a != 0, axis=0) for a in added]
    if not (touched[0] | touched[1]).any():
        return old
    surface, water = old.surface, old.water
    images = tuple(np.asarray(p.data, np.float32) + a for p, a in zip(known.pictures, added, strict=True))
    if {"red", "nir"} <= set(frame.pair.names):
        near = blocks.grown(touched[0] | touched[1], _LEAF_PX) & among(surface, DRY)
        snow = known.matched.veiled.get(pair_result.SNOW)
        near &= True if snow is None else ~snow  # snow was taken off before plants were looked for
        near &= plants(images[0], images[1], frame.pair.names, ndvi=frame.params.vegetation_ndvi)
        surface = np.where(near, np.uint8(Surface.VEGETATION), surface)
    if water is not None and known.water is not None:
        first, second = (
            wet & ~(there & ~colour.like(image))
            for wet, there, colour, image in zip(water, touched, known.water, images, strict=True)
        )
        water = (first, second)
    return replace(old, surface=surface, water=water)
