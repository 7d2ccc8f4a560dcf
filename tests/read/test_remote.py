"""One raster behind an address: a server on the loopback address that serves ranges well, and in other ways."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from imagery_diff.errors import InputError
from imagery_diff.inspection import inspect
from imagery_diff.read import remote
from imagery_diff.read.assets import read_list
from imagery_diff.read.scenes import open_scene
from tests.range_server import serving


@pytest.fixture
def server(monkeypatch):
    with serving(monkeypatch) as found:
        yield found


@pytest.fixture
def image(write_image):
    data = np.random.default_rng(1).integers(200, 3000, (1, 4096, 4096)).astype(np.uint16)
    return write_image("image.tif", data, tiled=True, blockxsize=128, blockysize=128)


def test_an_image_behind_an_address_is_read_by_ranges_and_only_what_is_needed_of_it(server, image):
    server.content = image.read_bytes()
    info = open_scene(f"{server.address}/a/image.tif")
    here = open_scene(image)
    assert info.grid == here.grid
    assert [b.name for b in info.bands] == [b.name for b in here.bands]
    np.testing.assert_array_equal(info.read(1000, 1000, (60, 70)).data, here.read(1000, 1000, (60, 70)).data)
    assert 0 < server.sent < len(server.content) / 5
    assert {path for path, _ in server.asked} == {"/a/image.tif"}
    assert "read over http" in " ".join(info.caveats)


def test_no_file_beside_it_is_asked_for(server, write_image):
    picture = write_image("p.png", np.full((3, 50, 60), 9, np.uint8), crs=None, driver="PNG")
    server.content = picture.read_bytes()
    open_scene(f"{server.address}/p.png").read()
    assert {path for path, _ in server.asked} == {"/p.png"}


def test_what_was_fetched_is_not_fetched_again(server, image):
    server.content = image.read_bytes()
    for _ in range(2):
        open_scene(f"{server.address}/image.tif").read(0, 0, (20, 20))
        first = len(server.asked)
    open_scene(f"{server.address}/image.tif").read(0, 0, (20, 20))
    assert len(server.asked) == first


@pytest.mark.parametrize("fails", [1, remote.TRIES - 1])
def test_a_server_that_fails_is_asked_again(server, image, fails):
    server.content, server.mode, server.fails = image.read_bytes(), "fails", fails
    assert open_scene(f"{server.address}/image.tif").grid.shape == (4096, 4096)


@pytest.mark.parametrize(
    ("mode", "words", "asked"),
    [
        ("fails", r"in 4 tries \(the server says 503\)", 4),
        ("stalls", r"in 4 tries \(it stalls\)", 4),
        ("truncates", r"in 4 tries \(it sent \d+ of \d+ bytes\)", 4),
        ("trickles", r"in 4 tries \(it is not done in 0.5 s\)", 4),
        ("trickles its head", r"in 4 tries \(it is not done in 0.5 s\)", 4),
        ("missing", "the server says 404", 1),
        ("no ranges", "sends no parts of files", 1),
    ],
)
def test_what_does_not_come_ends_in_one_line_after_the_tries_documented(server, image, mode, words, asked):
    server.content, server.mode, server.fails = image.read_bytes(), mode, 99
    begin = time.monotonic()
    with pytest.raises(InputError, match=words) as told:
        open_scene(f"{server.address}/image.tif?sig=hush")
    assert time.monotonic() - begin < 6
    assert len(server.asked) == asked
    assert "\n" not in str(told.value)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize(("mode", "words"), [("truncates later", "in 4 tries"), ("changes", "changed on the server")])
def test_what_breaks_while_pixels_are_read_ends_in_one_line(server, image, mode, words):
    server.content, server.mode = image.read_bytes(), mode
    with pytest.raises(InputError, match=words):
        open_scene(f"{server.address}/image.tif").read(1500, 1500, (200, 200))


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "https://127.0.0.1:1/x", "//other/x"])
def test_a_redirect_to_elsewhere_is_not_followed(server, target):
    server.mode, server.target = "redirect", target
    with pytest.raises(InputError, match="is not followed"):
        open_scene(f"{server.address}/image.tif")


@pytest.mark.parametrize("target", ["http://[bad/x.tif", "http://127.0.0.1:99999/x.tif", "//a]/x.tif"])
def test_a_redirect_to_no_address_ends_in_one_line(server, target):
    server.mode, server.target = "redirect", target
    with pytest.raises(InputError, match="sends on to what is no address") as told:
        open_scene(f"{server.address}/image.tif")
    assert len(server.asked) == 1
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("field", "slashes"), [("Location", "////"), ("URI", "http://")])
def test_a_redirect_is_followed_as_it_was_looked_at(server, monkeypatch, field, slashes):
    with serving(monkeypatch) as other:
        headers = {field: f"{slashes}127.0.0.1:{other.server_port}/x.tif"}
        server.refuses = lambda path, _: (302, headers, b"") if path == "/image.tif" else (404, {}, b"")
        with pytest.raises(InputError, match="the server says"):
            open_scene(f"{server.address}/image.tif")
        assert other.connections == 0


def test_a_redirect_within_its_host_is_followed_and_a_ring_of_them_ends(server, image):
    server.content, server.mode, server.target = image.read_bytes(), "redirect", "/moved/image.tif"
    assert open_scene(f"{server.address}/image.tif").grid.shape == (4096, 4096)
    server.target, server.asked = "/ring", []
    with pytest.raises(InputError, match="the server says 302"):
        open_scene(f"{server.address}/ring")
    assert len(server.asked) < 20


def test_the_body_of_a_redirect_is_not_waited_for(server, image):
    server.content = image.read_bytes()

    def refuses(path, _):
        server.mode = "well" if path == "/moved" else "trickles"
        return None if path == "/moved" else (302, {"Location": "/moved"}, b"x" * 40)

    server.refuses = refuses
    assert open_scene(f"{server.address}/image.tif").grid.shape == (4096, 4096)


def test_signatures_are_sent_but_neither_shown_nor_kept_and_no_credentials_go_out(server, image, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server.content = image.read_bytes()
    url = f"{server.address}/image.tif?sig=hush#x"
    info = open_scene(url)
    assert info.name == "image.tif"
    told = repr(info) + repr(info.source) + repr(info.files) + repr(inspect([url]))
    assert "hush" not in told
    assert server.asked[0][0] == "/image.tif?sig=hush"
    assert not {"Authorization", "Cookie"} & set(server.asked[0][1])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://me:hush@127.0.0.1/x.tif", "a user or a password"),
        ("https:///x.tif", "names no file"),
        ("https://127.0.0.1/", "names no file"),
        ("https://127.0.0.1:x/x.tif", "no address"),
        ("https://me:hu/hush@127.0.0.1/x.tif", "no address"),
        ("https://[127.0.0.1/x.tif", "no address"),
        ("https://127.0.0.1/a b.tif", "names no file"),
        ("https://127.0.0.1/\udce4.tif", "names no file"),
        ("https://a..example/x.tif", "no name of a host"),
        (f"https://{'a' * 64}.example/x.tif", "no name of a host"),
        ("https://stra\xdfe.example/x.tif", "no name of a host .*xn--"),
        ("s3://some-bucket/\udce4.tif", "names no file"),
        ("s3://Bucket_Name/x.tif", "no bucket"),
        ("s3://127.0.0.1/x.tif", "no bucket"),
    ],
)
def test_odd_addresses_are_refused_before_anything_is_asked(url, words, monkeypatch):
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with pytest.raises(InputError, match=words) as told:
        open_scene(url)
    assert "hush" not in str(told.value)


def test_an_address_is_asked_in_ascii_as_browsers_write_it(server, image):
    server.content = image.read_bytes()
    assert open_scene(f"{server.address}/ä/나진%20b.tif?sig=é&b=%2F").name == "나진%20b.tif"
    assert {path for path, _ in server.asked} == {"/%C3%A4/%EB%82%98%EC%A7%84%20b.tif?sig=%C3%A9&b=%2F"}
    assert remote.checked("https://Bücher.example:8443/x.tif") == "https://xn--bcher-kva.example:8443/x.tif"
    assert remote.checked("https://[::1]:8443/ä") == "https://[::1]:8443/%C3%A4"
    assert remote.checked("https://Host.example/a?#") == "https://Host.example/a?#"


@pytest.mark.parametrize("proxy", ["http:/x", "http://a..b:80"])
def test_a_proxy_that_is_none_ends_in_one_line(server, monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(InputError, match="proxy is no address"):
        open_scene(f"{server.address}/image.tif")


def test_an_address_in_a_list_file_or_as_a_path_is_none(server, image, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    listed = tmp_path / "list.txt"
    listed.write_text(f"{server.address}/image.tif\n")
    assert read_list(listed) is None
    listed.write_text(f"{image}\n{server.address}/image.tif\n")
    with pytest.raises(OSError, match="which does not exist"):
        open_scene(listed)
    assert server.asked == []


def test_the_command_line_compares_an_address_with_a_file(server, image, write_image, tmp_path):
    server.content = image.read_bytes()
    other = np.random.default_rng(2).integers(200, 3000, (1, 4096, 4096)).astype(np.uint16)
    write_image("other.tif", other)
    words = ["--at", "42.2200", "130.2961", "--radius", "100", f"{server.address}/i.tif?sig=hush", "other.tif"]
    command = [sys.executable, "-m", "imagery_diff", *words, "--json", "-o", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
    written = b"".join(p.read_bytes() for p in (tmp_path / "out").iterdir())
    assert b"hush" not in written + done.stdout.encode() + done.stderr.encode()
    inputs = json.loads((tmp_path / "out" / "manifest.json").read_text())["inputs"]
    assert inputs[0]["name"] == "i.tif"
    assert "no digest" in inputs[0]["note"]
    assert server.sent < len(server.content) / 5
    assert "i.tif" in json.dumps(json.loads(done.stdout))
