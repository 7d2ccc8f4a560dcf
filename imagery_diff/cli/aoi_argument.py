"""The ways to say an AOI on the command line, shared by every verb that takes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagery_diff.aoi import AOI

_F = TypeVar("_F", bound="Callable[..., Any]")


def aoi_options(command: _F) -> _F:
    """Add ``--bbox``, ``--at``, ``--radius``, ``--buffer`` to a verb, as ``bbox``, ``at``, ``radius``, ``buffer_m``."""
    options = (
        click.option("--bbox", type=float, nargs=4, metavar="W S E N", help="AOI as a box in degrees."),
        click.option("--at", type=float, nargs=2, metavar="LAT LON", help="AOI around a position; needs --radius."),
        click.option("--radius", type=float, metavar="M", help="Metres around --at."),
        click.option(
            "--buffer", "buffer_m", type=float, metavar="M", help="Widen the lines of an AOI file by M metres."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def resolve_aoi(
    text: str | None,
    bbox: tuple[float, float, float, float] | None = None,
    at: tuple[float, float] | None = None,
    radius: float | None = None,
    buffer_m: float | None = None,
) -> AOI:
    """Make the AOI that a command line asks for: a name or file, a box, or a position with a radius; exactly one.

    Parameters
    ----------
    text
        The AOI argument; None where an option gives the AOI. ``-`` is the caller's to handle.
    bbox
        West, south, east, north in degrees.
    at
        Latitude, longitude in degrees.
    radius
        Metres around ``at``.
    buffer_m
        Metres to each side of the lines of a file.

    Raises
    ------
    click.UsageError
        If the words alone show that it cannot be: none or several ways, a box that is none.
    ImageryDiffError
        Whatever ``load_aoi`` refuses.

    """
    _refuse_mixture(text, bbox, at, radius, buffer_m)
    from imagery_diff.read.aois import aoi_from_bbox, aoi_from_point, load_aoi  # noqa: PLC0415 - --help must stay quick

    if text is not None:
        return load_aoi(text, buffer_m)
    try:
        if bbox is not None:
            return aoi_from_bbox(*bbox)
        assert at is not None
        assert radius is not None
        return aoi_from_point(*at, radius)
    except InputError as error:
        raise click.UsageError(str(error)) from error


def _refuse_mixture(text: object, bbox: object, at: object, radius: object, buffer_m: object) -> None:
    given = [name for name, value in (("AOI", text), ("--bbox", bbox), ("--at", at)) if value is not None]
    if len(given) != 1:
        found = " and ".join(given) if given else "none of them"
        raise click.UsageError(f"give one of AOI (a name or file), --bbox W S E N, or --at LAT LON; got {found}")
    if (at is None) != (radius is None):
        raise click.UsageError("--at LAT LON and --radius M go together; give both")
    if buffer_m is not None and text is None:
        raise click.UsageError("--buffer widens the lines of an AOI file; there is none here")
