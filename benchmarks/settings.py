"""Parameters of the method as the command line of a benchmark sets them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from imagery_diff.params import Params

if TYPE_CHECKING:
    from collections.abc import Sequence


def params_of(settings: Sequence[str]) -> Params:
    """Return the parameters with some of them set, each as ``NAME=VALUE``.

    >>> params_of(["family_error=0.05"]).family_error
    0.05

    """
    kinds = {f.name: type(getattr(Params(), f.name)) for f in fields(Params)}
    changed: dict[str, Any] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in kinds:
            raise SystemExit(f"--set {setting}: no such parameter; there are {', '.join(kinds)}")
        changed[name] = kinds[name](value)
    return replace(Params(), **changed)
