"""Fixtures for all tests: real data where it is present, and small images of known truth."""

import contextlib
import hashlib
import importlib
import os
import shutil
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from hypothesis import settings
from rasterio.errors import NotGeoreferencedWarning
from scipy import ndimage

from imagery_diff.cli import main
from imagery_diff.grid import Grid
from imagery_diff.scene import Band, Scene, SceneInfo
from imagery_diff.write import folder as folders
from tests.schemas import WATCH

TOP = Path(__file__).resolve().parents[1]
UTM52 = "EPSG:32652"
CORNER = Affine(3, 0, 605_001, 0, -3, 4_676_998)
# Wherever the tests run, the built-in check judges the sky, but for those of omnicloudmask.
os.environ["IMAGERY_DIFF_OMNICLOUDMASK"] = "off"
ALLOWED_SKIPS = TOP / "tests" / "allowed_skips.txt"

# CI asks the same questions every time, so that main does not turn red by chance; elsewhere they are new each time.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")


def pytest_terminal_summary(terminalreporter):
    """With CI=true, name every skipped test whose reason is not allowed, and fail the run; say what schemas cost."""
    if WATCH.folders or WATCH.printed:
        said = f"{WATCH.folders} folders and {WATCH.printed} printed documents held against their schemas"
        terminalreporter.write_line(f"{said} in {WATCH.seconds:.1f} s")
    refused = _refused_skips(terminalreporter.stats.get("skipped", []))
    if refused:
        terminalreporter.section("skips that tests/allowed_skips.txt does not name")
        for line in refused:
            terminalreporter.write_line(line)


def pytest_sessionfinish(session):
    """Make the exit code say it."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _refused_skips(reporter.stats.get("skipped", [])) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    """Fail a test by which, or by whose fixtures, something was written or printed that keeps to no schema."""
    try:
        result = yield
    except BaseException:
        WATCH.taken()
        raise
    found = WATCH.taken()
    assert not found, "\n".join(found)
    return result


@pytest.fixture(scope="session", autouse=True)
def _watched():
    """Look at every folder that is written in this process, and at all that a command prints in it as JSON."""
    write, invoke = folders.write_folder, CliRunner.invoke

    def write_folder(target, files):
        write(target, files)
        WATCH.folder(files)

    def invoked(self, cli, args=None, **more):
        result = invoke(self, cli, args, **more)
        if cli is main and not isinstance(args, str):
            WATCH.stdout([str(word) for word in args or ()], result.stdout)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "write_folder", write_folder)
        patch.setattr(CliRunner, "invoke", invoked)
        yield


def _refused_skips(reports):
    if os.environ.get("CI") != "true":
        return []
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    allowed = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    refused = []
    for report in reports:
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if not any(report.nodeid.startswith(test) and why in reason for test, why in allowed):
            refused.append(f"{report.nodeid}: {reason}")
    return refused


@pytest.fixture(scope="module")
def benchmark():
    """Import a benchmark by its name as it imports its neighbours: from its own folder."""
    folder = str(TOP / "benchmarks")
    sys.path.insert(0, folder)
    yield importlib.import_module
    sys.path.remove(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Return the folder of a comparison with three regions, that no test may change."""
    from tests.write.conftest import make_result

    return make_result(count=3).save(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def run(finished, tmp_path):
    """Return a copy of that folder, to be spoilt."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture(scope="session")
def october():
    """Return the series of the sample tiles' October, that no test may change."""
    from imagery_diff import samples, timeline

    days = ("20231021", "20231020_0643", "20231020_0201", "20231019", "20231017", "20231016")
    return timeline("najin", [samples.path(f"najin_{day}") for day in days])


@pytest.fixture(scope="session")
def series_run(october, tmp_path_factory):
    """Return its folder, that no test may change."""
    return october.save(tmp_path_factory.mktemp("series") / "run")


@pytest.fixture(scope="session")
def data_folder():
    """Real imagery, which is never copied into the repository."""
    folder = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real imagery is absent: set IMAGERY_DIFF_DATA to the shared data folder")
    return folder


@pytest.fixture(scope="session")
def town():
    """Return a maker of images (band, row, col) like a port: roofs and yards of many sizes, blurred as delivered."""

    def make(shape=(200, 220), *, bands=1, seed=1, blur=1.0):
        rng = np.random.default_rng(seed)
        height, width = shape
        image = np.full((bands, *shape), 1000.0)
        for _ in range(height * width // 150):
            row, col = rng.integers(0, height), rng.integers(0, width)
            rows, cols = rng.integers(2, 14, 2)
            image[:, row : row + rows, col : col + cols] = rng.uniform(400, 2400) * rng.uniform(0.9, 1.1, (bands, 1, 1))
        return np.stack([ndimage.gaussian_filter(band, blur) for band in image]).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def moved():
    """Return a function that moves what an image (band, row, col) shows by parts of a pixel, exactly (Fourier)."""

    def move(image, rows, cols):
        # Mirrored all round, so that the period carries no jump and nothing rings.
        pad = 48
        wide = np.pad(image, ((0, 0), (pad, pad), (pad, pad)), mode="reflect")
        out = [np.fft.ifft2(ndimage.fourier_shift(np.fft.fft2(band), (rows, cols))).real for band in wide]
        return np.stack(out)[:, pad:-pad, pad:-pad].astype(np.float32)

    return move


@pytest.fixture
def scene_of():
    """Return a maker of scenes from arrays, on a 3 m grid in UTM zone 52 unless another is given."""

    def make(data, flags=None, grid=None):
        data = np.asarray(data, np.float32)
        grid = grid or Grid(crs=UTM52, transform=CORNER, shape=data.shape[1:])
        flags = np.zeros(data.shape[1:], np.uint8) if flags is None else flags
        return Scene(data=data, flags=flags, grid=grid)

    return make


@dataclass(frozen=True)
class Pixels:
    """A source of pixels that holds them."""

    scene: Scene

    def read(self, row, col, shape, bands):  # noqa: D102 - see PixelSource
        window = np.s_[row : row + shape[0], col : col + shape[1]]
        data = self.scene.data[list(bands)][(slice(None), *window)]
        return Scene(data=data, flags=self.scene.flags[window], grid=self.scene.grid.window(row, col, shape))


@pytest.fixture
def opened(scene_of):
    """Return a maker of opened scenes (SceneInfo) from arrays, as if they had been read from a file."""

    def make(data, flags=None, *, names=("blue", "green", "red", "nir"), name="array.tif", grid=None, **changes):
        scene = scene_of(data, flags, grid)
        bands = tuple(Band(name=n) for n in names[: len(scene.data)])
        return SceneInfo(**({"name": name, "grid": scene.grid, "bands": bands, "source": Pixels(scene)} | changes))

    return make


STAND_IN = {
    "torch/__init__.py": "device = str\n",
    "omnicloudmask-1.8.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: omnicloudmask\nVersion: 1.8.1\n",
    "omnicloudmask/model_utils.py": """
def load_model_from_weights(model_name, weights_path, model_library, device):
    assert (model_library, device) == ("smp", "cpu")
    return model_name, weights_path.read_bytes()
""",
    "omnicloudmask/__init__.py": """
import warnings
import numpy as np
calls, failure = [], []
def predict_from_array(
    input_array, patch_size=1000, patch_overlap=300, inference_device=None, no_data_value=0, custom_models=None
):
    assert custom_models, "it would fetch weights now"
    assert inference_device == "cpu" and np.isnan(no_data_value) and 2 * patch_overlap <= patch_size
    warnings.warn("Patch size is small", stacklevel=2)
    calls.append((input_array, patch_size, custom_models))
    if failure:
        raise failure[0]
    red, green, nir = input_array
    classes = np.where(red > 0.5, 1, np.where(green > 0.4, 2, np.where(nir < 0.02, 3, 0)))
    return (classes * ~np.isnan(input_array).all(axis=0))[None].astype(np.uint8)
""",
}
"""What is called of omnicloudmask 1.8.1, played by a rule: thick cloud where red > .5, thin where green > .4, shadow
where near infrared < .02. It judges no cloud; benchmarks/learned_sky.py asks the library itself."""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Install a stand-in for omnicloudmask, and files that are taken for its weights; return their folder."""
    from imagery_diff.read import cloud_model

    for name, text in STAND_IN.items():
        file = tmp_path / "site" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    folder = tmp_path / "weights"
    folder.mkdir()
    weights = []
    for one in cloud_model.WEIGHTS:
        held = one.network.encode()
        (folder / one.name).write_bytes(held)
        weights.append(one._replace(size=len(held), sha256=hashlib.sha256(held).hexdigest()))
    monkeypatch.setattr(cloud_model, "WEIGHTS", tuple(weights))
    for name in ("omnicloudmask", "omnicloudmask.model_utils", "torch"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv(cloud_model.VARIABLE, str(folder))
    yield folder
    for name in ("omnicloudmask", "omnicloudmask.model_utils", "torch"):
        sys.modules.pop(name, None)


@pytest.fixture
def write_image(tmp_path):
    """Return a writer of image files (band, row, col), GeoTIFF in UTM zone 52 unless said otherwise."""

    def write(name, data, *, crs=UTM52, transform=CORNER, descriptions=(), tags=None, **profile):
        data = np.asarray(data)
        options = {"driver": "GTiff", "count": data.shape[0], "height": data.shape[1], "width": data.shape[2]}
        if crs is not None:
            options |= {"crs": crs, "transform": transform}
        with (
            rasterio.Env(GDAL_PAM_ENABLED="NO"),
            _quiet(),
            rasterio.open(tmp_path / name, "w", dtype=data.dtype, **(options | profile)) as file,
        ):
            file.write(data)
            for i, text in enumerate(descriptions, start=1):
                file.set_band_description(i, text)
            file.update_tags(**(tags or {}))
        return tmp_path / name

    return write


@contextlib.contextmanager
def _quiet():
    """Do not warn of a file without georeference: those are meant to have none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield
