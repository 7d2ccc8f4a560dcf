"""omnicloudmask asked through our door: the plumbing with random weights, or figures with the published ones.

    pip install '.[omnicloudmask]'
    python benchmarks/learned_sky.py                    the plumbing
    python benchmarks/learned_sky.py --weights DIR      figures of the two labelled Sentinel-2 images

Without --weights the library's own networks are filled with random numbers, saved in its own format under its own
names, and taken for the published files. They know no clouds: what is checked is that bands, cells, classes and flags
go where they belong, that the library's own call says the same, and that the network is never touched: every attempt
to reach a host or resolve a name ends the run. Nothing in it says how well clouds are found.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import socket
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff import look, samples
from imagery_diff.method import learned_sky
from imagery_diff.read import cloud_model
from imagery_diff.read.cloud_model import VARIABLE, CloudModel, find_cloud_model
from imagery_diff.read.scenes import open_scene
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NAMES = ("blue", "green", "red", "nir")
SIDES = (100, 500, 1000, 1500)
"""Cells on a side whose time and memory are measured."""
_failed: list[str] = []


def check(words: str, *, right: bool) -> None:
    """Print whether something is as it should be."""
    print(f"{'ok' if right else 'WRONG':<6}{words}")
    if not right:
        _failed.append(words)


def without_network() -> None:
    """End the run where anything asks the network."""

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
            print(f"WRONG the network was asked: {event}")
            os._exit(1)

    # An audit hook hears of every socket of this process and cannot be taken out again.
    sys.addaudithook(refuse)
    socket.setdefaulttimeout(1.0)


def random_weights(folder: Path) -> tuple[cloud_model.Weights, ...]:
    """Save the library's networks with random numbers under the names of the published weights."""
    import segmentation_models_pytorch as smp  # noqa: PLC0415 - not needed with --weights
    import torch  # noqa: PLC0415
    from safetensors.torch import save_file  # noqa: PLC0415

    made = []
    for seed, weights in enumerate(cloud_model.WEIGHTS):
        torch.manual_seed(seed)
        network = smp.Unet(encoder_name=weights.network, encoder_weights=None, in_channels=3, classes=4)
        file = folder / weights.name
        save_file(network.state_dict(), file)
        size = file.stat().st_size
        check(f"{weights.network}: {size} bytes, as the published file is said to have", right=size == weights.size)
        made.append(weights._replace(size=size, sha256=hashlib.sha256(file.read_bytes()).hexdigest()))
    return tuple(made)


def absent(folder: Path) -> None:
    """Check what happens without weights."""
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    for environment in ({}, {VARIABLE: str(folder)}):
        why = find_cloud_model(environment)
        print(f"      {why}")
        check("without weights it is not asked", right="nothing is downloaded" in str(why))
    check(
        "and neither imported nor given a folder", right=not (folder / "data").exists() and "torch" not in sys.modules
    )


def port(shape: tuple[int, int], seed: int = 3) -> Floats:
    """Return fields, water and bright soft patches; (band, row, col) of NAMES, reflectance."""
    from scipy import ndimage  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(rng.normal(size=shape), 4)
    bright = np.clip(ndimage.gaussian_filter(rng.normal(size=shape), 25) * 60, 0, 1)
    image = np.array([0.06, 0.08, 0.09, 0.22]).reshape(-1, 1, 1) * np.exp(0.3 * fields / fields.std())
    return np.asarray(image + bright * (0.6 - image), np.float32)


def plumbing(model: CloudModel, folder: Path) -> None:
    """Hold our way to the classes against the library's own call on means computed apart."""
    from omnicloudmask import predict_from_array  # noqa: PLC0415

    image = port((720, 660))
    means = image.reshape(4, 240, 3, 220, 3).mean(axis=(2, 4))
    # As its documentation shows, with the weights where it looks for them.
    theirs = predict_from_array(
        means[[2, 1, 3]], inference_device="cpu", destination_model_dir=folder, patch_size=220, patch_overlap=110
    )[0]
    seen = np.ones((720, 660), bool)
    kept: list[NDArray[np.uint8]] = []

    def judge(shown: Floats) -> NDArray[np.uint8]:
        kept.append(model.classes(shown))
        return kept[-1]

    flags = learned_sky.flags_of(judge, image, seen, NAMES, 3.0)
    print(f"      classes 0 to 3 on {means[0].size} cells: {np.bincount(kept[0].ravel(), minlength=4).tolist()}")
    check("3 m pixels as cells of 9 m: the classes of the library's own call", right=np.array_equal(kept[0], theirs))
    turned = learned_sky.flags_of(judge, image[::-1], seen, NAMES[::-1], 3.0)
    check("in whatever order the file has its bands", right=np.array_equal(turned, flags))
    other = predict_from_array(
        means[[0, 1, 3]], inference_device="cpu", destination_model_dir=folder, patch_size=220, patch_overlap=110
    )[0]
    check("(which another band in place of red changes)", right=not np.array_equal(other, theirs))
    for value, flag in ((1, Flag.CLOUD), (2, Flag.HAZE | Flag.CLOUD), (3, Flag.SHADOW | Flag.CLOUD)):
        under = np.kron(kept[0] == value, np.ones((3, 3), bool))
        right = bool(under.any() and (flags[under] & np.uint8(flag.value)).all())
        check(f"class {value} ({int(under.sum())} pixels) is {flag.name}, cloud where it was grown", right=right)
    seen[:90] = False
    image[:, :90] = 1e6
    part = learned_sky.flags_of(judge, image, seen, NAMES, 3.0)
    check("what was not seen is told nothing of", right=not part[:90].any() and not kept[-1][:30].any())
    again = learned_sky.flags_of(judge, image, seen, NAMES, 3.0)
    check("twice the same", right=np.array_equal(part, again))


def story(folder: Path) -> None:
    """Look at a rendered sample whose mask is taken off, with and without weights."""
    info = replace(open_scene(samples.path("najin_20231019")), cloud_masked=False)
    for told, words in ((str(folder), "judged by omnicloudmask"), ("off", "judged by their look alone")):
        os.environ[VARIABLE] = told
        caveats = [c for c in look("najin", info).caveats if "judged by" in c]
        print(*(f"      {c}" for c in caveats), sep="\n")
        check(f"look says: {words}", right=len(caveats) == 1 and words in caveats[0])


def cost(model: CloudModel) -> Iterator[str]:
    """Measure time and memory."""
    for side in SIDES:
        image = port((side, side))[[2, 1, 3]]
        begin = time.perf_counter()
        model.classes(image)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        yield f"      {side} x {side} cells: {time.perf_counter() - begin:.1f} s, peak of the process {peak:.0f} MB"


def labelled(model: CloudModel) -> None:
    """Print the figures of benchmarks/sky.py's labelled images for the built-in check and for this one."""
    import sky  # noqa: PLC0415 - the script beside this one

    rows = []
    for name in ("adwp", "aeey"):
        folder = sky.DATA / "masks" / "s2_clouds_drivendata"
        image, label = sky.read(folder / f"{name}_image.tif") / 1e4, sky.read(folder / f"{name}_cloud.tif")[0] > 0
        seen = np.isfinite(image).all(axis=0)
        shot = sky.Shot(name, image, sky.SENTINEL, 10.0, sky.Level.SURFACE)
        learned = learned_sky.flags_of(model.classes, image, seen, sky.SENTINEL, 10.0)
        for who, flags in (("built-in", sky.ask(shot).flags), ("omnicloudmask", learned)):
            for what, asked in (("cloud", Flag.CLOUD), ("cloud or haze", Flag.CLOUD | Flag.HAZE)):
                found = (flags & np.uint8(asked.value)) != 0
                recall, precision, iou = sky.Counts.of_masks(found, label).scores
                rows.append({"image": name, "who": who, "what": what})
                rows[-1] |= {"recall": recall, "precision": precision, "IoU": iou}
    print(sky.table(rows))


def main() -> None:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="folder with the two published files")
    arguments = parser.parse_args()
    without_network()
    if arguments.weights is not None:
        model = find_cloud_model({VARIABLE: str(arguments.weights)})
        if isinstance(model, str):
            sys.exit(model or "omnicloudmask is not installed")
        print(f"{model.label} on labelled Sentinel-2")
        labelled(model)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if find_cloud_model({}) == "":
            sys.exit("omnicloudmask is not installed: pip install '.[omnicloudmask]'")
        absent(folder)
        cloud_model.WEIGHTS = random_weights(folder)
        model = find_cloud_model({VARIABLE: str(folder)})
        assert isinstance(model, CloudModel), model
        print(f"      {model.label}: RANDOM NUMBERS in the place of weights")
        plumbing(model, folder)
        story(folder)
        print(*cost(model), sep="\n")
    print("the network was not asked")
    sys.exit(1 if _failed else 0)


if __name__ == "__main__":
    main()
