"""What the user says of an image, where its files do not, or against them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.read.masks import MaskedSource, UserMask

if TYPE_CHECKING:
    from pathlib import Path

    from imagery_diff.scene import SceneInfo


FOR = {
    "bands": ("--bands", "an image whose files do not tell its bands"),
    "crs": ("--crs", "an image whose files do not tell where it lies"),
    "height_m": ("--height", "Sentinel-1 GRD"),
    "offset": ("--offset", "numbers known to be those of Sentinel-2 L1C or L2A"),
    "credit": ("--credit", "an image as it was received, and this one is rendered or altered"),
}
"""What may be said and means nothing to most images: field -> option, and which images it is for."""


_FIRST, _AHEAD = dt.datetime(1960, 8, 18, tzinfo=dt.UTC), dt.timedelta(days=1)
"""The day of the first image brought back from orbit (Discoverer 14), and how far a clock may be wrong."""


def not_used(field: str) -> str:
    """Say that something was said for nothing; not an error, for one option may speak of two unlike images."""
    option, which = FOR[field]
    return f"{option} is not used: it is for {which}"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was said; None = nothing.

    Examples
    --------
    >>> Given(bands={"blue": 1, "nir": 4}).bands["nir"]
    4

    """

    bands: dict[str, int] | None = None
    """Common name -> number in the file, from 1; only these are used. For a bare image: products know their own."""
    acquired: dt.datetime | None = None
    """Centre time, UTC, aware."""
    credit: str | None = None
    mask: Path | None = None
    """See :class:`imagery_diff.read.masks.UserMask`."""
    crs: str | None = None
    """Coordinate system of a picture's world file or control points, ``EPSG:…``."""
    height_m: float | None = None
    """Of the place above the ellipsoid, for images that are laid on one height (Sentinel-1 GRD)."""
    offset: float | None = None
    """Of Sentinel-2 numbers whose metadata do not tell: -1000 from baseline 04.00 on, 0 before, or where it was taken
    off already."""

    def __post_init__(self) -> None:
        for name, number in (self.bands or {}).items():
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) or number < 1:
                raise InputError(
                    f"a band is given as name=number, its name in small letters, its number from 1: not {name}={number}"
                )
        if self.height_m is not None and not -500 <= self.height_m <= 9000:  # noqa: PLR2004 - the Dead Sea, Everest
            raise InputError(f"no place lies {self.height_m:g} m above the ellipsoid; give its height in metres")
        if self.acquired is not None and self.acquired.tzinfo is None:
            raise InputError(f"the time {self.acquired} has no time zone; write it in UTC, with a Z at its end")
        if self.acquired is not None and not _FIRST <= self.acquired <= dt.datetime.now(dt.UTC) + _AHEAD:
            raise InputError(f"no satellite took an image at {self.acquired:%Y-%m-%d %H:%M} UTC; give the image's time")

    def apply(self, info: SceneInfo) -> SceneInfo:
        """Put what was said in the place of what was read; it is told in the scene's notes.

        Raises
        ------
        InputError
            If the mask does not lie on the image.

        """
        if self.acquired is not None:
            info = replace(
                info,
                acquired=self.acquired,
                time_source="given",
                notes=(*info.notes, *_against(info.acquired, self.acquired)),
            )
        if self.credit is not None and not info.simulated:
            info = replace(info, credit=self.credit)
        return self._with_mask(info)

    def said(self) -> dict[str, Any]:
        """Return what was said as plain values, but for the mask, which is a file."""
        told = {name: getattr(self, name) for name in ("bands", "credit", "crs", "height_m", "offset")}
        told["time"] = self.acquired and self.acquired.isoformat()
        return {name: value for name, value in told.items() if value is not None}

    def in_vain(self, uses: frozenset[str]) -> tuple[str, ...]:
        """Say what was given that means nothing to an image which makes use of these."""
        return tuple(not_used(f) for f in FOR if f not in uses and getattr(self, f) is not None)

    def _with_mask(self, info: SceneInfo) -> SceneInfo:
        if self.mask is None:
            return info
        mask = UserMask(self.mask, info.grid)
        return replace(
            info,
            source=MaskedSource(info.source, mask),
            masks=(*info.masks, f"{self.mask.name}: {mask.tells}"),
            notes=(*info.notes, f"what {self.mask.name} masks is taken out, as the user says"),
            cloud_masked=True,
            files=(*info.files, self.mask),
        )


def _against(told: dt.datetime | None, given: dt.datetime) -> tuple[str, ...]:
    """Say that a time was given against what the files tell."""
    if told is None or abs((told - given).total_seconds()) < 60:  # noqa: PLR2004 - a minute: rounded, not other
        return ()
    return (f"time as given; the file says {told:%Y-%m-%d %H:%M} UTC",)
