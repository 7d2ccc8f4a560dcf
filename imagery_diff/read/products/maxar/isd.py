"""Maxar's Image Support Data: IMD and TIL as text, and the XML that holds both.

The text is a list of ``key = value;`` in nested groups; the XML the same in capitals. Keys are asked for in capitals,
so that both read alike. Layout: DigitalGlobe, Imagery Support Data (ISD) Documentation; element names held against
deliveries that others keep as test data (GDAL ``autotest/gcore/data/md_dg*``, Terradue/Stars ``DIGITALGLOBE``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.read.raster import MAX_SIDE_PX
from imagery_diff.read.tiles import refuse_many
from imagery_diff.read.xml import finite, read_xml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagery_diff.read.assets import Asset
    from imagery_diff.read.xml import Node

_MAX_BYTES = 5_000_000
_MAX_DEPTH = 10
_LINE = re.compile(r"\s*([A-Za-z_][\w.]*)\s*=\s*(.*?)\s*", re.DOTALL)


@dataclass
class Group:
    """Values and groups of values, each key in capitals."""

    values: dict[str, str] = field(default_factory=dict)
    groups: list[tuple[str, Group]] = field(default_factory=list)

    def text(self, key: str) -> str | None:
        """Return a value; None where there is none."""
        return self.values.get(key) or None

    def number(self, key: str) -> float | None:
        """Return a value as a finite number; None where it is none."""
        return finite(self.values.get(key))

    def named(self, pattern: str) -> list[tuple[str, Group]]:
        """Return the groups whose name matches from beginning to end."""
        return [(n, g) for n, g in self.groups if re.fullmatch(pattern, n)]

    def first(self, name: str) -> Group:
        """Return the first group of a name, an empty one where there is none."""
        return next((g for n, g in self.groups if n == name), Group())


def read_text(asset: Asset) -> Group:
    """Parse an IMD or a TIL.

    Raises
    ------
    InputError
        If it is none.

    """
    root = Group()
    open_groups = [("", root)]
    for key, value in _pairs(asset):
        if key == "BEGIN_GROUP":
            group = Group()
            open_groups[-1][1].groups.append((value.upper(), group))
            open_groups.append((value.upper(), group))
            if len(open_groups) > _MAX_DEPTH:
                raise _broken(asset, f"groups nested more than {_MAX_DEPTH} deep")
        elif key == "END_GROUP":
            if len(open_groups) == 1 or open_groups[-1][0] != value.upper():
                raise _broken(asset, f"a group {value[:40]!r} that ends and never began")
            open_groups.pop()
        else:
            open_groups[-1][1].values.setdefault(key, value)
    if len(open_groups) > 1:
        raise _broken(asset, f"the group {open_groups[-1][0][:40]!r} has no end, the file breaks off")
    if not root.values and not root.groups:
        raise _broken(asset, "no 'key = value'")
    return root


def _pairs(asset: Asset) -> Iterator[tuple[str, str]]:
    """Yield key, in capitals, and value; lists in parentheses and quoted text run over several lines."""
    lines = iter(asset.read(_MAX_BYTES).decode("latin-1").splitlines())
    for line in lines:
        if not line.strip():
            continue
        if line.strip().rstrip(";").upper() == "END":
            return
        whole = line
        while whole.count("(") > whole.count(")") or whole.count('"') % 2:
            more = next(lines, None)
            if more is None:
                raise _broken(asset, f"no end of {line.strip()[:40]!r}")
            whole += "\n" + more
            if len(whole) > _MAX_BYTES // 50:
                raise _broken(asset, f"no end of {line.strip()[:40]!r}")
        match = _LINE.fullmatch(whole.strip().removesuffix(";"))
        if match is None:
            raise _broken(asset, f"{line.strip()[:40]!r} where 'key = value' is needed")
        yield match[1].upper(), match[2].strip().strip('"')


def _broken(asset: Asset, what: str) -> InputError:
    kind = asset.name.rpartition(".")[2].upper()
    return InputError(f"{asset.name}: is no {kind} file that can be read ({what}); download it again")


def read_isd(asset: Asset) -> tuple[Group, Group]:
    """Parse the XML that holds both.

    Returns
    -------
    imd, til

    Raises
    ------
    InputError
        If it is not Maxar's.

    """
    root = read_xml(asset)
    if root.name.lower() != "isd":
        raise InputError(f"{asset.name}: is no Maxar metadata file (its root is {root.name[:40]!r}); download it again")
    whole = _of_node(root)
    return whole.first("IMD"), whole.first("TIL")


def _of_node(node: Node) -> Group:
    group = Group()
    for child in node.children():
        if child.children():
            group.groups.append((child.name.upper(), _of_node(child)))
        else:
            group.values.setdefault(child.name.upper(), child.text)
    return group


@dataclass(frozen=True)
class TilePlace:
    """A tile by its index."""

    name: str
    row: int
    col: int


def tiles_of(asset: Asset, til: Group) -> list[TilePlace]:
    """Return the tiles of a TIL.

    Raises
    ------
    InputError
        If a tile has no name or no place.

    """
    units = til.text("TILEUNITS")
    if units and units.lower() != "pixels":
        raise _broken(asset, f"tiles counted in {units[:20]!r}, where pixels are needed")
    listed = til.named(r"TILE(_\d+)?")
    refuse_many(asset, len(listed))
    found = []
    for _, tile in listed:
        name, row, col = tile.text("FILENAME"), tile.number("ULROWOFFSET"), tile.number("ULCOLOFFSET")
        if name is None or not _offset(row) or not _offset(col):
            raise _broken(asset, "a tile without filename, ULRowOffset or ULColOffset")
        found.append(TilePlace(name=name, row=int(row or 0), col=int(col or 0)))
    if not found:
        raise _broken(asset, "no tiles")
    return found


def _offset(number: float | None) -> bool:
    return number is not None and 0 <= number <= MAX_SIDE_PX and number == int(number)
