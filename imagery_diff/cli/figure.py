"""``imagery-diff figure DIR``: a picture for print from a finished comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from imagery_diff.cli.notices import our_warnings


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--region", metavar="ID", help="Crop to this region; without it the whole place is shown.")
@click.option("--size", type=click.Choice(["16:9", "1:1", "4:5", "print"]), default="16:9", show_default=True)
@click.option("--dpi", type=int, help="Dots per inch; 300 for print, else 150, if not given.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["png", "pdf", "svg"]),
    default=("png",),
    show_default=True,
    help="May be given more than once.",
)
@click.option(
    "--lang",
    type=click.Choice(["en", "ko"]),
    default="en",
    show_default=True,
    help="Language of dates, labels and sentences; ko needs a font with Hangul (extra: korean).",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the files; DIR_figure_ID or DIR_figure_place beside the run if not given.",
)
def figure(
    folder: Path,
    output: Path | None,
    formats: tuple[str, ...],
    **options: Any,
) -> None:
    """Draw the finished comparison in DIR for print or screen, with a caption.

    Nothing is computed again, and nothing is written into DIR.
    """
    from imagery_diff.figures import figure as draw  # noqa: PLC0415 - --help must stay quick
    from imagery_diff.write.print_sheet import Wanted  # noqa: PLC0415

    wanted = Wanted(formats=tuple(dict.fromkeys(formats)), **options)
    with our_warnings():
        target = draw(folder, wanted, output)
    click.echo("\n".join(sorted(p.name for p in target.iterdir())))
    click.echo(f"written to {target}", err=True)
