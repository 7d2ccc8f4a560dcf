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


def one_line(text: object) -> str:
    r"""Return a message as one line that cannot steer a terminal: names in it come from files, which may be hostile.

    Examples
    --------
    >>> one_line("a\x1b[31m.tif:\n is red").replace("\N{REPLACEMENT CHARACTER}", "?")
    'a?[31m.tif: is red'

    """
    words = " ".join(str(text).split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)


class ImageryDiffWarning(UserWarning):
    """Usable but doubtful; the same sentence stands in the result's caveats."""
