"""Every labelled real pair through `evaluate`, beside what was asked of the method and what simple methods reach.

    python benchmarks/real.py [--json FILE] [--save DIR] [--set NAME=VALUE ...] [--without-baselines]

The pairs are looked for at $IMAGERY_DIFF_DATA/pairs or ../shared/data/pairs. `--save` keeps score, map and picture of
each pair; `--set` changes a parameter of the method.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baselines import METHODS, Scored, methods_for
from baselines import score as score_baselines
from settings import params_of

from imagery_diff.scoring import Evaluation, evaluate, find_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
Figures = dict[str, dict[str, Any]]
"""Pair -> its figures; a failed pair has none that exist."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A figure that the method is to reach on the real pairs."""

    what: str
    pairs: Callable[[str], bool]
    """Which pairs it is about, by name."""
    figure: str
    least: float
    count: int
    """How many pairs there must be; a mean over fewer is no answer."""

    def measured(self, figures: Figures) -> float | None:
        """Mean over the pairs; a pair that failed or has no such figure counts 0, since 'not scored' is no success."""
        values = [row[self.figure] or 0.0 for name, row in figures.items() if self.pairs(name)]
        return statistics.fmean(values) if len(values) == self.count else None


def _begins(prefix: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(prefix)


ASKS = (
    Ask(what="OSCD (7), mean AUC", pairs=_begins("oscd_"), figure="auc", least=0.94, count=7),
    Ask(what="OSCD (7), mean AP", pairs=_begins("oscd_"), figure="average_precision", least=0.33, count=7),
    Ask(what="OSCD (7), mean own F1", pairs=_begins("oscd_"), figure="f1", least=0.37, count=7),
    Ask(what="landsat_taizhou, kappa", pairs=_begins("landsat_taizhou"), figure="kappa", least=0.95, count=1),
    Ask(what="SAR (4), mean kappa", pairs=_begins("sar_"), figure="kappa", least=0.88, count=4),
    Ask(what="sztaki (3), mean AUC", pairs=_begins("sztaki_"), figure="auc", least=0.85, count=3),
    Ask(what="het_italy_sardinia, AUC", pairs=_begins("het_italy"), figure="auc", least=0.93, count=1),
)


def main() -> None:
    """Print three tables: each pair, beside the baselines, and asked beside measured."""
    words = _words()
    if not (DATA / "pairs").is_dir():
        sys.exit("no labelled pairs: set IMAGERY_DIFF_DATA to the shared data folder")
    result = evaluate(DATA / "pairs", save=words.save, params=params_of(words.set), progress=_tell)
    figures = {p.name: p.figures for p in result.pairs}
    print(pair_table(result))
    simple: list[Scored] = []
    if not words.without_baselines:
        for folder in find_pairs(DATA / "pairs"):
            simple += score_baselines(folder, methods_for(folder.name))
        print("\n" + beside_table(figures, simple))
    print("\n" + ask_table(figures, simple))
    if words.json:
        document = {**result.as_dict(), "baselines": [vars(row) for row in simple]}
        words.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score the method on every labelled real pair.")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--save", type=Path, help="keep the result folder of each pair here")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one of Params")
    parser.add_argument("--without-baselines", action="store_true", help="only our method; the baselines take minutes")
    return parser.parse_args()


def _tell(number: int, count: int, name: str) -> None:
    if name:
        print(f"{number + 1}/{count} {name}", file=sys.stderr)


def pair_table(result: Evaluation) -> str:
    """Each pair, and the mean, with what it cost."""
    lines = [
        "| pair | AUC | AP | precision | recall | F1 | best F1 | kappa | searched | regions | CPU s | peak MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    keys = ("auc", "average_precision", "precision", "recall", "f1", "best_f1", "kappa", "searched_fraction")
    for pair in result.pairs:
        row = pair.figures
        if pair.error:
            lines.append(f"| {pair.name} | failed: {pair.error} |" + " |" * 10)
            continue
        cells = [_cell(row[key]) for key in keys]
        cost = f"{row['regions']} | {row['cpu_s']:.1f} | {row['peak_mb']:.0f}"
        lines.append(f"| {pair.name} | {' | '.join(cells)} | {cost} |")
    mean = [_cell(result.mean.get(key)) for key in keys[:-1]]
    lines.append(f"| mean | {' | '.join(mean)} | | | {_cell(result.mean['cpu_s'])} | {_cell(result.mean['peak_mb'])} |")
    return "\n".join(lines)


def beside_table(figures: Figures, simple: Sequence[Scored]) -> str:
    """AUC / AP / F1 / kappa, ours beside the best that any baseline reaches in each."""
    lines = [
        "| pair | ours: AUC / AP / F1 / kappa | best baseline in each | which |",
        "| --- | --- | --- | --- |",
    ]
    keys = ("auc", "average_precision", "f1", "kappa")
    for name, row in figures.items():
        rivals = [s for s in simple if s.pair == name]
        if not rivals:
            continue
        best = [max(rivals, key=_by(key)) for key in keys]
        theirs = [_cell(getattr(s, key)) for s, key in zip(best, keys, strict=True)]
        which = ", ".join(dict.fromkeys(METHODS[s.method].title for s in best))
        ours = " / ".join(_cell(row[key]) for key in keys)
        lines.append(f"| {name} | {ours} | {' / '.join(theirs)} | {which} |")
    return "\n".join(lines)


def ask_table(figures: Figures, simple: Sequence[Scored]) -> str:
    """Asked beside measured; the baselines' own mean of the same figure where there is one."""
    lines = ["| what | asked | measured | met | best baseline |", "| --- | --- | --- | --- | --- |"]
    for ask in ASKS:
        value = ask.measured(figures)
        met = "pairs missing" if value is None else "yes" if value >= ask.least else f"no, by {ask.least - value:.3f}"
        lines.append(f"| {ask.what} | {ask.least} | {_cell(value)} | {met} | {_rival(ask, simple)} |")
    below = [
        s.pair
        for s in simple
        if s.method == "cva_otsu" and s.pair.startswith("sztaki_") and (figures[s.pair]["auc"] or 0.0) < (s.auc or 0.0)
    ]
    told = "not run" if not simple else "none" if not below else ", ".join(below)
    met = "-" if not simple else "no" if below else "yes"
    lines.append(f"| sztaki, pairs below the CVA baseline's AUC | none | {told} | {met} | |")
    return "\n".join(lines)


def _rival(ask: Ask, simple: Sequence[Scored]) -> str:
    """Best mean that one baseline reaches over the same pairs, and which."""
    means = []
    for method in METHODS:
        values = [getattr(s, ask.figure) or 0.0 for s in simple if s.method == method and ask.pairs(s.pair)]
        if len(values) == ask.count:
            means.append((statistics.fmean(values), METHODS[method].title))
    return "-" if not means else f"{max(means)[0]:.3f} ({max(means)[1]})"


def _by(figure: str) -> Callable[[Scored], float]:
    """Return what orders baselines by a figure; one that has none comes last."""
    return lambda row: float(getattr(row, figure) or 0.0)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
