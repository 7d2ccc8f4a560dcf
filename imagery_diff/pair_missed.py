"""What a pair would have missed: rendered things put into it, and whether they are told.

Section 10 of docs/explanation/method.md, as :mod:`imagery_diff.pair` asks for it; docs/explanation/sensitivity.md.

Into clear, searched, empty ground of each kind of zone its thing is put, in each colour, of all lengths, into the image
before or the one after: drawn fine, lit by that image's sun, blurred as its edges are, with its noise. Many at a time,
far apart from each other, so that each is a trial of its own. The colour of which fewest are told sets the answer.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_result
from imagery_diff.method import detection
from imagery_diff.method import zones as zones_
from imagery_diff.pair_again import find_again
from imagery_diff.pair_contrast import QUICK_PIXEL_M, Outlook, prior_of, strengths
from imagery_diff.pair_optics import camera_of
from imagery_diff.pair_places import COLOURS, KINDS, Grounds, Placed, Want, window_around
from imagery_diff.result import SEED_OF_TRIALS, Curve, Floor, Sensitivity, Trial
from imagery_diff.synthetic.insert import insert
from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from imagery_diff.aoi import Zone
    from imagery_diff.method.describe import Found
    from imagery_diff.pair_again import Known
    from imagery_diff.params import Params
    from imagery_diff.result import ZoneState
    from imagery_diff.synthetic.optics import Camera

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float32]

_SCOUTS = 16
"""Things of each colour and kind by which the worst colour is told."""
_TRIALS = 200
"""Further things of the worst colour."""
_QUICK = 3
"""Things of each kind that the quick way puts in, about as long as nine in ten are told of."""
_REPORTED_PASSES = 6
"""So often at most things of the reported length are put in."""
_LEAST_FOUND = 10
"""Fewer than this found, of the worst colour, carry no curve."""
_LEAST_PUT = 30
"""Fewer put in say nothing of the colour."""
_PATIENCE = 4
"""A thing that found no place in so many passes does not fit."""
_STOP_PASSES = 400
_SHARE = {0.5: "d50", 0.9: "d90", 0.99: "d99"}
_LEAST_IOU = {"rail_cars": 0.1}
"""Overlap, over union, of a region with a thing from which it tells of it; a train is a pixel wide."""
_USUAL_IOU = 0.2
HALF = 0.5
"""Of a thing's length on which something was drawn, from which on the thing is not overlooked, told or not."""
_BROAD_M = {kind: pair_result.REPORTED_M[kind][1] for kind in KINDS}
"""Kind of zone -> breadth of the least thing of which a series says ``no``, metres."""


def measure(known: Known, zones: tuple[ZoneState, ...], *, how: str) -> Sensitivity:
    """Put things into a pair, and say from which length on nine in ten are told.

    Parameters
    ----------
    known
        The pair.
    zones
        What is known of each zone; they come back with their floors.
    how
        ``full``, ``quick`` or ``reported``.

    """
    begin = time.perf_counter()
    frame = known.frame
    asked = [state for state in zones if state.zone.kind in KINDS and not why_silent(state, known)]
    curves: tuple[Curve, ...] = ()
    if asked:
        rng = rng_of(*SEED_OF_TRIALS)
        study = Study.of(known, asked, rng) if how == "full" else Study.of_few(known, asked, rng)
        curves = study.full() if how == "full" else study.quick()
        if how == "reported":
            curves = study.informed(curves, Study.of(known, asked, rng, _BROAD_M).reported())
    by_kind = {curve.zone_kind: curve.floor for curve in curves}
    how = "full" if how == "full" else "quick"
    stated = tuple(replace(z, floors=_floors(z, known, by_kind, how)) for z in zones)
    caveats = []
    if any(info.sun is None for info in frame.pair.infos):
        caveats.append("the sun is not known: things were put in without their shadows")
    return Sensitivity(
        aoi=frame.ground,
        before=frame.pair.infos[0],
        after=frame.pair.infos[1],
        how=how,
        curves=curves,
        zones=stated,
        colours=tuple(COLOURS.values()),
        caveats=tuple(caveats),
        seconds=time.perf_counter() - begin,
    )


def worth_keeping(known: Known) -> Known:
    """Return the part of a pair in which :func:`measure` may put things: to keep until the answer is asked for."""
    located = [z for z in known.frame.ground.zones if z.kind in KINDS and z.located] if known.frame.ground else []
    return known.settled().cut(window_around(located, known)) if located else known


_NO_GROUND = "no clear, searched and empty ground of its kind was found to put one on"
_LEAST_QUICK = 2
"""Of the few things put in quickly so many must be found before a limit is stated: a prior alone proves nothing."""


def why_silent(state: ZoneState, known: Known) -> str | None:
    """Say why nothing can be put into a zone; None where it can."""
    frame = known.frame
    seldom = state.clear_fraction < frame.params.usable_fraction
    reasons = {
        "the map is not asked for things": frame.detect != "alarm",
        "nothing is rendered for radar": known.matched.speckle is not None,
        "without a georeference there are no metres": frame.grid.crs is None,
        "a search area: where in it things would stand is not known": not state.zone.located,
        "the pixel does not carry such a thing": pair_result.TOO_SMALL in state.unknown,
        f"only {state.clear_fraction:.0%} of the zone was clear and searched": seldom,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _floors(state: ZoneState, known: Known, by_kind: dict[str, Floor], how: str) -> dict[str, Floor]:
    """Return the floor of a zone: that of its kind, or why it has none."""
    thing = KINDS.get(state.zone.kind)
    if thing is None:
        return {}
    reason = why_silent(state, known)
    if reason is not None:
        return {thing: Floor(thing=thing, reason=reason, how=how)}
    nowhere = Floor(thing=thing, reason=_NO_GROUND, how=how)
    return {thing: by_kind.get(state.zone.kind, nowhere)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """Trials on one pair."""

    known: Known
    """Settled, on the ground around the zones."""
    grounds: Grounds
    cameras: tuple[Camera, Camera]
    """How each image shows things."""
    rng: Generator

    @classmethod
    def of(
        cls, known: Known, states: list[ZoneState], rng: Generator, broad_m: Mapping[str, float] | None = None
    ) -> Study:
        """Prepare trials in some zones; ``broad_m`` as :meth:`Grounds.of` takes it."""
        zones = [state.zone for state in states]
        settled = known if known.is_settled else known.settled()
        return cls._on(settled.cut(window_around(zones, known)), zones, rng, broad_m)

    @classmethod
    def of_few(cls, known: Known, states: list[ZoneState], rng: Generator) -> Study:
        """Prepare trials in the largest zone of each kind, as if there were no other, and no ground but around them."""
        by_size = sorted((s.zone for s in states), key=lambda z: -float(z.polygon.area))
        zones = [z for k in KINDS for z in [z for z in by_size if z.kind == k][: 2 if KINDS[k] == "vessel" else 1]]
        here = known.cut(window_around(zones, known))
        assert here.frame.ground is not None
        frame = replace(here.frame, ground=replace(here.frame.ground, zones=tuple(zones)))
        return cls._on(replace(here, frame=frame).settled(), zones, rng)

    @classmethod
    def _on(cls, here: Known, zones: list[Zone], rng: Generator, broad_m: Mapping[str, float] | None = None) -> Study:
        frame = here.frame
        before, after = (
            camera_of(info, picture, frame.pair.names, here.matched.surface)
            for info, picture in zip(frame.pair.infos, here.pictures, strict=True)
        )
        return cls(known=here, grounds=Grounds.of(here, zones, broad_m), cameras=(before, after), rng=rng)

    @property
    def kinds(self) -> list[str]:
        """Kinds of zones that have ground for things."""
        return [kind for kind in KINDS if self.grounds.of_kind(kind)]

    def full(self) -> tuple[Curve, ...]:
        """Return a curve for each kind of zone."""
        spans = {kind: self.grounds.span_m(kind) for kind in self.kinds}
        scouts = [w for k, span in spans.items() for c in COLOURS for w in self.ladder(k, c, span, _SCOUTS)]
        first = self.tried(scouts)
        worst = {k: _worst(first.get(k, [])) for k in spans}
        more = [
            want
            for k, span in spans.items()
            if (colour := worst[k]) is not None
            for want in self._aimed(k, colour, [t for t in first[k] if t.colour == colour], span)
        ]
        second = self.tried(more)
        return tuple(curve_of(k, worst[k], [*first.get(k, []), *second.get(k, [])]) for k in spans)

    def quick(self) -> tuple[Curve, ...]:
        """Return an upper limit for each kind of zone: what design seeds say of such a pair, and one pass of trials."""
        outlook = {kind: self.outlook(kind) for kind in self.kinds}
        pixel = self.known.frame.grid.pixel_size_m[0]
        if not QUICK_PIXEL_M[0] <= pixel <= QUICK_PIXEL_M[1]:
            why = f"the quick way is fitted for pixels of {QUICK_PIXEL_M[0]:g} to {QUICK_PIXEL_M[1]:g} m: ask for full"
            floors = {kind: Floor(thing=KINDS[kind], reason=why, how="quick") for kind in outlook}
            return tuple(Curve(zone_kind=kind, floor=floor, trials=()) for kind, floor in floors.items())
        priors = {kind: prior_of(KINDS[kind], found, pixel) for kind, found in outlook.items()}
        wants = [
            want
            for kind, found in outlook.items()
            for want in self.ladder(kind, found.colour, _promising(priors[kind], self.grounds.span_m(kind)), _QUICK)
        ]
        tried = self.tried(wants, passes=1)
        return tuple(
            quick_curve(kind, found.colour, tried.get(kind, []), priors[kind], self.grounds.span_m(kind))
            for kind, found in outlook.items()
        )

    def reported(self) -> dict[str, tuple[Trial, ...]]:
        """Put things of the length of which a series says ``no`` into the image after, as many into each zone.

        All colours alike often: how often *a* thing is missed depends on what colours things have, of which no more is
        assumed. The colour that is missed most sets the floor, not this share.
        """
        params = self.known.frame.params
        colours = list(COLOURS)
        wants = [
            Want(kind=kind, length_m=reported_m(kind, params), colour=colour, date=1, zone=run.zone.name)
            for kind in self.kinds
            for run in {r.zone.name: r for r in self.grounds.of_kind(kind)}.values()
            for first in [int(self.rng.integers(len(colours)))]
            for colour in [colours[(first + k) % len(colours)] for k in range(params.reported_trials)]
        ]
        return {
            kind: tuple(replace(t, colour=COLOURS[t.colour]) for t in trials)
            for kind, trials in self.tried(wants, passes=_REPORTED_PASSES).items()
        }

    def informed(self, curves: tuple[Curve, ...], reported: dict[str, tuple[Trial, ...]]) -> tuple[Curve, ...]:
        """Let things of the reported length tell of the quick limit too, where they are of its colour."""
        return tuple(self._informed(curve, reported.get(curve.zone_kind, ())) for curve in curves)

    def _informed(self, curve: Curve, more: tuple[Trial, ...]) -> Curve:
        pixel = self.known.frame.grid.pixel_size_m[0]
        alike = [t for t in more if t.colour == curve.floor.colour]
        told = replace(curve, trials=(*curve.trials, *more))
        if not alike or not QUICK_PIXEL_M[0] <= pixel <= QUICK_PIXEL_M[1]:
            return told
        outlook = self.outlook(curve.zone_kind)
        prior, span = prior_of(KINDS[curve.zone_kind], outlook, pixel), self.grounds.span_m(curve.zone_kind)
        better = quick_curve(curve.zone_kind, outlook.colour, [*curve.trials, *alike], prior, span)
        return replace(told, floor=better.floor)

    def outlook(self, kind: str) -> Outlook:
        """Say how strongly the worst colour would differ on the ground of a kind of zone, and how soft images are."""
        pixels = self.grounds.pixels(kind)
        found = strengths(self.known, self.cameras, pixels, COLOURS)
        colour = min(found, key=lambda c: found[c])
        sigma = max(camera.spread.edge()[0] for camera in self.cameras)
        return Outlook(colour=colour, strength=found[colour], rise_px=sigma)

    def ladder(self, kind: str, colour: str, span_m: tuple[float, float], count: int) -> list[Want]:
        """Return things of all lengths, as many into one image as into the other."""
        steps = (np.arange(count) + self.rng.random(count)) / count
        lengths = np.exp(np.log(span_m[0]) + steps * np.log(span_m[1] / span_m[0]))
        return [Want(kind=kind, length_m=float(n), colour=colour, date=i % 2) for i, n in enumerate(lengths)]

    def _aimed(self, kind: str, colour: str, trials: list[Trial], span_m: tuple[float, float]) -> list[Want]:
        """Return more of a colour: half where the curve rises, half above, where lapses show."""
        curve = detection.fit(np.array([t.length_m for t in trials]), np.array([t.found for t in trials]))
        _, slope, _ = curve.best
        middle = float(np.clip(curve.best[0], *span_m))
        rise = max(math.exp(2.5 / slope), 1.3)
        low, high = max(span_m[0], middle / rise), min(span_m[1], middle * rise)
        top = min(span_m[1], 4 * high)
        half = _TRIALS // 2
        return [
            *self.ladder(kind, colour, (low, max(high, 1.05 * low)), half),
            *self.ladder(kind, colour, (min(high, top / 1.2), top), _TRIALS - half),
        ]

    def tried(self, wants: list[Want], passes: int = _STOP_PASSES) -> dict[str, list[Trial]]:
        """Put in as many at a time as find room, and see what is told; kind of zone -> trials."""
        waiting = [(want, 0) for want in self.rng.permutation(np.array(wants, object)).tolist()] if wants else []
        done: dict[str, list[Trial]] = {}
        for _ in range(passes):
            if not waiting:
                break
            placed: list[Placed] = []
            left = []
            full: set[tuple[str, str | None, float]] = set()
            for want, refused in waiting:
                like = (want.kind, want.zone, want.length_m)
                one = None if like in full else self.grounds.place(want, placed, self.cameras, self.rng)
                if one is not None:
                    placed.append(one)
                    continue
                full.add(like)  # what finds no room now, its like does not find beside the same things
                if refused + 1 < _PATIENCE or placed:
                    left.append((want, refused + (not placed)))
            waiting = left
            for kind, trial in self._pass(placed):
                done.setdefault(kind, []).append(trial)
        return done

    def _pass(self, placed: list[Placed]) -> list[tuple[str, Trial]]:
        """Put some things in and look for each among what is told."""
        if not placed:
            return []
        pictures = self.known.pictures
        added = tuple(np.zeros(p.data.shape, np.float32) for p in pictures)
        contrasts = []
        for one in placed:
            date = one.want.date
            window = one.window
            under = np.asarray(pictures[date].data[:, *window], np.float32)
            shape = (window[0].stop - window[0].start, window[1].stop - window[1].start)
            transform = self.known.frame.grid.window(window[0].start, window[1].start, shape).transform
            done = insert(under, transform, one.thing, self.cameras[date], self.rng)
            added[date][:, *window] += np.asarray(done.data, np.float32) - under
            contrasts.append(done.contrast)
        touched = np.any(added[0] != 0, axis=0) | np.any(added[1] != 0, axis=0)
        own = [self._pixels(one) for one in placed]
        near = np.zeros_like(touched)
        for one, pixels in zip(placed, own, strict=True):
            near[one.window] |= pixels
        told, drawn = find_again(self.known, (added[0], added[1]), among=touched, near=near)
        if self.known.drawn is not None:
            drawn &= ~self.known.drawn
        pixel = self.known.frame.grid.pixel_size[0]
        return [
            (
                one.want.kind,
                replace(_trial(one, contrast, told), drawn=_is_drawn(one, drawn[one.window] & pixels, pixel)),
            )
            for one, contrast, pixels in zip(placed, contrasts, own, strict=True)
        ]

    def _pixels(self, one: Placed) -> Bools:
        """Return the pixels of a thing's window that it lies on, and those that touch it."""
        rows, cols = one.window
        shape = (rows.stop - rows.start, cols.stop - cols.start)
        grid = self.known.frame.grid.window(rows.start, cols.start, shape)
        return zones_.inside(one.thing.footprint.buffer(grid.pixel_size[0]), grid)


def _is_drawn(one: Placed, drawn: Bools, pixel_m: float) -> bool:
    """Say whether half of a thing's length, or more, lies on one piece that was drawn for it and not without it."""
    return zones_.longest_px(drawn) * pixel_m >= HALF * one.thing.length_m


def _trial(one: Placed, contrast: float, told: list[Found]) -> Trial:
    """Say whether a thing was told."""
    foot, least = one.thing.footprint, _LEAST_IOU.get(one.thing.kind, _USUAL_IOU)
    found = False
    for region in told:
        outline = region.shape.outline
        if outline.intersects(foot):
            shared = outline.intersection(foot).area
            found |= shared >= least * (outline.area + foot.area - shared)
    return Trial(
        length_m=one.thing.length_m,
        width_m=one.thing.width_m,
        colour=one.want.colour,
        date=("before", "after")[one.want.date],
        zone=one.zone,
        found=bool(found),
        contrast=contrast,
    )


def _worst(trials: list[Trial]) -> str | None:
    """Return the colour of which fewest were found, of equals the one of the least contrast."""
    colours = dict.fromkeys(t.colour for t in trials)
    if not colours:
        return None

    def merit(colour: str) -> tuple[float, float]:
        own = [t for t in trials if t.colour == colour]
        return float(np.mean([t.found for t in own])), float(np.median([t.contrast for t in own]))

    return min(colours, key=merit)


def curve_of(kind: str, colour: str | None, trials: list[Trial]) -> Curve:
    """Fit the trials of the worst colour."""
    thing = KINDS[kind]
    if colour is None:
        floor = Floor(
            thing=thing, reason="nothing so long as the shortest tested fits on empty ground that was searched"
        )
        return Curve(zone_kind=kind, floor=floor, trials=())
    own = [t for t in trials if t.colour == colour]
    lengths, found = np.array([t.length_m for t in own]), np.array([t.found for t in own])
    words = COLOURS[colour]
    named = tuple(replace(t, colour=COLOURS[t.colour]) for t in trials)
    count = int(found.sum())
    if count < _LEAST_FOUND:
        long = f"up to {lengths.max():.0f} m long"
        if len(own) < _LEAST_PUT:
            reason = f"only {len(own)} {words} ones, {long}, found room on empty ground that was searched"
            return Curve(zone_kind=kind, floor=Floor(thing=thing, colour=words, reason=reason), trials=named)
        reason = f"of {len(own)} {words} ones put in, {long}, {count} were found: they match the ground"
        return Curve(zone_kind=kind, floor=Floor(thing=thing, colour=words, reason=reason), trials=named)
    fitted = detection.fit(lengths, found)
    middle, slope, lapse = fitted.best
    return Curve(
        zone_kind=kind,
        floor=floor_of(thing, words, fitted, (float(lengths.min()), float(lengths.max()))),
        trials=named,
        middle_m=middle,
        slope=slope,
        lapse=lapse,
    )


def floor_of(
    thing: str, colour: str, fitted: detection.Detection, tried_m: tuple[float, float], how: str = "full"
) -> Floor:
    """State the lengths of a curve within what was tried: none shorter than the shortest, None beyond the longest."""

    def within(length: float) -> float | None:
        return max(length, tried_m[0]) if length <= tried_m[1] else None

    said = {f"{name}_m": within(fitted.length(share)) for share, name in _SHARE.items()}
    said |= {f"{name}_high_m": within(fitted.upper(share)) for share, name in _SHARE.items()}
    reason = None
    if said["d90_high_m"] is None:
        lapse = fitted.best[2]
        missed = f"; {lapse:.0%} of {colour} ones are missed at any length" if lapse >= 0.1 else ""  # noqa: PLR2004
        reason = f"not nine in ten of the longest that were put in, {tried_m[1]:.0f} m, are surely found{missed}"
    return Floor(thing=thing, colour=colour, reason=reason, how=how, **said)


def reported_m(zone_kind: str, params: Params) -> float:
    """Return the length of which ``no`` speaks in a kind of zone, metres."""
    return params.reported_train_m if KINDS[zone_kind] == "rail_cars" else params.reported_thing_m


def _promising(prior: detection.Prior, span_m: tuple[float, float]) -> tuple[float, float]:
    """Return the lengths whose trials tell most: from where most are told to where all but few should be."""
    slope = math.exp(prior.slope)
    low, high = (math.exp(prior.middle + step / slope) for step in (1.0, 3.0))
    return float(np.clip(low, *span_m)), float(np.clip(max(high, 1.05 * low), *span_m))


def quick_curve(
    kind: str, colour: str, trials: list[Trial], prior: detection.Prior, span_m: tuple[float, float]
) -> Curve:
    """Update a prior by few trials; only the upper limit of nine in ten is stated."""
    thing, words = KINDS[kind], COLOURS[colour]
    lengths, found = np.array([t.length_m for t in trials]), np.array([t.found for t in trials], bool)
    named = tuple(replace(t, colour=words) for t in trials)
    if np.count_nonzero(found) < _LEAST_QUICK:
        reason = (
            f"in a quick trial {np.count_nonzero(found)} of {len(trials)} put in were found" if trials else _NO_GROUND
        )
        return Curve(zone_kind=kind, floor=Floor(thing=thing, colour=words, reason=reason, how="quick"), trials=named)
    limit = detection.fit(lengths, found, prior).credible(0.9)
    if limit > span_m[1]:
        reason = f"by a quick trial nine in ten of the longest that fit, {span_m[1]:.0f} m, are not surely found"
        return Curve(zone_kind=kind, floor=Floor(thing=thing, colour=words, reason=reason, how="quick"), trials=named)
    floor = Floor(thing=thing, colour=words, d90_high_m=max(limit, span_m[0]), how="quick")
    return Curve(zone_kind=kind, floor=floor, trials=named)
