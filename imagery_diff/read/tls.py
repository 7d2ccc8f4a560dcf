"""Whom to believe over https, and what to do where a server is not believed."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

from imagery_diff.errors import InputError

AUTHORITIES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""Variables that name a file of authorities; the first that is set is used, instead of the system's."""
_OTHER_HOST = "its certificate is for another host; check the address"
_STRANGER = (
    "its certificate is signed by nobody this machine trusts; if you do, name that authority's certificate (PEM) in "
    f"{AUTHORITIES[0]}, else download the file another way"
)
_WORDS = {
    9: "its certificate is not valid yet; check this machine's clock",
    10: "its certificate has expired; check this machine's clock, else its owner must renew it",
    62: _OTHER_HOST,
    64: _OTHER_HOST,
} | dict.fromkeys((2, 18, 19, 20, 21), _STRANGER)
"""By the numbers of OpenSSL (X509_V_ERR_…, x509_vfy.h)."""
_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
"""How OpenSSL of several years calls an answer that is no TLS."""


def trusting(name: str, variables: tuple[str, ...] = AUTHORITIES) -> ssl.SSLContext:
    """Return what checks certificates and the host they are for; there is no way to leave that out.

    Parameters
    ----------
    name
        Address, for messages.
    variables
        Those that may name a file of authorities (PEM), the first first.

    Raises
    ------
    InputError
        If a variable names no such file.

    """
    named = next((v for v in variables if os.environ.get(v)), None)
    try:
        path = os.environ[named] if named else None
        return _trusting(path, Path(path).stat().st_mtime_ns if path else 0, os.environ.get("SSL_CERT_DIR"))
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise InputError(
            f"{name}: {named} names no file of certificates that can be read; give one in PEM, or unset it"
        ) from error


@lru_cache(maxsize=4)
def _trusting(path: str | None, _made: int, _folder: str | None) -> ssl.SSLContext:
    """Read the certificates once, 20 ms, until the file or the variables are others."""
    return ssl.create_default_context(cafile=path)


def distrusted(cause: object) -> str | None:
    """Return why a server is not believed, and what to do; None if asking again may help.

    Parameters
    ----------
    cause
        What was raised while it was connected to.

    """
    if isinstance(cause, ssl.SSLCertVerificationError):
        code = cause.verify_code
        return _WORDS.get(code, f"its certificate is not valid (OpenSSL's error {code}); its owner must renew it")
    if isinstance(cause, ssl.SSLError) and cause.reason in _PLAIN:
        return "it does not speak https there; check the address and its port"
    return None
