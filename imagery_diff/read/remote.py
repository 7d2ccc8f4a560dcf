"""One raster file behind an address, read by ranges: only where the address was typed as an argument.

What is asked for, how often and how long stands here and not in GDAL, so that it can be tested: no file beside the one
named is looked for, no redirect leaves its host, no password, cookie or ``.netrc`` is sent, and what stands in an
address behind ``?`` (a signature) is neither printed nor stored. Credentials go out for ``s3://`` only (:mod:`.s3`).
GDAL sees a file that can be read and moved in.
"""

from __future__ import annotations

import datetime as dt
import http.client
import io
import re
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import OrderedDict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from imagery_diff.errors import InputError
from imagery_diff.read import s3, tls

if TYPE_CHECKING:
    from pathlib import Path

TRIES = 4
"""A request that fails in a way that may pass is sent so many times in all."""
DELAYS_S = (0.5, 1.0, 2.0)
"""Waits between them."""
STALL_S = 10.0
"""A server that says nothing for so long has failed."""
REQUEST_S = 60.0
"""So has one that has not sent what was asked for by then, however it trickles."""
MAX_BYTES = 2_000_000_000
"""Of one file that are fetched in all."""
_CHUNK = 1 << 16
_KEPT = 512
"""Chunks that are kept, 32 MB."""
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_MAX_REDIRECTS = 3
_MAX_TOLD = 4096
"""Bytes that are read of an answer that refuses."""
_PARTIAL = 206


def is_url(given: str | Path) -> bool:
    """Whether an argument is an address; a path never is, nor anything that was read from a file.

    Examples
    --------
    >>> is_url("https://example.org/a.tif"), is_url("s3://bucket/a.tif"), is_url("ftp://example.org/a.tif")
    (True, True, False)

    """
    return isinstance(given, str) and re.match(r"(https?|s3)://", given, re.IGNORECASE) is not None


def shown(given: str | Path) -> str:
    """Return an argument as it may be printed: an address without what stands behind ``?`` or ``#``, and no password.

    Examples
    --------
    >>> shown("https://me:secret@example.org/a/b.tif?sig=secret")
    'https://example.org/a/b.tif'

    """
    if not is_url(given):
        return str(given)
    try:
        parts = urlsplit(str(given))
        _ = parts.port
    except ValueError:
        # Nobody knows where a password ends in it: one with a slash looks like a host, a port and a path.
        return f"{str(given).partition(':')[0].lower()}://…"
    return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def checked(url: str) -> str:
    """Return the address that is asked: that of a bucket for ``s3://``, else in ASCII.

    Raises
    ------
    InputError
        If it holds a password, names no file or no host, or has odd characters, or a variable for buckets cannot be
        used.

    """
    name = shown(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{name}: is no address that can be read; check it") from error
    if "@" in parts.netloc:
        raise InputError(f"{name}: holds a user or a password, which others could read; give a signed address")
    blank = " " in url and not _in_bucket(url)
    if not host or parts.path.endswith("/") or not parts.path or not url.isprintable() or blank:
        raise InputError(f"{name}: names no file; an address of one image is needed, https://… or s3://bucket/key")
    if _in_bucket(url):
        return s3.bucket(url, name).url
    known = _known(host, name)
    if url.isascii():
        return url
    # As browsers write it, who are where such an address is copied from (RFC 3987, 3.1).
    netloc = parts.netloc if host.isascii() else known + ("" if port is None else f":{port}")
    rest = (re.sub(r"[^\x00-\x7f]+", lambda m: quote(m[0]), part) for part in parts[2:])
    return urlunsplit(SplitResult(parts.scheme, netloc, *rest))


def _known(host: str, name: str) -> str:
    """Return a host's name as it is looked up."""
    try:
        known = host.encode("idna").decode()
        # Python's rules are those of 2003, by which some names (ß) are another host's than by those of today.
        if host.isascii() or known.encode().decode("idna") == host:
            return known
    except UnicodeError:
        pass
    raise InputError(f"{name}: {host[:80]} is no name of a host that can be asked; check it, or give it as xn--…")


def _in_bucket(url: str) -> bool:
    return url[:5].lower() == "s3://"


@lru_cache(maxsize=8)
def remote(url: str) -> RemoteFile:
    """Return the file behind an address; what was fetched of it is kept for the next opening."""
    return RemoteFile(url)


class RemoteFile:
    """The bytes of a file behind an address, by ranges."""

    def __init__(self, url: str) -> None:
        self.name = shown(url)
        self.given, self.asked = url, checked(url)
        self.size: int | None = None
        self.tag: str | None = None
        self.fetched = 0
        self.chunks: OrderedDict[int, bytes] = OrderedDict()
        self.lock = threading.Lock()

    def range(self, start: int, size: int) -> bytes:
        """Return up to so many bytes from there on.

        Raises
        ------
        InputError
            If the server does not send them.

        """
        with self.lock:
            if self.size is not None:
                size = min(size, self.size - start)
            if size <= 0:
                return b""
            first, last = start // _CHUNK, (start + size - 1) // _CHUNK
            wanted = {n: self.chunks[n] for n in range(first, last + 1) if n in self.chunks}
            missing = [n for n in range(first, last + 1) if n not in wanted]
            if missing:
                begin = missing[0] * _CHUNK
                body = self._fetch(begin, (missing[-1] + 1) * _CHUNK)
                wanted |= {n: body[n * _CHUNK - begin :][:_CHUNK] for n in range(missing[0], missing[-1] + 1)}
            for n in wanted:
                self.chunks[n] = wanted[n]
                self.chunks.move_to_end(n)
            while len(self.chunks) > _KEPT:
                self.chunks.popitem(last=False)
            whole = b"".join(wanted[n] for n in range(first, last + 1))
            return whole[start - first * _CHUNK :][:size]

    def _fetch(self, begin: int, end: int) -> bytes:
        """Ask until it comes, or has failed often enough."""
        end = end if self.size is None else min(end, self.size)
        if self.fetched + end - begin > MAX_BYTES:
            raise InputError(f"{self.name}: more than {MAX_BYTES / 1e9:g} GB of it would be fetched; download it")
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(DELAYS_S[attempt - 1])
            try:
                body = self._ask(begin, end)
            except _Passing as error:
                reason = str(error)
                continue
            self.fetched += len(body)
            return body
        raise InputError(f"{self.name}: could not be read in {TRIES} tries ({reason}); try later, or download it")

    def _ask(self, begin: int, end: int) -> bytes:
        """Send one request."""
        # The environment is read each time: credentials end, and who was refused sets them and tries again.
        bucket = s3.bucket(self.given, self.name) if _in_bucket(self.given) else None
        request = _request(bucket or self.asked, f"bytes={begin}-{end - 1}")
        limit = time.monotonic() + REQUEST_S
        try:
            with _opener(self.name, bucket, limit).open(request, timeout=STALL_S) as answer:
                size, tag = self._checked(answer, begin)
                wanted = min(end, size) - begin
                body = _read(answer, wanted)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in _PASSING:
                    raise _Passing(f"the server says {error.code}") from None
                raise InputError(f"{self.name}: {_refusal(error, bucket)}") from None
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)
            if isinstance(error, urllib.error.URLError) and (why := tls.distrusted(cause)):
                raise InputError(f"{self.name}: {why}") from None
            # Not the error's own words: they may repeat the address.
            words = "it stalls" if isinstance(cause, TimeoutError) else f"{type(cause).__name__}"
            raise _Passing(words) from None
        except InputError:  # also a ValueError
            raise
        except ValueError:  # nothing else of a request is unchecked
            raise InputError(f"{self.name}: the proxy is no address; check http_proxy and https_proxy") from None
        if len(body) < wanted:
            raise _Passing(f"it sent {len(body)} of {wanted} bytes")
        self.size, self.tag = size, tag
        return body

    def _checked(self, answer: Any, begin: int) -> tuple[int, str | None]:
        """Return size and tag of the whole file, by the head of an answer."""
        told = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", answer.headers.get("Content-Range") or "")
        if answer.status != _PARTIAL or told is None or int(told[1]) != begin:
            raise InputError(f"{self.name}: the server sends no parts of files (ranges); download it and give the file")
        size, tag = int(told[3]), answer.headers.get("ETag")
        if self.size is not None and (size != self.size or tag != self.tag):
            raise InputError(f"{self.name}: changed on the server while it was read; try again")
        return size, tag


def _request(where: s3.Bucket | str, asked: str) -> urllib.request.Request:
    """Return a request for a range, signed where it is of a bucket and there are credentials."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "imagery-diff"}
    if isinstance(where, str):
        headers["Range"], url = asked, where
    else:
        headers |= where.headers(asked, dt.datetime.now(dt.UTC))
        url = where.url
    return urllib.request.Request(url, headers=headers)  # noqa: S310 - http and https only, see checked()


def _refusal(error: urllib.error.HTTPError, bucket: s3.Bucket | None) -> str:
    """Say what an answer means that will not pass."""
    if bucket is None:
        return f"the server says {error.code}; check the address, and whether it may be read"
    try:
        body = error.read(_MAX_TOLD)
    except (OSError, http.client.HTTPException, _Passing):
        body = b""
    return bucket.refused(error.code, error.headers, body)


def _read(answer: Any, wanted: int) -> bytes:
    """Read a body, piece by piece, until there is enough or it ends."""
    pieces, got = [], 0
    while got < wanted and (piece := answer.read1(min(wanted - got, 1 << 16))):
        pieces.append(piece)
        got += len(piece)
    return b"".join(pieces)


class _Passing(Exception):  # noqa: N818 - not an error yet
    """A failure that may pass."""


class _Limited(io.RawIOBase):
    """What a server sends, head and body, until the time of the request is over, however it trickles."""

    def __init__(self, raw: Any, sock: Any, limit: float) -> None:
        super().__init__()
        self.raw, self.sock, self.limit = raw, sock, limit

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: Any) -> Any:
        """Wait for the next bytes, no longer than there is time."""
        left = self.limit - time.monotonic()
        if left > 0:
            self.sock.settimeout(min(STALL_S, left))
            try:
                return self.raw.readinto(buffer)
            except TimeoutError:
                if left > STALL_S:
                    raise
        raise _Passing(f"it is not done in {REQUEST_S:g} s")

    def close(self) -> None:
        """Let go of the connection."""
        self.raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer, or that of a proxy that is asked for a way through."""

    def __init__(self, limit: float, sock: Any, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp = io.BufferedReader(_Limited(self.fp.detach(), sock, limit))


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follow a redirect within its host, or from http to https there; refuse all others."""

    max_redirections = _MAX_REDIRECTS
    max_repeats = _MAX_REDIRECTS

    def __init__(self, name: str, bucket: s3.Bucket | None) -> None:
        self.name, self.bucket = name, bucket

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Look where it leads before anything of the standard library does."""
        if self.bucket is not None or not headers.get("Location"):
            # It may be signed, for this host and name alone; a bucket sends on to another region.
            return None
        fp.close()
        here = urlsplit(req.full_url)
        try:
            url = urljoin(req.full_url, headers["Location"])
            target = urlsplit(url)
            ports = (here.port or 80, target.port or 443)
        except ValueError:
            raise InputError(f"{self.name}: the server sends on to what is no address; get it another way") from None
        same = target.scheme == here.scheme and target.netloc == here.netloc
        safer = (here.scheme, target.scheme) == ("http", "https") and target.hostname == here.hostname
        safer = safer and ports == (80, 443)
        if not (same or safer):
            host = f"{target.scheme}://{target.netloc.rpartition('@')[2]}"[:80]
            raise InputError(f"{self.name}: the server sends on to {host}, which is not followed; give that address")
        # What was looked at is what is followed: the library reads "////host/" and "URI:" in its own way.
        headers.replace_header("Location", url)
        # It would also read the body of this answer to its end.
        return super().http_error_302(req, io.BytesIO(), code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Speaking(urllib.request.AbstractHTTPHandler):
    """Speak http and https until the time is over, and read whom to trust only for https."""

    def __init__(self, name: str, variables: tuple[str, ...], limit: float) -> None:
        super().__init__()
        self.name, self.variables, self.limit = name, variables, limit

    def http_request(self, request: Any) -> Any:
        """Complete a request."""
        return self.do_request_(request)

    https_request = http_request

    def http_open(self, req: Any) -> Any:
        """Send it."""
        return self.do_open(partial(self._connection, http.client.HTTPConnection), req)

    def https_open(self, req: Any) -> Any:
        """Send it over TLS."""
        context = tls.trusting(self.name, self.variables)
        return self.do_open(partial(self._connection, http.client.HTTPSConnection), req, context=context)

    def _connection(self, kind: Any, host: str, **more: Any) -> Any:
        found = kind(host, **more)
        found.response_class = partial(_Answer, self.limit)
        return found


def _opener(name: str, bucket: s3.Bucket | None, limit: float) -> urllib.request.OpenerDirector:
    """Return what speaks http and https and nothing else, until that moment."""
    variables = tls.AUTHORITIES if bucket is None else ("AWS_CA_BUNDLE", *tls.AUTHORITIES)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Speaking(name, variables, limit),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SameHost(name, bucket),
    ):
        opener.add_handler(handler)
    return opener


class RemoteStream(io.RawIOBase):
    """A remote file as GDAL and Python read files; what went wrong is kept, for GDAL swallows it."""

    def __init__(self, file: RemoteFile, failures: list[InputError] | None = None) -> None:
        super().__init__()
        self.file, self.at = file, 0
        self.failures = [] if failures is None else failures
        self.file.range(0, 1)

    @property
    def error(self) -> InputError | None:
        """What went wrong first, in this stream or in those that GDAL opened of it."""
        return self.failures[0] if self.failures else None

    def for_gdal(self) -> tuple[str, dict[str, Any]]:
        """Return a name under which GDAL finds this file and no other, and the options that tell it how."""
        # Rasterio allows one opener for a name at a time; an ending makes GDAL look for files beside it.
        name = f"remote-{uuid.uuid4().hex}"

        def opened(asked: str, mode: str = "rb") -> RemoteStream:  # noqa: ARG001 - rasterio passes it by name
            if asked.rsplit("/", 1)[-1] != name:
                raise FileNotFoundError(asked)
            return RemoteStream(self.file, self.failures)

        return name, {"opener": opened}

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether it can be moved in."""
        return True

    def tell(self) -> int:
        """Return where it stands."""
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.file.size or 0}[whence]
        self.at = max(base + offset, 0)
        return self.at

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes; none once it has failed."""
        if self.error is not None:
            return b""
        try:
            found = self.file.range(self.at, size if size >= 0 else (self.file.size or 0) - self.at)
        except InputError as error:
            self.failures.append(error)
            return b""
        self.at += len(found)
        return found
