"""The ways to say on the command line what an image's files do not tell, shared by the verbs that take two images."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagery_diff.aoi import AOI
    from imagery_diff.read.given import Given
    from imagery_diff.scene import SceneInfo

_F = TypeVar("_F", bound="Callable[..., Any]")

SIDES = ("before", "after")


def _moment(_ctx: click.Context, _param: click.Parameter, value: str | None) -> dt.datetime | None:
    """Read a moment with its time zone, ISO 8601."""
    if value is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no time; write it like 2023-10-20T02:01Z or 2023-10-20T11:01+09:00"
        ) from error
    if moment.tzinfo is None:
        raise click.BadParameter(f"{value!r} has no time zone; write {value}Z for UTC, or {value}+09:00")
    return moment.astimezone(dt.UTC)


def _band_numbers(_ctx: click.Context, _param: click.Parameter, value: str | None) -> dict[str, int] | None:
    """Read ``blue=1,green=2``."""
    if value is None:
        return None
    bands: dict[str, int] = {}
    for part in value.split(","):
        name, _, number = part.partition("=")
        if not number.strip().isdecimal() or name.strip() in bands:
            raise click.BadParameter(f"{part!r}: bands are given like blue=1,green=2,red=3,nir=4, each once")
        bands[name.strip()] = int(number)
    return bands


_KINDS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("bands", {"callback": _band_numbers, "metavar": "NAME=N,..."}, "Bands of a bare image: blue=1,green=2,..."),
    (
        "mask",
        {"type": click.Path(path_type=Path), "metavar": "FILE"},
        "Your own mask: 0 clear, 1 cloud, 2 haze, 3 shadow, 4 snow, else cloud.",
    ),
    ("crs", {"metavar": "EPSG:N"}, "Coordinate system of a picture's world file or control points."),
    ("height", {"type": float, "metavar": "M"}, "Height of the place above the ellipsoid, for Sentinel-1 GRD."),
    ("credit", {"metavar": "TEXT"}, "Credit line, instead of the one that is known."),
    ("offset", {"type": float, "metavar": "N"}, "Of Sentinel-2 numbers whose metadata do not tell it: -1000 or 0."),
)
_REFERENCE: tuple[str, dict[str, Any], str] = (
    "reference",
    {"type": click.Path(path_type=Path), "metavar": "IMAGE"},
    "Lay a picture without georeference on this image of the same ground.",
)


def scene_options(command: _F) -> _F:
    """Add what can be said of both images, and of each: time, bands, mask, height, credit, offset."""
    options = [
        click.option(
            f"--{side}-time", callback=_moment, metavar="TIME", help=f"When {side.upper()} was taken: …T02:01Z."
        )
        for side in SIDES
    ]
    for name, how, words in (*_KINDS, _REFERENCE):
        options.append(click.option(f"--{name}", help=words, **how))
        options += [click.option(f"--{side}-{name}", hidden=True, **how) for side in SIDES]
    for option in reversed(options):
        command = option(command)
    return command


def one_image_options(command: _F) -> _F:
    """Add what can be said of one image."""
    options = [
        click.option("--time", "image_time", callback=_moment, metavar="TIME", help="When it was taken: …T02:01Z.")
    ]
    options += [click.option(f"--{name}", help=words, **how) for name, how, words in _KINDS]
    for option in reversed(options):
        command = option(command)
    return command


def open_side(side: str, path: str | Path, options: dict[str, Any], aoi: AOI | None) -> SceneInfo:
    """Open one of the images with what was said of it, and lay it on its reference where one was named.

    A reference named for both is for the one that has no place of its own.
    """
    from imagery_diff.read.scenes import open_scene  # noqa: PLC0415 - --help must stay quick

    info = open_scene(path, given_for(side, options))
    reference = options.get(f"{side}_reference")
    if reference is None and info.grid.crs is None:
        reference = options.get("reference")
    if reference is None:
        return info
    from imagery_diff.placing import place  # noqa: PLC0415 - loads the matching of features

    return place(info, open_scene(reference), aoi)


def given_for(side: str, options: dict[str, Any]) -> Given:
    """Return what was said of one of the images; what was said of it alone goes before what was said of both.

    Raises
    ------
    click.UsageError
        If the words alone show that it cannot be.

    """
    from imagery_diff.read.given import Given  # noqa: PLC0415 - --help must stay quick

    def told(name: str) -> Any:
        own = options.get(f"{side}_{name}")
        return options.get(name) if own is None else own

    try:
        return Given(
            acquired=options.get(f"{side}_time"),
            bands=told("bands"),
            mask=told("mask"),
            credit=told("credit"),
            crs=told("crs"),
            height_m=told("height"),
            offset=told("offset"),
        )
    except InputError as error:
        raise click.UsageError(str(error)) from error
