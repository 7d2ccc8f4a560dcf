"""``imagery-diff review DIR``: what a person says of the regions of a finished comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imagery_diff.cli.notices import our_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.review import Decision

_KEYS = "[a]ccept, [r]eject, re[l]abel, [n]ote, [s]kip, [q]uit"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--accept", multiple=True, metavar="ID", help="It is there.")
@click.option("--reject", multiple=True, metavar="ID", help="It is none; it is drawn and counted no more.")
@click.option("--relabel", multiple=True, metavar="ID=CLASS", help="It is there, and of another class.")
@click.option("--reopen", multiple=True, metavar="ID", help="As if nobody had reviewed it.")
@click.option(
    "--add",
    multiple=True,
    metavar="DIRECTION=CLASS=WKT",
    help="A region the programme did not find: appeared, disappeared or changed; its class; its outline as WKT, "
    "longitude and latitude.",
)
@click.option("--note", metavar="TEXT", help="A remark; alone with --of ID, else of every region named here.")
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
    """Review the finished comparison in DIR.

    Without options in a terminal: region by region, by keys. What is said is added to review.jsonl in DIR, and
    report, picture, sentences, counts and GeoJSON are told anew.
    """
    from imagery_diff.review import edited  # noqa: PLC0415 - --help must stay quick
    from imagery_diff.review import review as decide  # noqa: PLC0415

    decisions = _decisions(**said)
    if edited_file is not None:
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
    click.echo(f"not reviewed yet: {', '.join(left)}" if left else "every region is reviewed")
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
    from imagery_diff.review import Decision  # noqa: PLC0415

    plain = (("accept", accept), ("reject", reject), ("reopen", reopen))
    made = [Decision(action=action, region=name, note=note) for action, names in plain for name in names]
    for text in relabel:
        name, found, activity = text.partition("=")
        if not found:
            raise click.UsageError(f"--relabel {text}: write it as ID=CLASS, such as R1=vessel")
        made.append(Decision(action="relabel", region=name, activity=activity, note=note))
    made += [_added(text, note) for text in add]
    if of and note is None:
        raise click.UsageError("--of says whose --note it is; give the note")
    made += [Decision(action="note", region=name, note=note) for name in of]
    if note is not None and not made:
        raise click.UsageError("say whose note it is: --of ID")
    return made


def _added(text: str, note: str | None) -> Decision:
    import shapely  # noqa: PLC0415

    from imagery_diff.review import Decision  # noqa: PLC0415

    parts = text.split("=", maxsplit=2)
    try:
        direction, activity, wkt = parts
        outline = shapely.from_wkt(wkt)
    except (ValueError, shapely.GEOSException) as error:
        raise click.UsageError(
            "--add: write it as DIRECTION=CLASS=WKT, such as 'appeared=vessel=POLYGON((130.28 42.22, ...))'"
        ) from error
    return Decision(action="add", direction=direction, activity=activity, outline=outline, note=note)


def _ask(folder: Path, by: str) -> None:
    """Go from region to region in a terminal; what was answered is written at once."""
    from imagery_diff.finished import open_run  # noqa: PLC0415
    from imagery_diff.review import Decision, unreviewed  # noqa: PLC0415
    from imagery_diff.review import review as decide  # noqa: PLC0415
    from imagery_diff.write.words import NOUNS, clean  # noqa: PLC0415

    run = open_run(folder)
    rows = {row["id"]: row for row in run.document("summary.json")["regions"]}
    waiting = unreviewed(run)
    click.echo(f"{len(waiting)} of {len(rows)} regions to review; pictures: {folder / 'overview.png'}", err=True)
    for name in waiting:
        click.echo(f"\n{name}: {clean(rows[name]['description'])}")
        note = None
        while True:
            key = click.prompt(_KEYS, err=True, type=click.Choice(list("arlnsq")), show_choices=False)
            if key != "n":
                break
            note = click.prompt("note", err=True)
        if key == "q":
            break
        if key == "s" and note is None:
            continue
        activity = click.prompt("class", err=True, type=click.Choice(list(NOUNS))) if key == "l" else None
        action = {"a": "accept", "r": "reject", "l": "relabel", "s": "note"}[key]
        decide(folder, [Decision(action=action, region=name, activity=activity, note=note)], by)
    left = unreviewed(open_run(folder))
    click.echo(f"not reviewed yet: {', '.join(left)}" if left else "every region is reviewed")
