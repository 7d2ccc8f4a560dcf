"""A thing -> the numbers by which its class is told, from the pixels of both dates alone; no zone takes part.

Each has a reason in physics. What lies *under* it: a hull floats, so the other date shows open water there, and a quay
runs along it. Its *size*: rail cars are 3 m wide, containers 2.4 m times so many rows, hulls five to eight beams long.
Its *outline*: boxes and sheds fill their rectangle, hulls taper, heaps and puddles do neither, and only a puddle has no
edge. Its *height*: what stands throws a shadow, longer the higher; a new coat of paint or wet ground throws none, and a
roof threw one before. Its *colour*: coal is dark and without colour, plants shine in the near infrared, paint does
neither; wet ground keeps the hue of the dry and its pattern. Its *texture*: containers of many owners, and holds,
hatches and white houses of ships, are uneven; a tarpaulin and a roof are even.

Assumption: surface reflectance of blue, green, red and near infrared at about 3 m. Broken by: a thing narrower than two
pixels, whose colour is mixed with its ground and whose texture is the point spread's; a high sun, whose shadows are
shorter than a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from shapely.geometry import MultiPoint, Polygon

from imagery_diff.method import edges
from imagery_diff.method.regions import Direction, core_of
from imagery_diff.method.shade import thrown_by
from imagery_diff.method.silhouette import Silhouette

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.method.regions import Patch, Shape
    from imagery_diff.method.shade import Vector
    from imagery_diff.method.silhouette import Fitted
    from imagery_diff.method.views import Views

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_EIGHT = np.ones((3, 3), bool)
_AROUND_M = 60.0
"""How far around a thing is looked, metres: the shadow of a shed of 12 m under a sun of 11 degrees."""
REACH_HEIGHT_M = 12.0
"""Height for which ``Views.reach_px`` gives the shadow (``Params.shed_height_m``)."""
_TIER_M = 2.6
"""A container."""
_HEIGHTS_M = (1.3, 2.6, 3.9, 5.2, 6.5, 7.8, 9.1, 11.0, 13.0)
"""Heights that are tried, half containers apart."""
_SHADE = 0.7
"""Share of light that a full shadow takes; the sky leaves a fifth to two fifths, more of it blue."""
_LEAST_SHADE = 1.0
"""Shade squared, summed over pixels: less is no more than two pixels in full shade."""
_DARKENED = 0.45
"""Log darkening of every band from which ground may lie in shade: a third of the light is gone."""
_LEAST_LIT = 0.25
"""Share of a patch that must not be dark for the rest to be its shadow."""
_THROWN = 0.8
"""Share of the dark part that the other can have thrown."""
_BY_SUN = ("height", "shade", "shade_without", "sunny_side", "halves_apart")
_SEEN_BY_EYE = ("blue", "green", "red")
_LEAST_PX = 4
"""Fewer pixels say nothing of a shadow."""
_CORNER = 0.6
"""From which part of the way to a side on a corner is looked at."""
_ELLIPSE, _RECTANGLE = 2.0, 3**0.5
"""How far an even ellipse and an even rectangle reach from their middle, standard deviations along each axis."""
_PATTERN_PX = 9
"""Fewer have no pattern."""
_POINT_PX = 1.1
"""Gaussian of a delivered point with the step of a pixel's mask, pixels (method.md: an edge rises over 2.5 px)."""
_SEEN, _SURE_M = 0.3, 1.5
"""Share of full shade, and spread of the height in metres, from which and to which a fitted height says anything."""
_LEAST_LEFT = 0.02
"""Share of a difference that no silhouette explains: what noise leaves."""
_FLOOR = 2e-3
"""Least reflectance that is made more of: a fifth of what an atmospheric correction leaves uncertain."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Measures of a thing that come from elsewhere, so that better ones can take their place."""

    length_m: float
    width_m: float
    """Shorter side of its rectangle."""
    area_m2: float
    orientation_deg: float
    """Of the longer side, 0 to 180 degrees clockwise from grid north."""

    @classmethod
    def of(cls, shape: Shape) -> Numbers:
        """Take those of an outline."""
        return cls(
            length_m=shape.length_m,
            width_m=shape.width_m,
            area_m2=shape.area_m2,
            orientation_deg=shape.orientation_deg,
        )

    @classmethod
    def of_mask(cls, mask: Bools, pixel_m: float) -> Numbers:
        """Measure pixels, where no outline was drawn around them."""
        frame = MultiPoint(np.argwhere(mask)).minimum_rotated_rectangle
        corners = np.array(frame.exterior.coords) if isinstance(frame, Polygon) else np.zeros((4, 2))
        sides = np.diff(corners[:3], axis=0)
        long = sides[int(np.argmax(np.linalg.norm(sides, axis=1)))]
        lengths = sorted(np.linalg.norm(sides, axis=1) + 1)
        return cls(
            length_m=float(lengths[1]) * pixel_m,
            width_m=float(lengths[0]) * pixel_m,
            area_m2=np.count_nonzero(mask) * pixel_m**2,
            orientation_deg=float(np.degrees(np.arctan2(long[1], -long[0]))) % 180,
        )

    @property
    def mean_width_m(self) -> float:
        """Area over length: that of a thing in a curve too."""
        return self.area_m2 / max(self.length_m, 1e-6)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """A thing cut out of the pair with its surround; arrays (band, row, col) or (row, col) of one window."""

    mask: Bools
    """What differs by half of its typical difference and more."""
    stood: Floats
    """The image that shows it; of a place where something stood on both dates that in which its rim is steeper."""
    bare: Floats
    """The other one."""
    water: tuple[Bools, Bools] | None
    """Open water on the date it stood, and on the other; None where that is not known."""
    seen: Bools
    changed: Bools
    """In any patch."""
    shadow_px: tuple[Vector, Vector] | None
    """(rows, cols) by which the shadow of 12 m reaches on the date it stood, and on the other; None without a sun."""
    names: tuple[str, ...]
    pixel_m: float

    @classmethod
    def of(cls, patch: Patch, views: Views, direction: Direction) -> Cut:
        """Cut a patch out of the pair."""
        margin = int(np.ceil(_AROUND_M / views.grid.pixel_size_m[0]))
        wide = tuple(
            slice(max(0, s.start - margin), min(n, s.stop + margin))
            for s, n in zip(patch.window, views.surface.shape, strict=True)
        )
        rows, cols = wide
        mask = np.zeros((rows.stop - rows.start, cols.stop - cols.start), bool)
        inner = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(patch.window, wide, strict=True))
        mask[inner] = core_of(patch, views.magnitude)
        images = [image[:, rows, cols] for image in views.brightness]
        date = 0 if direction == Direction.DISAPPEARED else 1
        if direction == Direction.CHANGED and _step(mask, images[0]) > _step(mask, images[1]):
            date = 0
        order = (date, 1 - date)
        return cls(
            mask=mask,
            stood=images[order[0]],
            bare=images[order[1]],
            water=None if views.water is None else tuple(views.water[k][rows, cols] for k in order),  # type: ignore[arg-type]
            seen=views.seen[rows, cols],
            changed=views.changed[rows, cols],
            shadow_px=None if views.reach_px is None else (views.reach_px[order[0]], views.reach_px[order[1]]),
            names=views.names,
            pixel_m=views.grid.pixel_size_m[0],
        )


def without_shade(cut: Cut, numbers: Numbers) -> tuple[Cut, Numbers]:
    """Take off what of a thing is its own shadow on the ground: dark all over, beside what is not, away from the sun.

    Under another sun the alarm leaves shadow and thing together. Not done on water, which is as dark as shade.

    """
    if cut.shadow_px is None or (cut.water is not None and np.mean(cut.water[1][cut.mask]) > 0.5):  # noqa: PLR2004
        return cut, numbers
    rise = _logs(cut.bare) - _logs(cut.stood)
    dark = cut.mask & (rise.min(axis=0) > _DARKENED)
    # Single dark pixels are texture; between the parts runs a rim that is neither.
    dark = ndimage.binary_opening(dark, np.ones((2, 2), bool))
    lit = ndimage.binary_opening(cut.mask & ~dark, np.ones((2, 2), bool))
    if np.count_nonzero(dark) < _LEAST_PX or np.count_nonzero(lit) < max(_LEAST_LIT * np.count_nonzero(cut.mask), 8):
        return cut, numbers
    if thrown_by(lit, dark, cut.shadow_px[0]) < _THROWN or thrown_by(dark, lit, cut.shadow_px[0]) > _THROWN:
        return cut, numbers
    return replace(cut, mask=lit), Numbers.of_mask(lit, cut.pixel_m)


def measure(cut: Cut, numbers: Numbers) -> dict[str, float]:
    """Return the numbers by name; all finite, none of them knows which image came first.

    Needs the bands ``blue``, ``green``, ``red`` and ``nir``.

    """
    cut, numbers = without_shade(cut, numbers)
    paint = _painted(cut)
    told = {
        **_size(numbers),
        **_corners(cut, numbers),
        **_ground(cut, numbers),
        **_colour(cut, paint),
        **_texture(cut, numbers, paint),
        **_height(cut, paint),
        **_rim(cut),
    }
    # A shadow and a slope say the more the lower the sun.
    return told | {f"{name}_by_sun": told[name] * told["sun_px"] for name in _BY_SUN}


def of_fits(fits: dict[Silhouette, Fitted], pixel_m: float) -> dict[str, float]:
    """Return what silhouettes fitted to a thing on land say of it; all nought where none was fitted.

    How much a box with its shadow leaves over, how much less an oval does (heaps), how wide the box is without its
    blur, how high by its shadow, and how much its pieces differ in colour (boxes of many owners).

    """
    box, oval = fits.get(Silhouette.BOX), fits.get(Silhouette.OVAL)
    if box is None or oval is None:
        return dict.fromkeys(
            ("box_left", "oval_less", "box_width", "box_height", "box_height_seen", "pieces_apart"), 0.0
        )
    seen = box.height_m is not None and box.height_sd_m is not None and box.shade >= _SEEN and box.height_sd_m < _SURE_M
    left, less = (float(np.log(one.misfit + _LEAST_LEFT)) for one in (box, oval))
    return {
        "box_left": left,
        "oval_less": less - left,
        "box_width": float(np.log(max(box.width_px * pixel_m, 1.0))),
        "box_height": float(box.height_m or 0.0) if seen else 0.0,
        "box_height_seen": float(seen),
        "pieces_apart": box.pieces_apart,
    }


def _size(n: Numbers) -> dict[str, float]:
    """How long, how wide, and how much of its rectangle it fills."""
    length, width = np.log(max(n.length_m, 1.0)), np.log(max(n.mean_width_m, 1.0))
    return {
        "log_length": float(length),
        "log_width": float(width),
        "log_aspect": float(length - width),
        "filled": float(np.clip(n.mean_width_m / max(n.width_m, 1e-6), 0.0, 1.0)),
    }


def _corners(cut: Cut, n: Numbers) -> dict[str, float]:
    """How full its corners are, and how much fuller at one end: boxes and sheds, heaps, hulls with a bow."""
    u, v = _axes(cut.mask, n)
    corner = (np.abs(u) > _CORNER) & (np.abs(v) > _CORNER)
    whole = (1 - _CORNER) ** 2 * n.length_m * n.width_m / cut.pixel_m**2
    ends = [np.count_nonzero(corner & (u * way > 0)) for way in (1, -1)]
    return {
        "corners": float(np.clip(sum(ends) / max(whole, 1.0), 0.0, 1.5)),
        "taper": float(np.clip(abs(ends[0] - ends[1]) / max(whole, 1.0), 0.0, 1.0)),
        "oval": _oval(cut.mask),
    }


def _oval(mask: Bools) -> float:
    """By how much better the ellipse of a mask's own moments covers it than the rectangle of the same, as overlap."""
    at = np.argwhere(mask)
    middle = at.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov((at - middle).T, bias=True) + np.eye(2) / 12)
    place = (np.indices(mask.shape).reshape(2, -1).T - middle) @ axes / np.sqrt(spread)
    flat = mask.ravel()
    overlaps = [
        int(np.count_nonzero(flat & inside)) / max(int(np.count_nonzero(flat | inside)), 1)
        for inside in (np.hypot(*place.T) <= _ELLIPSE, np.abs(place).max(axis=1) <= _RECTANGLE)
    ]
    return float(overlaps[0] - overlaps[1])


def _axes(mask: Bools, n: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where each pixel of a mask lies along and across the thing, -1 to 1 from side to side."""
    at = np.argwhere(mask)
    azimuth = np.radians(n.orientation_deg)
    along = at @ np.array([-np.cos(azimuth), np.sin(azimuth)])
    across = at @ np.array([np.sin(azimuth), np.cos(azimuth)])
    out = []
    for values in (along, across):
        low, high = float(values.min()) - 0.5, float(values.max()) + 0.5
        out.append(2 * (values - low) / (high - low) - 1)
    return out[0], out[1]


def _ground(cut: Cut, numbers: Numbers) -> dict[str, float]:
    """Whether it floats, how far the shore is, and whether it lies along it."""
    if cut.water is None:
        return {"afloat": 0.5, "shore_m": _AROUND_M, "along_shore": 0.0}
    bare = cut.water[1]
    afloat = float(np.mean(bare[cut.mask]))
    wet = cut.water[0] & cut.water[1]
    dry = ~cut.water[0] & ~cut.water[1] & cut.seen & ~ndimage.binary_dilation(cut.mask, _EIGHT)
    other = dry if afloat > 0.5 else wet  # noqa: PLR2004 - a majority
    other = ndimage.binary_opening(other, _EIGHT)
    far = _AROUND_M
    if other.any():
        away = ndimage.distance_transform_edt(~other)[cut.mask] * cut.pixel_m
        far = float(min(np.percentile(away, 10), _AROUND_M))
    return {"afloat": afloat, "shore_m": far / _AROUND_M, "along_shore": _along_shore(other, numbers, far)}


def _along_shore(other: Bools, numbers: Numbers, far_m: float) -> float:
    """Cosine of twice the angle between a thing and the shore; 0 where no straight shore is near, or it has no side."""
    inner = ndimage.binary_erosion(other, _EIGHT, border_value=1)
    at = np.argwhere(other & ~inner)
    if len(at) < 8 or far_m >= _AROUND_M:  # noqa: PLR2004 - two pixels a side have no direction
        return 0.0
    spread, axes = np.linalg.eigh(np.cov((at - at.mean(axis=0)).T))
    down, right = axes[:, 1]
    shore = np.degrees(np.arctan2(right, -down))
    straight = 1.0 - float(np.sqrt(max(spread[0], 0.0) / max(spread[1], 1e-6)))
    slender = 1.0 - min(numbers.mean_width_m / max(numbers.length_m, 1e-6), 1.0)
    return float(np.cos(2 * np.radians(shore - numbers.orientation_deg)) * straight * slender)


def _bands(cut: Cut, image: Floats, mask: Bools) -> dict[str, float]:
    return {
        name: float(np.log(max(np.median(image[cut.names.index(name)][mask]), _FLOOR)))
        for name in ("blue", "green", "red", "nir")
    }


def _colour(cut: Cut, paint: _Paint) -> dict[str, float]:
    """Measure what it reflects, and how that differs from what the place reflects without it."""
    own = {name: float(np.log(max(value, _FLOOR))) for name, value in paint.colour.items()}
    bare = _bands(cut, cut.bare, cut.mask)
    level, under = (float(np.mean([b[n] for n in ("blue", "green", "red")])) for b in (own, bare))
    change = np.array([own[n] - bare[n] for n in own])
    vectors = [np.exp(list(b.values())) for b in (own, bare)]
    chroma = max(own["red"], own["green"], own["blue"]) - min(own["red"], own["green"], own["blue"])
    return {
        "level": level + 2.0,
        "red_blue": own["red"] - own["blue"],
        "green_rest": own["green"] - (own["red"] + own["blue"]) / 2,
        "nir_red": own["nir"] - own["red"],
        "chroma": chroma,
        "under_level": under + 2.0,
        "under_nir_red": bare["nir"] - bare["red"],
        "lighter": level - under,
        "angle": angle_deg(*vectors) / 10.0,
        "coloured_change": float(np.std(change)),
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class _Paint:
    """A thing as one coat of paint on its bare ground, and what that leaves over."""

    colour: dict[str, float]
    """Band -> reflectance, unmixed from the ground: narrow things are mostly ground."""
    left_over: dict[str, Floats]
    """Band -> (pixel of the mask,), share of the colour."""


def _painted(cut: Cut) -> _Paint:
    """Fit ``stood = (1 - m) bare + m colour`` with ``m`` the outline blurred as the image is; least squares by band."""
    share = ndimage.gaussian_filter(cut.mask.astype(np.float32), _POINT_PX)[cut.mask]
    weight = float(share @ share)
    colour, left = {}, {}
    for name in ("blue", "green", "red", "nir"):
        k = cut.names.index(name)
        over = cut.stood[k][cut.mask] - (1 - share) * cut.bare[k][cut.mask]
        value = max(float(share @ over) / max(weight, 1e-6), _FLOOR)
        colour[name], left[name] = value, (over - share * value) / value
    return _Paint(colour=colour, left_over=left)


def angle_deg(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Spectral angle of two (band,) reflectances, degrees: 0 for one hue, however bright.

    Kruse et al. 1993, 10.1016/0034-4257(93)90013-N.

    >>> round(angle_deg(np.array([1.0, 0.0]), np.array([3.0, 3.0])))
    45

    """
    cosine = float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _logs(image: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(image, _FLOOR)), np.float32)


def _texture(cut: Cut, numbers: Numbers, paint: _Paint) -> dict[str, float]:
    """How uneven it is in brightness and hue, whether an end is lighter, and whether the ground's pattern stayed."""
    inner = ndimage.binary_erosion(cut.mask, _EIGHT)
    inner = inner if np.count_nonzero(inner) >= _PATTERN_PX else cut.mask
    logs, bare = _logs(cut.stood), _logs(cut.bare)
    level = logs.mean(axis=0)
    hue = logs[cut.names.index("red")] - logs[cut.names.index("blue")]
    values = level[inner]
    over = np.stack([paint.left_over[n] for n in ("blue", "green", "red")])
    return {
        "uneven": float(np.std(values)),
        "uneven_hue": float(np.std(hue[inner])),
        "unlike_one_paint": float(np.log(0.02 + np.std(over.mean(axis=0)))),
        "unlike_one_hue": float(np.log(0.02 + np.std(over[2] - over[0]))),
        "fine": float(np.log(0.005 + _fine(level, inner))),
        "fine_hue": float(np.log(0.005 + _fine(hue, inner))),
        "lightest": float(np.percentile(values, 95) - np.median(values)),
        "darkest": float(np.median(values) - np.percentile(values, 5)),
        "end_lighter": _end_lighter(level, cut.mask, numbers),
        "pattern_stayed": _pattern(level, bare.mean(axis=0), inner),
        "under_uneven": float(np.std(bare.mean(axis=0)[inner])),
        **_lit(cut, level),
        **_halves(level, cut.mask, numbers),
    }


def _halves(level: Floats, mask: Bools, numbers: Numbers) -> dict[str, float]:
    """By how much one long half is lighter than the other, and against how uneven the halves are: slopes of a roof."""
    _, across = _axes(mask, numbers)
    values = level[mask]
    sides = [values[(across * way > 0.1) & (across * way < 0.7)] for way in (1, -1)]  # noqa: PLR2004
    if not all(len(s) for s in sides):
        return {"halves_apart": 0.0, "halves_clear": 0.0}
    apart = abs(float(np.mean(sides[0]) - np.mean(sides[1])))
    return {"halves_apart": apart, "halves_clear": apart / (0.02 + float(np.mean([np.std(s) for s in sides])))}


def _fine(image: Floats, mask: Bools) -> float:
    """Typical difference of a pixel from the mean of its four neighbours, of those whose neighbours are inside too."""
    around = (np.roll(image, 1, 0) + np.roll(image, -1, 0) + np.roll(image, 1, 1) + np.roll(image, -1, 1)) / 4
    deep = ndimage.binary_erosion(mask)
    deep = deep if np.count_nonzero(deep) >= _LEAST_PX else mask
    return float(np.sqrt(np.mean((image - around)[deep] ** 2)))


def _lit(cut: Cut, level: Floats) -> dict[str, float]:
    """By how much the half towards the sun is lighter, and by how much more than without the thing: slopes."""
    if cut.shadow_px is None or not np.hypot(*cut.shadow_px[0]):
        return {"sunny_side": 0.0, "sunny_change": 0.0}
    away = np.asarray(cut.shadow_px[0]) / np.hypot(*cut.shadow_px[0])
    far = np.argwhere(cut.mask) @ away
    near, last = far < np.percentile(far, 40), far > np.percentile(far, 60)
    sides = []
    for image in (level, _logs(cut.bare).mean(axis=0)):
        values = image[cut.mask]
        sides.append(float(np.mean(values[near]) - np.mean(values[last])) if near.any() and last.any() else 0.0)
    return {"sunny_side": sides[0], "sunny_change": sides[0] - sides[1]}


def _end_lighter(level: Floats, mask: Bools, numbers: Numbers) -> float:
    """By how much the lighter of the outer fifths is lighter than the middle: the house of a ship."""
    at = np.argwhere(mask)
    azimuth = np.radians(numbers.orientation_deg)
    along = at @ np.array([-np.cos(azimuth), np.sin(azimuth)])
    share = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    values = level[mask]
    ends = [float(np.mean(values[part])) for part in (share < 0.25, share > 0.75) if part.any()]  # noqa: PLR2004
    middle = values[(share >= 0.3) & (share <= 0.7)]  # noqa: PLR2004 - the middle two fifths
    return max(ends) - float(np.mean(middle)) if ends and len(middle) else 0.0


def _pattern(one: Floats, other: Floats, mask: Bools) -> float:
    """Correlation of what is finer than the thing on both dates; 0 where there is too little of it."""
    if np.count_nonzero(mask) < 2 * _PATTERN_PX:
        return 0.0
    rows, cols = np.nonzero(mask)
    plane = np.column_stack([rows, cols, np.ones(len(rows))]).astype(np.float64)
    left = [image[mask] - plane @ np.linalg.lstsq(plane, image[mask], rcond=None)[0] for image in (one, other)]
    size = [float(np.linalg.norm(v)) for v in left]
    return float(left[0] @ left[1] / max(size[0] * size[1], 1e-9))


def _height(cut: Cut, paint: _Paint) -> dict[str, float]:
    """How high a thing must be to throw the shade beside it, how well that fits, and the same without the thing."""
    if cut.shadow_px is None:
        return {"height": 0.0, "shade": 0.0, "shade_without": 0.0, "sun_px": 0.0}
    share = ndimage.gaussian_filter(cut.mask.astype(np.float32), _POINT_PX)
    darker, without = np.zeros((2, *cut.mask.shape), np.float32)
    ring = ndimage.binary_dilation(cut.mask, _EIGHT, iterations=6) & ~cut.mask & cut.seen
    for name in _SEEN_BY_EYE:
        k = cut.names.index(name)
        bare = np.maximum(cut.bare[k], _FLOOR)
        darker += ((1 - share) * bare + share * paint.colour[name] - cut.stood[k]) / bare / len(_SEEN_BY_EYE)
        without += (1 - bare / (np.median(bare[ring]) if ring.any() else 1.0)) / len(_SEEN_BY_EYE)
    outside = ~cut.mask & cut.seen
    height, shade = _shade_fitted(np.clip(darker, -1, 1), cut.mask, outside, cut.shadow_px[0])
    _, before = _shade_fitted(np.clip(without, -1, 1), cut.mask, outside, cut.shadow_px[1])
    return {
        "height": height / 4.0,
        "shade": shade,
        "shade_without": before,
        "sun_px": min(float(np.hypot(*cut.shadow_px[0])) / REACH_HEIGHT_M * _TIER_M, 3.0),
    }


def _shade_fitted(darker: Floats, mask: Bools, outside: Bools, shadow_px: Vector) -> tuple[float, float]:
    """Return the height whose shade explains most of what is darker, and how much of that shade is there.

    Shade is the mask swept along the shadow, blurred as the image is, of one depth. What the sunny side shows by the
    same measure is taken off: a thing out of place by a part of a pixel darkens one side and lightens the other.

    """
    seen, told = darker[outside], []
    for way in (1.0, -1.0):
        swept, best = mask.astype(np.float32), (0.0, 0.0, _LEAST_SHADE)
        for step in _HEIGHTS_M:
            vector = way * np.asarray(shadow_px) * (step / REACH_HEIGHT_M)
            swept = np.maximum(swept, ndimage.shift(mask.astype(np.float32), vector, order=1))
            shade = _SHADE * ndimage.gaussian_filter(swept - mask, _POINT_PX)[outside]
            size = float(shade @ shade)
            best = max(best, (2 * float(shade @ seen) - size, step, size))
        told.append(best)
    (gain, height, size), (other, _, _) = told
    return height, float(np.clip((gain - other) / max(size, _LEAST_SHADE), -1.5, 1.5))


def _rim(cut: Cut) -> dict[str, float]:
    """How soft its edge is, and how much of an edge lies there without it."""
    smoothed = [edges.smooth(image) for image in (cut.bare, cut.stood)]
    rise = edges.rise_px(cut.mask, smoothed, seen=cut.seen)
    return {
        "soft": float(np.log(rise / edges.DELIVERED_PX)),
        "edge_before_it": edge_before_it(cut),
        "step": float(np.log(max(_step(cut.mask, cut.stood), 1e-3))),
    }


def edge_before_it(cut: Cut) -> float:
    """Share of the step at its rim that is there without it, of both dates' steps together: half if it is as high."""
    with_it, without = _step(cut.mask, cut.stood), _step(cut.mask, cut.bare)
    return without / max(with_it + without, 1e-6)


def _step(mask: Bools, image: Floats) -> float:
    """Typical log step from the inside to the ground two to four pixels beyond the rim."""
    outside = ndimage.distance_transform_edt(~mask)
    rim = (outside >= 2.0) & (outside <= 4.0)  # noqa: PLR2004 - beyond the point spread
    if not rim.any():
        return 0.0
    core = ndimage.binary_erosion(mask, _EIGHT)
    core = core if np.count_nonzero(core) * 4 >= np.count_nonzero(mask) else mask
    rows, cols = ndimage.distance_transform_edt(~core, return_distances=False, return_indices=True)
    logs = np.log(np.maximum(image, _FLOOR))
    return float(np.median(np.sqrt(np.mean((logs[:, rim] - logs[:, rows[rim], cols[rim]]) ** 2, axis=0))))
