"""Pairs that should not be compared: each rule once, refused or told.

docs/reference/pairs.md has them as a table, with their reasons. A rule looks at what the files say, before any pixel is
read; what only the pixels show (snow without a mask, one image softer) is told where it is found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shapely import get_coordinates, minimum_rotated_rectangle

from imagery_diff.errors import InputError
from imagery_diff.geometry import parallax_m
from imagery_diff.scene import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.params import Params
    from imagery_diff.scene import SceneInfo

    Infos = tuple[SceneInfo, SceneInfo]

_ONE_PASS_S = 300.0
"""Two looks closer in time are one pass, seconds (house.md section 6)."""
_YEAR_S = 365.25 * 86400.0
_RATIO_TOLD, _RATIO_REFUSED = 1.5, 10.0
"""Ratio of pixel sizes. The finer image is averaged to the coarser, which tells what it carries; beyond ten what the
finer shows is one pixel of the other."""
_MISPLACED = 0.5
"""Share of a zone's width by which a picture may lie wrong: beyond it what lies in the zone may be beside it."""
_PLACED_WELL_PX = 0.1
"""Points that disagree by less, pixels, are no doubt."""
_HEIGHTS_APART_M = 10.0
"""A pixel of Sentinel-1, at 45 degrees of incidence."""
_LEAN_TOLD = 0.5
"""Share of a zone's width by which things may lean apart before it is told."""


@dataclass(frozen=True)
class Refused:
    """A rule's refusal, in one line."""

    words: str
    may_be_allowed: bool = True
    """Whether ``despite`` turns it into a caveat."""


@dataclass(frozen=True)
class Rule:
    """One reason not to compare a pair."""

    name: str
    """What ``--despite`` calls it."""
    look: Callable[[Infos, AOI | None, Params], Refused | str | None]
    """Return a refusal, a caveat, or None where nothing is wrong."""


def judge(infos: Infos, ground: AOI | None, params: Params, despite: Sequence[str] = ()) -> dict[str, str]:
    """Hold a pair against every rule.

    Parameters
    ----------
    infos
        Before and after.
    ground
        The AOI in a metric coordinate system; None = the images' common ground.
    despite
        Names of rules whose refusal is to be a caveat.

    Returns
    -------
    Rule -> what is doubtful about the pair.

    Raises
    ------
    InputError
        If a rule refuses the pair, or ``despite`` names no rule.

    """
    check_names(despite)
    caveats = {}
    for rule in RULES:
        found = rule.look(infos, ground, params)
        if isinstance(found, Refused):
            if not found.may_be_allowed:
                raise InputError(found.words)
            if rule.name not in despite:
                raise InputError(f"{found.words}; to compare them all the same: --despite {rule.name}")
            caveats[rule.name] = f"compared despite the rule {rule.name}: {found.words}"
        elif found:
            caveats[rule.name] = found
    return caveats


def check_names(despite: Sequence[str]) -> None:
    """Refuse a name that is no rule's.

    Raises
    ------
    InputError
        If one is not.

    """
    unknown = set(despite) - {rule.name for rule in RULES}
    if unknown:
        names = ", ".join(rule.name for rule in RULES)
        raise InputError(f"no rule of pairs is called {min(unknown)!r}; they are {names}")


def _simulated(infos: Infos, _ground: AOI | None, _params: Params) -> Refused | None:
    if infos[0].simulated == infos[1].simulated:
        return None
    rendered, real = infos if infos[0].simulated else infos[::-1]
    words = (
        f"{rendered.name} is rendered or altered and {real.name} is not; a difference between them means nothing: "
        "give two images of the same kind"
    )
    return Refused(words, may_be_allowed=False)


def _radar(infos: Infos, _ground: AOI | None, _params: Params) -> Refused | None:
    known = [info for info in infos if info.level is not Level.NUMBERS]
    if len(known) < len(infos) or infos[0].level.radar == infos[1].level.radar:
        return None
    radar, optical = infos if infos[0].level.radar else infos[::-1]
    words = (
        f"{radar.name} is a radar image and {optical.name} an optical one; they show different things at every place: "
        "give two of one kind"
    )
    return Refused(words, may_be_allowed=False)


def _level(infos: Infos, _ground: AOI | None, _params: Params) -> str | None:
    before, after = infos
    if before.level is after.level:
        return None
    told = f"{before.name} holds {before.level}, {after.name} {after.level}"
    if {before.level, after.level} == {Level.SURFACE, Level.TOA}:
        return f"{told}: the air is taken out of one and not of the other; they were matched by statistics only"
    return f"{told}: matched by statistics only; the same product for both dates is better"


def _orbit(infos: Infos, _ground: AOI | None, _params: Params) -> Refused | str | None:
    if len({info.product.split(" ", 1)[0] for info in infos}) > 1 and not all(info.level.radar for info in infos):
        return None  # numbers of two systems say nothing together
    before, after = (info.orbit for info in infos)
    ways = {before.direction, after.direction} - {None}
    tracks = {before.relative, after.relative} - {None}
    if len(ways) < 2 and len(tracks) < 2:  # noqa: PLR2004 - the same of both, or not known of one
        return None
    orbits = " and ".join(
        f"{info.name} ({info.orbit.direction or 'direction not known'}, relative orbit {info.orbit.relative or '?'})"
        for info in infos
    )
    if all(info.level.radar for info in infos):
        return Refused(
            f"{orbits} look from different sides: what stands up is laid over other ground, and would be read as "
            "change; give two of one relative orbit and direction"
        )
    return f"{orbits} are of different orbits: things with height lean and shade differently; one orbit is better"


def _off_nadir(infos: Infos, ground: AOI | None, params: Params) -> Refused | str | None:
    views = [info.view for info in infos]
    if views[0] is None or views[1] is None or any(info.level.radar for info in infos):
        return None
    first, second = (parallax_m(params.shed_height_m, view) for view in views if view is not None)
    apart = math.hypot(second[0] - first[0], second[1] - first[1])
    told = (
        f"a thing {params.shed_height_m:g} m high leans {apart:.0f} m apart in the two views "
        f"({views[0].off_nadir_deg:.0f} and {views[1].off_nadir_deg:.0f} degrees off nadir)"
    )
    zones = _located(ground)
    if not zones:
        return told if apart > params.lean_height_m * 2 else None
    narrow = [z for z in zones if apart > _LEAN_TOLD * _width(z)]
    if all(apart > _width(zone) for zone in zones):
        return Refused(f"{told}, further than any zone of '{ground.name if ground else ''}' is wide; give nearer views")
    return f"{told}, much for the zones {', '.join(z.name for z in narrow)}" if narrow else None


def _located(ground: AOI | None) -> list[Zone]:
    """Zones whose outlines are known, and in metres."""
    return [z for z in ground.zones if z.located and z.kind != "ignore"] if ground and ground.crs else []


def _width(zone: Zone) -> float:
    """Shorter side of the smallest rectangle around a zone, map units (metres)."""
    first, second, third, *_ = get_coordinates(minimum_rotated_rectangle(zone.polygon))
    return min(math.dist(first, second), math.dist(second, third))


def _resolution(infos: Infos, _ground: AOI | None, _params: Params) -> Refused | str | None:
    if any(info.grid.crs is None for info in infos):
        return None
    fine, coarse = sorted(infos, key=lambda info: max(info.grid.pixel_size_m))
    sizes = max(fine.grid.pixel_size_m), max(coarse.grid.pixel_size_m)
    ratio = sizes[1] / sizes[0]
    told = f"{fine.name} has pixels of {sizes[0]:.3g} m and {coarse.name} of {sizes[1]:.3g} m"
    if ratio > _RATIO_REFUSED:
        return Refused(f"{told}, more than {_RATIO_REFUSED:g} times as coarse; give two of like resolution")
    return (
        f"{told}: the finer one was averaged, and only what the coarser shows is compared"
        if ratio > _RATIO_TOLD
        else None
    )


def _sensor(infos: Infos, _ground: AOI | None, _params: Params) -> str | None:
    instruments = [info.instrument for info in infos]
    if None in instruments or instruments[0] == instruments[1]:
        return None
    return (
        f"two instruments ({instruments[0]} and {instruments[1]}): their bands differ, by 0.7 to 13 % of a surface's "
        "brightness between PlanetScope and Sentinel-2, and more for plants"
    )


def _placement(infos: Infos, ground: AOI | None, _params: Params) -> Refused | str | None:
    placed = [info for info in infos if info.placement_rms_m is not None]
    if not placed:
        return None
    worst = max(placed, key=lambda info: info.placement_rms_m or 0.0)
    rms = worst.placement_rms_m or 0.0
    if rms < _PLACED_WELL_PX * max(worst.grid.pixel_size_m):
        return None
    told = f"{worst.name} was placed by points that disagree by {rms:.2g} m"
    zones = _located(ground)
    if zones and all(rms > _MISPLACED * _width(zone) for zone in zones):
        return Refused(f"{told}, more than half the width of every zone: no zone can be told in it; place it better")
    return f"{told} (root mean square)"


def _height(infos: Infos, _ground: AOI | None, _params: Params) -> str | None:
    heights = [info.laid_on_m for info in infos]
    if heights[0] is None or heights[1] is None or abs(heights[0] - heights[1]) <= _HEIGHTS_APART_M:
        return None
    return (
        f"{infos[0].name} was laid on a height of {heights[0]:.0f} m and {infos[1].name} on {heights[1]:.0f} m: they "
        "lie apart by about as much, which the registration has to find; give both the height of the place (--height)"
    )


def _same_image(infos: Infos, _ground: AOI | None, _params: Params) -> str | None:
    before, after = infos
    same_file = before.files and after.files and before.files[0].resolve() == after.files[0].resolve()
    same_file = same_file and before.name == after.name
    if same_file or (before.scene_id and before.scene_id == after.scene_id):
        return f"{before.name} was given as both before and after: compared with itself an image tells nothing"
    return None


def _one_pass(infos: Infos, ground: AOI | None, params: Params) -> str | None:
    before, after = infos
    if not (before.acquired and after.acquired) or _same_image(infos, ground, params):
        return None
    seconds = abs((after.acquired - before.acquired).total_seconds())
    if seconds >= _ONE_PASS_S:
        return None
    strip = before.orbit.strip is not None and before.orbit.strip == after.orbit.strip
    what = "two images of one strip" if strip else "two images of one pass"
    return (
        f"{what}, {seconds:.0f} seconds apart: only what moves can have changed between them; to lay them side by "
        "side, give them as one date"
    )


def _order(infos: Infos, _ground: AOI | None, _params: Params) -> str | None:
    before, after = infos
    if not (before.acquired and after.acquired) or after.acquired >= before.acquired:
        return None
    return (
        f"after ({after.acquired:%Y-%m-%d %H:%M} UTC) is older than before ({before.acquired:%Y-%m-%d %H:%M} UTC); "
        "'appeared' and 'disappeared' are meant in the order given"
    )


def _years(infos: Infos, _ground: AOI | None, _params: Params) -> str | None:
    before, after = infos
    if not (before.acquired and after.acquired):
        return None
    years = abs((after.acquired - before.acquired).total_seconds()) / _YEAR_S
    if years < 1:
        return None
    return (
        f"{years:.1f} years lie between the images: what was built, torn down or planted since is told like cargo that "
        "came or went"
    )


def _night(infos: Infos, _ground: AOI | None, _params: Params) -> str | None:
    dark = [i for i in infos if i.sun is not None and i.sun.elevation_deg < 0 and not i.level.radar]
    if not dark:
        return None
    words = "; ".join(
        f"{i.name}: the sun stood {-i.sun.elevation_deg:.0f} degrees below the horizon at {i.acquired:%H:%M} UTC"
        for i in dark
        if i.sun is not None and i.acquired is not None
    )
    return f"{words}: unless it was taken at night the time is wrong (is it local time?)" if words else None


def _ground_control(infos: Infos, _ground: AOI | None, params: Params) -> str | None:
    loose = [info.name for info in infos if info.ground_control is False]
    if not loose:
        return None
    return (
        f"{' and '.join(loose)}: not tied to the ground by the provider (ground_control false); the shift was looked "
        f"for to {params.uncontrolled_shift_m:g} m"
    )


def refuse_unplaced(infos: Infos, despite: Collection[str]) -> None:
    """Refuse two images without a georeference that show nothing in common; asked once they are read.

    Raises
    ------
    InputError
        Unless ``despite`` holds ``placement``.

    """
    if "placement" not in despite:
        raise InputError(
            f"{infos[0].name} and {infos[1].name} carry no georeference, and no common structure was found in them: "
            "they may not show the same ground; lay one on the other (--reference, with a georeferenced image), or "
            "compare them as they lie: --despite placement"
        )


RULES = (
    Rule("simulated", _simulated),
    Rule("radar", _radar),
    Rule("level", _level),
    Rule("orbit", _orbit),
    Rule("off-nadir", _off_nadir),
    Rule("resolution", _resolution),
    Rule("instrument", _sensor),
    Rule("placement", _placement),
    Rule("height", _height),
    Rule("same-image", _same_image),
    Rule("one-pass", _one_pass),
    Rule("order", _order),
    Rule("years", _years),
    Rule("night", _night),
    Rule("ground-control", _ground_control),
)
"""In the order in which they are asked; the first refusal is the one that is told."""
WARNED = frozenset({"same-image", "order", "one-pass"})
"""Those that are worth a warning at once: a mistake in the command is likelier than a wish."""
