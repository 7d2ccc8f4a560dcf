"""What a licence says that lets nobody publish: read by a few words, the rest is for people to read."""

from __future__ import annotations

import re

_INTERNAL = re.compile(
    r"internal(?:[ -]\w+){0,3}[ -](?:use|uses|purposes?|only)|confidential|"
    r"not (?:be )?(?:for |to be )?(?:re)?(?:publi|distribut)|no (?:re)?(?:publication|distribution)|evaluation only",
    re.IGNORECASE,
)

_LESS = re.compile(
    r"thumbnails?|low[- ]res|reduced[- ]res|down-?sampl|preview(?:s)? only|quick-?looks? only|not (?:at|in) full res",
    re.IGNORECASE,
)
"""What a licence says that lets something smaller be shown alone."""
FREE, REDUCED, FORBIDDEN = 0, 1, 2
"""How much of an image may be passed on: all of it, something small, nothing; the more careful the larger."""


def share_of(licence: str | None) -> int:
    """Say how much of an image may be passed on; of a licence that is not known something small.

    Examples
    --------
    >>> share_of("CC BY 4.0"), share_of("thumbnails may be shown"), share_of(None), share_of("internal use only")
    (0, 1, 1, 2)

    """
    if forbids_publishing(licence):
        return FORBIDDEN
    return REDUCED if not licence or _LESS.search(licence) else FREE


def forbids_publishing(licence: str | None) -> bool:
    """Say whether a licence lets nobody publish.

    Examples
    --------
    >>> forbids_publishing("for internal use only"), forbids_publishing("CC BY 4.0"), forbids_publishing(None)
    (True, False, False)

    """
    return bool(licence and _INTERNAL.search(licence))
