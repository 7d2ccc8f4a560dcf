"""The AOIs are found however the package came: a clone, an editable install, a wheel, an sdist.

Each way has a fresh virtual environment of its own, into which the package itself is newly installed by pip. Its
dependencies are borrowed from the environment that runs the tests (a path file), since downloading them four times
would show nothing more; the README's first command, which CI runs, installs them for real.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
NAMES = ["border_crossing", "dunay", "najin", "tikhoretsk", "vostochny"]
PROBE = """
import json, imagery_diff
from imagery_diff.read.aois import aoi_names, load_aoi
from imagery_diff.shipped import shipped_folder
najin = load_aoi("najin")
print(json.dumps({
    "package": imagery_diff.__file__, "aois": str(shipped_folder("aois")), "names": aoi_names(),
    "zones": len(najin.zones), "area_m2": najin.area_m2,
}))
"""

NOTEBOOK = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
where = nbformat.v4.new_code_cell("import imagery_diff\\nprint(imagery_diff.__file__)")
notebook.cells.append(where)
NotebookClient(notebook, timeout=200, kernel_name="python3").execute()
print(notebook.cells[-1].outputs[0].text)
"""

pytestmark = pytest.mark.slow


def run(*words, cwd):
    """Run a command outside the repository's reach and return what it printed."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=kept | {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


class Environment:
    """A fresh virtual environment that borrows the dependencies, but not the package, of the running one."""

    def __init__(self, folder):
        venv.create(folder, with_pip=True, symlinks=os.name != "nt")
        self.folder = folder
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / ("python.exe" if os.name == "nt" else "python")
        site = run(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
        # Named so as to come after the package's own path file. Path files inside the borrowed folder are not
        # followed, so that an editable install there stays hidden.
        borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (Path(site) / "zz_borrowed.pth").write_text("\n".join(sorted(borrowed)), encoding="utf-8")

    def install(self, *words):
        """Install by pip, without dependencies."""
        run(self.python, "-m", "pip", "install", "--quiet", "--no-deps", *words, cwd=self.folder)

    def probe(self, cwd=None):
        """Ask the installed package where it and its AOIs are."""
        return json.loads(run(self.python, "-c", PROBE, cwd=cwd or self.folder))

    def list_aois(self, cwd=None):
        """Ask the command line for the list."""
        words = [self.python, "-m", "imagery_diff"] if cwd else [self.bin / "imagery-diff"]
        return json.loads(run(*words, "aois", "list", "--json", cwd=cwd or self.folder))


@pytest.fixture
def environment(tmp_path):
    """Give a fresh environment."""
    return Environment(tmp_path / "environment")


@pytest.fixture
def clone(tmp_path):
    """Copy the tree as a clone would have it, without what was built or cached in it."""
    left_out = shutil.ignore_patterns(".git", ".*_cache", "__pycache__", "venv", ".venv", "dist", "build", "*.egg-info")
    return Path(shutil.copytree(TOP, tmp_path / "clone", ignore=left_out))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the sdist, and from the sdist the wheel, once."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, TOP, cwd=folder)
    return folder


def check(environment, beside, cwd=None):
    """Whether the AOIs are found, and found inside ``beside``, not by accident somewhere else."""
    found = environment.probe(cwd)
    assert found["names"] == NAMES
    assert found["zones"] == 17
    assert found["area_m2"] == pytest.approx(2.393e6, rel=1e-3)
    assert Path(found["package"]).resolve().is_relative_to(beside.resolve())
    assert Path(found["aois"]).resolve().is_relative_to(beside.resolve())
    assert [aoi["name"] for aoi in environment.list_aois(cwd)["aois"]] == NAMES


def test_a_clone_finds_the_aois_without_being_installed(environment, clone):
    """Finds the folder at the top of the tree."""
    check(environment, clone, cwd=clone)


def test_an_editable_install_finds_the_aois_in_the_tree(environment, clone):
    """Edits of an AOI count at once."""
    environment.install("--editable", clone)
    check(environment, clone)
    (clone / "aois/dunay.geojson").rename(clone / "aois/other.geojson")
    assert "other" in environment.probe()["names"]


def test_a_wheel_carries_the_aois(environment, built):
    """Finds them inside the installed package."""
    (wheel,) = built.glob("*.whl")
    environment.install(wheel)
    check(environment, environment.folder)


def test_an_sdist_carries_the_aois(environment, built):
    """Finds them after pip has built and installed it."""
    (sdist,) = built.glob("*.tar.gz")
    environment.install(sdist)
    check(environment, environment.folder)


def test_the_notebooks_run_from_a_wheel(environment, built, tmp_path):
    """With nothing of the tree but the notebook itself."""
    (wheel,) = built.glob("*.whl")
    environment.install(wheel)
    notebooks = sorted((TOP / "notebooks").glob("*.ipynb"))
    assert len(notebooks) >= 3
    for path in notebooks:
        copied = shutil.copy(path, tmp_path / path.name)
        said = run(environment.python, "-c", NOTEBOOK, copied, cwd=tmp_path)
        assert Path(said.strip()).resolve().is_relative_to(environment.folder.resolve())
