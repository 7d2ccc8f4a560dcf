"""Times as providers write them."""

from __future__ import annotations

import datetime as dt

from imagery_diff.errors import InputError


def utc_time(text: str | None) -> dt.datetime | None:
    """Read an ISO 8601 time; without a zone it is UTC, as every provider here says.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> utc_time("2023-10-20T09:11:33.5+07:00").isoformat()
    '2023-10-20T02:11:33.500000+00:00'

    """
    if text is None:
        return None
    try:
        time = dt.datetime.fromisoformat(text)
        return time.astimezone(dt.UTC) if time.tzinfo else time.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"its time {text[:40]!r} is no time; download it again") from error
