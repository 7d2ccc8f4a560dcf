"""Hold two runs of `accuracy.py` on the same scenes against each other: what was gained and what was lost.

    python benchmarks/accuracy_diff.py before.json after.json

The last lines say whether the difference could be chance (McNemar's exact test on the events found by one run only).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from accuracy_tables import cases_of, false_of, grid
from scipy.stats import binomtest

Row = dict[str, Any]


def main(words: list[str]) -> None:
    """Print a row a case, then every event and every scene that came out otherwise."""
    if len(words) != 2:
        raise SystemExit("usage: python benchmarks/accuracy_diff.py BEFORE.json AFTER.json")
    print(difference(*(_load(Path(w)) for w in words)))


def _load(path: Path) -> dict[str, Row]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return {f"{r.get('method', 'ours')} {r['name']}": r for r in document["scenes"]}


def difference(old: dict[str, Row], new: dict[str, Row]) -> str:
    """Return what differs between two runs, scenes by name; scenes in one run only are left out."""
    pairs = [(old[name], new[name]) for name in old if name in new]
    gained, lost = _events(pairs, gained=True), _events(pairs, gained=False)
    rows = [_case(case, [p for p in pairs if p[0]["case"] == case]) for case in cases_of([p[0] for p in pairs])]
    header = ("case", "scenes", "asked found", "false (events)", "false (nulls)")
    more = [
        f"{a['name']}: false {false_of([a])} -> {false_of([b])}" for a, b in pairs if false_of([a]) != false_of([b])
    ]
    chance = binomtest(len(gained), len(gained) + len(lost)).pvalue if gained or lost else 1.0
    verdict = f"asked events: {len(gained)} gained, {len(lost)} lost (p = {chance:.3f} that this is chance)"
    return "\n".join([grid(header, rows), "", *(f"+ {e}" for e in gained), *(f"- {e}" for e in lost), *more, verdict])


def _case(case: str, pairs: list[tuple[Row, Row]]) -> tuple[str, ...]:
    found = f"{_found([a for a, _ in pairs])} -> {_found([b for _, b in pairs])}"
    sorts = [p for p in pairs if not p[0]["null"]], [p for p in pairs if p[0]["null"]]
    false = [f"{false_of([a for a, _ in some])} -> {false_of([b for _, b in some])}" for some in sorts]
    return (case, str(len(pairs)), found, *false)


def _found(rows: list[Row]) -> int:
    return sum(_counts(e) and e["found"] is not None for r in rows for e in r["events"])


def _counts(event: Row) -> bool:
    return bool(event["asked"] and not event["masked"])


def _events(pairs: list[tuple[Row, Row]], *, gained: bool) -> list[str]:
    """Return the asked events that only the newer (or only the older) run found."""
    lines = []
    for a, b in pairs:
        for one, two in zip(a["events"], b["events"], strict=True):
            first, second = one["found"] is not None, two["found"] is not None
            if _counts(one) and first != second and second == gained:
                lines.append(f"{a['name']} {one['id']} {one['length_m']:.0f} m {one['colour']} at {one['at']}")
    return lines


if __name__ == "__main__":
    main(sys.argv[1:])
