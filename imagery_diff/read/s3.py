"""Where ``s3://bucket/key`` is asked, and with whose credentials: nobody's, unless the environment holds some.

Requests are signed as in *Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)*,
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. A secret key leaves this module only as a
signature. Variables have the names that AWS and GDAL gave them.
"""

from __future__ import annotations

import configparser
import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from email.message import Message

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_EMPTY = hashlib.sha256(b"").hexdigest()
_FIRST_REGION = "us-east-1"
_MAX_BYTES = 1_000_000
"""Of a file of profiles."""
_SUFFIXES = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}
"""Domains of regions that are clouds of their own, in China and the European Sovereign Cloud, by how their names begin;
https://docs.amazonaws.cn/en_us/general/latest/gr/endpoints-arns.html and ``partitions.json`` of AWS's SDKs."""
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
_STALE = frozenset({"ExpiredToken", "TokenRefreshRequired", "InvalidToken"})
_WRONG_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch"})
_MISSING = 404
_DENIED = 403
_ELSEWHERE = frozenset({301, 307, 400})
"""Answers by which a bucket says that it is in another region."""


@dataclass(frozen=True)
class Keys:
    """Credentials."""

    access: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(repr=False)
    origin: str
    """Where they come from, for people."""


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """How one object is asked for."""

    url: str
    """Its address over https, or http where an endpoint says so."""
    region: str
    keys: Keys | None
    payer: bool
    """Whether the asker has said to pay for it."""

    def headers(self, asked: str, now: dt.datetime) -> dict[str, str]:
        """Return the headers of a request for a range, signed where there are credentials."""
        found = {"Range": asked}
        if self.payer:
            found["x-amz-request-payer"] = "requester"
        if self.keys is None:
            return found
        found |= {"x-amz-content-sha256": _EMPTY, "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}"}
        if self.keys.token:
            found["x-amz-security-token"] = self.keys.token
        return found | {"Authorization": self._authorization(found, self.keys)}

    def _authorization(self, headers: Mapping[str, str], keys: Keys) -> str:
        parts = urlsplit(self.url)
        signed = dict(sorted(({k.lower(): v for k, v in headers.items()} | {"host": parts.netloc}).items()))
        names = ";".join(signed)
        lines = ("GET", parts.path, "", *(f"{k}:{v}" for k, v in signed.items()), "", names, _EMPTY)
        moment = headers["x-amz-date"]
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        key = f"AWS4{keys.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}".encode(), "sha256").hex()
        return f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope},SignedHeaders={names},Signature={signature}"

    def refused(self, code: int, headers: Message, body: bytes) -> str:
        """Say what an answer without the object means, and what to do."""
        told = re.search(rb"<Code>([A-Za-z]{1,40})</Code>", body)
        word = told[1].decode() if told else ""
        said = f"the server says {code}{' ' + word if word else ''}"
        region = headers.get("x-amz-bucket-region") or ""
        if code in _ELSEWHERE and _REGION.fullmatch(region) and region != self.region:
            return f"its bucket is in {region}, and {self.region} was asked ({said}); set AWS_REGION={region}"
        if code == _MISSING:
            return f"there is no such file or bucket ({said}); check the address, and AWS_ENDPOINT_URL if not AWS's"
        if self.keys is None:
            if code != _DENIED:
                return f"{said}; check the address, and AWS_REGION"
            return (
                f"may not be read without credentials, or is not there ({said}); set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, and AWS_REQUEST_PAYER=requester where the reader pays"
            )
        return f"{said} to {self.keys.origin}; {_advice(word, self.keys, payer=self.payer)}"


def _advice(word: str, keys: Keys, *, payer: bool) -> str:
    if word in _CLOCK:
        return "set this machine's clock"
    if word in _STALE:
        return "get new credentials, with their AWS_SESSION_TOKEN"
    if word in _WRONG_KEYS:
        return "check both keys, and AWS_ENDPOINT_URL if they are not AWS's"
    pays = "" if payer else ", AWS_REQUEST_PAYER=requester where the reader pays"
    token = "" if keys.token else ", AWS_SESSION_TOKEN if they are temporary"
    return f"check who may read it{token}{pays}, or AWS_NO_SIGN_REQUEST=YES if it is public"


def bucket(url: str, name: str) -> Bucket:
    """Return how an object is asked for, by its address and the environment as it is now.

    Raises
    ------
    InputError
        If the address is none of an object, or a variable cannot be used.

    """
    parts = urlsplit(url)
    host = parts.netloc
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", host):
        raise InputError(f"{name}: {host[:80]!r} is no bucket that can be asked; give its https:// address")
    if "?" in url or "#" in url:
        raise InputError(f"{name}: an s3:// address ends with the key, without ? and #; give a signed https:// address")
    if not url.isprintable():
        raise InputError(f"{name}: holds signs that no key can be asked by; check the address")
    unsigned = _yes("AWS_NO_SIGN_REQUEST")
    profile = _Profile(name, None if unsigned or _of(*_KEYS) else _of("AWS_PROFILE") or None)
    region, origin = _told(profile, "region", "AWS_REGION", "AWS_DEFAULT_REGION")
    if region and not _REGION.fullmatch(region):
        raise InputError(f"{name}: {origin} is no region; give one like {_FIRST_REGION}, or unset it")
    endpoint = _endpoint(name, profile)
    domain = f"{region}." if region else ""
    domain += _SUFFIXES.get(region.partition("-")[0], "amazonaws.com")
    base = f"{endpoint}/{host}" if endpoint else f"https://{host}.s3.{domain}"
    return Bucket(
        url=base + quote(parts.path),
        region=region or _FIRST_REGION,
        keys=None if unsigned else _keys(name, profile),
        payer=_of("AWS_REQUEST_PAYER").lower() == "requester",
    )


def _of(*variables: str) -> str:
    """Return the first of these variables that is set; "" if none is."""
    return next((text for v in variables if (text := os.environ.get(v, "").strip())), "")


def _told(profile: _Profile, key: str, *variables: str) -> tuple[str, str]:
    """Return the first of these variables that is set, else what the profile says; and which it was, for people."""
    named = next((v for v in variables if _of(v)), None)
    return (_of(named), named) if named else (profile.get(key), f"{key} of the profile {profile.name}")


def _yes(variable: str) -> bool:
    return _of(variable).lower() in {"yes", "true", "on", "1"}


def _endpoint(name: str, profile: _Profile) -> str:
    """Return where a server that is not AWS's is asked, without a slash at its end; "" for AWS's."""
    variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_S3_ENDPOINT")
    told, origin = _told(profile, "endpoint_url", *variables)
    if origin == variables[-1] and "://" not in told:
        # GDAL's, which holds no scheme.
        plain = _of("AWS_HTTPS").lower() in {"no", "false", "off", "0"}
        told = f"{'http' if plain else 'https'}://{told}"
    if told and not (re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?", told) and _has_host(told)):
        raise InputError(f"{name}: {origin} is no address; give one like https://s3.example.org, or unset it")
    return told.rstrip("/")


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        return False


def _keys(name: str, profile: _Profile) -> Keys | None:
    """Return the credentials: of the variables, else of the profile that AWS_PROFILE names; None if there are none."""
    access, secret = (_of(v) for v in _KEYS)
    token, origin = _of("AWS_SESSION_TOKEN"), "the keys of AWS_ACCESS_KEY_ID"
    if not access and not secret:
        if profile.name is None:
            return None
        access, secret, token = (profile.get(k) for k in (*map(str.lower, _KEYS), "aws_session_token"))
        origin = f"the keys of the profile {profile.name}"
        if not access or not secret:
            raise InputError(
                f"{name}: the profile {profile.name} holds no keys of its own; set those that `aws configure "
                f"export-credentials --profile {profile.name} --format env` prints, or AWS_NO_SIGN_REQUEST=YES"
            )
    if not access or not secret:
        there, absent = _KEYS if access else _KEYS[::-1]
        raise InputError(f"{name}: {there} is set and {absent} is not; set both, or none")
    if not all(re.fullmatch(r"[\x21-\x7e]*", text) for text in (access, secret, token)):
        raise InputError(f"{name}: {origin[4:]} hold blanks or signs that no key has; copy them again")
    return Keys(access, secret, token or None, origin)


class _Profile:
    """What AWS's own files say of the profile that AWS_PROFILE names; nothing where none is wanted."""

    def __init__(self, address: str, name: str | None) -> None:
        self.name = name
        self._told: dict[str, str] = {}
        if self.name is None:
            return
        if not re.fullmatch(r"[\w.@+=:/-]{1,100}", self.name):
            raise InputError(f"{address}: AWS_PROFILE is no name of a profile; set it again")
        places = (
            (
                _of("AWS_CONFIG_FILE") or "~/.aws/config",
                self.name if self.name == "default" else f"profile {self.name}",
            ),
            (_of("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials", self.name),
        )
        known = False
        for place, section in places:
            found = _section(address, Path(place), section)
            known = known or found is not None
            self._told |= found or {}
        if not known:
            raise InputError(f"{address}: no profile {self.name} stands in AWS's files; check AWS_PROFILE, or unset it")

    def get(self, key: str) -> str:
        """Return what it says; "" if nothing."""
        return self._told.get(key, "").strip()


def _section(address: str, path: Path, section: str) -> dict[str, str] | None:
    """Return a section of one of AWS's files; None where there is no such file or section."""
    # Not one word of the file stands in an error: it holds secrets.
    broken = InputError(f"{address}: {path.name} of AWS cannot be read; check it, or unset AWS_PROFILE")
    parser = configparser.RawConfigParser(strict=False)
    try:
        path = path.expanduser()
        if not path.is_file():
            return None
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise broken
        parser.read_string(content.decode("utf-8-sig"))
    except (OSError, ValueError, RuntimeError, configparser.Error):  # RuntimeError: nobody knows whose home ~ is
        raise broken from None
    return dict(parser.items(section)) if parser.has_section(section) else None
