"""Draw how often regions of a stated probability were true, and how many said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from calibration_tables import BINS, Stated

mpl.use("Agg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def draw(path: Path, results: Sequence[dict[str, Any]]) -> None:
    """Draw the reliability of ``p_change`` beside a histogram of it; thin bins are counted and not drawn."""
    stated = Stated.of(results)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
    left.plot([0, 1], [0, 1], color="0.6", lw=1)
    for one in stated.bins():
        if one.said is None or one.true is None or one.limits is None:
            continue
        # Wilson's limits of a share of all are rounded a hair below it.
        reach = [[max(one.true - one.limits[0], 0.0)], [max(one.limits[1] - one.true, 0.0)]]
        left.errorbar(one.said, one.true, reach, fmt="o", color="tab:red", capsize=3)
        left.annotate(f"{one.count}", (one.said, one.true), xytext=(7, -10), textcoords="offset points", fontsize=8)
    left.set(xlabel="p_change said", ylabel="share that were changes, 95 %", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    left.set_title("events as rare as the prior says")
    edges = np.linspace(0, 1, 21)
    true = stated.true > 0
    right.hist([stated.said[~true], stated.said[true]], edges, stacked=True, color=["0.6", "tab:red"], log=True)
    right.legend(["unchanged ground", "events"])
    right.set(xlabel="p_change said", ylabel="candidates", title=f"as drawn; bins from {BINS[0]:g} to {BINS[-1]:g}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
