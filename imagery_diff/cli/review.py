"""``imagery-diff review DIR``: what a person says of the findings of a finished comparison or timeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imagery_diff.cli.notices import our_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.review_books import Decision

_KEYS = "[a]ccept, [r]eject, re[l]abel, [n]ote, [s]kip, [q]uit"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--accept", multiple=True, metavar="ID", help="It is there.")
@click.option("--reject", multiple=True, metavar="ID", help="It is none; it is drawn and counted no more.")
@click.option("--relabel", multiple=True, metavar="ID=CLASS", help="It is there, and of another class (event).")
@click.option("--reopen", multiple=True, metavar="ID", help="As if nobody had reviewed it.")
@click.option(
    "--add",
    multiple=True,
    metavar="TEXT",
    help="What the programme did not find: DIRECTION=CLASS=WKT of a region (appeared, disappeared or changed; outline "
    "in longitude and latitude), EVENT=ZONE=LOOK=LOOK of a timeline.",
)
@click.option("--note", metavar="TEXT", help="A remark; alone with --of ID, else of everything named here.")
@click.option("--of", "of", multiple=True, metavar="ID", help="Whose --note it is.")
@click.option(
    "--from",
    "edited_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take up what was edited in QGIS in the GeoPackage that export wrote.",
)
@click.option("--by", metavar="INITIALS", help="Who says so.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
def review(folder: Path, by: str | None, edited_file: Path | None, *, as_json: bool, **said: Any) -> None:
    """Review the finished comparison or timeline in DIR.

    Findings are regions (R1), events (E1) and things followed through many looks (T1).
    Without options in a terminal: one by one, by keys. What is said is added to review.jsonl in DIR, and
    report, picture, sentences, counts and GeoJSON are told anew.
    """
    from imagery_diff.review import review as decide  # noqa: PLC0415 - --help must stay quick
    from imagery_diff.review_edits import edited  # noqa: PLC0415

    decisions = _decisions(**said)
    if edited_file is not None:
        with our_warnings():
            decisions += edited(folder, edited_file)
    if not decisions and edited_file is None:
        by = by or click.prompt("Your initials", err=True)
        _ask(folder, by)
        return
    if decisions and by is None:
        raise click.UsageError("give your initials with --by: a review says who it is by")
    with our_warnings():
        left = decide(folder, decisions, by or "")
    _told(folder, decisions, left, as_json=as_json)


def _told(folder: Path, decisions: Sequence[Decision], left: tuple[str, ...], *, as_json: bool) -> None:
    """Say what is done, and what is still to be reviewed."""
    if as_json:
        answer = {"schema_version": "1.0", "kind": "review", "decisions": len(decisions), "unreviewed": list(left)}
        click.echo(json.dumps(answer, indent=2))
        return
    click.echo(f"{len(decisions)} decision{'' if len(decisions) == 1 else 's'} written to review.jsonl")
    click.echo(f"not reviewed yet: {', '.join(left)}" if left else "every finding is reviewed")
    click.echo(f"told anew in {folder}", err=True)


def _decisions(
    *,
    accept: Sequence[str],
    reject: Sequence[str],
    relabel: Sequence[str],
    reopen: Sequence[str],
    add: Sequence[str],
    note: str | None,
    of: Sequence[str],
) -> list[Decision]:
    """Turn options into decisions."""
    from imagery_diff.review_books import Decision  # noqa: PLC0415

    # What is reopened may be accepted through its thing in the same command.
    plain = (("reopen", reopen), ("accept", accept), ("reject", reject))
    made = [Decision(action=action, region=name, note=note) for action, names in plain for name in names]
    for text in relabel:
        name, found, activity = text.partition("=")
        if not found:
            raise click.UsageError(f"--relabel {text}: write it as ID=CLASS, such as R1=vessel")
        made.append(Decision(action="relabel", region=name, activity=activity, note=note))
    named = [decision.region for decision in made]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise click.UsageError(f"{twice}: is decided more than once here; say one thing of it")
    made += [_added(text, note) for text in add]
    if of and note is None:
        raise click.UsageError("--of says whose --note it is; give the note")
    made += [Decision(action="note", region=name, note=note) for name in of]
    if note is not None and not made:
        raise click.UsageError("say whose note it is: --of ID")
    return made


def _added(text: str, note: str | None) -> Decision:
    """Read what is added: a region with its outline, or an event of a timeline between two looks."""
    import shapely  # noqa: PLC0415

    from imagery_diff.result_series import EVENTS  # noqa: PLC0415
    from imagery_diff.review_books import Decision  # noqa: PLC0415

    first, *rest = text.split("=")
    try:
        if first in EVENTS:
            zone, earlier, later, *drawn = rest
            looks = (int(earlier), int(later))
            outline = _outline(drawn[0]) if drawn else None
            return Decision(action="add", activity=first, zone=zone, looks=looks, outline=outline, note=note)
        activity, wkt = rest
        outline = _outline(wkt)
    except (ValueError, NotImplementedError, shapely.GEOSException) as error:
        raise click.UsageError(
            "--add: write a region as DIRECTION=CLASS=WKT, such as 'appeared=vessel=POLYGON((130.28 42.22, ...))', an"
            " event as EVENT=ZONE=LOOK=LOOK, such as vessel_arrived=pier1_sw_berth=2=3"
        ) from error
    return Decision(action="add", direction=first, activity=activity, outline=outline, note=note)


def _outline(wkt: str) -> BaseGeometry:
    """Read an outline; numbers that are none are refused later, in words."""
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    with np.errstate(all="ignore"):
        return shapely.from_wkt(wkt)


def _ask(folder: Path, by: str) -> None:
    """Go from finding to finding in a terminal; what was answered is written at once."""
    from imagery_diff.finished import held, open_run  # noqa: PLC0415
    from imagery_diff.result_series import EVENTS  # noqa: PLC0415
    from imagery_diff.review import review as decide  # noqa: PLC0415
    from imagery_diff.review import unreviewed  # noqa: PLC0415
    from imagery_diff.review_books import Decision, rows_of  # noqa: PLC0415
    from imagery_diff.write.words import NOUNS, clean  # noqa: PLC0415

    with our_warnings(), held(folder) as run:
        is_pair = run.kind == "comparison"
        rows = {row["id"]: row for row in rows_of(run)}
        waiting = unreviewed(run)
    what, picture = ("regions", "overview.png") if is_pair else ("events and things", "report.html")
    click.echo(f"{len(waiting)} of {len(rows)} {what} to review; pictures: {folder / picture}", err=True)
    for name in waiting:
        # Accepting an event says that its thing is there.
        if name not in unreviewed(open_run(folder)):
            continue
        click.echo(f"\n{name}: {clean(_described(rows[name]))}")
        is_thing = "description" not in rows[name]
        note = None
        while True:
            keys = [key for key in "arlnsq" if key != "l" or not is_thing]
            words = _KEYS.replace("re[l]abel, ", "") if is_thing else _KEYS
            key = click.prompt(words, err=True, type=click.Choice(keys), show_choices=False)
            if key != "n":
                break
            note = click.prompt("note", err=True)
        if key == "q":
            break
        if key == "s" and note is None:
            continue
        names = list(NOUNS if is_pair else EVENTS)
        activity = click.prompt("class", err=True, type=click.Choice(names)) if key == "l" else None
        action = {"a": "accept", "r": "reject", "l": "relabel", "s": "note"}[key]
        decide(folder, [Decision(action=action, region=name, activity=activity, note=note)], by)
    left = unreviewed(open_run(folder))
    click.echo(f"not reviewed yet: {', '.join(left)}" if left else "every finding is reviewed")


def _described(row: dict[str, Any]) -> str:
    """Say what a finding is; of a thing followed, where and on how many looks."""
    if "description" in row:
        return str(row["description"])
    number = len(row["seen"])
    return f"{row['kind']} in {row['zone']}, seen on {number} look{'' if number == 1 else 's'}: {row['seen']}"
