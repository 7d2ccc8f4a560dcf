"""omnicloudmask, a learned judge of cloud and its shade, where it is installed and its weights lie on this machine.

Wright et al. 2025, Remote Sensing of Environment (10.1016/j.rse.2025.114694). The library fetches weights it does not
find; it is not let: its function that finds them is never called. The two files are looked for by name, size and
digest, and handed to it as models that are already loaded. Nothing of it, nor of torch, is imported before that.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from imagery_diff.errors import InputError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

VARIABLE = "IMAGERY_DIFF_OMNICLOUDMASK"
"""Environment variable: the folder that holds the weights, or ``off``; without it the library's own folder."""
_PACKAGE = "omnicloudmask"
_OFF = "off"


class Weights(NamedTuple):
    """One file of weights."""

    name: str
    network: str
    """As segmentation-models-pytorch names its encoder."""
    size: int
    """Bytes."""
    sha256: str


EDITION = "4.0"
"""Which weights: the newest that omnicloudmask 1.8 knows."""
WEIGHTS = (
    Weights(
        "PM_model_OCM_7.97_R_G_NIR_3_smp_regnety_004.pycls_in1k_PT_state.safetensors",
        "tu-regnety_004",
        27_094_520,
        "7f6e4202e17ee73efa4aba7abb5c34f4f90a9f7eb42480820714994dff2db660",
    ),
    Weights(
        "PM_model_OCM_7.97_R_G_NIR_3_smp_edgenext_small.usi_in1k_PT_state.safetensors",
        "tu-edgenext_small",
        30_711_472,
        "d5fe67ad00f6fdb73eb8382ad925849e97fb82cedb46225344afff1a734a9c1d",
    ),
)
"""Names and networks as the library lists them; sizes and digests as public projects pin them that use it (two of their
own making agree), not seen by us."""
_PATCH, _OVERLAP = 1000, 300
"""Cells that are judged at once, and by how many such patches overlap: the library's own."""


@dataclass(frozen=True, kw_only=True)
class CloudModel:
    """The library and weights that were found in order."""

    version: str
    """Of the library."""
    files: tuple[Path, ...]
    """In the order of ``WEIGHTS``."""

    @property
    def name(self) -> str:
        """Of the library, with its version."""
        return f"{_PACKAGE} {self.version}"

    @property
    def label(self) -> str:
        """Who judges, in words."""
        digests = " and ".join(weights.sha256[:8] for weights in WEIGHTS)
        return f"{self.name}, weights {EDITION} (sha256 {digests})"

    def classes(self, image: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Judge an image, on the processor, so that every machine finds the same but for rounding.

        Parameters
        ----------
        image
            (band, row, col): red, green, near infrared, in any numbers that grow with light; NaN where nothing was
            seen.

        Returns
        -------
        (row, col): 0 clear, 1 thick cloud, 2 thin cloud, 3 shadow of cloud; 0 where nothing was seen.

        Raises
        ------
        InputError
            If the library could not.

        """
        side = min(_PATCH, *image.shape[1:])
        try:
            # What it warns of (patches smaller than its own) was decided here.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = np.asarray(_ask(self.files, image, side))
        except Exception as error:  # a library of many others, which fail in their own ways
            raise InputError(f"{_PACKAGE} failed ({type(error).__name__}: {one_line(error)[:200]})") from error
        if found.shape != (1, *image.shape[1:]) or found.dtype != np.uint8:
            raise InputError(f"{_PACKAGE} gave {found.dtype} of shape {found.shape}, not one class a cell")
        return np.asarray(found[0], np.uint8)


def _ask(files: tuple[Path, ...], image: NDArray[np.float32], side: int) -> Any:
    """Load the networks from files that were found in order, and ask them."""
    import torch  # noqa: PLC0415 - takes seconds, and is seldom there
    from omnicloudmask import predict_from_array  # noqa: PLC0415
    from omnicloudmask.model_utils import load_model_from_weights  # noqa: PLC0415

    models = [
        load_model_from_weights(
            model_name=weights.network, weights_path=file, model_library="smp", device=torch.device("cpu")
        )
        for weights, file in zip(WEIGHTS, files, strict=True)
    ]
    return predict_from_array(
        image,
        patch_size=side,
        patch_overlap=min(_OVERLAP, side // 2),
        inference_device="cpu",
        # Nought is a reflectance; NaN is never compared with and always left out.
        no_data_value=float("nan"),
        custom_models=models,
    )


def find_cloud_model(environment: Mapping[str, str] = os.environ) -> CloudModel | str:
    """Look whether the library is installed and its weights are at hand; nothing is imported, nothing called.

    Parameters
    ----------
    environment
        Where ``VARIABLE`` is looked up.

    Returns
    -------
    The model, or why it cannot be asked; nothing at all, ``""``, where it is not installed or was turned off.

    """
    told = environment.get(VARIABLE, "").strip()
    if told.lower() == _OFF:
        return ""
    version = _installed()
    if version is None:
        return f"{VARIABLE} is set, but there is no {_PACKAGE}: pip install 'imagery-diff[{_PACKAGE}]'" if told else ""
    folder = Path(told).expanduser() if told else _own_folder(version)
    where = f"the folder that {VARIABLE} names" if told else f"{_PACKAGE}'s own folder"
    for weights in WEIGHTS:
        wrong = _wrong(folder / weights.name, weights) if folder else "is not there"
        if wrong:
            words = f"{weights.name}, of its weights {EDITION}, {wrong} ({where}), and nothing is downloaded"
            return f"{_PACKAGE} {version} was not asked: {words}; docs/explanation/sky.md says where it belongs"
    assert folder is not None
    return CloudModel(version=version, files=tuple(folder / weights.name for weights in WEIGHTS))


def _installed() -> str | None:
    """Return the version of the library; None where it is not installed, or only something of its name lies about."""
    try:
        if importlib.util.find_spec(_PACKAGE) is None:
            return None
        return importlib.metadata.version(_PACKAGE)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def _own_folder(version: str) -> Path | None:
    """Return the folder in which the library keeps weights, which is named by its version; it is not made."""
    try:
        import platformdirs  # noqa: PLC0415 - comes with the library
    except ImportError:
        return None
    # As the library does: 1.8.1 of 1.8.1.dev3+g1234.
    release = re.match(r"\d+(\.\d+)*", version)
    return Path(platformdirs.user_data_dir(_PACKAGE, version=release.group() if release else version))


def _wrong(file: Path, weights: Weights) -> str:
    """Say what is wrong with a file of weights; nothing if it is the one that is meant."""
    try:
        if not file.is_file():
            return "is not there"
        size = file.stat().st_size
        if size != weights.size:
            return f"has {size} bytes, not {weights.size}"
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror or type(error).__name__})"
    return "" if digest == weights.sha256 else f"has the digest {digest[:8]}…, not {weights.sha256[:8]}…"
