"""``imagery-diff timeline AOI IMAGE... | DIR``: states and events over many dates."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from imagery_diff.cli.aoi_argument import resolve_aoi
from imagery_diff.cli.notices import our_warnings

_STEPS = 5
"""Calls of ``progress`` a look, about: it is laid, compared with the empty place once or twice, things are put in, and
it is compared with the look before."""


def _pairs(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> dict[str, str]:
    """Split ZONE=IMAGE."""
    told = {}
    for word in words:
        zone, equals, image = word.partition("=")
        if not (zone and equals and image):
            raise click.BadParameter(f"'{word}' is not ZONE=IMAGE")
        if zone in told:
            raise click.BadParameter(f"{zone} is given twice; one image shows it empty")
        told[zone] = image
    return told


@click.command()
@click.argument("aoi", metavar="AOI")
@click.argument("images", nargs=-1, type=click.Path(path_type=Path), metavar="IMAGE... | DIR")
@click.option(
    "--empty",
    multiple=True,
    metavar="ZONE=IMAGE",
    callback=_pairs,
    help="The image that shows a zone empty, where the looks themselves do not tell; may be repeated.",
)
@click.option(
    "--min-vessel",
    type=click.FloatRange(min=0, min_open=True),
    metavar="METRES",
    help="Least length of a vessel that counts as a call; 100 m unless said.",
)
@click.option(
    "--archive",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep looks and answers in this SQLite file; with it one new image is enough, or none.",
)
@click.option(
    "--ais",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="AIS positions (time, MMSI, lat, lon, length) that each vessel seen is held against.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the result itself.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
def timeline(  # noqa: PLR0913 - one an option
    *,
    aoi: str,
    images: tuple[Path, ...],
    empty: dict[str, str],
    min_vessel: float | None,
    archive: Path | None,
    ais: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Say what stood in each zone on each of many dates, and in which window each thing came or went.

    AOI is a known name or a file of outlines, with zones. The images are files or deliveries, or one folder that holds
    them; their times must be known. Every cell of the table is yes, no or unknown, and unknown has its reason. A folder
    with the result is written into the current directory, or into -o DIR.

    With --ais FILE.csv it is said of each vessel seen which AIS vessel was there, or that the file has none near it.

    With --archive FILE the looks are kept: later runs name only what is new, and the old images are not needed.
    """
    import json  # noqa: PLC0415 - --help must stay quick

    if not images and archive is None:
        raise click.UsageError("no image is given; name images or their folder, or an archive that keeps some")
    if aoi == "-":
        raise click.UsageError("a timeline is told of zones, and '-', the images' common ground, has none; name an AOI")
    place = resolve_aoi(aoi)

    from imagery_diff.params import Params  # noqa: PLC0415
    from imagery_diff.series import timeline as follow  # noqa: PLC0415 - loads everything
    from imagery_diff.write.folder import check_target  # noqa: PLC0415
    from imagery_diff.write.timeline import folder_name, summary, text  # noqa: PLC0415

    if output is not None:
        check_target(output)

    params = replace(Params(), min_vessel_m=min_vessel) if min_vessel else Params()
    hidden = sys.stderr is None or not sys.stderr.isatty()
    with our_warnings():
        # How many looks there are is known only when the files are opened; strips of one pass are one.
        with click.progressbar(
            length=_STEPS * max(len(images), 1), file=sys.stderr or sys.stdout, hidden=hidden, item_show_func=str
        ) as bar:
            found = follow(
                place,
                images,
                empty=empty,
                params=params,
                archive=archive,
                ais=ais,
                progress=lambda step: bar.update(1, step),
            )
        folder = found.save(output or Path(folder_name(found)))
    if as_json:
        click.echo(json.dumps(summary(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(text(found))
    click.echo(f"written to {folder}", err=True)
