"""Where AOIs come from: the registry, files people drew, and a few numbers.

Loaded on first use (PEP 562): ``imagery-diff aois list`` must not load a geometry library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagery_diff.read.aois.check import Finding as Finding
    from imagery_diff.read.aois.check import check_aoi as check_aoi
    from imagery_diff.read.aois.load import aoi_from_bbox as aoi_from_bbox
    from imagery_diff.read.aois.load import aoi_from_point as aoi_from_point
    from imagery_diff.read.aois.load import find_place as find_place
    from imagery_diff.read.aois.load import load_aoi as load_aoi
    from imagery_diff.read.aois.registry import ListedAOI as ListedAOI
    from imagery_diff.read.aois.registry import aoi_names as aoi_names
    from imagery_diff.read.aois.registry import list_aois as list_aois

_HOMES = {
    "Finding": "check",
    "ListedAOI": "registry",
    "aoi_from_bbox": "load",
    "aoi_from_point": "load",
    "aoi_names": "registry",
    "check_aoi": "check",
    "find_place": "load",
    "list_aois": "registry",
    "load_aoi": "load",
}

__all__ = [
    "Finding",
    "ListedAOI",
    "aoi_from_bbox",
    "aoi_from_point",
    "aoi_names",
    "check_aoi",
    "find_place",
    "list_aois",
    "load_aoi",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'imagery_diff.read.aois' has no attribute {name!r}")
    value = getattr(import_module(f"imagery_diff.read.aois.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
