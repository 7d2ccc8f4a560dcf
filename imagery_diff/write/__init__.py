"""Results -> files. This room knows no source of images and no method; it writes what a result holds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from imagery_diff.result import Comparison
    from imagery_diff.write.folder import result_folder_name as result_folder_name
    from imagery_diff.write.geojson import regions_geojson as regions_geojson
    from imagery_diff.write.model import summary as summary
    from imagery_diff.write.table import comparison_table as comparison_table

# Loaded on first use: `pair.py` needs the words of this room, not matplotlib.
_HOMES = {
    "comparison_table": "imagery_diff.write.table",
    "regions_geojson": "imagery_diff.write.geojson",
    "result_folder_name": "imagery_diff.write.folder",
    "summary": "imagery_diff.write.model",
}

__all__ = ["comparison_table", "regions_geojson", "result_folder_name", "save_comparison", "summary"]


def save_comparison(result: Comparison, folder: str | Path, *, report: bool = True) -> Path:
    """Write every file of a comparison into a folder, all of them or none.

    The files are ``regions.geojson`` (not without georeference), ``summary.json``, ``evidence.tif``, ``overview.png``,
    ``report.html`` and ``manifest.json``; docs/reference/outputs.md describes them.

    Parameters
    ----------
    result
        What :func:`imagery_diff.compare` returned.
    folder
        The result folder itself. Its parent must exist. If the folder exists it is replaced only if it is empty, or
        holds an unaltered result of ours and nothing else; a ``review.jsonl`` in it is carried over.
    report
        Whether ``report.html``, the page for readers, is wanted as well.

    Returns
    -------
    Path
        The folder, absolute.

    Raises
    ------
    OutputError
        If the folder cannot be written, or holds something that is not an unaltered result of ours; nothing
        half-written stays.

    """
    from imagery_diff.write.folder import save  # noqa: PLC0415 - see _HOMES

    return save(result, folder, report=report)


def __getattr__(name: str) -> Any:
    """Load a name from its home module on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'imagery_diff.write' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
