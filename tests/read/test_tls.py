"""Certificates: made here, by an authority of ours; the server speaks TLS on the loopback address."""

import datetime as dt
import ssl
import subprocess
import sys

import numpy as np
import pytest
import trustme

from imagery_diff.errors import InputError
from imagery_diff.read import tls
from imagery_diff.read.scenes import open_scene
from tests.range_server import serving

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def trusted(authority, tmp_path_factory):
    """Return the file of the authority's own certificate."""
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def server(monkeypatch, write_image):
    for name in (*tls.AUTHORITIES, "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    data = np.random.default_rng(1).integers(200, 3000, (1, 1024, 1024)).astype(np.uint16)
    image = write_image("image.tif", data, tiled=True, blockxsize=128, blockysize=128)
    with serving(monkeypatch) as found:
        found.content = image.read_bytes()
        yield found


def bearing(server, authority, *hosts, **when):
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(hosts or ("127.0.0.1",)), **when).configure_cert(server.tls)


@pytest.mark.parametrize("variable", tls.AUTHORITIES)
def test_a_server_is_believed_by_the_authority_that_a_variable_names(server, authority, trusted, monkeypatch, variable):
    bearing(server, authority)
    monkeypatch.setenv(variable, str(trusted))
    info = open_scene(f"{server.address}/image.tif")
    assert info.read(500, 500, (20, 20)).data.any()
    assert 0 < server.sent < len(server.content)
    assert not any("over http" in c for c in info.caveats)


def refused(server, words):
    with pytest.raises(InputError, match=words) as told:
        open_scene(f"{server.address}/image.tif?sig=hush")
    assert "\n" not in str(told.value)
    assert "hush" not in str(told.value)
    assert str(told.value).startswith(f"{server.address}/image.tif: ")
    # Asked once: it will not be another's by asking again. And nothing was told to it.
    assert server.connections == 1
    assert server.asked == []


def test_a_server_whose_authority_is_not_trusted_is_refused_at_once_with_what_to_set(server, authority):
    bearing(server, authority)
    refused(server, "signed by nobody this machine trusts; .* in SSL_CERT_FILE")


@pytest.mark.parametrize(
    ("hosts", "when", "words"),
    [
        (("other.example",), {}, "is for another host; check the address"),
        (("127.0.0.2",), {}, "is for another host; check the address"),
        ((), {"not_before": LONG_AGO, "not_after": LONG_AGO + dt.timedelta(days=9)}, "has expired"),
        ((), {"not_before": dt.datetime.now(dt.UTC) + dt.timedelta(days=2)}, "is not valid yet; check this machine's"),
    ],
)
def test_a_certificate_of_another_host_or_time_is_refused_at_once(
    server, authority, trusted, monkeypatch, hosts, when, words
):
    bearing(server, authority, *hosts, **when)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    refused(server, words)


def test_https_to_a_server_that_does_not_speak_it_is_told_at_once(server):
    with pytest.raises(InputError, match="does not speak https there"):
        open_scene(f"{server.address.replace('http', 'https')}/image.tif")
    assert server.connections == 1


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_variable_that_names_no_certificates_is_named(server, authority, tmp_path, monkeypatch, content):
    bearing(server, authority)
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with pytest.raises(InputError, match="CURL_CA_BUNDLE names no file of certificates"):
        open_scene(f"{server.address}/image.tif")
    assert server.connections == 0


def test_a_head_that_trickles_over_tls_is_not_waited_for(server, authority, trusted, monkeypatch):
    bearing(server, authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    server.mode = "trickles its head"
    with pytest.raises(InputError, match=r"in 4 tries \(it is not done in 0.5 s\)"):
        open_scene(f"{server.address}/image.tif")


def test_plain_http_needs_no_authorities(server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    assert open_scene(f"{server.address}/image.tif").grid.shape == (1024, 1024)


def test_an_authority_that_is_set_or_renewed_later_is_seen(server, authority, trusted, tmp_path, monkeypatch):
    bearing(server, authority)
    other = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(other)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    refused(server, "nobody this machine trusts")
    other.write_bytes(trusted.read_bytes())
    assert open_scene(f"{server.address}/image.tif").grid.shape == (1024, 1024)


def test_the_command_line_reads_over_tls_and_refuses_in_one_line(server, authority, trusted, monkeypatch):
    bearing(server, authority)
    command = [sys.executable, "-m", "imagery_diff", "inspect", f"{server.address}/image.tif"]
    bad = subprocess.run(command, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "signed by nobody this machine trusts" in " ".join(bad.stdout.split())
    assert "Traceback" not in bad.stderr
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stderr
