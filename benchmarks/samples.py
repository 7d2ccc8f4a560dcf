"""The sample pairs against their truth: what was flagged, how long, which way, and what should have been.

    python benchmarks/samples.py

Rendered scenes of known truth. They are shown in the README, so they say nothing about scenes the method has not met.
"""

import resource
import time
from typing import Any

from imagery_diff import compare, samples

AOIS = {"train_leaves": "border_crossing"}


def movable(name: str) -> dict[str, dict[str, Any]]:
    """Objects of a pass that are no clutter, by id."""
    return {
        f["properties"]["id"]: f["properties"]
        for f in samples.truth(name)["features"]
        if not f["properties"].get("clutter", False) and "length_m" in f["properties"]
    }


def truth_of(pair: str) -> list[str]:
    """Say what came and went between the two passes of a pair."""
    passes = [next(n for n in samples.names() if samples.path(n) == p) for p in samples.pair(pair)]
    before, after = (movable(p) for p in passes)
    came = [f"+{after[i]['kind']} {after[i]['length_m']:.0f} m" for i in sorted(after.keys() - before.keys())]
    went = [f"-{before[i]['kind']} {before[i]['length_m']:.0f} m" for i in sorted(before.keys() - after.keys())]
    return came + went or ["nothing"]


def main() -> None:
    """Print one line a pair."""
    print(f"{'pair':18} {'truth':44} {'flagged':62} CPU s")
    for pair in samples.pairs():
        begin = time.process_time()
        result = compare(AOIS.get(pair, "najin"), *samples.pair(pair))
        seconds = time.process_time() - begin
        sign = {"appeared": "+", "disappeared": "-", "changed": "~"}
        found = [f"{sign[r.direction]}{r.activity} {r.length_m:.0f} m" for r in result.regions] or ["nothing"]
        print(f"{pair:18} {', '.join(truth_of(pair)):44} {', '.join(found):62} {seconds:.1f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
