"""The empty place: what its zones look like when nothing stands there, learned from the looks themselves.

Sections 3 and 4 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from shapely import union_all

from imagery_diff.errors import InputError, UnknownNameError
from imagery_diff.geometry import shadow_m
from imagery_diff.method import history, zones
from imagery_diff.scene import Flag, Orbit, SceneInfo
from imagery_diff.series_looks import Held, Laid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from imagery_diff.aoi import Zone
    from imagery_diff.params import Params
    from imagery_diff.result import Region

NAME = "the empty place"
_BLOCK_PX = 1 << 17
"""Pixels of a band that are held in memory at a time, of all looks together."""
_AROUND_M = 12.0
"""Around a thing that stood there most of the time its blur and its shadow are taken off with it, metres."""
_STANDS_SPREADS, _STANDS_STEP = 6.0, 0.25
"""By how many robust spreads of its zone, and by which share, ground must differ to be asked whether it is ground."""
_STANDS_PX = 3
"""And how broad it must be, pixels."""
_OTHER_LIGHT, _ALSO_LACKED = 0.8, 0.5
"""By which share of its height the tip of a thing's shadow lies elsewhere under another sun, and the share of what one
look lacks that another must lack too."""
_OTHERS, _SEES, _STAYS = 4, 0.8, 3.0
"""So many other looks that show most of a place clearly outweigh one, over more than so many mean stays of a vessel."""
_JOINS_PX, _ALIKE_LOG, _GAP_LOG = 5, 0.25, 0.1
"""Land that an outline was laid on looks like the land within so many pixels of it (root mean square of the logarithms
of all bands), and no darker line lies between them, as between a quay and a hull."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Empty:
    """The empty place as the series believes it."""

    data: NDArray[np.float32]
    """(band, row, col), in the anchor's numbers."""
    flags: NDArray[np.uint8]
    """Where no look shows the ground clearly."""
    given: frozenset[str]
    """Zones of which the user says which look shows them empty."""

    def scene(self, laid: Laid) -> SceneInfo:
        """Return it as an image that any look may be held against."""
        anchor = laid.scene(laid.anchor)
        return replace(
            anchor,
            name=NAME,
            source=Held(data=self.data, flags=self.flags, grid=laid.grid),
            scene_id=None,
            # It is of no one moment and of no one pass; the light is that of the look whose numbers it has.
            acquired=None,
            time_source=None,
            orbit=Orbit(),
            cloud_masked=True,
            ground_control=True,
            files=(),
            notes=(),
            caveats=(),
        )


def learn(laid: Laid, lines: Mapping[int, NDArray[np.float64]]) -> Empty:
    """Take of each pixel the look nearest to the middle of all that show it clearly."""
    bands, rows, cols = laid.data.shape[1:]
    data = np.zeros((bands, rows, cols), np.float32)
    seen = np.zeros((rows, cols), bool)
    used = [k for k in laid.used if k in lines]
    for block in _blocks(slice(0, rows), cols, len(used)):
        looks = np.stack([in_common(laid, k, lines[k], (block, slice(None))) for k in used])
        clear = laid.clear[used, block]
        data[:, block], chosen = history.medoid(looks, clear)
        seen[block] = chosen >= 0
        laid.let_go()
    return Empty(data=data, flags=np.where(seen, 0, Flag.NODATA.value).astype(np.uint8), given=frozenset())


def _blocks(rows: slice, cols: int, looks: int) -> list[slice]:
    """Cut rows into runs of which so many looks are not more than memory should hold."""
    step = max(1, _BLOCK_PX // max(cols * looks, 1))
    return [slice(top, min(top + step, rows.stop)) for top in range(rows.start, rows.stop, step)]


def lines_of(laid: Laid) -> dict[int, NDArray[np.float64]]:
    """Return what brings each look to the anchor's numbers; a look that shares too little clear ground has none."""
    found = {}
    for k in laid.used:
        both = laid.clear[k] & laid.clear[laid.anchor]
        line = history.line_to(np.asarray(laid.data[k]), np.asarray(laid.data[laid.anchor]), both)
        if line is not None:
            found[k] = line
        laid.let_go()
    return found


def in_common(
    laid: Laid, look: int, line: NDArray[np.float64], window: tuple[slice, slice] = (slice(None), slice(None))
) -> NDArray[np.float32]:
    """Return a window of a look in the anchor's numbers, (band, row, col)."""
    own = np.asarray(laid.data[look][:, window[0], window[1]], np.float32)
    gain, offset = (side[:, None, None].astype(np.float32) for side in line)
    return np.asarray(own * gain + offset, np.float32)


def apart(
    empty: Empty, laid: Laid, lines: Mapping[int, NDArray[np.float64]]
) -> Callable[[int, tuple[slice, slice]], NDArray[np.float32]]:
    """Return what tells by how much a look, by its number, differs from the empty place in a window, (band, row, col).

    A look without a line stands in its own numbers.
    """
    plain = np.stack([np.ones(len(laid.names)), np.zeros(len(laid.names))])

    def of(number: int, window: tuple[slice, slice]) -> NDArray[np.float32]:
        image = in_common(laid, number - 1, lines.get(number - 1, plain), window)
        return image - empty.data[:, window[0], window[1]]

    return of


def lit_alike(laid: Laid, look: int) -> bool:
    """Say whether shadows of a look, by its index, fall about where those of the frame's look do."""
    sun, usual = laid.infos[look].sun, laid.infos[laid.anchor].sun
    if sun is None or usual is None or min(sun.elevation_deg, usual.elevation_deg) <= 0:
        return True
    return math.dist(shadow_m(1.0, sun), shadow_m(1.0, usual)) <= _OTHER_LIGHT


def borne_out(gone: Mapping[int, Sequence[Region]], laid: Laid, stay_h: float) -> dict[int, list[Region]]:
    """Return of what looks lack that which may be the ground laid bare.

    Two kinds must be borne out by a second look. Under another sun what is lacking is rather a shadow that fell
    elsewhere; light is another where the tip of a shadow lies elsewhere by more than eight tenths of what casts it. And
    a vessel that one look alone lacks, while four others show its place over a time in which no vessel stays, is rather
    on that look, its side misjudged.
    """

    def alone(k: int, region: Region) -> bool:
        if region.activity != "vessel":
            return False
        inside = zones.inside(region.geometry, laid.grid)
        times = [
            laid.infos[j].acquired for j in gone if j != k and inside.any() and np.mean(laid.clear[j][inside]) >= _SEES
        ]
        known = sorted(t for t in times if t is not None)
        return len(known) >= _OTHERS and (known[-1] - known[0]).total_seconds() / 3600.0 > _STAYS * stay_h

    def agrees(k: int, region: Region) -> bool:
        others = (r for other, own in gone.items() if other != k for r in own)
        least = _ALSO_LACKED * region.geometry.area
        return any(r.geometry.intersection(region.geometry).area >= least for r in others)

    return {k: [r for r in own if agrees(k, r) or (lit_alike(laid, k) and not alone(k, r))] for k, own in gone.items()}


def without(
    empty: Empty, gone: Mapping[int, Sequence[Region]], laid: Laid, lines: Mapping[int, NDArray[np.float64]]
) -> Empty | None:
    """Take off what stands in the empty place and some looks lack; None where they lack nothing.

    Each pixel is taken from the looks that lack what stands on it. Zones that the user says look so are left alone.

    Parameters
    ----------
    empty
        What was believed.
    gone
        Look -> what it lacks of that, its regions that disappeared.
    laid, lines
        The looks, and what brings them to common numbers.

    """
    lacking = {
        k: zones.inside(union_all([r.geometry for r in own]).buffer(_AROUND_M), laid.grid)
        for k, regions in gone.items()
        if k in lines and (own := [r for r in regions if r.zone not in empty.given])
    }
    if not lacking:
        return None
    data, flags = empty.data.copy(), empty.flags.copy()
    _lay_in(data, flags, lacking, laid, lines)
    return replace(empty, data=data, flags=flags)


def given_empty(
    empty: Empty,
    said: Mapping[str, int],
    place_zones: Sequence[Zone],
    laid: Laid,
    lines: Mapping[int, NDArray[np.float64]],
    params: Params,
) -> Empty:
    """Take zones from the looks of which the user says that they show them empty.

    Raises
    ------
    InputError
        If a look does not show its zone.

    """
    data, flags = empty.data.copy(), empty.flags.copy()
    by_name = {zone.name: zone for zone in place_zones}
    for name, look in said.items():
        if name not in by_name:
            raise UnknownNameError(f"'{name}' is no zone of {laid.place.name}; its zones are {', '.join(by_name)}")
        mask = zones.inside(by_name[name].polygon, laid.grid)
        share = float(np.mean(laid.clear[look][mask])) if mask.any() else 0.0
        if look not in lines or share < params.usable_fraction:
            raise InputError(
                f"{laid.infos[look].name}: only {share:.0%} of {name} is clear on it, so it cannot tell how that looks"
                f" empty (--empty); name an image that shows {params.usable_fraction:.0%} of it or more"
            )
        _lay_in(data, flags, {look: mask}, laid, lines)
    return replace(empty, data=data, flags=flags, given=frozenset(said))


def _lay_in(
    data: NDArray[np.float32],
    flags: NDArray[np.uint8],
    where: Mapping[int, NDArray[np.bool_]],
    laid: Laid,
    lines: Mapping[int, NDArray[np.float64]],
) -> None:
    """Replace ground by what looks show there clearly, each where it is asked; look -> (row, col)."""
    looks = list(where)
    mask = np.zeros(flags.shape, bool)
    for own in where.values():
        mask |= own
    if not mask.any():
        return
    rows, cols = zones.around(mask)
    for block in _blocks(rows, cols.stop - cols.start, len(looks)):
        images = np.stack([in_common(laid, k, lines[k], (block, cols)) for k in looks])
        asked = np.stack([where[k][block, cols] & laid.clear[k][block, cols] for k in looks])
        image, chosen = history.medoid(images, asked)
        here = chosen >= 0
        data[:, block, cols] = np.where(here, image, data[:, block, cols])
        flags[block, cols] = np.where(here, 0, flags[block, cols])
        laid.let_go()


def may_stand(empty: Empty, zone: Zone, laid: Laid, params: Params) -> float | None:
    """Return how long the longest thing is that the empty place itself may show in a zone, metres; None for nothing.

    What stands on every look is in the empty place, and whether it is goods or a roof no look tells. A block that
    differs from its zone by six robust spreads and a quarter of its brightness, and is three pixels broad, is such;
    not where it looks like the ground that it joins without a gap: then the outline lies on the quay.
    """
    mask = zones.inside(zone.polygon, laid.grid) & (empty.flags == 0)
    if not mask.any():
        return None
    brightness = np.maximum(empty.data.mean(axis=0), 1e-6)
    logs = np.log(brightness)
    middle = float(np.median(logs[mask]))
    spread = 1.4826 * float(np.median(np.abs(logs[mask] - middle)))
    off = mask & (np.abs(logs - middle) > max(_STANDS_SPREADS * spread, _STANDS_STEP))
    blocks, count = ndimage.label(ndimage.binary_opening(off, np.ones((_STANDS_PX, _STANDS_PX), bool)))
    longest = 0.0
    for number, window in enumerate(ndimage.find_objects(blocks), start=1):
        long_m = zones.long_px(blocks[window] == number) * max(laid.grid.pixel_size_m)
        if not (zone.kind == "berth" and _is_quay(empty, blocks == number, mask)):
            longest = max(longest, long_m)
    return longest if count and longest >= params.reported_thing_m else None


def _is_quay(empty: Empty, block: NDArray[np.bool_], zone: NDArray[np.bool_]) -> bool:
    """Say whether a piece of a berth is the land beside it: of the colour of what it joins, without a gap."""
    outside = ~zone & (empty.flags == 0)
    near = ndimage.binary_dilation(block, iterations=2) & outside
    far = ndimage.binary_dilation(block, iterations=_JOINS_PX) & outside & ~near
    if not near.any() or not far.any():
        return False
    logs = np.log(np.maximum(empty.data, 1e-6))
    own, joint, land = (np.median(logs[:, where], axis=1) for where in (block, near, far))
    alike = np.sqrt(np.mean((own - land) ** 2)) < _ALIKE_LOG
    return bool(alike and np.mean(joint - land) > -_GAP_LOG)
