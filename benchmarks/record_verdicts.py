"""By which rules a scenario of the record counts as recovered, partly or not: written before the first run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Told = dict[str, Any]
Verdict = tuple[str, list[str]]
"""``recovered``, ``partly`` or ``not``, and each condition with whether it holds."""
RULES = {
    "S4": "(a) goods are told to have left Pier 2's yard between 23 and 24 November; (b) a vessel of 105 m"
    " (within 10.5 m) is told to have come to its south-western berth in the same window; (c) a sentence"
    " of the timeline says that the vessel shows the colour of the stack. Recovered: all; partly: (a) and"
    " (b); else not.",
    "S8": "(a) `cargo_grew` in Pier 2's yard between 8 and 9 March; (b) no goods are told to have come there in"
    " that window. Recovered: both; partly: (b) alone; else not.",
    "S9": "(a) `vessel_moved` from the one berth to the other in that window, worded linked and ambiguous; (b)"
    " the count of calls over all berths is one. Recovered: both; partly: one of them; else not.",
    "S10": "(a) on the dates with coal it is told as a stockpile, and its coming as `stockpile_changed`; (b) no"
    " event and no object of containers or covers on Pier 3; (c) each bulk carrier is told as a vessel"
    " within 20 m of 190 and in the class about 190 m; (d) the tanker is told as a vessel within 10 m of"
    " 70 and not as a visit; (e) calls are not over-counted; (f) the sentence of calls tells bulk carriers"
    " from the 100 m class. Recovered: all; not: (b), (d) or (e) fails because coal is told as goods or"
    " the tanker counted; else partly.",
    "S11": "(a) on 22 September three rail objects within the larger of 10 % and 20 m of 200, 300 and 320 m, on"
    " 24 September two of 200 and 300; (b) the coming of three between 14 and 22 September; (c) the going"
    " of one between 22 and 24. Recovered: all; partly: one length right and one coming in its window;"
    " else not.",
    "S11b": "(a) on each of three days one rail object within the larger of 10 % and 20 m; (b) coming between 16"
    " and 17 April; (c) going between 19 and 20; (d) no event of rail or goods inside the three days."
    " Recovered: all; partly: (d) and one of the others; else not.",
    "S12": "(a) every look has a fill and its range, widened by .05, holds what was put there; (b) the middles"
    " fall, are below .05 when empty, and rise in the order of the record. Recovered: both; partly: (b) of"
    " the looks that have one, four of six at least; else not.",
    "S13": "(a) no count of cars anywhere; (b) each train has a length in metres; (c) the timeline's own"
    " sentences or tables say why cars are not counted. Recovered: all; partly: (a) and (b), the reason in"
    " compare() alone; else not.",
    "S15": "(a) no state `yes` and no event of goods, rail or vessels rests on the building; (b) something says"
    " a lasting change or construction there. Recovered: both; partly: (a); else not.",
}


def verdict(told: Told) -> Verdict:
    """Judge one series."""
    name = told["id"]
    rule: Callable[[Told], Verdict] = {
        "S4": _s4,
        "S4b": _s4,
        "S8": _s8,
        "S9": _s9,
        "S9b": _s9,
        "S9c": _s9,
        "S10": _s10,
        "S11": _s11,
        "S11w": _s11,
        "S11t": _s11,
        "S11b": _s11b,
        "S11bw": _s11b,
        "S11bt": _s11b,
        "S12": _s12,
        "S15": _s15,
        "S15b": _s15,
    }[name]
    return rule(told)


def rule_of(name: str) -> str:
    """Return the rule of a scenario."""
    return RULES.get(name) or RULES.get(name.rstrip("wt")) or RULES[name.rstrip("bc")]


def _events(told: Told, names: Iterable[str], zone: str, window: tuple[str, str] | None = None) -> list[Told]:
    """Return events of some names in a zone, within some days."""
    return [e for e in told["events"] if e["event"] in set(names) and e["zone"] == zone and _within(e, window)]


def _within(event: Told, window: tuple[str, str] | None) -> bool:
    if window is None:
        return True
    first, last = window
    return event["not_before"] is not None and event["not_before"][:10] == first and event["not_after"][:10] == last


def _things(told: Told, day: str) -> list[Told]:
    """Return all that is told on a day, with the zone it is counted in."""
    looks = {n for n, look in enumerate(told["looks"], start=1) if look["time"][:10] == day}
    return [t | {"zone": c["zone"]} for c in told["cells"] if c["look"] in looks for t in c["things"]]


def _said(holds: dict[str, bool]) -> list[str]:
    return [f"{'holds' if ok else 'fails'}: {what}" for what, ok in holds.items()]


def _sentences(told: Told) -> list[str]:
    visits = [v["sentence"] for v in told["visits"]]
    return [*(e["description"] for e in told["events"]), *visits, *told["quiet"].values(), *told["caveats"]]


def _s4(told: Told) -> Verdict:
    window = ("2023-11-23", "2023-11-24")
    ships = _events(told, ["vessel_arrived"], "pier2_sw_berth", window)
    a = bool(_events(told, ["cargo_disappeared"], "pier2_yard", window))
    b = any(abs(e["length_m"] - 105.0) <= 10.5 for e in ships)
    c = any("colour" in s and "agree" in s for s in _sentences(told))
    done = "recovered" if a and b and c else "partly" if a and b else "not"
    return done, _said({"(a) goods left": a, "(b) vessel came": b, "(c) same colour said": c})


def _s8(told: Told) -> Verdict:
    window = ("2024-03-08", "2024-03-09")
    a = bool(_events(told, ["cargo_grew"], "pier2_yard", window))
    b = not _events(told, ["cargo_appeared"], "pier2_yard", window)
    done = "recovered" if a and b else "partly" if b else "not"
    return done, _said({"(a) grew": a, "(b) not told as new": b})


def _s9(told: Told) -> Verdict:
    one, other = (p for p in told["put"] if p["kind"] == "vessel")
    shown = [
        [look["time"][:10] for look in told["looks"] if p["came"] <= look["time"] < p["went"]] for p in (one, other)
    ]
    moved = _events(told, ["vessel_moved"], other["zone"], (shown[0][-1], shown[1][0]))
    a = any("linked, ambiguous" in e["description"] for e in moved)
    b = _calls(told) == 1
    done = "recovered" if a and b else "partly" if a or b else "not"
    return done, _said({"(a) linked, ambiguous": a, f"(b) counted once (told {_calls(told)})": b})


def _calls(told: Told) -> int | None:
    return next((v["at_least"] for v in told["visits"] if v["group"] == "all berths"), None)


def _s10(told: Told) -> Verdict:
    pier = ("coal_pier3", "pier3_yard", "rail_pier3")
    coal_days, bulk_days = ("2024-04-07", "2024-04-17", "2024-06-02"), ("2024-04-17", "2024-06-02", "2024-10-30")
    coal = [any(t["activity"] == "stockpile" and t["zone"] in pier for t in _things(told, d)) for d in coal_days]
    came = any(_events(told, ["stockpile_changed"], z, ("2024-03-12", "2024-04-07")) for z in pier)
    goods = [t for d in _days(told) for t in _things(told, d) if t["zone"] in pier]
    wrong = any(t["activity"] in {"containers", "cover"} for t in goods)
    wrong |= any(e["event"].startswith("cargo_") and e["zone"] in pier for e in told["events"])
    bulk = [[t for t in _things(told, d) if t["kind"] == "vessel" and t["zone"].startswith("pier3")] for d in bulk_days]
    c = all(any(abs(t["length_m"] - 190) <= 20 and t["length_class"] == "about 190 m" for t in those) for those in bulk)
    tanker = [t for t in _things(told, "2024-07-12") if t["zone"] == "pier1_sw_berth" and t["kind"] == "vessel"]
    d = any(abs(t["length_m"] - 70) <= 10 and not t["counts_as_visit"] for t in tanker)
    counted = any(t["counts_as_visit"] for t in tanker)
    ships = sum(p["kind"] == "vessel" and p["length_m"] >= 95 for p in told["put"])
    calls = _calls(told)
    e = calls is not None and calls <= ships
    hundred = sum(p["kind"] == "vessel" and 95 <= p["length_m"] < 150 for p in told["put"])
    text = " ".join(v["sentence"] for v in told["visits"])
    f = "190 m" in text or (calls is not None and calls <= hundred)
    holds = {
        "(a) coal is a stockpile that came": all(coal) and came,
        "(b) no goods on Pier 3": not wrong,
        "(c) bulk carriers, class about 190 m": c,
        "(d) tanker, no visit": d,
        f"(e) not over-counted ({calls} told, {ships} of 100 m and more)": e,
        "(f) calls tell bulk carriers apart": f,
    }
    if wrong or counted or not e:
        return "not", _said(holds)
    return ("recovered" if all(holds.values()) else "partly"), _said(holds)


def _days(told: Told) -> list[str]:
    return [look["time"][:10] for look in told["looks"]]


def _agree(lengths: list[float], asked: list[float]) -> bool:
    """Say whether lengths are those asked for, each within the larger of 10 % and 20 m."""
    return len(lengths) == len(asked) and all(_near(x, y) for x, y in zip(sorted(lengths), sorted(asked), strict=True))


def _near(length: float, asked: float) -> bool:
    return abs(length - asked) <= max(20.0, 0.1 * asked)


def _rail(told: Told, day: str) -> list[float]:
    """Lengths of rail objects of 150 m and more; some cars stand there as well."""
    return [t["length_m"] for t in _things(told, day) if t["kind"] == "rail" and t["length_m"] >= 150]


def _s11(told: Told) -> Verdict:
    first, second = _rail(told, "2023-09-22"), _rail(told, "2023-09-24")
    truth = {p["id"]: p["length_m"] for p in told["put"]}
    three, two = [truth["line_200"], truth["line_300"], truth["line_320"]], [truth["line_200"], truth["line_300"]]
    came = [e for e in told["events"] if e["event"] == "rail_appeared" and _within(e, ("2023-09-14", "2023-09-22"))]
    went = [e for e in told["events"] if e["event"] == "rail_disappeared" and _within(e, ("2023-09-22", "2023-09-24"))]
    long_came = [e for e in came if e["length_m"] >= 150]
    a = _agree(first, three) and _agree(second, two)
    holds = {
        f"(a) lengths ({[round(x) for x in first]} and {[round(x) for x in second]})": a,
        f"(b) three came ({len(long_came)} told)": len(long_came) == 3,
        f"(c) one went ({len(went)} told)": any(e["length_m"] >= 150 for e in went),
    }
    some = any(_near(x, y) for x in first for y in three) and bool(long_came)
    return ("recovered" if all(holds.values()) else "partly" if some else "not"), _said(holds)


def _s11b(told: Told) -> Verdict:
    truth = told["put"][0]["length_m"]
    days = ("2024-04-17", "2024-04-18", "2024-04-19")
    lengths = [_rail(told, d) for d in days]
    moving = [e for e in told["events"] if e["event"].startswith(("rail_", "cargo_", "stockpile_"))]
    inside = [
        e for e in moving if e["not_before"] and e["not_before"][:10] >= days[0] and e["not_after"][:10] <= days[2]
    ]
    came = [e for e in moving if e["event"] == "rail_appeared" and _within(e, ("2024-04-16", "2024-04-17"))]
    went = [e for e in moving if e["event"] == "rail_disappeared" and _within(e, ("2024-04-19", "2024-04-20"))]
    holds = {
        f"(a) lengths ({[[round(x) for x in those] for those in lengths]}, {truth:.0f} put)": all(
            _agree(those, [truth]) for those in lengths
        ),
        "(b) came": bool(came),
        "(c) went": bool(went),
        f"(d) no event inside ({len(inside)} told)": not inside,
    }
    *others, quiet = holds.values()
    return ("recovered" if all(holds.values()) else "partly" if quiet and any(others) else "not"), _said(holds)


def _s12(told: Told) -> Verdict:
    cells = sorted((c for c in told["cells"] if c["zone"] == "own_yard"), key=lambda c: c["look"])
    truth = [
        max([p["fill"] for p in told["put"] if p["came"] <= look["time"] < p["went"]], default=0.0)
        for look in told["looks"]
    ]
    fills = [c["fill"] for c in cells]
    a = all(f is not None and f[0] - 0.05 <= t <= f[1] + 0.05 for f, t in zip(fills, truth, strict=True))
    known = [(sum(f) / 2, t) for f, t in zip(fills, truth, strict=True) if f is not None]
    order = all((x - y) * (t - u) > 0 for x, t in known for y, u in known if abs(t - u) > 0.1)
    empty = all(x < 0.05 for x, t in known if t == 0)
    shown = ", ".join("none" if f is None else f"{f[0]:.2f} to {f[1]:.2f}" for f in fills)
    holds = {
        f"(a) ranges hold what was put (told {shown}; put {', '.join(f'{t:.2f}' for t in truth)})": a,
        "(b) in the order of the record": order and empty,
    }
    some = order and empty and len(known) >= 4
    return ("recovered" if all(holds.values()) else "partly" if some else "not"), _said(holds)


def s13(told: Told) -> Verdict:
    """Judge the refusal of a census on the series of rail lines."""
    things = [t for d in _days(told) for t in _things(told, d) if t["kind"] == "rail"]
    text = " ".join([*_sentences(told), *told["tables"]])
    a = (
        " cars" not in text.replace("rail cars or the like", "").replace("line like rail cars", "")
        or "not counted" in text
    )
    holds = {
        "(a) no count of cars": a,
        f"(b) lengths in metres ({len(things)} objects)": bool(things),
        "(c) the timeline says why": "cars are not counted" in text,
    }
    return ("recovered" if all(holds.values()) else "partly" if a and things else "not"), _said(holds)


def _s15(told: Told) -> Verdict:
    on = [t for c in told["cells"] for t in c["things"] if "building" in t["on"]]
    kinds = {t["kind"] for t in on}
    events = [e for e in told["events"] if "building" in e["on"]]
    # The rule asks of events of goods, rail and vessels: the one that says construction is none of them.
    a = not kinds & {"cargo", "rail", "vessel"} and all(e["event"] == "construction" for e in events)
    # A caveat names the zone "New road bridge (under construction)": that says nothing of the building.
    text = " ".join(e["description"] for e in told["events"])
    b = any(t["activity"] == "construction" for t in on) or "construction" in text
    holds = {
        f"(a) kept out of goods, rail and vessels (objects {sorted(kinds)}, {len(events)} events)": a,
        "(b) said to be construction or lasting": b,
    }
    return ("recovered" if all(holds.values()) else "partly" if a else "not"), _said(holds)
