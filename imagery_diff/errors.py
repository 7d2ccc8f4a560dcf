"""What goes wrong, by kind.

Every error of ours is also a built-in, so that a caller who knows only Python catches it. A message is one line that
says what was attempted, on which file, what was found, what is needed, and what to do.
"""


class ImageryDiffError(Exception):
    """Anything imagery_diff refuses to do, with the reason in one line."""


class InputError(ImageryDiffError, ValueError):
    """A file or value that was read but cannot be used: wrong content, no overlap, no common band."""


class InputNotFoundError(ImageryDiffError, FileNotFoundError):
    """A file or folder that is not there."""

    # FileNotFoundError formats itself from errno; ours carries a sentence.
    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnknownNameError(ImageryDiffError, LookupError):
    """A name that is not in a registry: an AOI, a sample, a verb."""


class OutputError(ImageryDiffError, OSError):
    """A result that could not be written, or would have replaced something that is not ours."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class MissingExtraError(ImageryDiffError, ImportError):
    """An optional library is needed; the message says which extra brings it."""


class ImageryDiffWarning(UserWarning):
    """Usable but doubtful; the same sentence stands in the result's caveats."""
