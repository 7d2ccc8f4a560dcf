"""Ask a real S3 server in every way that `read/s3.py` knows: `python benchmarks/s3.py PYTHON_WITH_MOTO`.

PYTHON_WITH_MOTO is the interpreter of an environment of its own with `moto[server,s3]` (pip, 317 MB), which is too much
for the tests. moto then checks keys and signatures as AWS does (INITIAL_NO_AUTH_ACTION_COUNT). Prints a table;
ends with 1 if a line is not as expected, or a secret is in one.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

from imagery_diff.errors import InputError
from imagery_diff.read.remote import remote
from imagery_diff.read.scenes import open_scene

BUCKET, KEY = "port-images", "2023/10 20/a+b=ü.tif"
_SETUP = """
import boto3, json, sys
where = dict(endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
iam, s3 = boto3.client("iam", **where), boto3.client("s3", **where)
def user(name, allowed):
    iam.create_user(UserName=name)
    if allowed:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    found = iam.create_access_key(UserName=name)["AccessKey"]
    return found["AccessKeyId"], found["SecretAccessKey"]
keys = {"reader": user("reader", True), "stranger": user("stranger", False)}
s3.create_bucket(Bucket=sys.argv[2])
s3.put_object(Bucket=sys.argv[2], Key=sys.argv[3], Body=open(sys.argv[4], "rb"))
print(json.dumps(keys))
"""
_CALLS = 6
"""What _SETUP asks before keys are checked: two users, a policy, two keys, a bucket; the upload is signed by none."""


def main() -> int:
    """Start the server, ask it, print the table."""
    python = sys.argv[1]
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder, socket.socket() as taken:
        image = Path(folder) / "image.tif"
        _write(image)
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        address = f"http://127.0.0.1:{port}"
        # One more than _CALLS: the upload.
        env = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(_CALLS + 1)}
        command = [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                _wait(port)
                done = subprocess.run(
                    [python, "-c", _SETUP, address, BUCKET, KEY, str(image)],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                return _ask(address, json.loads(done.stdout), image)
            finally:
                server.terminate()


def _write(path: Path) -> None:
    data = np.random.default_rng(1).integers(200, 3000, (1, 2048, 2048)).astype(np.uint16)
    where = {"crs": "EPSG:32652", "transform": Affine(3, 0, 605_001, 0, -3, 4_676_998)}
    size = {"count": 1, "height": 2048, "width": 2048, "dtype": "uint16", "tiled": True}
    with rasterio.open(path, "w", driver="GTiff", **size, **where) as file:
        file.write(data)


def _wait(port: int) -> None:
    for _ in range(200):
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server does not start; is moto[server,s3] installed there?")


def _ask(address: str, keys: dict[str, tuple[str, str]], image: Path) -> int:
    reader, stranger = (
        dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), keys[k], strict=True)) for k in ("reader", "stranger")
    )
    url = f"s3://{BUCKET}/{KEY}"
    cases = (
        ("keys of a reader", reader, url, "read"),
        ("none", {}, url, "without credentials"),
        ("keys, and not to sign", reader | {"AWS_NO_SIGN_REQUEST": "YES"}, url, "without credentials"),
        ("a wrong secret", reader | {"AWS_SECRET_ACCESS_KEY": "wrong"}, url, "SignatureDoesNotMatch"),
        ("an unknown key", reader | {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}, url, "InvalidAccessKeyId"),
        ("a user without the right", stranger, url, "AccessDenied"),
        ("a key that is not there", reader, f"s3://{BUCKET}/nothing.tif", "no such file or bucket"),
        ("a bucket that is not there", reader, f"s3://no-{BUCKET}/a.tif", "no such file or bucket"),
    )
    wrong = 0
    for name, variables, asked, expected in cases:
        told = _told(address, variables, asked, image)
        secrets = [s for pair in keys.values() for s in pair]
        good = re.search(expected, told) is not None and "\n" not in told and not any(s in told for s in secrets)
        wrong += not good
        print(f"{'as expected' if good else 'WRONG':12} {name:28} {told}")
    print(f"{len(cases) - wrong} of {len(cases)} as expected")
    return 1 if wrong else 0


def _told(address: str, variables: dict[str, str], url: str, image: Path) -> str:
    remote.cache_clear()
    with_them = {**variables, "AWS_ENDPOINT_URL": address}
    os.environ.update(with_them)
    try:
        with rasterio.open(image) as file:
            truth = file.read(window=((900, 1000), (900, 1000)))
        same = np.array_equal(open_scene(url).read(900, 900, (100, 100)).data, truth)
    except InputError as error:
        return str(error)
    finally:
        for name in with_them:
            del os.environ[name]
    return "read, the same numbers" if same else "other numbers"


if __name__ == "__main__":
    sys.exit(main())
