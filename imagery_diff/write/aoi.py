"""A corrected AOI as a file, with where it comes from; never in the place of another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import OutputError
from imagery_diff.result import SCHEMA_VERSION
from imagery_diff.write.model import rounded, to_json

if TYPE_CHECKING:
    from imagery_diff.fitting import Correction


def correction_summary(found: Correction) -> dict[str, Any]:
    """Return all that is known of a correction, scene by scene."""
    return {
        "schema_version": SCHEMA_VERSION,
        "aoi": found.before.name,
        "moved": found.moved,
        "east_m": rounded(found.east_m, 2),
        "north_m": rounded(found.north_m, 2),
        "measured_m": [rounded(v, 2) for v in found.measured_m],
        "error_m": rounded(found.error_m, 2),
        "open_deg": rounded(found.open_deg, 1),
        "crs": found.crs,
        "accuracy_m": rounded(found.aoi.accuracy_m, 1),
        "scenes": [
            {
                "scene": row.scene,
                "acquired": row.acquired,
                "east_m": rounded(row.east_m, 2),
                "north_m": rounded(row.north_m, 2),
                "error_m": rounded(row.fit.error_m, 2),
                "residual_m": rounded(row.fit.residual_m, 2),
                "open_deg": rounded(row.fit.open_deg, 1),
                "how": row.fit.how,
            }
            for row in found.scenes
        ],
    }


def check_new(path: str | Path) -> Path:
    """Return the absolute path of a file that is to be written; refuse one that exists.

    Raises
    ------
    OutputError
        If it exists, or its folder does not.

    """
    target = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow a link to another place
    if os.path.lexists(target):
        raise OutputError(
            f"cannot write {target.name}: it exists, and an AOI is never overwritten; name another with -o"
        )
    if not target.parent.is_dir():
        raise OutputError(f"cannot write {target}: {target.parent} is no folder; make it first, or name another file")
    return target


def save_correction(found: Correction, path: str | Path) -> Path:
    """Write the corrected AOI as a file of our schema, with the member ``fit`` that says how it was corrected.

    Raises
    ------
    OutputError
        If the file exists or cannot be written.

    """
    target = check_new(path)
    document = {**found.aoi.to_geojson(), "fit": correction_summary(found)}
    try:
        with target.open("xb") as file:
            file.write(to_json(document))
    except OSError as error:
        raise OutputError(f"cannot write {target.name} ({error.strerror}); name another file with -o") from error
    return target
