"""``imagery-diff inspect FILE...``: what each file was recognised as, and why."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--aoi", metavar="AOI", help="A place whose cloud cover and local time are wanted.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
@click.pass_context
def inspect(ctx: click.Context, /, files: tuple[str, ...], *, aoi: str | None, as_json: bool) -> None:
    """Say what files were recognised as, and why.

    FILE is an image, a folder or an archive as delivered, or the address of an image (https://, s3://); an image given
    with its mask or metadata is one scene. Told are product, level, time, bands, pixels, sun, view, masks, credit and
    licence, and what is missing. No pixels are read, but digests are checked where an order's manifest has them. What
    cannot be used is named with its reason, and the exit code is 1.
    """
    import json  # noqa: PLC0415 - --help must stay quick

    from imagery_diff.inspection import inspect as inspect_files  # noqa: PLC0415
    from imagery_diff.read.aois import load_aoi  # noqa: PLC0415
    from imagery_diff.read.remote import is_url  # noqa: PLC0415
    from imagery_diff.write.inspection import document, text  # noqa: PLC0415

    place = load_aoi(aoi) if aoi else None
    found = inspect_files([file if is_url(file) else Path(file) for file in files], place)
    if as_json:
        click.echo(json.dumps(document(found, place), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(text(found, place))
    if any(one.refused for one in found):
        ctx.exit(1)
