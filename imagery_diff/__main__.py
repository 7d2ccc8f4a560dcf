"""``python -m imagery_diff`` is the same as ``imagery-diff``."""

from imagery_diff.cli import main

if __name__ == "__main__":
    main(prog_name="imagery-diff")
