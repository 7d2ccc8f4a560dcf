"""``imagery-diff look AOI IMAGE``: what one image shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from imagery_diff.cli.aoi_argument import aoi_options, resolve_aoi
from imagery_diff.cli.notices import our_warnings
from imagery_diff.cli.scene_options import given_for, one_image_options

_STEPS = 3
"""Calls of ``progress`` that :func:`imagery_diff.look` makes without references."""
_STEPS_OF_A_PAIR = 7


@click.command()
@click.argument("words", nargs=-1, metavar="[AOI] IMAGE")
@aoi_options
@one_image_options
@click.option(
    "--reference",
    "references",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="IMAGE",
    help="An earlier clear image of the place to hold it against; may be repeated.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the result itself.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
def look(words: tuple[str, ...], output: Path | None, references: tuple[Path, ...], **options: Any) -> None:
    """Say what stands on one image: candidates, all of them unconfirmed, for one image has no before.

    AOI is a known name, a file of outlines, or `-` for all of the image; with --bbox or --at it is left out. Without
    references only open water is looked at; with earlier clear images what most of them bear out is told, with its
    direction. A folder with the result is written into the current directory, or into -o DIR.
    """
    import json  # noqa: PLC0415 - --help must stay quick

    aoi_words = {key: options[key] for key in ("bbox", "at", "radius", "buffer_m")}
    by_option = aoi_words["bbox"] is not None or aoi_words["at"] is not None
    if len(words) != (1 if by_option else 2):
        form = "IMAGE with --bbox or --at" if by_option else "AOI IMAGE (use - as AOI for all of the image)"
        raise click.UsageError(f"{len(words)} words given, needed: {form}")
    place = None if words[0] == "-" and not by_option else resolve_aoi(None if by_option else words[0], **aoi_words)
    given = given_for("image", options)

    from imagery_diff.read.scenes import open_scene  # noqa: PLC0415
    from imagery_diff.single import look as look_at  # noqa: PLC0415 - loads everything
    from imagery_diff.write.look import folder_name, summary, text  # noqa: PLC0415

    hidden = sys.stderr is None or not sys.stderr.isatty()
    steps = _STEPS + _STEPS_OF_A_PAIR * len(references)
    with our_warnings():
        with click.progressbar(length=steps, file=sys.stderr or sys.stdout, hidden=hidden, item_show_func=str) as bar:
            info = open_scene(words[-1], given)
            found = look_at(place, info, references=references, progress=lambda step: bar.update(1, step))
        folder = found.save(output or Path(folder_name(found)))
    if options["as_json"]:
        click.echo(json.dumps(summary(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(text(found))
    click.echo(f"written to {folder}", err=True)
