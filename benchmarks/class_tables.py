"""Print what regions were called beside what they are, and draw how often a stated chance was right."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from accuracy_tables import grid as columns
from event_scores import wilson

from imagery_diff.method.class_model import CLASSES

mpl.use("Agg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Row = dict[str, Any]
ASKED = {"with zone kinds": 0.95, "zone kinds withheld": 0.85}
SHARES = {"with zone kinds": "shares", "zone kinds withheld": "alone"}
FITTING = {
    "red": {"red"},
    "rust": {"brown", "red"},
    "orange": {"orange", "red"},
    "tan": {"tan", "brown"},
    "green": {"green"},
    "blue": {"blue"},
    "white": {"white"},
    "light_grey": {"white", "grey"},
    "grey": {"grey"},
    "dark": {"dark", "grey"},
    "black": {"dark"},
}
"""Paint -> words that fit it."""
BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.97, 1.0)


def called(row: Row, way: str) -> str:
    """Return the class a region is called."""
    shares: dict[str, float] = row[SHARES[way]]
    return max(shares, key=lambda name: shares[name]) if shares else str(row["said"])


def tables(rows: dict[str, list[Row]]) -> str:
    """Return every table."""
    regions = rows["regions"]
    matched = [r for r in regions if r["status"] == "matched"]
    rest = [r for r in regions if r["status"] != "matched"]
    parts = [asked(matched)]
    for way in ASKED:
        parts.append(f"What is (rows) and what it was called (columns), {way}\n" + confusion(matched, way))
        parts.append(f"How often what was said with a chance was right, {way}\n" + reliability(matched, way))
    parts.append("By what was put there\n" + by_kind(matched, rows["events"]))
    parts.append(
        "Parts of things beside the region that is credited, and regions on nothing that was put there, with zone "
        "kinds\n" + confusion(rest, "with zone kinds", key="status")
    )
    parts.append("Direction and relation said\n" + relations(matched))
    parts.append(
        "Colours of things of one paint (decks of ships: the paint between hatches and house)\n" + colours(matched)
    )
    return "\n\n".join(parts)


def asked(matched: Sequence[Row]) -> str:
    """Return accuracy beside what was asked."""
    lines = []
    for way, least in ASKED.items():
        hits = sum(called(r, way) == r["truth"] for r in matched)
        lines.append(
            (way, f">= {least:.0%}", _share(hits, len(matched)), "yes" if hits >= least * len(matched) else "no")
        )
    return "Class of the regions that lie on things\n" + columns(("zones", "asked", "right", "met"), lines)


def _share(hits: int, count: int) -> str:
    limits = wilson(hits, count)
    if limits is None:
        return "-"
    return f"{hits / count:.1%} ({limits[0]:.1%} to {limits[1]:.1%}), {hits} of {count}"


def confusion(rows: Sequence[Row], way: str, *, key: str = "truth") -> str:
    """Return counts of each truth by class called, with the share that is right."""
    lines = []
    for truth in dict.fromkeys([*(CLASSES if key == "truth" else ()), *sorted({r[key] for r in rows})]):
        these = [r for r in rows if r[key] == truth]
        counts = [sum(called(r, way) == c for r in these) for c in CLASSES]
        right = sum(called(r, way) == r["truth"] for r in these)
        lines.append((truth, *(str(c) if c else "." for c in counts), _share(right, len(these))))
    return columns(("", *(c[:9] for c in CLASSES), "right"), lines)


def reliability(matched: Sequence[Row], way: str) -> str:
    """Return, for ranges of the chance said, how often it was right."""
    lines = [
        (f"{low:.2f} to {high:.2f}", f"{said:.3f}", _share(hits, count))
        for low, high, said, hits, count in bins(matched, way)
    ]
    return columns(("chance said", "mean", "right"), lines)


def bins(rows: Sequence[Row], way: str) -> list[tuple[float, float, float, int, int]]:
    """Return from, to, mean chance said, right, count, of ranges that hold any."""
    said = np.array([max(r[SHARES[way]].values()) for r in rows])
    right = np.array([called(r, way) == r["truth"] for r in rows])
    out = []
    for low, high in pairwise(BINS):
        here = (said > low) & (said <= high)
        if here.any():
            out.append((low, high, float(said[here].mean()), int(right[here].sum()), int(here.sum())))
    return out


def by_kind(matched: Sequence[Row], events: Sequence[Row]) -> str:
    """Return, of each kind put there, how many were found, and of those how many were called right."""
    lines = []
    for kind in sorted({e["kind"] for e in events}):
        there = [e for e in events if e["kind"] == kind and not e["masked"]]
        these = [r for r in matched if r["kind"] == kind]
        rights = [sum(called(r, way) == r["truth"] for r in these) for way in ASKED]
        shares = [f"{n / len(these):.0%}" if these else "-" for n in rights]
        lines.append(
            (kind, there[0]["truth"] if there else "", f"{sum(e['found'] for e in there)} of {len(there)}", *shares)
        )
    return columns(("kind", "class", "found", "right", "right, withheld"), lines)


def relations(matched: Sequence[Row]) -> str:
    """Return how often each relation was said, by kind put there."""
    said = sorted({r["relation"] for r in matched})
    lines = []
    for kind in sorted({r["kind"] for r in matched}):
        these = [r for r in matched if r["kind"] == kind]
        way = f"{sum(r['direction_ok'] for r in these)} of {len(these)}"
        lines.append((kind, way, *(str(sum(r["relation"] == s for r in these)) for s in said)))
    return columns(("kind", "direction right", *said), lines)


def colours(matched: Sequence[Row]) -> str:
    """Return how often the word for a colour fits the paint that was put there."""
    told = [r for r in matched if str(r.get("true_colour")).removesuffix(" deck") in FITTING]
    lines = []
    for what, afloat in (("on land", False), ("decks", True)):
        these = [r for r in told if (r["kind"] in {"ship", "vessel"}) == afloat]
        hits = sum(r["colour"] in FITTING[r["true_colour"].removesuffix(" deck")] for r in these)
        lines.append((what, _share(hits, len(these))))
    return columns(("", "the word fits"), lines)


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Draw the reliability of p_activity both ways, and how often each chance was said."""
    matched = [r for r in rows if r["status"] == "matched"]
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
    beside = {"tab:blue": (7, -11), "tab:orange": (-22, 5)}
    for way, colour, shift in zip(ASKED, beside, (-0.004, 0.004), strict=True):
        for _, _, said, hits, count in bins(matched, way):
            low, high = wilson(hits, count) or (0.0, 1.0)
            share = hits / count
            reach = [[max(share - low, 0.0)], [max(high - share, 0.0)]]
            axes[0].errorbar(said + shift, share, reach, fmt="o", color=colour, capsize=3)
            axes[0].annotate(
                f"{count}",
                (said + shift, share),
                xytext=beside[colour],
                textcoords="offset points",
                fontsize=8,
                color=colour,
            )
        axes[1].hist(
            [max(r[SHARES[way]].values()) for r in matched],
            np.linspace(0, 1, 21),
            histtype="step",
            color=colour,
            label=way,
        )
        axes[0].plot([], [], "o", color=colour, label=way)
    axes[0].plot([0, 1], [0, 1], color="0.6", lw=1)
    axes[0].set(xlabel="p_activity said", ylabel="share that were right, 95 %", xlim=(0.2, 1.03), ylim=(0.0, 1.03))
    axes[0].legend(loc="lower right")
    axes[1].set(xlabel="p_activity said", ylabel="regions")
    axes[1].legend(loc="upper left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
