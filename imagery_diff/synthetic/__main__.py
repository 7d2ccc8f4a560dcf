"""``python -m imagery_diff.synthetic sample_tiles/`` makes the sample tiles anew."""

from __future__ import annotations

import sys
from pathlib import Path

from imagery_diff.read.aois import load_aoi
from imagery_diff.synthetic.readme import write_readme
from imagery_diff.synthetic.story import write_all


def main(arguments: list[str]) -> int:
    """Write all sample tiles, and the README that lists them, into the folder given."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m imagery_diff.synthetic FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    written = write_all(folder, load_aoi("najin"), lambda line: sys.stderr.write(line + "\n"))
    write_readme(folder, written)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
