"""What each step of the method is worth: the same scenes and labelled pairs again, one step left out at a time.

    python benchmarks/ablation.py --scenes DIR [DIR ...] [--cases clear,haze] [--scenes-per-case 1] [--pairs oscd_bercy]

``--scenes`` are folders that `accuracy.py --cache` filled (rendered, half-real, both). ``--pairs`` are labelled real
pairs at $IMAGERY_DIFF_DATA or ../shared/data. A step that is a number is set to where it does nothing; another is
replaced, for this run only, by a function that hands on what it was given. `--steps` names those to leave out.
"""

from __future__ import annotations

import argparse
import json
import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from accuracy_tables import events_of, false_of, found_of, grid
from scene_scores import Compare, progress, score_scene
from scenes import Scene, find

from imagery_diff import pair, pair_evidence, pair_result
from imagery_diff.method import evidence, radiometry, regions, separate, shade, veil
from imagery_diff.method.coregister import Shift
from imagery_diff.params import Params
from imagery_diff.scoring_pair import score_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Row = dict[str, Any]

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data")) / "pairs"
TINY = 1e-6
WHOLE = "nothing"
"""Name of the method as it is."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step, and how it is left out."""

    what: str
    settings: tuple[tuple[str, float], ...] = ()
    """Name of a parameter -> the value at which the step does nothing."""
    replaced: tuple[tuple[Any, str, Callable[..., Any]], ...] = ()
    """Module, name in it, and what stands there instead."""


def _not_moved(*_args: Any, **_kwargs: Any) -> Shift:
    """Believe that the images lie on each other."""
    return Shift(rows=0.0, cols=0.0, error_px=0.0, windows=0)


def _clouds_left(
    brightness: Any, _flags: Any, _clouds: Any, surface: Any, _match: Any, **_kwargs: Any
) -> veil.Unveiled:
    return veil.Unveiled(brightness=brightness, taken=np.zeros(surface.shape, bool))


def _snow_left(images: Any, _flags: Any, _names: Any, surface: Any, **_kwargs: Any) -> veil.Unveiled:
    return veil.Unveiled(brightness=images, taken=np.zeros(surface.shape, bool))


def _no_shadow(before: Any, *_args: Any, **_kwargs: Any) -> tuple[Any, Any]:
    none = np.zeros(before.shape[1:], bool)
    return none, none.copy()


def _one_thing(piece: regions.Patch, *_args: Any, **_kwargs: Any) -> tuple[list[regions.Patch], Any]:
    return [piece], np.zeros(piece.mask.shape, bool)


def _not_joined(things: list[regions.Patch], *_args: Any, **_kwargs: Any) -> list[regions.Patch]:
    return things


def _no_tracks(*_args: Any, **_kwargs: Any) -> list[regions.Scale]:
    return []


def _no_odds(*_args: Any, **_kwargs: Any) -> pair_result.Odds:
    return pair_result.Odds(calibration=None, prior_events_per_km2=1.0)


def _even_variance(_white: Any, curve: Any, _places: Any, *, jitter_px: float) -> Any:
    """Leave the misplaced edge out of what unchanged ground may differ by."""
    del jitter_px
    return curve * curve


def _flat_curve(white: Any, texture: Any, least: Any) -> tuple[Any, Any]:
    """One spread for a class, whatever its texture."""
    spread = 1.4826 * np.median(np.abs(white), axis=1)
    return np.array([float(np.median(texture))]), np.maximum(spread, least)[:, None]


def _own_scale(_residual: Any) -> Any:
    """Weigh each band by itself: the core's variances without its covariances."""
    return np.diag(np.diag(_CORE_COVARIANCE(_residual)))


_CORE_COVARIANCE = evidence._core_covariance  # noqa: SLF001 - the step that is left out


def _no_drift(*given: Any) -> dict[Any, Any]:
    return {s: np.zeros_like(cells) for s, cells in given[2].cells.items()}


STEPS = {
    "registration": Step(what="images taken as they lie", replaced=((pair, "register", _not_moved),)),
    "edge error": Step(
        what="no allowance for misplaced edges", replaced=((evidence, "expected_variance", _even_variance),)
    ),
    "texture curve": Step(what="one spread a class", replaced=((evidence, "_spread_curve", _flat_curve),)),
    "whitening": Step(what="bands weighed one by one", replaced=((evidence, "_core_covariance", _own_scale),)),
    "tolerance": Step(what="no neighbour explains a pixel", settings=(("tolerance_px", TINY),)),
    "slow drift": Step(
        what="haze that drifts is left",
        replaced=((radiometry, "_clipped_sums", _no_drift),),
    ),
    "cloud edges": Step(what="unmasked edges left", replaced=((veil, "take_off_clouds", _clouds_left),)),
    "snow taken off": Step(what="snow left", replaced=((veil, "take_off_snow", _snow_left),)),
    "sharpness matched": Step(what="one image stays the softer", settings=(("least_blur_px", 99.0),)),
    "cast shadow": Step(what="none recognised", replaced=((shade, "cast_shadow", _no_shadow),)),
    "facet tilt": Step(what="slopes do not matter", settings=(("facet_tilt", TINY),)),
    "plants apart": Step(what="plants are ground like other", settings=(("vegetation_ndvi", 1.0),)),
    "object scale": Step(what="the pixel's scale only", settings=(("object_blur_px", 0.7),)),
    "floor": Step(what="the pair's own level alone", settings=(("floor_sigma", TINY),)),
    "own level": Step(what="the floor alone", settings=(("family_error", 0.999999), ("family_error_map", 0.999999))),
    "tracks": Step(what="nothing looked for along tracks", replaced=((pair_evidence, "track_scales", _no_tracks),)),
    "taking apart": Step(what="an area is one thing", replaced=((separate, "take_apart", _one_thing),)),
    "second stage": Step(what="floor and own level decide", replaced=((pair_result.Odds, "of", _no_odds),)),
    "joining": Step(what="pieces stay pieces", replaced=((regions, "join_collinear", _not_joined),)),
}
"""Step -> how it is left out."""


def main(words: Sequence[str] | None = None) -> None:
    """Run everything once as it is and once without each step, and print the differences."""
    options = _options(words)
    unknown = [s for s in options.steps if s not in STEPS]
    if unknown:
        raise SystemExit(f"--steps {', '.join(unknown)}: there are {', '.join(STEPS)}")
    folders = chosen(options.scenes, options.cases, options.scenes_per_case)
    pairs = [DATA / name for name in options.pairs if (DATA / name).is_dir()]
    if not folders and not pairs:
        raise SystemExit("nothing to run on: no scene below --scenes, and no pair of --pairs at hand")
    rows: dict[str, Row] = {}
    for number, name in enumerate((WHOLE, *options.steps)):
        progress(number, len(options.steps) + 1, f"without {name}")
        rows[name] = run(STEPS.get(name), folders, pairs)
    progress(1, 1, "done")
    print(f"{len(folders)} scenes, {len(pairs)} labelled pairs\n{table(rows)}")
    if options.json:
        options.json.write_text(json.dumps({"schema_version": 1, "rows": rows}, indent=1) + "\n", encoding="utf-8")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    def several(text: str) -> list[str]:
        return [part for part in text.split(",") if part]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--scenes", type=Path, nargs="*", default=[], help="folders of scenes")
    add("--cases", type=several, default=[], help="only these cases (rendered) or backgrounds (half-real)")
    add("--scenes-per-case", type=int, default=1, help="with events, and as many without")
    add("--pairs", type=several, default=[], help="labelled real pairs")
    add("--steps", type=several, default=[*STEPS], help="steps to leave out, one at a time")
    add("--json", type=Path, help="write the figures to this file")
    return parser.parse_args(words)


def chosen(tops: Sequence[Path], cases: Sequence[str], count: int) -> list[Path]:
    """Return so many scenes with events and so many without of every case."""
    kept: dict[tuple[str, str, bool], list[Path]] = {}
    for folder in (f for top in tops for f in find(top)):
        scene = Scene.load(folder)
        if not cases or scene.case in cases:
            kept.setdefault((scene.suite, scene.case, scene.null), []).append(folder)
    return [folder for some in kept.values() for folder in some[:count]]


def run(step: Step | None, folders: Sequence[Path], pairs: Sequence[Path]) -> Row:
    """Score scenes and pairs without a step; None = the whole method."""
    params = replace(Params(), **dict(step.settings)) if step else Params()
    with ExitStack() as stack:
        for module, name, instead in step.replaced if step else ():
            stack.enter_context(patch.object(module, name, instead))
        results = [score_scene(f, Compare(detect="alarm", params=params)) for f in folders]
        figures = [score_pair(p, params=params) for p in pairs]
    row: Row = {
        "raised": sum(r["error"] is not None for r in results),
        "cpu_s": sum(r.get("cpu_s", 0) for r in results),
    }
    for suite in dict.fromkeys(r["suite"] for r in results):
        row[suite] = _counts([r for r in results if r["suite"] == suite])
    if figures:
        row["real"] = {k: fmean(f[k] or 0.0 for f in figures) for k in ("auc", "average_precision", "f1")}
    return row


def _counts(results: Sequence[Row]) -> Row:
    scenes, nulls = [r for r in results if not r["null"]], [r for r in results if r["null"]]
    asked = [e for e in events_of(scenes) if e["asked"]]
    ways = [e["direction_ok"] for e in asked if e["direction_ok"] is not None]
    return {
        "found": found_of(asked),
        "asked": len(asked),
        "right": sum(ways),
        "false_events": false_of(scenes),
        "false_nulls": false_of(nulls),
    }


def table(rows: dict[str, Row]) -> str:
    """Return a row for each step left out; what differs from the whole method stands in brackets."""
    whole = rows[WHOLE]
    suites = [k for k in whole if k in {"rendered", "half-real"}]
    header = ["left out", "that is"]
    for suite in suites:
        header += [f"{suite}: found of {whole[suite]['asked']}", "false, events", "false, nulls"]
    header += ["real: AUC", "AP", "own F1"] if "real" in whole else []
    lines = []
    for name, row in rows.items():
        cells = [name, STEPS[name].what if name in STEPS else "the method as it is"]
        for suite in suites:
            cells += [_whole(row[suite][k], whole[suite][k]) for k in ("found", "false_events", "false_nulls")]
        if "real" in whole:
            cells += [_part(row["real"][k], whole["real"][k]) for k in ("auc", "average_precision", "f1")]
        lines.append([*cells, str(row["raised"]), f"{row['cpu_s']:.0f}"])
    return grid([*header, "raised", "CPU s"], lines)


def _whole(value: int, usual: int) -> str:
    return str(value) if value == usual else f"{value} ({value - usual:+d})"


def _part(value: float, usual: float) -> str:
    return f"{value:.3f}" if abs(value - usual) < 5e-4 else f"{value:.3f} ({value - usual:+.3f})"


if __name__ == "__main__":
    main()
