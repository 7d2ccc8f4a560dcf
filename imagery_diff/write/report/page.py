"""From a template to a page: everything escaped, script and style named by their digests in the page's own policy."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

_ASSETS = "assets"


@cache
def asset(name: str) -> str:
    """Return the text of a template, style or script of this room."""
    return (files("imagery_diff.write.report") / _ASSETS / name).read_text(encoding="utf-8")


def render(template: str, script: str, context: dict[str, Any]) -> bytes:
    """Fill a template.

    Parameters
    ----------
    template, script
        Names of assets.
    context
        What the template shows; every text in it is escaped.

    """
    style, code = asset("report.css"), asset("base.js") + asset(script)
    policy = (
        "default-src 'none'; img-src data:; "
        f"style-src '{_digest(style)}'; script-src '{_digest(code)}'; base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(template).render(context, style=style, code=code, policy=policy)
    return page.encode("utf-8", errors="replace")


def data_uri(png: bytes) -> str:
    """Write a picture into the page."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


@cache
def _environment() -> Environment:
    """Load jinja2 only when a page is written."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        loader=FunctionLoader(asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # English unless a context says otherwise.
    environment.globals |= {"t": str, "lang": "en", "beside_stamp": "", "of_the_language": ""}
    # Our own style and script, whose digests the policy names; nothing of a result is ever marked safe.
    environment.filters["ours"] = Markup
    return environment
