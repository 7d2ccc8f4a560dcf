"""``imagery-diff verify DIR``: whether a finished run is what it was when it was written."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from imagery_diff.cli.notices import our_warnings
from imagery_diff.errors import one_line

_STEPS, _STEPS_OF_A_RERUN = 1, 30
"""Calls of ``progress`` that :func:`imagery_diff.verify.verify` makes, about."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--inputs",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the images lie that it read: they are checked too, and the run is made once more.",
)
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
@click.pass_context
def verify(ctx: click.Context, /, folder: Path, *, inputs: Path | None, as_json: bool) -> None:
    """Say whether a finished run is what it was when it was written.

    DIR is the folder of a comparison, a timeline, a look or a sensitivity. A changed byte in any file of it is named,
    and the exit code is 1. With --inputs the images are found by name and hash, at any depth and in archives, and the
    run is made once more in a temporary folder: are the findings the same, and the bytes? Nothing is written into
    either folder.
    """
    import json  # noqa: PLC0415 - --help must stay quick

    from imagery_diff.verify import verify as check  # noqa: PLC0415
    from imagery_diff.write.verification import document, text, unlisted_words  # noqa: PLC0415

    hidden = sys.stderr is None or not sys.stderr.isatty()
    with (
        our_warnings(),
        click.progressbar(
            length=_STEPS if inputs is None else _STEPS_OF_A_RERUN,
            file=sys.stderr or sys.stdout,
            hidden=hidden,
            item_show_func=str,
        ) as bar,
    ):
        found = check(folder, inputs, progress=lambda step: bar.update(1, step))
    for name in found.unlisted:
        click.echo(f"warning: {one_line(unlisted_words(name))}", err=True)
    click.echo(json.dumps(document(found), indent=2, ensure_ascii=False, allow_nan=False) if as_json else text(found))
    if found.fault:
        ctx.exit(1)
