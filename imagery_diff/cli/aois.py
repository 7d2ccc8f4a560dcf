"""``imagery-diff aois``: which AOIs are known, what is in one, what is wrong with a file, where its images lay it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.fitting import Correction

_JSON = click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
_NOT_LOCATED = "search area, not a located outline"


@click.group()
def aois() -> None:
    """List, show, check and fit areas of interest (AOIs)."""


@aois.command("list")
@_JSON
def list_command(as_json: bool) -> None:  # noqa: FBT001 - click hands it over
    """List the AOIs that come with the package."""
    from imagery_diff.read.aois import list_aois  # noqa: PLC0415 - --help must stay quick

    listed = list_aois()
    if as_json:
        click.echo(
            json.dumps({"schema_version": "1.0", "aois": [asdict(aoi) for aoi in listed]}, indent=2, allow_nan=False)
        )
        return
    rows = [
        (aoi.name, aoi.title, str(aoi.zones), str(aoi.unlocated or "-"), _metres(aoi.accuracy_m), aoi.timezone or "-")
        for aoi in listed
    ]
    _print_table(("name", "title", "zones", "search areas", "accuracy", "time zone"), rows)


@aois.command("show")
@click.argument("aoi")
@click.option("--buffer", "buffer_m", type=float, metavar="M", help="Make strips of M metres to each side of lines.")
@_JSON
def show_command(aoi: str, buffer_m: float | None, as_json: bool) -> None:  # noqa: FBT001
    """Show the zones of AOI, a known name or a file: kind, area, accuracy, source, and what could not be located."""
    from imagery_diff.read.aois import load_aoi  # noqa: PLC0415

    loaded = load_aoi(aoi, buffer_m)
    if as_json:
        click.echo(json.dumps(_document(loaded), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print_aoi(loaded)


@aois.command("check")
@click.argument("file")
@_JSON
@click.pass_context
def check_command(ctx: click.Context, file: str, as_json: bool) -> None:  # noqa: FBT001
    """Explain every fault of an AOI FILE, a line each; exit code 1 if there is one."""
    from imagery_diff.read.aois import check_aoi  # noqa: PLC0415

    findings = check_aoi(file)
    faults = sum(finding.level == "fault" for finding in findings)
    if as_json:
        document = {"schema_version": "1.0", "faults": faults, "findings": [asdict(finding) for finding in findings]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        for finding in findings:
            click.echo(str(finding))
        if faults == 0:
            click.echo("no fault found")
    if faults:
        ctx.exit(1)


@aois.command("fit")
@click.argument("aoi")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The corrected file; by default AOI_fitted.geojson.",
)
@click.option("--buffer", "buffer_m", type=float, metavar="M", help="Make strips of M metres to each side of lines.")
@_JSON
def fit_command(
    aoi: str,
    images: tuple[str, ...],
    output: Path | None,
    buffer_m: float | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Correct AOI by where five or more IMAGEs show the quays it draws, and write that as a new file.

    The correction is one constant offset, the median over the images. The given file stays as it is, and no file is
    overwritten.
    """
    from imagery_diff.fitting import LEAST_SCENES, fit_aoi  # noqa: PLC0415 - loads everything
    from imagery_diff.read.aois import load_aoi  # noqa: PLC0415
    from imagery_diff.write.aoi import check_new, correction_summary, save_correction  # noqa: PLC0415

    if len(images) < LEAST_SCENES:
        raise click.UsageError(
            f"images given: {len(images)}; {LEAST_SCENES} or more are needed, for one scene's own pointing is off"
        )
    place = load_aoi(aoi, buffer_m)
    target = check_new(output or Path(f"{place.name}_fitted.geojson"))
    found = fit_aoi(place, images, progress=lambda name: click.echo(f"fitting to {name}", err=True))
    if found.moved:
        save_correction(found, target)
    if as_json:
        document = {**correction_summary(found), "file": target.name if found.moved else None}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print_correction(found)
    if found.moved:
        click.echo(f"written to {target}", err=True)


def _print_correction(found: Correction) -> None:
    """Print what each scene says, and what is common to them."""
    rows = [
        (
            row.scene,
            "-" if row.east_m is None else f"{row.east_m:+.1f}",
            "-" if row.north_m is None else f"{row.north_m:+.1f}",
            "-" if row.fit.error_m is None else f"{row.fit.error_m:.1f}",
            "-" if row.fit.residual_m is None else f"{row.fit.residual_m:.1f}",
            row.fit.how if row.east_m is None else "",
        )
        for row in found.scenes
    ]
    _print_table(("scene", "east m", "north m", "error m", "left over m", "why not"), rows)
    east, north = found.measured_m
    click.echo(
        f"\nmedian: {east:+.1f} m east, {north:+.1f} m north ({found.crs}), standard error {found.error_m:.1f} m"
    )
    if found.open_deg is not None:
        click.echo(f"along {found.open_deg:.0f} degrees too few quays tell where the outlines lie: not moved that way")
    if not found.moved:
        click.echo("the outlines lie where the images show the quays, within the error: no file was written")


def _document(aoi: AOI) -> dict[str, Any]:
    """Write the AOI as a GeoJSON file that can be edited and given back, with the areas in each feature."""
    document = aoi.to_geojson()
    areas = [aoi.area_m2, *(zone.area_m2 for zone in aoi.zones)]
    for feature, area in zip(document["features"], areas, strict=True):
        feature["properties"]["area_m2"] = round(area)
    return document


def _print_aoi(aoi: AOI) -> None:
    left, bottom, right, top = aoi.polygon.bounds
    lines = [
        f"{aoi.name}: {aoi.title or aoi.name}",
        f"  {aoi.area_m2 / 1e6:.2f} km2, latitude {bottom:.4f} to {top:.4f}, longitude {left:.4f} to {right:.4f}",
        f"  time zone {aoi.timezone or 'not given'}, accuracy {_metres(aoi.accuracy_m)}",
    ]
    lines += [f"  source: {aoi.source}"] if aoi.source else []
    lines += [f"  credit: {aoi.credit}"] if aoi.credit else []
    click.echo("\n".join(lines))
    if not aoi.zones:
        click.echo("  no zones: the whole AOI is one place")
        return
    click.echo()
    rows = [(*_row(zone), zone.timezone or "") for zone in aoi.zones]
    header = ("zone", "kind", "group", "area m2", "accuracy", "located", "time zone")
    _print_table(header, rows)
    _print_notes(aoi)


def _row(zone: Zone) -> tuple[str, ...]:
    located = "yes" if zone.located else f"no ({_NOT_LOCATED})"
    return (zone.name, zone.kind, zone.group or "-", f"{zone.area_m2:,.0f}", _metres(zone.accuracy_m), located)


def _print_notes(aoi: AOI) -> None:
    """Say what could not be located, and the source of every zone, zones of one source together."""
    if aoi.unlocated:
        names = ", ".join(zone.name for zone in aoi.unlocated)
        click.echo(f"\nCould not be located: {names}. Each is a {_NOT_LOCATED}; it is never reported as empty.")
    by_source: dict[str, list[str]] = {}
    for zone in aoi.zones:
        by_source.setdefault(zone.source or "no source given", []).append(zone.name)
    click.echo("\nSources:")
    for source, names_ in by_source.items():
        click.echo(f"  {', '.join(names_)}: {source}")


def _metres(value: float | None) -> str:
    return "-" if value is None else f"{value:g} m"


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as their widest cell; columns that are empty everywhere are left out."""
    kept = [i for i in range(len(header)) if any(row[i] for row in rows)]
    table = [[line[i] for i in kept] for line in (header, *rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(kept))]
    for line in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
