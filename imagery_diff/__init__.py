"""Compare two satellite images of a named place and say what changed, where, and how sure.

>>> import imagery_diff
>>> najin = imagery_diff.load_aoi("najin")
>>> najin.zones[0].name
'pier1_yard'

The names below are loaded on first use (PEP 562), so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from imagery_diff import samples as samples
    from imagery_diff.aoi import AOI as AOI
    from imagery_diff.aoi import Zone as Zone
    from imagery_diff.detectability import sensitivity as sensitivity
    from imagery_diff.pair import compare as compare
    from imagery_diff.read.aois import load_aoi as load_aoi
    from imagery_diff.read.scenes import open_scene as open_scene
    from imagery_diff.scoring import evaluate as evaluate
    from imagery_diff.series import timeline as timeline
    from imagery_diff.single import look as look

_HOMES = {
    "AOI": "imagery_diff.aoi",
    "Zone": "imagery_diff.aoi",
    "compare": "imagery_diff.pair",
    "evaluate": "imagery_diff.scoring",
    "load_aoi": "imagery_diff.read.aois",
    "look": "imagery_diff.single",
    "open_scene": "imagery_diff.read.scenes",
    "sensitivity": "imagery_diff.detectability",
    "timeline": "imagery_diff.series",
}

__all__ = [
    "AOI",
    "Zone",
    "__version__",
    "compare",
    "evaluate",
    "load_aoi",
    "look",
    "open_scene",
    "samples",
    "sensitivity",
    "timeline",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home module on first use."""
    if name == "samples":
        return import_module("imagery_diff.samples")
    if name not in _HOMES:
        raise AttributeError(f"module 'imagery_diff' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, those not loaded yet included."""
    return sorted({*globals(), *__all__})
