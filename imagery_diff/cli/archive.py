"""``imagery-diff archive``: what an archive of a series holds, and the same as a GeoPackage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from imagery_diff.archive import Contents

_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def archive() -> None:
    """Show and export what `imagery-diff timeline --archive FILE` keeps."""


@archive.command("show")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
def show_command(file: Path, as_json: bool) -> None:  # noqa: FBT001 - click hands it over
    """Show the looks, revisions and reviews of the archive FILE, which is only read."""
    from imagery_diff.archive import contents  # noqa: PLC0415 - --help must stay quick
    from imagery_diff.write.words import clean  # noqa: PLC0415

    held = contents(file)
    if as_json:
        click.echo(json.dumps(_document(held), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo("\n".join(clean(line) for line in _lines(held)))


@archive.command("export")
@_FILE
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="OUT.gpkg",
    help="A new file; by default FILE with .gpkg, in the current directory.",
)
def export_command(file: Path, output: Path | None) -> None:
    """Write zones, looks, observations and events of the archive FILE as a GeoPackage for QGIS.

    FILE is only read, and no file is overwritten.
    """
    from imagery_diff.archive_export import export  # noqa: PLC0415 - loads much

    target = export(file, output or Path(f"{file.stem}.gpkg"))
    click.echo(f"written to {target}", err=True)


def _document(held: Contents) -> dict[str, Any]:
    """Return what is shown as one document; pixels and descriptions of scenes stay in the file."""
    names = ("scene", "acquired", "run", "east_m", "north_m", "refused", "simulated", "credit")
    return {
        "schema_version": "1.0",
        "aoi": held.aoi["features"][0]["properties"]["name"],
        "looks": [{n: bool(k[n]) if n == "simulated" else k[n] for n in names} for k in held.looks],
        "runs": [{n: r[n] for n in ("id", "made", "tool", "looks", "first_look", "last_look")} for r in held.runs],
        "revisions": held.revisions,
        "reviews": [{n: v for n, v in r.items() if n != "said"} for r in held.reviews],
    }


def _lines(held: Contents) -> list[str]:
    rendered = [look["credit"].split("; ")[0] for look in held.looks if look["simulated"]]
    lines = [f"{rendered[0]}: no satellite saw what is kept here"] if rendered else []
    name = held.aoi["features"][0]["properties"]["name"]
    lines.append(f"{name}: {len(held.looks)} looks, {len(held.runs)} runs, {held.megabytes:.1f} MB")
    lines += ["", "run  acquired              image"]
    for look in held.looks:
        refused = f"  not used: {look['refused']}" if look["refused"] else ""
        lines.append(f"{look['run']:>3}  {look['acquired'][:19]}Z  {look['scene']}{refused}")
    lines += ["", f"{len(held.revisions)} revisions: what a later run says otherwise"]
    for r in held.revisions:
        was, now = (r[side] or "not said" for side in ("was", "now"))
        lines.append(
            " ".join(filter(None, (f"run {r['run']}:", r["scene"], r["zone"], f"{r['kind']}: was {was}, now {now}")))
        )
    lines += ["", f"{len(held.reviews)} reviews"]
    lines += [
        f"{r['scene'] or r['not_after']} {r['zone']} {r['kind']}: {r['verdict']} by {r['initials']}"
        + (f"; FLAGGED: {r['flag']}" if r["flag"] else "")
        for r in held.reviews
    ]
    return lines
