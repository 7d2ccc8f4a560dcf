"""XML of any origin, parsed without entities, inclusions or the network, and asked by local names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from imagery_diff.read.assets import Asset

MAX_DEPTH = 100
"""Elements within elements; product metadata has a dozen. Deeper ones would exhaust those who walk them."""


MAX_TAGS = 1_000_000
"""Each element takes some hundred bytes of memory; the longest metadata (Sentinel-1 annotation) have 100,000."""


def read_xml(asset: Asset) -> Node:
    """Parse an XML file.

    Raises
    ------
    InputError
        If it is no XML, is larger than metadata are, or declares entities.

    """
    content = asset.read()
    if content.count(b"<") > MAX_TAGS:
        raise InputError(f"{asset.name}: has more than {MAX_TAGS} tags, which no metadata have; download it again")
    try:
        root = defusedxml.ElementTree.fromstring(content, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise InputError(
            f"{asset.name}: declares entities, which metadata never need; it is not read: download it again"
        ) from error
    except (defusedxml.ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise InputError(f"{asset.name}: is not XML that can be read ({reason}); download it again") from error
    if _depth(root) > MAX_DEPTH:
        raise InputError(f"{asset.name}: has elements nested more than {MAX_DEPTH} deep; download it again")
    return Node(root)


def _depth(root: Element) -> int:
    """Return how deep the elements are nested, without recursion."""
    depth, level = 0, [root]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [child for element in level for child in element]
    return depth


class Node:
    """An element, its children found by local name whatever their namespace.

    Examples
    --------
    >>> from xml.etree.ElementTree import fromstring
    >>> node = Node(fromstring('<a xmlns="urn:x"><b><c>4.5</c><c>6</c></b></a>'))
    >>> node.number("b/c"), [c.text for c in node.all("c")], node.text_of("d")
    (4.5, ['4.5', '6'], None)

    """

    def __init__(self, element: Element) -> None:
        self.element = element

    @property
    def name(self) -> str:
        """Local name."""
        return _local(self.element)

    @property
    def text(self) -> str:
        """What stands between the tags, without spaces around it."""
        return (self.element.text or "").strip()

    def attribute(self, name: str) -> str | None:
        """Return an attribute; None where there is none."""
        return self.element.get(name)

    def children(self) -> list[Node]:
        """Return the elements right below."""
        return [Node(child) for child in self.element if isinstance(child.tag, str)]

    def all(self, path: str) -> list[Node]:
        """Return the descendants at a path of local names; its first part may stand at any depth."""
        first, *rest = path.split("/")
        found = [e for e in self.element.iter() if isinstance(e.tag, str) and _local(e) == first]
        for part in rest:
            found = [child for e in found for child in e if isinstance(child.tag, str) and _local(child) == part]
        return [Node(e) for e in found]

    def first(self, path: str) -> Node | None:
        """Return the first of :meth:`all`."""
        return next(iter(self.all(path)), None)

    def text_of(self, path: str) -> str | None:
        """Return the text of the first that has one."""
        return next((node.text for node in self.all(path) if node.text), None)

    def number(self, path: str) -> float | None:
        """Return the first of :meth:`all` as a finite number; None where it is none."""
        return finite(self.text_of(path))


def finite(text: object) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    try:
        number = float(text)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e300 else None  # noqa: PLR2004 - neither infinite nor NaN


def _local(element: Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]
