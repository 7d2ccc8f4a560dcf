"""``imagery-diff sensitivity AOI BEFORE AFTER``: the smallest stack, ship and train this pair would have shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from imagery_diff.cli.aoi_argument import aoi_options, resolve_aoi
from imagery_diff.cli.notices import our_warnings
from imagery_diff.cli.scene_options import open_side, scene_options

_STEPS = 7
"""Calls of ``progress`` that :func:`imagery_diff.sensitivity` makes before it puts things in, and then."""


@click.command()
@click.argument("words", nargs=-1, metavar="AOI BEFORE AFTER")
@aoi_options
@scene_options
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the result itself.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
@click.option("--despite", multiple=True, metavar="RULE", help="Use a pair that RULE refuses; may be repeated.")
def sensitivity(words: tuple[str, ...], output: Path | None, **options: Any) -> None:
    """Say how small a ship, stack or train these two images would have missed.

    Hundreds of rendered things are put into the pair, of all lengths, in colours from dark red to white, and looked for
    as the comparison looks; it takes minutes. AOI needs zones. A folder with sensitivity.json and sensitivity.png is
    written into the current directory, or into -o DIR.
    """
    import json  # noqa: PLC0415 - --help must stay quick

    if len(words) != 3:  # noqa: PLR2004
        raise click.UsageError(f"{len(words)} words given, 3 needed: AOI BEFORE AFTER")
    aoi_words = {key: options[key] for key in ("bbox", "at", "radius", "buffer_m")}
    place = resolve_aoi(words[0], **aoi_words)
    scenes = [open_side(side, word, options, place) for side, word in zip(("before", "after"), words[1:], strict=True)]

    from imagery_diff.detectability import sensitivity as measure  # noqa: PLC0415 - loads everything
    from imagery_diff.write.sensitivity import folder_name, sensitivity_json, text  # noqa: PLC0415

    hidden = sys.stderr is None or not sys.stderr.isatty()
    with our_warnings():
        with click.progressbar(length=_STEPS, file=sys.stderr or sys.stdout, hidden=hidden, item_show_func=str) as bar:
            found = measure(place, *scenes, despite=options["despite"], progress=lambda step: bar.update(1, step))
        folder = found.save(output or Path(folder_name(found)))
    if options["as_json"]:
        click.echo(json.dumps(sensitivity_json(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(text(found))
    click.echo(f"{found.seconds:.0f} s to put things in; written to {folder}", err=True)
