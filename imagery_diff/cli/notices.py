"""Our warnings as lines on stderr; those of libraries are for developers."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from imagery_diff.errors import ImageryDiffWarning, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def our_warnings() -> Iterator[None]:
    """Show each of our warnings as it comes, for as long as the block runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", ImageryDiffWarning)
        warnings.showwarning = _show
        yield


def _show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    if issubclass(category, ImageryDiffWarning):
        click.echo(f"warning: {one_line(message)}", err=True)
