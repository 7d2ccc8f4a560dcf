"""``imagery-diff export DIR``: a finished run as files for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from imagery_diff.cli.notices import our_warnings

_FORMATS = ("share", "gpkg", "qgis", "kml", "csv", "parquet", "images", "stac", "report")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--gpkg", is_flag=True, help="GeoPackage with styles, in the images' coordinate system.")
@click.option("--qgis", is_flag=True, help="QGIS project with layers, styles and images; GeoPackage too.")
@click.option(
    "--inputs",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the images lie; without it a QGIS project shows how strongly each pixel differs.",
)
@click.option("--kml", is_flag=True, help="KML 2.2.")
@click.option("--csv", is_flag=True, help="CSV, outlines as WKT (WGS84).")
@click.option("--stac", is_flag=True, help="STAC Item (item.json) beside copies of the run's files.")
@click.option("--parquet", is_flag=True, help="GeoParquet 1.1, a file a layer (WGS84).")
@click.option("--images", is_flag=True, help="Both images laid on each other, as COGs; needs --inputs.")
@click.option("--times", is_flag=True, help="KML: give everything its window of time.")
@click.option("--pictures", is_flag=True, help="KML: show the picture of the run.")
@click.option("--report", is_flag=True, help="Page for people; with --lang in another language.")
@click.option("--lang", type=click.Choice(["en", "ko"]), help="Report: its language; en if not given.")
@click.option(
    "--share",
    is_flag=True,
    help="The run to be passed on: no names of files or people, images as their licences ask. By itself.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the files; DIR_export (DIR_share) beside the run if not given.",
)
def export(folder: Path, output: Path | None, **options: Any) -> None:
    """Write the finished comparison or timeline in DIR in other formats.

    Nothing is computed again, and nothing is written into DIR.
    """
    if not any(options[name] for name in _FORMATS):
        raise click.UsageError(f"no format given; name one or more of {', '.join(f'--{name}' for name in _FORMATS)}")
    if not options["kml"] and (options["times"] or options["pictures"]):
        raise click.UsageError("--times and --pictures speak of a KML; give --kml too")
    if options["inputs"] and not (options["qgis"] or options["images"]):
        raise click.UsageError("--inputs speaks of a QGIS project or of images; give --qgis or --images too")
    if options["images"] and not options["inputs"]:
        raise click.UsageError("--images: a run keeps no images; name the folder that holds them with --inputs")
    if options["lang"] and not options["report"]:
        raise click.UsageError("--lang speaks of a report; give --report too")
    from imagery_diff.exporting import Wanted  # noqa: PLC0415 - --help must stay quick
    from imagery_diff.exporting import export as write  # noqa: PLC0415

    with our_warnings():
        target = write(folder, Wanted(**options), output)
    click.echo("\n".join(sorted(p.name for p in target.iterdir())))
    click.echo(f"written to {target}", err=True)
