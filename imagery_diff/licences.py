"""What a licence says that lets nobody publish: read by a few words, the rest is for people to read."""

from __future__ import annotations

import re

_INTERNAL = re.compile(
    r"internal(?:[ -]\w+){0,3}[ -](?:use|uses|purposes?|only)|confidential|"
    r"not (?:be )?(?:for |to be )?(?:re)?(?:publi|distribut)|no (?:re)?(?:publication|distribution)|evaluation only",
    re.IGNORECASE,
)


def forbids_publishing(licence: str | None) -> bool:
    """Say whether a licence lets nobody publish.

    Examples
    --------
    >>> forbids_publishing("for internal use only"), forbids_publishing("CC BY 4.0"), forbids_publishing(None)
    (True, False, False)

    """
    return bool(licence and _INTERNAL.search(licence))
