"""A scene of a delivery, recognised by its names and not opened yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.mark import ALTERED, ALTERED_TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagery_diff.read.assets import Asset
    from imagery_diff.read.given import Given
    from imagery_diff.scene import SceneInfo


@dataclass(frozen=True, kw_only=True)
class Found:
    """One product of one scene."""

    scene: str
    """The provider's name of the scene; several products of it may have been delivered."""
    product: str
    """Which of its products."""
    rank: int
    """Of several products of one scene that with the lowest is taken."""
    images: tuple[Asset, ...]
    """The files that hold its pixels."""
    others: tuple[Asset, ...] = ()
    """Masks and metadata that belong to it."""
    masks: tuple[Asset, ...] = ()
    """Those of them that are rasters, and might be taken for images."""
    open: Callable[[Given], SceneInfo]
    """Read what it is, with what the user says of it; no pixels."""
    uses: frozenset[str] = frozenset()
    """Which of what may be said (:data:`imagery_diff.read.given.FOR`) it makes use of."""

    def holds(self, asset: Asset) -> bool:
        """Whether a file belongs to it."""
        return asset in self.images or asset in self.others or asset in self.masks


def provenance(tags: dict[str, str], credit: str | None, *, rendered: bool = False) -> dict[str, Any]:
    """Return ``simulated`` and ``credit`` of a scene; no provider's name on what it did not deliver so.

    A file is ``rendered`` by its tag, or where its name says it.
    """
    if rendered or tags.get("IMAGERY_DIFF_RENDERED"):
        return {"simulated": True, "credit": None}
    if tags.get(ALTERED_TAG):
        return {"simulated": True, "credit": ALTERED}
    return {"simulated": False, "credit": credit}
