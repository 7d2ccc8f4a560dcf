"""``s3://``: a server on the loopback address that works out each signature anew, as AWS describes it.

``benchmarks/s3.py`` asks a real server, moto's, in the same ways.
"""

import datetime as dt
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import time
from urllib.parse import quote

import numpy as np
import pytest

from imagery_diff.errors import InputError
from imagery_diff.inspection import inspect
from imagery_diff.read import remote, s3
from imagery_diff.read.scenes import open_scene
from tests.range_server import serving

ACCESS, SECRET, TOKEN = "AKPLANTED7EXAMPLE", "planted/secret+Key7", "plantedToken/7=="
URL = "s3://some-bucket/a_b/image+1.tif"


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Nothing of whoever runs the tests."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


@pytest.fixture
def server(environment, write_image):
    data = np.random.default_rng(1).integers(200, 3000, (1, 1024, 1024)).astype(np.uint16)
    image = write_image("image.tif", data, tiled=True, blockxsize=128, blockysize=128)
    with serving(environment) as found:
        found.content = image.read_bytes()
        environment.setenv("AWS_ENDPOINT_URL", found.address)
        yield found


def error(status, code, **headers):
    body = f"<Error><Code>{code}</Code><Message>m {SECRET}</Message><AWSAccessKeyId>{ACCESS}</AWSAccessKeyId></Error>"
    return status, headers, body.encode()


SCHEME = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/s3/aws4_request,SignedHeaders=([\w;-]+),Signature=(\w+)"
)


def signature_of(path, sent, names, scope, secret):
    """Work out the signature of a request as it came."""
    canonical = "GET\n" + path + "\n\n" + "".join(f"{n}:{sent[n]}\n" for n in names.split(";"))
    canonical += f"\n{names}\n{sent['x-amz-content-sha256']}"
    whole = f"AWS4-HMAC-SHA256\n{sent['x-amz-date']}\n{'/'.join(scope)}\n"
    whole += hashlib.sha256(canonical.encode()).hexdigest()
    key = ("AWS4" + secret).encode()
    for part in (*scope, whole):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def guarded(token=None, region="us-east-1", *, requester_pays=False):
    """Return what refuses every request that is not signed with the keys of this module."""

    def refuses(path, headers):
        told = SCHEME.fullmatch(headers.get("Authorization", ""))
        if told is None:
            return error(403, "AccessDenied")
        access, day, asked, names, signature = told.groups()
        sent = {k.lower(): v for k, v in headers.items()}
        needed = {"host", "range", *(k for k in sent if k.startswith("x-amz-"))}
        now, moment = dt.datetime.now(dt.UTC), dt.datetime.strptime(sent["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
        wrong = signature != signature_of(path, sent, names, (day, region, "s3", "aws4_request"), SECRET)
        refusals = (
            (access != ACCESS, error(403, "InvalidAccessKeyId")),
            (asked != region, error(400, "AuthorizationHeaderMalformed", **{"x-amz-bucket-region": region})),
            (not needed <= set(names.split(";")), error(403, "AccessDenied")),
            (abs(now - moment) > dt.timedelta(minutes=15), error(403, "RequestTimeTooSkewed")),
            (wrong, error(403, "SignatureDoesNotMatch")),
            (sent.get("x-amz-security-token") != token, error(400, "InvalidToken")),
            (requester_pays and sent.get("x-amz-request-payer") != "requester", error(403, "AccessDenied")),
        )
        return next((answer for holds, answer in refusals if holds), None)

    return refuses


def sign_in(environment, **more):
    for name, value in {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, **more}.items():
        environment.setenv(name, value)


def refused(server, words, url=URL):
    with pytest.raises(InputError, match=words) as told:
        open_scene(url)
    text = str(told.value)
    assert "\n" not in text
    assert not any(secret in text for secret in (ACCESS, SECRET, TOKEN))
    assert len(server.asked) <= 1
    server.asked.clear()


def test_a_request_is_signed_as_in_the_example_of_aws():
    # "Example: GET Object" of the page named in read/s3.py, with AWS's own example keys.
    keys = s3.Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, "the example")
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    asked = s3.Bucket(url=url, region="us-east-1", keys=keys, payer=False)
    headers = asked.headers("bytes=0-9", dt.datetime(2013, 5, 24, tzinfo=dt.UTC))
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )
    assert "wJalr" not in repr(asked)


def test_without_credentials_nothing_is_signed(server):
    info = open_scene(URL)
    assert info.name == "image+1.tif"
    assert any("over http" in c for c in info.caveats)
    path, headers = server.asked[0]
    assert path == "/some-bucket/a_b/image%2B1.tif"
    assert not [h for h in headers if h.lower() == "authorization" or h.lower().startswith("x-amz")]


@pytest.mark.parametrize("token", [None, TOKEN])
def test_keys_of_the_environment_sign_every_request(server, environment, token):
    server.refuses = guarded(token=token, region="eu-central-1", requester_pays=True)
    sign_in(environment, AWS_REGION="eu-central-1", AWS_REQUEST_PAYER="requester")
    if token:
        environment.setenv("AWS_SESSION_TOKEN", token)
    assert open_scene(URL).read(500, 500, (90, 90)).data.any()
    assert len(server.asked) > 1


def test_a_profile_is_used_where_aws_profile_names_it_and_not_otherwise(server, environment, tmp_path):
    server.refuses = guarded(token=TOKEN, region="eu-west-1")
    folder = tmp_path / ".aws"
    folder.mkdir()
    own = f"aws_access_key_id = {ACCESS}\naws_secret_access_key={SECRET}\naws_session_token = {TOKEN}\n"
    (folder / "credentials").write_text(f"[default]\naws_access_key_id = other\n[port]\n{own}")
    (folder / "config").write_text("[profile port]\nregion = eu-west-1\ns3 =\n    max_concurrent_requests = 2\n")
    refused(server, "without credentials")
    environment.setenv("AWS_PROFILE", "port")
    assert open_scene(URL).grid.shape == (1024, 1024)
    (folder / "credentials").rename(tmp_path / "elsewhere")
    environment.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "elsewhere"))
    remote.remote.cache_clear()
    assert open_scene(URL).grid.shape == (1024, 1024)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"[other]\naws_secret_access_key = {SECRET}\n", "no profile port stands in AWS's files"),
        ("[port]\nsso_session = x\n", r"holds no keys of its own; .*export-credentials --profile port --format env"),
        (f"[port]\naws_access_key_id = {ACCESS}\n", "holds no keys of its own"),
        (f"aws_secret_access_key = {SECRET}\n", "credentials of AWS cannot be read"),
        (f"[port]\naws_access_key_id = {ACCESS}\naws_secret_access_key = {SECRET} x\n", "blanks or signs"),
        (b"\xff\xfe" + SECRET.encode(), "credentials of AWS cannot be read"),
    ],
)
def test_a_profile_that_cannot_be_used_says_so_without_a_word_of_it(server, environment, tmp_path, content, words):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_bytes(content if isinstance(content, bytes) else content.encode())
    environment.setenv("AWS_PROFILE", "port")
    refused(server, words)
    environment.setenv("AWS_NO_SIGN_REQUEST", "YES")
    environment.delenv("AWS_PROFILE")
    assert open_scene(URL).grid.shape == (1024, 1024)


@pytest.mark.parametrize("profile", ["port", "none", "a\nb"])
@pytest.mark.parametrize("unsigned", [False, True])
def test_a_profile_is_not_read_where_none_is_needed(server, environment, tmp_path, profile, unsigned):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("[profile port]\nregion = of the profile\n")
    environment.setenv("AWS_PROFILE", profile)
    if unsigned:
        environment.setenv("AWS_NO_SIGN_REQUEST", "YES")
    else:
        sign_in(environment)
        server.refuses = guarded()
    assert open_scene(URL).grid.shape == (1024, 1024)


@pytest.mark.parametrize(
    ("key", "variable", "words"),
    [
        ("region", "AWS_REGION", "region of the profile port is no region"),
        ("region", "AWS_DEFAULT_REGION", "AWS_DEFAULT_REGION is no region"),
        ("endpoint_url", "AWS_ENDPOINT_URL", "endpoint_url of the profile port is no address"),
        ("endpoint_url", "AWS_S3_ENDPOINT", "AWS_S3_ENDPOINT is no address"),
    ],
)
def test_what_is_wrong_is_said_of_where_it_stands(server, environment, tmp_path, key, variable, words):
    environment.delenv("AWS_ENDPOINT_URL")
    if "profile" in words:
        (tmp_path / ".aws").mkdir()
        own = f"aws_access_key_id = {ACCESS}\naws_secret_access_key={SECRET}\n"
        (tmp_path / ".aws/config").write_text(f"[profile port]\n{own}{key} = {SECRET} x\n")
        environment.setenv("AWS_PROFILE", "port")
    else:
        environment.setenv(variable, "o o")
    refused(server, words)


@pytest.mark.parametrize("place", ["~nobody-of-this-name/x", ".", "no\nsuch"])
def test_a_place_of_profiles_that_is_none_ends_in_one_line(server, environment, tmp_path, place):
    environment.chdir(tmp_path)
    environment.setenv("AWS_PROFILE", "port")
    environment.setenv("AWS_CONFIG_FILE", place)
    refused(server, "AWS")


def test_no_sign_request_leaves_the_keys_at_home(server, environment):
    sign_in(environment, AWS_NO_SIGN_REQUEST="YES")
    open_scene(URL)
    assert not [h for _, sent in server.asked for h in sent if h.lower() in {"authorization", "x-amz-security-token"}]


def test_keys_are_for_buckets_only(server, environment):
    sign_in(environment, AWS_SESSION_TOKEN=TOKEN, AWS_REQUEST_PAYER="requester")
    open_scene(f"{server.address}/image.tif")
    assert not [h for _, sent in server.asked for h in sent if "auth" in h.lower() or "amz" in h.lower()]


@pytest.mark.parametrize(
    ("keys", "how", "words"),
    [
        (None, {}, "may not be read without credentials, or is not there .*set AWS_ACCESS_KEY_ID and AWS_SECRET"),
        ({"AWS_SECRET_ACCESS_KEY": "other"}, {}, "403 SignatureDoesNotMatch to the keys of .*check both keys"),
        ({"AWS_ACCESS_KEY_ID": "other"}, {}, "403 InvalidAccessKeyId .*check both keys"),
        ({}, {"token": TOKEN}, "400 InvalidToken .*get new credentials, with their AWS_SESSION_TOKEN"),
        ({}, {"requester_pays": True}, "403 AccessDenied .*AWS_REQUEST_PAYER=requester where the reader pays"),
        ({}, {"region": "eu-north-1"}, "in eu-north-1, and us-east-1 was asked .*set AWS_REGION=eu-north-1$"),
    ],
)
def test_what_is_refused_ends_at_once_with_what_to_set(server, environment, keys, how, words):
    server.refuses = guarded(**how)
    if keys is not None:
        sign_in(environment, **keys)
    refused(server, words)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error(404, "NoSuchKey"), "there is no such file or bucket .*404 NoSuchKey"),
        (error(301, "PermanentRedirect", **{"x-amz-bucket-region": "us-west-2"}), "set AWS_REGION=us-west-2"),
        (
            error(307, "TemporaryRedirect", Location="https://127.0.0.1:1/x", **{"x-amz-bucket-region": "us-west-2"}),
            "set AWS_REGION=us-west-2",
        ),
        (error(301, "PermanentRedirect", **{"x-amz-bucket-region": "us west;$(x)"}), "301 PermanentRedirect"),
        ((403, {}, b""), "403"),
        ((403, {}, b"<Code>" + SECRET.encode() + b"</Code>" + b"x" * 9999), "403"),
        (error(403, "RequestTimeTooSkewed"), "403 RequestTimeTooSkewed"),
    ],
)
def test_every_refusal_is_one_line_without_a_secret(server, environment, signed, answer, words):
    server.refuses = lambda *_: answer
    if signed:
        sign_in(environment)
    refused(server, words)


def test_a_refusal_that_trickles_is_waited_for_no_longer_than_a_request(server):
    server.mode = "trickles"
    server.refuses = lambda *_: (403, {}, b"<Code>AccessDenied</Code>" * 4)
    begin = time.monotonic()
    refused(server, r"the server says 403\)")
    assert time.monotonic() - begin < 2


def test_who_was_refused_may_set_the_keys_and_try_again(server, environment):
    server.refuses = guarded()
    refused(server, "without credentials")
    sign_in(environment)
    assert open_scene(URL).grid.shape == (1024, 1024)


def test_a_signed_request_follows_no_redirect(server, environment):
    sign_in(environment)
    server.mode, server.target = "redirect", "/moved/image.tif"
    refused(server, "the server says 302")


@pytest.mark.parametrize(
    ("variables", "url", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": ACCESS}, URL, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"),
        ({"AWS_SECRET_ACCESS_KEY": SECRET}, URL, "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not"),
        ({"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET + "\nX: y"}, URL, "blanks or signs"),
        (
            {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": f"{TOKEN}é"},
            URL,
            "blanks or signs",
        ),
        ({"AWS_REGION": "eu west"}, URL, "AWS_REGION is no region"),
        ({"AWS_ENDPOINT_URL": "file:///etc"}, URL, "AWS_ENDPOINT_URL is no address"),
        ({"AWS_ENDPOINT_URL": "http://[bad"}, URL, "AWS_ENDPOINT_URL is no address"),
        ({"AWS_ENDPOINT_URL": "http://a..b"}, URL, "AWS_ENDPOINT_URL is no address"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:99999"}, URL, "AWS_ENDPOINT_URL is no address"),
        ({"AWS_ENDPOINT_URL": f"https://me:{SECRET}@example.org"}, URL, "AWS_ENDPOINT_URL is no address"),
        ({"AWS_PROFILE": "a\nb"}, URL, "AWS_PROFILE is no name"),
        ({}, f"{URL}?versionId={SECRET}", r"without \? and #"),
        ({}, f"s3://me:{SECRET}@some-bucket/x.tif", "no address"),
        ({}, "s3://me:hush@some-bucket/x.tif", "a user or a password"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_asked(server, environment, variables, url, words):
    for name, value in variables.items():
        environment.setenv(name, value)
    refused(server, words, url)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, "https://some-bucket.s3.amazonaws.com/a.tif"),
        ({"AWS_DEFAULT_REGION": "us-west-2"}, "https://some-bucket.s3.us-west-2.amazonaws.com/a.tif"),
        ({"AWS_REGION": "us-gov-west-1"}, "https://some-bucket.s3.us-gov-west-1.amazonaws.com/a.tif"),
        ({"AWS_REGION": "cn-north-1"}, "https://some-bucket.s3.cn-north-1.amazonaws.com.cn/a.tif"),
        ({"AWS_REGION": "eusc-de-east-1"}, "https://some-bucket.s3.eusc-de-east-1.amazonaws.eu/a.tif"),
        ({"AWS_ENDPOINT_URL": "https://s3.example.org/"}, "https://s3.example.org/some-bucket/a.tif"),
        (
            {"AWS_ENDPOINT_URL": "https://a.example", "AWS_ENDPOINT_URL_S3": "https://b.example"},
            "https://b.example/some-bucket/a.tif",
        ),
        ({"AWS_S3_ENDPOINT": "eodata.example.org"}, "https://eodata.example.org/some-bucket/a.tif"),
        ({"AWS_S3_ENDPOINT": "localhost:9000", "AWS_HTTPS": "NO"}, "http://localhost:9000/some-bucket/a.tif"),
    ],
)
def test_where_a_bucket_is_asked(environment, variables, asked):
    for name, value in variables.items():
        environment.setenv(name, value)
    assert remote.checked("s3://some-bucket/a.tif") == asked


def test_a_key_that_cannot_be_written_is_refused():
    with pytest.raises(InputError, match="signs that no key can be asked by"):
        s3.bucket("s3://some-bucket/\udc80.tif", "it")


@pytest.mark.parametrize(
    "key", ["ü.tif", "a%20b.tif", "a b.tif", "x;y=z,w!(1)'*.tif", "~tilde_-.tif", "a//b.tif", "$&@:.tif"]
)
def test_a_key_is_named_and_signed_as_it_is_written(server, environment, key):
    server.refuses = guarded()
    sign_in(environment)
    open_scene(f"s3://some-bucket/{key}")
    assert {path for path, _ in server.asked} == {"/some-bucket/" + quote(key, safe="/-_.~")}


def test_no_secret_is_in_anything_that_is_printed_or_written(server, environment, write_image, tmp_path):
    server.refuses = guarded(token=TOKEN)
    sign_in(environment, AWS_SESSION_TOKEN=TOKEN)
    other = np.random.default_rng(2).integers(200, 3000, (1, 1024, 1024)).astype(np.uint16)
    write_image("other.tif", other)
    assert not any(s in repr(inspect([URL])) + repr(open_scene(URL)) for s in (ACCESS, SECRET, TOKEN))
    place = ["--at", "42.2360", "130.2910", "--radius", "100"]
    told = b""
    for words in (
        [*place, URL, "other.tif", "--json", "-o", "out"],
        [*place, URL, "other.tif", "-o", "table"],
        ["inspect", URL],
        ["inspect", "--json", URL],
    ):
        command = [sys.executable, "-m", "imagery_diff", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        told += done.stdout + done.stderr
    server.refuses = lambda *_: error(403, "SignatureDoesNotMatch")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    told += done.stdout + done.stderr
    written = [p for folder in ("out", "table") for p in (tmp_path / folder).rglob("*") if p.is_file()]
    assert len(written) >= 10
    told += b"".join(p.read_bytes() for p in written)
    for secret in (ACCESS, SECRET, TOKEN):
        assert secret.encode() not in told
        assert json.dumps(secret).encode() not in told
    assert b"image+1.tif" in told
