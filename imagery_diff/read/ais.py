"""AIS positions that the user brings: one CSV, hostile until parsed, as arrays.

Of a row time, MMSI, latitude, longitude and, where given, length are read, by the names of the header; all else is
passed over. A row that cannot be understood is refused with its line, for what a file lacks would be told as silence.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import math
import re
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from imagery_diff.errors import InputError, InputNotFoundError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

MAX_BYTES = 200_000_000
MAX_ROWS = 2_000_000
_CHUNK = 1 << 20
_NAMES = {
    "time": ("time", "timestamp", "datetime", "basedatetime", "timeutc", "timestamputc", "datetimeutc"),
    "MMSI": ("mmsi",),
    "latitude": ("lat", "latitude"),
    "longitude": ("lon", "long", "lng", "longitude"),
    "length": ("length", "lengthm", "loa"),
}
"""What is read -> the names it goes by, without case, blanks, dashes and low lines (``BaseDateTime`` and
``base_date_time`` are those of MarineCadastre)."""
_DELIMITERS = (",", ";", "\t")
_TIME = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d")
"""How a moment begins: a day without an hour is none."""
_MMSI = re.compile(r"\d{1,9}(\.0+)?")
_LENGTH_MAX_M = 1022.0
"""Two distances from the antenna of at most 511 m (ITU-R M.1371); 0 is "not available" there."""
_NOWHERE = (91.0, 181.0)
"""Latitude and longitude that say "not available" (ITU-R M.1371)."""
_SHOWN = 30
"""Characters of a wrong cell that a message repeats."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AisPositions:
    """The positions of an AIS file, ordered by vessel, then by time.

    Raises
    ------
    InputError
        If the arrays are not of one length, or hold a place that is none.

    """

    name: str
    """Name of the file, without its folder."""
    size: int
    sha256: str
    mmsi: NDArray[np.int64]
    time_s: NDArray[np.float64]
    """Seconds since 1970, UTC."""
    lat_deg: NDArray[np.float64]
    lon_deg: NDArray[np.float64]
    length_m: NDArray[np.float64]
    """As the vessel says; NaN where it does not."""
    notes: tuple[str, ...] = ()
    """What was taken for granted or left out."""

    def __post_init__(self) -> None:
        columns = (self.mmsi, self.time_s, self.lat_deg, self.lon_deg, self.length_m)
        if len({column.shape for column in columns}) != 1 or self.mmsi.ndim != 1 or not self.mmsi.size:
            raise InputError(f"{self.name}: AIS positions need columns of one length, and one position at least")
        good = np.isfinite(self.time_s) & (np.abs(self.lat_deg) <= 90.0) & (np.abs(self.lon_deg) <= 180.0)  # noqa: PLR2004
        if not good.all():
            raise InputError(f"{self.name}: an AIS position has no time, or lies nowhere on the earth")

    @property
    def vessels(self) -> int:
        """How many vessels sent them."""
        return int(np.unique(self.mmsi).size)

    @property
    def first(self) -> dt.datetime:
        """Time of the earliest, UTC."""
        return dt.datetime.fromtimestamp(float(self.time_s.min()), dt.UTC)

    @property
    def last(self) -> dt.datetime:
        """Time of the latest, UTC."""
        return dt.datetime.fromtimestamp(float(self.time_s.max()), dt.UTC)


def read_ais(path: str | Path) -> AisPositions:
    """Read AIS positions from a CSV.

    Parameters
    ----------
    path
        UTF-8 text, with or without a byte order mark; comma, semicolon or tab; a header with a column each for time
        (ISO 8601; without an offset it is taken as UTC), MMSI, latitude and longitude (degrees, WGS84), and optionally
        length (metres). At most 200 MB and 2,000,000 rows.

    Returns
    -------
    AisPositions
        Of ships alone: coast stations, aids to navigation, aircraft and beacons are left out by their MMSI (ITU-R
        M.585), and so are positions that say "not available"; its notes count both.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    InputError
        If it is not such a file; the line and what is needed are named.

    """
    path = Path(path)
    if not path.exists():
        raise InputNotFoundError(f"{path.name}: there is no such file; --ais needs a CSV of AIS positions")
    # A pipe or a device would be waited for without end.
    if not path.is_file():
        raise InputError(f"{path.name}: is no file; --ais needs a CSV of AIS positions")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(
                f"{path.name}: has {size / 1e6:.0f} MB, more than {MAX_BYTES / 1e6:.0f}; keep the days and the ground"
                " around the place"
            )
        with path.open("rb") as stream:
            digest = _sha256(stream)
            stream.seek(0)
            return _parsed(path.name, stream, size, digest)
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: is not text in UTF-8; save the table as CSV in UTF-8") from error
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror or error}") from error


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _parsed(name: str, stream: BinaryIO, size: int, digest: str) -> AisPositions:
    """Read header and rows."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        head = text.readline()
        delimiter = max(_DELIMITERS, key=head.count)
        text.seek(0)
        rows = csv.reader(_lines(name, text), delimiter=delimiter, strict=True)
        try:
            header = next(rows, [])
            table = _Table(name, header, decimal_comma=delimiter == ";")
            for row in rows:
                if any(cell.strip() for cell in row):
                    table.add(row, rows.line_num)
        except csv.Error as error:
            raise InputError(f"{name}, line {rows.line_num}: is no row of a CSV ({error})") from error
    finally:
        # The stream is the caller's to close.
        text.detach()
    return table.positions(size, digest)


def _lines(name: str, text: io.TextIOWrapper) -> Iterator[str]:
    for number, line in enumerate(text, start=1):
        if "\0" in line:
            raise InputError(f"{name}, line {number}: holds a NUL byte; a CSV of AIS positions in UTF-8 is needed")
        yield line


def _plain_name(cell: str) -> str:
    return re.sub(r"[\s_\-()]+", "", cell).lower()


class _Table:
    """Columns as they grow, in numbers: two million rows as Python objects would take a gigabyte."""

    def __init__(self, name: str, header: Sequence[str], *, decimal_comma: bool) -> None:
        self.name, self.width, self.decimal_comma = name, len(header), decimal_comma
        self.column = self._columns(header)
        self.mmsi, self.time, self.lat, self.lon, self.length = (
            array("q"),
            array("d"),
            array("d"),
            array("d"),
            array("d"),
        )
        self.rows = self.naive = self.nowhere = self.no_ship = 0

    def _columns(self, header: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, cell in enumerate(header):
            for what, names in _NAMES.items():
                if _plain_name(cell) not in names:
                    continue
                if what in found:
                    raise InputError(
                        f"{self.name}, line 1: two columns are a {what} ('{one_line(header[found[what]])}' and"
                        f" '{one_line(cell)}'); keep the one that is meant"
                    )
                found[what] = number
        missing = [what for what in _NAMES if what not in found and what != "length"]
        if missing:
            raise InputError(
                f"{self.name}, line 1: has no column for {' and '.join(missing)}; the first line must name the columns,"
                " as in time,MMSI,lat,lon,length"
            )
        return found

    def add(self, row: Sequence[str], line: int) -> None:
        """Take one row."""
        self.rows += 1
        if self.rows > MAX_ROWS:
            raise InputError(
                f"{self.name}, line {line}: has more than {MAX_ROWS:,} rows; keep the days and the ground around the"
                " place"
            )
        if len(row) != self.width:
            raise InputError(
                f"{self.name}, line {line}: has {len(row)} cells and the header {self.width}; every row needs as many"
            )
        cells = {what: row[number].strip() for what, number in self.column.items()}
        time, mmsi = self._time(cells["time"], line), self._mmsi(cells["MMSI"], line)
        lat = self._degrees(cells["latitude"], "latitude", 90.0, line)
        lon = self._degrees(cells["longitude"], "longitude", 180.0, line)
        length = self._length(cells.get("length", ""), line)
        if lat is None or lon is None:
            self.nowhere += 1
        elif not _is_ship(mmsi):
            self.no_ship += 1
        else:
            for column, value in ((self.time, time), (self.lat, lat), (self.lon, lon), (self.length, length)):
                column.append(value)
            self.mmsi.append(mmsi)

    def _fault(self, line: int, what: str, cell: str, needed: str) -> InputError:
        shown = f"'{one_line(cell[:_SHOWN])}{'…' if len(cell) > _SHOWN else ''}'" if cell else "empty"
        return InputError(f"{self.name}, line {line}: {what} is {shown}; {needed}")

    def _time(self, cell: str, line: int) -> float:
        needed = "ISO 8601 with an hour is needed, as 2023-10-19T02:07:50Z"
        if not _TIME.match(cell):
            raise self._fault(line, "time", cell, needed)
        try:
            moment = dt.datetime.fromisoformat(cell)
            if moment.tzinfo is None:
                self.naive += 1
                moment = moment.replace(tzinfo=dt.UTC)
            # What lies at the ends of the calendar cannot be told in UTC.
            return moment.astimezone(dt.UTC).timestamp()
        except (ValueError, OverflowError) as error:
            raise self._fault(line, "time", cell, needed) from error

    def _mmsi(self, cell: str, line: int) -> int:
        if not (cell.isascii() and _MMSI.fullmatch(cell)):
            raise self._fault(line, "MMSI", cell, "up to nine digits are needed")
        return int(cell.partition(".")[0])

    def _number(self, cell: str) -> float:
        """Read a number; NaN where it is none, and of what Python alone takes for one (4_2)."""
        if "_" in cell or not cell.isascii():
            return math.nan
        try:
            return float(cell.replace(",", ".") if self.decimal_comma else cell)
        except ValueError:
            return math.nan

    def _degrees(self, cell: str, what: str, most: float, line: int) -> float | None:
        value = self._number(cell)
        if value in _NOWHERE and value == most + 1.0:
            return None
        if not abs(value) <= most:
            raise self._fault(line, what, cell, f"degrees from -{most:.0f} to {most:.0f} are needed")
        return value

    def _length(self, cell: str, line: int) -> float:
        if not cell:
            return math.nan
        value = self._number(cell)
        if not 0.0 <= value <= _LENGTH_MAX_M:
            needed = f"metres from 0 to {_LENGTH_MAX_M:.0f} are needed, or nothing"
            raise self._fault(line, "length", cell, needed)
        return value or math.nan

    def positions(self, size: int, digest: str) -> AisPositions:
        """Return what was read, in order."""
        if not self.mmsi:
            left = f" (rows of no ship or no place: {self.rows})" if self.rows else ""
            raise InputError(f"{self.name}: holds no position of a ship{left}; --ais needs one at least")
        mmsi, time = np.array(self.mmsi, np.int64), np.array(self.time, np.float64)
        # All columns decide, so that the order of the rows in the file decides nothing.
        lat, lon, length = (np.array(c, np.float64) for c in (self.lat, self.lon, self.length))
        order = np.lexsort((length, lon, lat, time, mmsi))
        return AisPositions(
            name=self.name,
            size=size,
            sha256=digest,
            mmsi=mmsi[order],
            time_s=time[order],
            lat_deg=lat[order],
            lon_deg=lon[order],
            length_m=length[order],
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        told = (
            (self.naive, "without an offset of their time from UTC, which was taken as UTC"),
            (self.nowhere, "left out, they say that their position is not available"),
            (self.no_ship, "left out, by their MMSI of no ship (coast station, aid to navigation, aircraft, beacon)"),
        )
        return tuple(f"{self.name}: rows {words}: {n:,}" for n, words in told if n)


def _is_ship(mmsi: int) -> bool:
    """Say whether an MMSI is that of a ship, a craft of one, or a hand-held radio (ITU-R M.585)."""
    digits = f"{mmsi:09d}"
    return digits[0] in "2345678" or digits.startswith("98")
