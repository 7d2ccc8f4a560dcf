"""The story of many dates: what stood where on which look, what came and went between them, and what nobody saw.

The numbered comments of :func:`timeline` are the headings of docs/explanation/timeline.md.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff import archive as archives
from imagery_diff import (
    series_against,
    series_ais,
    series_chances,
    series_colours,
    series_events,
    series_history,
    series_lasting,
    series_looks,
    series_pairs,
    series_states,
    series_tracks,
    series_trains,
    series_trials,
)
from imagery_diff.errors import InputError, OutputError, UnknownNameError
from imagery_diff.memory import at_half_precision
from imagery_diff.method import zones
from imagery_diff.pair_result import Odds
from imagery_diff.pair_scenes import open_pair
from imagery_diff.params import Params
from imagery_diff.read.ais import read_ais
from imagery_diff.read.aois import find_place
from imagery_diff.result import Asked
from imagery_diff.result_series import SeriesLook, Timeline
from imagery_diff.write import timeline_sentences as words
from imagery_diff.write.timeline import event_rows_with_outlines, observation_rows
from imagery_diff.write.words import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.archive import Frame, Kept, KeptLook, NewLook
    from imagery_diff.grid import Grid
    from imagery_diff.result import Comparison, Region
    from imagery_diff.result_series import Cell
    from imagery_diff.scene import SceneInfo
    from imagery_diff.series_history import Empty
    from imagery_diff.series_looks import Laid, Opened

    Progress = Callable[[str], None]

_TRIES = 8
"""So often at most a series is told again because another process added to its archive meanwhile."""
_ROUNDS = 2
"""So often at most the empty place is learned again from what looks lack of it."""
_OF_A_PAIR = ("as was asked for", NO_TIME)
"""Caveats that say of the empty place what is meant so: its outlines are laid once, and it is of no one moment."""
_CHIP_M = 15.0
"""Around a zone its chips reach, metres."""


def timeline(
    aoi: AOI | str | Path,
    images: Sequence[SceneInfo | str | Path],
    *,
    empty: Mapping[str, str] | None = None,
    params: Params | None = None,
    archive: str | Path | None = None,
    ais: str | Path | None = None,
    progress: Progress = lambda _: None,
) -> Timeline:
    """Say what stood in each zone of a place on each of many looks, and what changed between them.

    Parameters
    ----------
    aoi
        A registry name (``"najin"``), the path of an AOI file, or an :class:`imagery_diff.AOI`; with zones.
    images
        Image files, deliveries, or folders that hold them; times must be known.
    empty
        Zone -> name of the image that shows it empty, where the looks themselves do not tell.
    params
        Every number of the method.
    archive
        An SQLite file that keeps the looks and what is said of them; it is made where it is not there. Its looks are
        among those of the series without their files: one new image is enough, and none tells it again.
    ais
        A CSV of AIS positions (:func:`imagery_diff.read.ais.read_ais`) that each vessel seen is held against; it
        changes nothing else, and is not kept in an archive.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    ImageryDiffError
        One line that says what is wrong with which file and what to do.

    Examples
    --------
    >>> from imagery_diff import samples, timeline
    >>> days = ("20231016", "20231017", "20231019", "20231020_0201", "20231020_0643", "20231021")
    >>> story = timeline("najin", [samples.path(f"najin_{day}") for day in days])
    >>> [e.event for e in story.events if e.zone == "pier2_sw_berth"]
    ['vessel_arrived', 'vessel_departed']

    """
    params = params or Params()
    place = find_place(aoi)
    if place is None or not place.zones:
        raise InputError(
            "a timeline is told of zones (berths, yards, tracks), and the AOI has none; give one with zones"
        )
    positions = read_ais(ais) if ais is not None else None
    if archive is None:
        return series_ais.held_against(_told(place, images, dict(empty or {}), params, progress), positions)
    for _ in range(_TRIES):
        kept = archives.read(archive, place, params)
        adding = _Adding(kept=kept)
        found = _told(place, images, {**kept.empty, **(empty or {})}, params, progress, adding)
        if adding.write(place, found):
            return series_ais.held_against(found, positions)
    raise OutputError(
        f"{Path(archive).name}: other processes added runs {_TRIES} times while this one was told; nothing was added,"
        " run again"
    )


@dataclass(kw_only=True, eq=False)
class _Adding:
    """What a series leaves in an archive."""

    kept: Kept
    frame: Frame | None = None
    looks: tuple[NewLook, ...] = ()
    empty: dict[str, str] = field(default_factory=dict)

    def take(self, given: Opened, laid: Laid, said: Mapping[str, int]) -> None:
        """Take what is to be kept, while the pixels are there."""
        keys = [archives.key_of(info) for info in laid.infos]
        self.frame = archives.Frame(grid=laid.grid, bands=laid.names, anchor=keys[laid.anchor])
        self.looks = series_looks.new_looks(given, laid)
        self.empty = {zone: keys[k] for zone, k in said.items()}

    def write(self, place: AOI, found: Timeline) -> bool:
        """Add the run; False where another process was first."""
        assert self.frame is not None
        told = archives.Told(
            place=place,
            params=found.params,
            frame=self.frame,
            looks=self.looks,
            empty=self.empty,
            observations=observation_rows(found),
            events=event_rows_with_outlines(found),
            caveats=found.caveats,
        )
        return archives.add(self.kept, told)


def _told(
    place: AOI,
    images: Sequence[SceneInfo | str | Path],
    empty: Mapping[str, str],
    params: Params,
    progress: Progress,
    adding: _Adding | None = None,
) -> Timeline:
    """Tell the story."""
    # 1. What the files are
    progress("opening")
    given = series_looks.opened(images, adding.kept if adding else None)
    infos = given.infos

    with tempfile.TemporaryDirectory(prefix="imagery_diff_") as folder:
        # 2. One frame, every look laid on it
        laid = series_looks.lay(given, place, Path(folder), params, progress)
        lines = series_history.lines_of(laid)

        # 3. The place as it is empty
        progress("learning the empty place")
        history = series_history.learn(laid, lines)
        said = _said(empty, laid)
        history = series_history.given_empty(history, said, laid.place.zones, laid, lines, params)

        # 4. Each look against it, and again where looks lack what the empty place shows
        against = series_against.Against.first(laid, lines, history, Path(folder), params)
        found = against.all(history, progress)
        for _ in range(_ROUNDS):
            again = series_history.without(history, _bared(found, laid, params), laid, lines)
            if again is None:
                break
            history = again
            found = against.all(history, progress)
        found = against.with_things_put_in(found, progress)

        # 5. States
        refused = laid.refused | against.refused
        apart = series_history.apart(history, laid, lines)
        by_number = series_trains.line_by_line({k + 1: c for k, c in found.items()}, apart, against.place)
        found = {number - 1: c for number, c in by_number.items()}
        trials = series_trials.trials_of(by_number, params)
        cells = _cells(found, trials, history, against.place, laid, refused, params)
        sight = series_states.Sight.of(by_number, laid.grid, apart, series_looks.loosely_laid(laid))

        # 6. One thing through many looks, and looks against each other
        looks = tuple(_look(k, laid, found.get(k), refused, given.kept.get(k)) for k in range(len(infos)))
        pairs = series_pairs.Pairs(laid=laid, place=against.place, params=params, progress=progress)
        cells = series_pairs.not_denied(cells, list(by_number), pairs, looks)
        tracks = series_tracks.follow(cells, sight)
        cells = series_tracks.not_through(cells, tracks)
        built = series_lasting.lasting(tracks, sight, looks, params)
        tracks, cells = series_lasting.told_apart(tracks, cells, built, looks)
        alike = series_colours.same_colours(tracks, by_number, laid, lines, history)

        # 7. Events, calls, gaps, silence
        events = series_events.events_of(tracks, cells, looks, against.place, params, built)
        events = series_colours.with_colours(events, alike, tracks, looks, against.place)
        events = series_pairs.with_pairs(events, pairs, looks)
        chips, windows = _chips(laid, lines, against.place)
        if adding:
            adding.take(given, laid, said)

    # 8. How likely it is
    false_shares = _false_shares(history, laid, against.place, params)
    cells = series_chances.with_chances(cells, looks, false_shares, params)
    return Timeline(
        aoi=against.place,
        grid=laid.grid,
        looks=looks,
        cells=tuple(cells),
        tracks=tracks,
        events=events,
        visits=series_events.visits_of(tracks, cells, events, looks, against.place, params),
        quiet=series_events.quiet_of(cells, against.place, params),
        fills=series_events.fills_of(cells, looks, against.place),
        expected_false=len(found) * sum(false_shares.values()) if false_shares else None,
        local_hours=words.hours_words([looks[k].time for k in found], against.place.timezone),
        caveats=(*given.left_out, *_caveats(found, looks, history)),
        params=params,
        fit=against.fit,
        names=laid.names,
        chips=chips,
        windows=windows,
        asked=Asked(
            aoi=place, options={"empty": {z: infos[k].name for z, k in said.items()}, "archive": adding is not None}
        ),
    )


def _said(empty: Mapping[str, str], laid: Laid) -> dict[str, int]:
    """Zone -> index of the look that the user says shows it empty."""
    said = {}
    for zone, image in empty.items():
        name = Path(image).name
        # What an archive remembers is the key of a look.
        alike = [k for k, i in enumerate(laid.infos) if archives.key_of(i) == image]
        alike = alike or [k for k, i in enumerate(laid.infos) if name in {i.name, i.scene_id, Path(i.name).stem}]
        alike = alike or [k for k, i in enumerate(laid.infos) if any(f.parent.name == name for f in i.files)]
        if len(alike) != 1:
            names = ", ".join(i.name for i in laid.infos[:4])
            raise UnknownNameError(f"'{image}' (--empty {zone}) is none of the images of the series ({names}, …)")
        if alike[0] in laid.refused:
            raise InputError(f"{image}: cannot tell how {zone} looks empty: {laid.refused[alike[0]]}")
        said[zone] = alike[0]
    return said


def _bared(found: Mapping[int, Comparison], laid: Laid, params: Params) -> dict[int, list[Region]]:
    """Return what each look lacks that the empty place shows, where that may be ground laid bare."""
    gone = {k: series_states.lacked(c.regions) for k, c in found.items()}
    return series_history.borne_out(gone, laid, params.vessel_stay_h)


def _cells(
    found: Mapping[int, Comparison],
    trials: Mapping[str, series_trials.Trials],
    history: Empty,
    place: AOI,
    laid: Laid,
    refused: Mapping[int, str],
    params: Params,
) -> list[Cell]:
    """Say of every zone on every look what it shows; by zone, then in the order of time."""
    cells = []
    gone = [r for own in _bared(found, laid, params).values() for r in own]
    loose = series_looks.loosely_laid(laid)
    for zone in place.zones:
        if zone.kind == "ignore":
            continue
        given = zone.name in history.given
        stands = None if given else series_history.may_stand(history, zone, laid, params)
        why = series_states.ambiguous(zone, gone, stands, given=given)
        known = series_states.Known(
            trials=trials.get(zone.kind),
            ambiguous=why,
            loose=loose,
            bare=given,
            doubtful_m2=series_states.bare_in_doubt_m2(zone, gone),
        )
        for k in range(len(laid.infos)):
            if k in found:
                state = next(s for s in found[k].zones if s.zone.name == zone.name)
                cells.append(series_states.cell_of(k + 1, state, found[k], known, params))
            else:
                reason = refused.get(k, "shows nothing of the place")
                why = "not covered" if "shows nothing of the place" in reason else f"not used: {reason}"
                cells.append(series_states.unseen_cell(k + 1, zone, why))
    return cells


def _look(
    number: int, laid: Laid, result: Comparison | None, refused: Mapping[int, str], kept: KeptLook | None
) -> SeriesLook:
    moved = laid.moved[number]
    residual = None
    if result is not None and result.shift.measured:
        residual = float(np.hypot(result.shift.rows, result.shift.cols)) * max(laid.grid.pixel_size_m)
    return SeriesLook(
        number=number + 1,
        info=laid.infos[number],
        east_m=moved[0] if moved else None,
        north_m=moved[1] if moved else None,
        residual_m=residual,
        closure_m=laid.closures_m.get(number),
        refused=refused.get(number),
        kept_files=kept.files if kept else None,
    )


def _chips(
    laid: Laid, lines: Mapping[int, NDArray[np.float64]], place: AOI
) -> tuple[dict[tuple[str, int], NDArray[np.floating[Any]]], dict[str, Grid]]:
    """Cut each zone out of each look, in the anchor's numbers."""
    chips, windows = {}, {}
    for zone in place.zones:
        mask = zones.inside(zone.polygon.buffer(_CHIP_M), laid.grid)
        if not mask.any():
            continue
        rows, cols = zones.around(mask)
        windows[zone.name] = laid.grid.window(rows.start, cols.start, (rows.stop - rows.start, cols.stop - cols.start))
        for k, line in lines.items():
            image = series_history.in_common(laid, k, line, (rows, cols))
            chips[zone.name, k + 1] = at_half_precision(np.where(laid.clear[k][rows, cols], image, np.float32(np.nan)))
            laid.let_go()
    return chips, windows


def _false_shares(history: Empty, laid: Laid, place: AOI, params: Params) -> dict[str, float]:
    """Return how many things unchanged ground of each zone would raise on a look; empty where that was not counted."""
    pair = open_pair(history.scene(laid), laid.scene(laid.anchor), place, params=params)
    if Odds.of(pair, laid.grid, "alarm", params).calibration is None:
        return {}
    return {z.name: params.false_alarms_per_km2 * z.area_m2 / 1e6 for z in place.zones if z.kind != "ignore"}


def _caveats(
    found: Mapping[int, Comparison],
    looks: Sequence[SeriesLook],
    history: Empty,
) -> tuple[str, ...]:
    told = [f"{look.info.name}: nothing is said of this look: {look.refused}" for look in looks if look.refused]
    contradicted = {r.zone for c in found.values() for r in series_states.lacked(c.regions) if r.zone in history.given}
    told += [f"{zone}: looks lack something that the image given for it (--empty) shows" for zone in contradicted]
    own = {k: [w for w in c.caveats if not any(words in w for words in _OF_A_PAIR)] for k, c in found.items()}
    shared = set.intersection(*map(set, own.values())) if own else set()
    told += [c for c in next(iter(own.values()), []) if c in shared]
    single: dict[str, list[str]] = {}
    for k, those in own.items():
        for caveat in those:
            if caveat not in shared:
                single.setdefault(caveat, []).append(looks[k].info.name)
    told += [f"{names[0] if len(names) == 1 else f'{len(names)} looks'}: {c}" for c, names in single.items()]
    told.append(
        "how likely a zone was occupied (p_state) rests on an assumed habit, how often and how long zones are occupied,"
        " and was held against rendered series only; it changes no state"
    )
    return tuple(dict.fromkeys(told))
