"""The story of a pair: two images in, what changed out.

The numbered comments of :func:`compare` are the headings of docs/explanation/method.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import (
    pair_activity,
    pair_again,
    pair_evidence,
    pair_find,
    pair_fit,
    pair_ghosts,
    pair_masked,
    pair_match,
    pair_missed,
    pair_moving,
    pair_result,
    pair_told,
)
from imagery_diff.memory import giving_back
from imagery_diff.method import align, radiometry
from imagery_diff.pair_register import register
from imagery_diff.pair_scenes import open_pair
from imagery_diff.params import Params
from imagery_diff.read.aois import find_place
from imagery_diff.result import Asked, Comparison

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from imagery_diff.aoi import AOI
    from imagery_diff.method.coregister import Shift
    from imagery_diff.scene import SceneInfo

    Progress = Callable[[str], None]


def compare(  # noqa: PLR0913 - the keywords are the options of the command line
    aoi: AOI | str | Path | None,
    before: SceneInfo | str | Path,
    after: SceneInfo | str | Path,
    *,
    detect: str | None = None,
    despite: Sequence[str] = (),
    fit: bool = True,
    sensitivity: str = "off",
    shift: Shift | None = None,
    notes: bool = True,
    params: Params | None = None,
    progress: Progress = lambda _: None,
) -> Comparison:
    """Compare two images of a place and flag what changed.

    Parameters
    ----------
    aoi
        A registry name (``"najin"``), the path of an AOI file, an :class:`imagery_diff.AOI`, or ``"-"`` or None for the
        images' common ground.
    before, after
        Image files, or scenes opened with :func:`imagery_diff.open_scene`.
    detect
        ``"alarm"`` (few false regions, in zones) or ``"map"`` (all ground); by default alarm where the AOI has zones.
    despite
        Rules by which this pair would be refused, and that it is to be compared all the same: docs/reference/pairs.md.
    fit
        Whether the AOI's outlines are laid where the images show the quays they draw.
    sensitivity
        What would have been missed: ``"off"``, ``"quick"`` (a few things put in, for an upper limit), ``"full"``
        (hundreds; minutes), ``"reported"`` (the few, and more of the length of which a series says ``no``), or
        ``"later"``: the comparison keeps what :func:`put_things_in` needs.
    shift
        How the images lie to each other, where that was measured before on the same grid (a series does it once).
    notes
        Whether it is measured and noted of both images how far their bands lie apart (a series, which holds each look
        against others more than once, asks only where a vessel is told).
    params
        Every number of the method.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    ImageryDiffError
        One line that says what is wrong with which file and what to do.

    Examples
    --------
    >>> from imagery_diff import compare, samples
    >>> result = compare("najin", *samples.pair("quiet"))
    >>> len(result.regions)
    0

    """
    params, progress = params or Params(), giving_back(progress)
    # 1. What the files are
    progress("opening")
    place = find_place(aoi)
    pair = open_pair(before, after, place, params=params, despite=despite)
    detect = detect or ("alarm" if place and place.zones else "map")
    asked = Asked.of_pair(place, detect=detect, despite=despite, fit=fit, sensitivity=sensitivity, shift=shift)

    # 2. One grid
    ground = pair.lay_out(place) if place else None
    grid = align.common_grid(
        pair.grids, ground.polygon if ground else None, context=params.context_m, max_pixels=params.max_pixels
    )
    odds = pair_result.Odds.of(pair, grid, detect, params)

    # 3. Registration
    progress("registering")
    radar = pair_match.recognise_radar(pair, grid)
    shift = shift or register(pair, grid, ground, params)
    shift = shift.in_whole_pixels() if radar else shift

    # 4. Each image resampled once, from source, by half the shift
    progress("resampling")
    scenes = pair.read(grid, shift)

    # 5. Radiometry
    progress("matching radiometry")
    # The map is asked for new roofs too, which are as white and broad as clouds.
    scenes, judged = pair_match.mark_clouds(scenes, radar, pair, ground, params, turned_white=detect == "alarm")
    # From here on the outlines lie where the images show the quays they draw ("The outlines of the AOI").
    ground, laid = pair_fit.lay(ground, scenes, pair, params, radar=radar is not None, asked=fit)
    pictures = pair_result.for_pictures(scenes)
    matched = (
        pair_match.match_speckle(scenes, radar) if radar else pair_match.match_radiometry(scenes, pair, ground, params)
    )
    del scenes  # their numbers have become the matched ones

    # 6. Evidence
    progress("weighing evidence")
    geometry = pair_evidence.Geometry.of(pair, grid, params)
    if detect == "alarm":  # the map finds dark cover by its own score, shade or not
        geometry = geometry.borne_out(matched, params)
    matched = geometry.set_shadows_aside(matched)
    noise, smooth_noise = pair_evidence.estimate_noises(matched, geometry, params)
    weighed = pair_evidence.weigh(matched, (noise, smooth_noise), shift, geometry, params)
    textured = matched if sensitivity != "off" else None
    # What only these steps needed makes room.
    matched = replace(matched, cover=replace(matched.cover, texture=np.zeros((0, 0), np.float32)))

    # 7. Threshold
    progress("setting thresholds")
    scales = pair_evidence.set_thresholds(weighed, matched, grid, detect, params)
    scales += pair_evidence.track_scales(weighed, matched, noise, geometry, ground, grid, params)
    weighed = replace(weighed, tolerant=scales[0].strength)

    # 8. Regions
    progress("drawing regions")
    frame = pair_find.Frame(
        pair=pair, ground=ground, grid=grid, geometry=geometry, noise=noise, odds=odds, detect=detect, params=params
    )
    drawn = pair_find.draw(scales, matched, weighed, frame)

    # 9. Zones, direction, activity
    progress("describing")
    views = pair_find.lay_out(drawn, scales, matched, weighed, frame)

    # 10. Classes, lengths, relations
    told = pair_activity.said(pair_find.tell(drawn, views, frame), views, matched, frame)
    standing = pair_moving.Standing.of(pictures, radiometry.among(matched.clear, radiometry.DRY), pair)
    to_look_at = pair_masked.to_look_at(pictures, pair, ground, grid, params)
    sight = pair_result.Sight(
        flags=matched.flags,
        blind=pair_evidence.blind(matched, weighed, drawn.soft),
        grid=grid,
        resolution_m=pair.resolution_m,
    )
    zones = pair_result.zone_states(ground, sight, told, to_look_at, params)

    covered = pair_find.covered(drawn, grid)
    kept = (
        None
        if textured is None
        else pair_again.Known(
            frame=frame,
            shift=shift,
            matched=textured,
            noises=(noise, smooth_noise),
            scales=tuple(scales),
            pictures=pictures,
            told=tuple(told),
            blind=sight.any_blind,
            drawn=covered,
            softest_px=drawn.softest_px,
        )
    )
    result = pair_told.told(
        Comparison(
            aoi=ground,
            before=pair_moving.noted(pair.infos[0], standing.shifts(0) if notes else None),
            after=pair_moving.noted(pair.infos[1], standing.shifts(1) if notes else None),
            grid=grid,
            shift=shift,
            relative_gain=dict(zip(pair.names, matched.match.relative_gain, strict=True)),
            thresholds=pair_result.threshold_table(scales),
            detect=detect,
            params=params,
            fit=laid,
            regions=pair_moving.marked(
                pair_ghosts.doubted(pair_fit.located(pair_result.regions(told, odds), pair, ground, laid), pair, grid),
                standing,
                pair,
                grid,
            ),
            zones=zones,
            relative_blur=matched.sharpness,
            caveats=(
                *pair_result.caveats_of_files(pair, matched.speckle),
                *pair_result.twin_caveats(pictures, pair),
                *pair_result.cloud_caveats(pictures, pair, judged),
                *pair_result.blur_caveats(matched.sharpness, grid),
                *pair_fit.caveats(laid),
                *pair_result.caveats(shift, sight, ground, pair, params, matched.speckle),
            ),
            look_at=to_look_at,
            asked=asked,
            layers=pair_result.layers(pictures, scales, matched.surface, sight, covered),
            kept=kept,
        )
    )

    # 11. What would have been missed
    if sensitivity in {"off", "later"}:
        return result
    progress("putting things in")
    return put_things_in(result, how=sensitivity)


def put_things_in(result: Comparison, *, how: str) -> Comparison:
    """Return a comparison that kept what it needs with what it would have missed."""
    assert result.kept is not None
    compared = replace(result, layers=result.layers.without_pictures(), kept=None)
    missed = replace(pair_missed.measure(result.kept, result.zones, how=how), compared=compared)
    return pair_told.told(replace(result, zones=missed.zones, sensitivity=missed, kept=None))
