"""Where the AOIs and sample tiles lie: inside an installed wheel, or at the top of a clone.

There is one copy of each in the repository, at the top level. A wheel carries it as ``imagery_diff/_shipped/<name>``;
a clone, an unpacked sdist and an editable install are read from beside the package.
"""

from pathlib import Path

from imagery_diff.errors import InputNotFoundError

_PACKAGE = Path(__file__).resolve().parent


def shipped_folder(name: str) -> Path:
    """Return the folder ``name`` (``"aois"`` or ``"sample_tiles"``) that came with this installation.

    Raises
    ------
    InputNotFoundError
        If the installation is incomplete.

    Examples
    --------
    >>> (shipped_folder("aois") / "najin.geojson").is_file()
    True

    """
    for folder in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise InputNotFoundError(f"the folder '{name}' that belongs to imagery_diff is missing; install the package again")
