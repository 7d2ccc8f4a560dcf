"""omnicloudmask is asked where it and the very weights are at hand, and never gets to fetch anything.

The library is played by a stand-in (tests/conftest.py) that knows a rule and no clouds; benchmarks/learned_sky.py
asks the library itself.
"""

import socket
import sys

import numpy as np
import pytest

from imagery_diff.errors import InputError
from imagery_diff.read import cloud_model
from imagery_diff.read.cloud_model import VARIABLE, CloudModel, find_cloud_model

IMAGE = np.full((3, 120, 130), 0.2, np.float32)


@pytest.fixture
def without_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was asked")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture
def not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "omnicloudmask", None)


@pytest.mark.usefixtures("not_installed")
def test_without_the_library_nothing_is_said_unless_it_was_asked_for():
    assert find_cloud_model({}) == ""
    assert "pip install 'imagery-diff[omnicloudmask]'" in find_cloud_model({VARIABLE: "weights"})


@pytest.mark.usefixtures("stand_in")
def test_a_module_of_its_name_that_was_not_installed_is_not_taken_for_it(monkeypatch):
    def absent(name):
        raise cloud_model.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(cloud_model.importlib.metadata, "version", absent)
    assert find_cloud_model({}) == ""


@pytest.mark.usefixtures("stand_in")
def test_it_can_be_turned_off():
    assert find_cloud_model({VARIABLE: " OFF "}) == ""


@pytest.mark.usefixtures("stand_in", "without_network")
def test_without_weights_it_is_said_and_nothing_is_fetched_made_or_imported(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    empty = tmp_path / "empty"
    empty.mkdir()
    for environment, where in (({}, "omnicloudmask's own folder"), ({VARIABLE: str(empty)}, "the folder that")):
        why = find_cloud_model(environment)
        assert f"{where}" in why
        assert cloud_model.WEIGHTS[0].name in why
        assert "is not there (" in why
        assert "nothing is downloaded" in why
        assert str(tmp_path) not in why
    assert "omnicloudmask" not in sys.modules
    assert not (tmp_path / "data").exists()
    assert list(empty.iterdir()) == []


def test_weights_are_found_in_the_library_s_own_folder_of_its_version(stand_in, tmp_path, monkeypatch):
    # Where XDG_DATA_HOME is not asked (macOS, Windows) the folder is elsewhere, named by the version all the same.
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name, version: str(tmp_path / name / version))
    own = tmp_path / "omnicloudmask" / "1.8.1"
    own.parent.mkdir()
    stand_in.rename(own)
    assert find_cloud_model({}).files == tuple(own / w.name for w in cloud_model.WEIGHTS)
    monkeypatch.setattr(cloud_model.importlib.metadata, "version", lambda _: "1.8.1.dev3+g1234abc")
    assert isinstance(find_cloud_model({}), CloudModel)


@pytest.mark.parametrize(
    ("held", "words"),
    [(b"", "has 0 bytes, not 14"), (b"tu-regnety_005", "has the digest"), (None, "is not there")],
)
def test_files_that_are_not_the_weights_are_not_loaded(stand_in, held, words):
    file = stand_in / cloud_model.WEIGHTS[0].name
    file.unlink()
    if held is None:
        file.mkdir()
    else:
        file.write_bytes(held)
    assert words in find_cloud_model({VARIABLE: str(stand_in)})


def test_a_file_that_cannot_be_read_ends_in_one_line(stand_in, monkeypatch):
    def broken(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(cloud_model.hashlib, "file_digest", broken)
    assert "cannot be read (Input/output error)" in find_cloud_model({VARIABLE: str(stand_in)})


@pytest.mark.usefixtures("without_network")
def test_it_is_handed_the_networks_loaded_from_the_files_that_were_found(stand_in):
    model = find_cloud_model({VARIABLE: str(stand_in)})
    digests = " and ".join(w.sha256[:8] for w in cloud_model.WEIGHTS)
    assert model.label == f"omnicloudmask 1.8.1, weights 4.0 (sha256 {digests})"
    image = IMAGE.copy()
    image[0, :10], image[1, 10:20], image[2, 20:30], image[:, 30:40] = 0.6, 0.5, 0.01, np.nan
    classes = model.classes(image)
    assert [int(classes[row, 5]) for row in (5, 15, 25, 35, 45)] == [1, 2, 3, 0, 0]
    ((_, side, networks),) = sys.modules["omnicloudmask"].calls
    assert side == 120
    assert networks == [(w.network, w.network.encode()) for w in cloud_model.WEIGHTS]


def test_whatever_it_fails_with_is_one_line(stand_in):
    model = find_cloud_model({VARIABLE: str(stand_in)})
    model.classes(IMAGE)
    sys.modules["omnicloudmask"].failure.append(RuntimeError("size mismatch:\n\tfor a\n" + 500 * "x"))
    with pytest.raises(InputError, match=r"^omnicloudmask failed \(RuntimeError: size mismatch: for a x+\)$") as raised:
        model.classes(IMAGE)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("given", [np.zeros((120, 130), np.uint8), np.zeros((1, 120, 130)), None])
def test_an_answer_that_is_not_one_class_a_cell_is_refused(stand_in, monkeypatch, given):
    monkeypatch.setattr(cloud_model, "_ask", lambda *_: given)
    with pytest.raises(InputError, match="not one class a cell"):
        find_cloud_model({VARIABLE: str(stand_in)}).classes(IMAGE)


def test_the_pinned_weights_are_two_files_of_their_own_with_whole_digests():
    assert len({w.name for w in cloud_model.WEIGHTS}) == len({w.sha256 for w in cloud_model.WEIGHTS}) == 2
    assert all(len(bytes.fromhex(w.sha256)) == 32 and w.name.endswith(".safetensors") for w in cloud_model.WEIGHTS)
