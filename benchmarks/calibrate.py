"""Fit the second stage and count how often unchanged ground looks like a change: writes the calibration table.

    python benchmarks/calibrate.py --cache DIR --given DIR --jobs 2 --keep RESULTS.json --write
    python benchmarks/calibrate.py --results RESULTS.json --figure docs/explanation/figures/reliability.png

The number of unchanged scenes bounds the rates that can be stated: 36 of each of 14 nuisances are a hundred square
kilometres of zones, and eight false regions on those are 0.08 a square kilometre. ``--given`` adds the scenes of blocks
that were spent and then given to the design (``accuracy.py rendered --block N --only-make --cache DIR`` draws them
again, with the counts that stand beside them in ``seeds.json``).

The first command makes design scenes (or takes them from the cache), runs the method on each with every candidate told,
fits the weights, and writes ``imagery_diff/calibration.json``; the second only fits and prints, from results kept. What
is printed: events found at equal false alarms by strength alone and by the second stage, each scene scored by weights
fitted without its seeds, and without its nuisance; the weights; the rates; the reliability of ``p_change``. Rates and
likelihood ratio are counted on scores left out in the same way. ``redrawn`` scenes (small things that truly come and
go) are not among them: their regions are no false alarms.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import accuracy
import half_real
import numpy as np
from calibration_tables import rates, reliability
from nuisances import CASES, NOT_ASKED
from scene_scores import Compare, save_results
from scenes import Scene, find
from second_stage import (
    FOLDS,
    Candidates,
    background_left_out,
    by_nuisance,
    counted,
    fit,
    folds,
    left_out,
    on_real_ground,
    scores,
    worth,
)

from imagery_diff import pair_result
from imagery_diff.method.chance import Calibration
from imagery_diff.params import Params
from imagery_diff.read.calibration import read_calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scene_scores import Findings

    from imagery_diff.method.second_stage import SecondStage

    Values = NDArray[np.float64]

TABLE = Path(__file__).resolve().parents[1] / "imagery_diff" / "calibration.json"
TRAITS = (
    "log_strength",
    "log_typical",
    "log_margin",
    "track_over_pixel",
    "log_elongation",
    "relative_change",
    "colour_share",
    "uneven",
    "rim_on_edges",
    "log_displacement_px",
    "odd_rise",
    "as_shade",
    "on_track",
    "shadows_apart",
    "water",
)
"""What the second stage weighs, of :mod:`imagery_diff.method.traits`. Chosen of some two dozen, one after the other,
as long as one more made the candidates of nuisances left out clearly more likely. Those that did not: area, breadth in
pixels, share of the rectangle filled, the sign of the step, nearness of clouds, share of plants, of shade in
the region and beside it, of barred ground beside it, how restless the ground around it is and how far it stands out of
that, whether something stood there on both dates, how unlike the ground on both of its sides is, how much steeper
standing edges along a line are than beyond its ends, and how far it stands out of its track."""
REAL_GROUND = ("sfbay", "sztaki")
"""Groups of real pairs with pixels like PlanetScope's, on which the second stage ranks (``half_backgrounds``)."""
EVERY_PIECE = 1000
"""Null scenes of a group of real ground: more than there are."""
LEAST_COUNT = 8
"""Fewer false regions than this bear no rate out: of 8, the true number is within a factor 2 in 19 of 20."""
MOST_RATE = 10.0
"""Highest rate that is counted, per km2 of zone: the highest that the issue asks to be checked."""
KNOTS = 10
"""Steps of the likelihood ratio: enough to bend, few enough that each holds a hundred candidates and more."""


def main() -> None:
    """Read the command line, get results, fit, print, and write what is asked."""
    options = _options()
    if options.results:
        documents = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
        results = [row for document in documents for row in document["scenes"]]
    else:
        results = collect(options)
    results = [r for r in results if r["case"] not in NOT_ASKED and not r["error"]]
    real, results = ([r for r in results if (r["suite"] == "half-real") == half] for half in (True, False))
    found, beside = Candidates.of(results), Candidates.of(real) if real else None
    _refuse_few(found)
    held_out = left_out(found, TRAITS, folds(found), beside)
    unmet = left_out(found, TRAITS, found.case, beside)
    rankings = {"second stage, seeds left out": held_out, "second stage, nuisance left out": unmet}
    print(worth(found, rankings), by_nuisance(found, unmet, Params().false_alarms_per_km2), sep="\n\n")
    every = np.ones(len(held_out), bool)
    stage = fit(found, TRAITS, every, beside)
    if beside is not None:
        on_real = {
            "rendered scenes alone": scores(beside, fit(found, TRAITS, every)),
            "with real ground, it left out": background_left_out(found, TRAITS, beside),
            "with real ground, it among them": scores(beside, stage),
        }
        print("", on_real_ground(found, held_out, beside, on_real), "", sep="\n")
    for name, *trait in zip(stage.traits, stage.weight, stage.spread, stage.middle, strict=True):
        print("  {:20} {:+.2f} a step of {:g} from {:g}".format(name, *trait))
    table = table_of(stage, found, held_out, results)
    if beside is not None:
        true, false = (np.sum(beside.status == status) for status in ("matched", "false"))
        table["provenance"] += f"; weights also of {true} and {false} such regions on real ground"
    said = as_told(results, stage, held_out)
    print(rates(said), reliability(said), sep="\n\n")
    if options.figure:
        from calibration_figure import draw  # noqa: PLC0415 - loads the drawing library

        draw(options.figure, said)
    if options.write:
        TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _refuse_few(found: Candidates) -> None:
    """Stop where folds would be empty, or hold too little unchanged ground for any rate."""
    false = int(np.sum(found.null & (found.status == "false")))
    if np.unique(folds(found)).size < FOLDS or false < FOLDS * LEAST_COUNT:
        raise SystemExit(
            f"{false} false regions on {found.null_km2:.1f} km2 of unchanged zones are too few to fit on: at least "
            f"{FOLDS * LEAST_COUNT} are needed, of seeds in {FOLDS} folds; raise --scenes-per-case and --nulls-per-case"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--results", type=Path, nargs="+", help="results kept by --keep, instead of running the method")
    add("--cache", type=Path, help="where scenes are kept; otherwise they are made anew")
    add("--given", type=Path, nargs="+", default=[], help="folders with scenes of blocks given to the design")
    add("--scenes-per-case", type=int, default=10)
    add("--nulls-per-case", type=int, default=36)
    add("--half-real", type=int, default=0, metavar="N", help="so many scenes on each group of real ground as well")
    add("--jobs", type=int, default=1, help="processes; 1 = this one")
    add("--keep", type=Path, metavar="JSON", help="write every scene's result")
    add("--figure", type=Path, metavar="PNG", help="draw the reliability of p_change")
    add("--write", action="store_true", help=f"write {TABLE.name}")
    return parser.parse_args()


def collect(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the method on design scenes with every candidate told."""
    options.cases, options.block = ",".join(c for c in CASES if c not in NOT_ASKED), "design"
    options.only_make, options.least_events = False, 0
    every = Calibration.of_table(read_calibration()).most_rate
    params = replace(Params(), false_alarms_per_km2=every)
    folders = accuracy.rendered_folders(options) + given_scenes(options.given)
    results = accuracy.run(folders, Compare(detect="alarm", params=params), options.jobs)
    if options.half_real:
        counts = (options.half_real, EVERY_PIECE)
        cache = options.cache / "half-real" if options.cache else Path(tempfile.mkdtemp())
        folders = half_real.make(cache, list(REAL_GROUND), accuracy.first_seed("design"), counts)
        results += accuracy.run(folders, EveryCandidate(detect="alarm"), options.jobs)
    if options.keep:
        save_results(options.keep, results, {"suite": "rendered", "block": "design"})
    return results


def given_scenes(places: list[Path]) -> list[Path]:
    """Return the scenes below some folders, all of blocks that were given to the design.

    Raises
    ------
    SystemExit
        If one is of a block that final figures are still to be drawn from, or were and were not given up.

    """
    blocks = json.loads(accuracy.SEEDS.read_text(encoding="utf-8"))["blocks"]
    given = [b["seeds"] for b in blocks if b.get("given_to_design")]
    folders = [folder for place in places for folder in find(place)]
    for folder in folders:
        seed = Scene.load(folder).seed
        if not any(first <= seed <= last for first, last in given):
            raise SystemExit(f"--given {folder}: seed {seed} is of no block that seeds.json gives to the design")
    return [f for f in folders if Scene.load(f).case not in NOT_ASKED]


class EveryCandidate(Compare):
    """Our method with every candidate told, for pairs whose rates are not calibrated: none can be asked of them."""

    def __call__(self, folder: Path, scene: Scene) -> Findings:
        """Compare the two images of a scene."""
        usual = pair_result.Odds.of

        def lowered(*of: Any) -> pair_result.Odds:
            odds = usual(*of)
            return replace(odds, least_score=-np.inf) if odds.least_score is not None else odds

        with mock.patch.object(pair_result.Odds, "of", lowered):
            return super().__call__(folder, scene)


def table_of(stage: SecondStage, found: Candidates, score: Values, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the table: weights, false regions per km2 by score, and the likelihood ratio by score.

    Parameters
    ----------
    score
        Of each candidate, by weights it had no part in.
    results
        The scenes of the candidates.

    """
    nulls = sum(r["null"] for r in results)
    traits = zip(stage.middle, stage.spread, stage.weight, strict=True)
    return {
        "schema_version": 2,
        "second_stage": {
            "traits": {
                n: {"middle": m, "spread": s, "weight": w} for n, (m, s, w) in zip(stage.traits, traits, strict=True)
            },
            "constant": stage.constant,
            "limit": stage.limit,
        },
        **tail(found, score),
        "null_km2": round(found.null_km2, 2),
        **likelihood_ratio(found, score),
        "bands": ["blue", "green", "red", "nir"],
        "units": "reflectance",
        "pixel_m": [2.4, 3.75],
        "provenance": f"benchmarks/calibrate.py; {nulls} unchanged and {len(results) - nulls} other rendered design "
        f"scenes, {np.sum(found.status == 'matched')} regions on events, {np.sum(found.status == 'false')} on none",
    }


def tail(found: Candidates, score: Values) -> dict[str, list[float]]:
    """Return false regions per km2 of unchanged zone by score: few numbers, each of half as many as the one before."""
    false = np.sort(score[(found.status == "false") & found.null])[::-1]
    most = min(len(false), round(MOST_RATE * found.null_km2))
    steps = round(np.log(most / LEAST_COUNT) / np.log(1.5))
    counts = np.unique(np.geomspace(most, LEAST_COUNT, steps + 1).round().astype(int))[::-1]
    return {
        "score": [round(float(false[n - 1]), 3) for n in counts],
        "false_per_km2": [round(float(n / found.null_km2), 4) for n in counts],
    }


def likelihood_ratio(found: Candidates, score: Values) -> dict[str, list[float]]:
    """Return scores, and the log of how much oftener an event gives such a score than nothing on a km2 of zone does.

    Never falling with the score (pool adjacent violators; Barlow and others 1972), in steps of as many candidates, so
    that no shape is laid on it; between the steps it is a line.

    """
    true, steps = found.status != "false", np.array_split(np.argsort(score), KNOTS)
    # Half an event and half a false region more: a step without either is not certain.
    events = [(np.sum(true[s]) + 0.5) / found.events for s in steps]
    false = [(np.sum(~true[s]) + 0.5) / found.km2 for s in steps]
    done: list[tuple[float, float, int]] = []
    for one, other in zip(events, false, strict=True):
        done.append((float(one), float(other), 1))
        while len(done) > 1 and done[-2][0] * done[-1][1] >= done[-1][0] * done[-2][1]:
            last, before = done.pop(), done.pop()
            done.append((last[0] + before[0], last[1] + before[1], last[2] + before[2]))
    return {
        "ratio_score": [round(float(np.median(score[s])), 3) for s in steps],
        "log_ratio": [round(float(np.log(e / f)), 3) for e, f, n in done for _ in range(n)],
    }


def as_told(results: list[dict[str, Any]], stage: SecondStage, score: Values) -> list[dict[str, Any]]:
    """Return results whose regions state rate and probability by a table that scenes of their fold had no part in."""
    fold = np.array([r["seed"] % FOLDS for r in results for _ in counted(r)])
    tables = {}
    for number in range(FOLDS):
        others = [r for r in results if r["seed"] % FOLDS != number]
        tables[number] = Calibration.of_table(table_of(stage, Candidates.of(others), score[fold != number], others))
    scores, told = iter(score.tolist()), []
    for row in results:
        table, regions = tables[row["seed"] % FOLDS], []
        for region in counted(row):
            s = next(scores)
            said = {"p_change": table.p_change(s, Params().prior_events_per_km2)}
            regions.append(region | said | {"false_alarms_per_km2": table.false_alarms_per_km2(s)})
        told.append({**row, "regions": regions})
    return told


if __name__ == "__main__":
    main()
