"""Aligned images are the pixels that the comparison saw, valid COGs, and never pass for images as delivered."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioDeprecationWarning
from rio_cogeo import cog_validate

from imagery_diff import compare, exporting_aligned, open_scene, pair_scenes, samples
from imagery_diff.cli import main
from imagery_diff.errors import ImageryDiffWarning, InputError, InputNotFoundError
from imagery_diff.exporting import Wanted, export
from imagery_diff.mark import ALTERED
from imagery_diff.write import manifest as manifests
from imagery_diff.write.model import to_json
from tests.conftest import CORNER, UTM52

ROLES = ("before", "after")
MOVED = (1.3, -2.6)


@pytest.fixture(scope="module")
def seen():
    """Return a way to compare that also tells what scenes the comparison had after it had moved them."""

    def compared(*words, **options):
        kept, read = [], pair_scenes.Pair.read

        def keep(pair, grid, shift=None):
            scenes = read(pair, grid, shift)
            if shift is not None:
                # The comparison writes into its own.
                kept.extend(replace(s, data=s.data.copy(), flags=s.flags.copy()) for s in scenes)
            return scenes

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pair_scenes.Pair, "read", keep)
            return compare(*words, **options), kept

    return compared


@pytest.fixture(scope="module")
def images(tmp_path_factory, town, moved):
    """Two images that no program of ours made, one of them moved, the other with a corner of nothing."""
    folder = tmp_path_factory.mktemp("images")
    first = town((400, 420), bands=3, seed=7)
    second = moved(first, *MOVED)
    rng = np.random.default_rng(8)
    for role, town_seen in zip(ROLES, (first, second), strict=True):
        data = (town_seen + rng.normal(0, 10, first.shape)).clip(1, 65535).round().astype(np.uint16)
        if role == "before":
            data[:, :40, :60] = 0
        write(folder / f"{role}.tif", data)
    return folder


def write(path, data, **tags):
    profile = {"driver": "GTiff", "count": len(data), "height": data.shape[1], "width": data.shape[2]}
    with rasterio.open(path, "w", **profile, dtype=data.dtype.name, crs=UTM52, transform=CORNER, nodata=0) as file:
        file.write(data)
        file.descriptions = ("blue", "green", "red")[: len(data)]
        file.update_tags(**tags)


@pytest.fixture(scope="module")
def real(images, seen, tmp_path_factory):
    """Return a run of them, with what the comparison saw and found."""
    result, kept = seen("-", *(images / f"{role}.tif" for role in ROLES))
    return result.save(tmp_path_factory.mktemp("real") / "run"), kept, result


@pytest.fixture(scope="module")
def rendered(seen, tmp_path_factory):
    result, kept = seen("najin", *samples.pair("stack_appears"))
    return result.save(tmp_path_factory.mktemp("rendered") / "run"), kept, result


def written(run, inputs, target, **more):
    return export(run, Wanted(images=True, inputs=inputs, **more), target)


def pixels(folder):
    out = []
    for role in ROLES:
        with rasterio.open(folder / f"{role}_aligned.tif") as file:
            out.append(file.read())
    return out


@pytest.mark.filterwarnings("ignore:.*whose it is is not known")
def test_the_pixels_are_those_that_the_comparison_used(real, images, tmp_path):
    run, kept, result = real
    # The images do lie apart, each band by its own, so that an unmoved copy would fail.
    assert np.hypot(result.shift.rows - MOVED[0], result.shift.cols - MOVED[1]) < 0.1
    assert result.shift.bands
    target = written(run, images, tmp_path / "out")
    for data, scene, layer in zip(pixels(target), kept, (result.layers.before, result.layers.after), strict=True):
        there = ~np.isnan(data)
        # A run keeps four decimals of the shift, and of each band's own: both together half of the last of them, times
        # slopes of some hundred a pixel.
        np.testing.assert_allclose(data[there], scene.data[there], rtol=0, atol=0.05)
        np.testing.assert_allclose(data[there], layer.data[there], rtol=1e-3)
        gone = (scene.flags & 129) != 0
        assert np.isnan(data[:, gone]).all()
        assert np.isnan(data).all(axis=0).sum() < gone.sum() + 6 * sum(data.shape)
    raw = rasterio.open(images / "after.tif")
    with raw:
        same = raw.read()[:, 50:350, 50:350]
    assert np.abs(same - pixels(target)[1][:, 50:350, 50:350]).max() > 100


def test_rendered_pixels_are_those_used_but_for_the_mark(rendered, tmp_path):
    run, kept, result = rendered
    assert result.shift.rows
    target = written(run, samples.pair("stack_appears")[0].parents[1], tmp_path / "out")
    for data, scene in zip(pixels(target), kept, strict=True):
        there = ~np.isnan(data)
        assert there.mean() > 0.9
        assert np.abs(data[there] - scene.data[there]).max() < 1.6e-4


def test_they_are_valid_cogs_with_everything_a_program_asks_for(rendered, tmp_path):
    run, _, result = rendered
    target = written(run, samples.pair("stack_appears")[0].parents[1], tmp_path / "out")
    assert sorted(p.name for p in target.iterdir()) == ["after_aligned.tif", "before_aligned.tif", "manifest.json"]
    for role in ROLES:
        path = target / f"{role}_aligned.tif"
        assert cog_validate(path, strict=True) == (True, [], [])
        with rasterio.open(path) as file:
            grid = result.grid
            assert (file.crs.to_string(), file.transform, file.shape) == (grid.crs, grid.transform, grid.shape)
            assert file.descriptions == ("blue", "green", "red", "nir")
            assert set(file.units) == {"reflectance"}
            assert file.colorinterp[:3] == (ColorInterp.blue, ColorInterp.green, ColorInterp.red)
            assert np.isnan(file.nodata)
            values = file.read(4, masked=True)
            assert float(file.tags(4)["STATISTICS_MEAN"]) == pytest.approx(values.mean(), rel=1e-4)
            tags = file.tags()
            with pytest.warns(RasterioDeprecationWarning):
                # GDAL's own call: it writes a file beside one that holds none.
                file.statistics(4, approx=False)
        manifest = json.loads((run / "manifest.json").read_bytes())
        assert tags["IMAGERY_DIFF_RUN_SHA256"] == manifest["content_sha256"]
        assert tags["IMAGERY_DIFF_PRODUCT"] == f"aligned {role} image"
        assert tags["IMAGERY_DIFF_IMAGE"].startswith(manifest["scenes"][role]["file"])
        assert tags["TIFFTAG_COPYRIGHT"] == tags["IMAGERY_DIFF_RENDERED"] == "RENDERED, NOT A SATELLITE IMAGE"
        rows, cols = (float(tags["IMAGERY_DIFF_MOVED_PX"].split()[at]) for at in (0, 3))
        sign = {"before": 0.5, "after": -0.5}[role]
        assert (rows, cols) == pytest.approx((sign * result.shift.rows, sign * result.shift.cols), abs=1e-3)
    assert len(list(target.iterdir())) == 3


def test_they_are_refused_as_images_and_known_as_rendered_without_tags_and_name(rendered, tmp_path):
    run, _, _ = rendered
    target = written(run, samples.pair("stack_appears")[0].parents[1], tmp_path / "out")
    for role in ROLES:
        path = target / f"{role}_aligned.tif"
        with pytest.raises(InputError, match="is a result of imagery-diff"):
            open_scene(path)
        with rasterio.open(path) as file:
            data, profile = file.read(), file.profile
        bare = tmp_path / f"20240101_{role}.tif"
        with rasterio.open(bare, "w", **profile | {"driver": "GTiff"}) as file:
            file.write(data)
        assert open_scene(bare).simulated
        part = tmp_path / f"part_{role}.tif"
        with rasterio.open(part, "w", **profile | {"driver": "GTiff", "height": 100, "width": 90, "count": 1}) as file:
            file.write(data[2:3, 211:311, 137:227])
        assert open_scene(part).simulated


@pytest.mark.filterwarnings("ignore:.*whose it is is not known")
def test_a_real_image_does_not_pass_for_rendered(real, images, tmp_path):
    target = written(real[0], images, tmp_path / "out")
    with rasterio.open(target / "before_aligned.tif") as file:
        assert "IMAGERY_DIFF_RENDERED" not in file.tags()
        assert file.tags()["TIFFTAG_COPYRIGHT"] == "before.tif: credit unknown"
        data, profile = file.read(), file.profile
    with rasterio.open(tmp_path / "bare.tif", "w", **profile | {"driver": "GTiff"}) as file:
        file.write(data)
    assert not open_scene(tmp_path / "bare.tif").simulated


def test_an_altered_image_says_so_and_its_pixels_are_not_marked(images, seen, tmp_path):
    for role in ROLES:
        with rasterio.open(images / f"{role}.tif") as file:
            data = file.read()
        write(tmp_path / f"{role}.tif", data, IMAGERY_DIFF_ALTERED="a ship was put in")
    result, kept = seen("-", *(tmp_path / f"{role}.tif" for role in ROLES))
    target = written(result.save(tmp_path / "run"), tmp_path, tmp_path / "out")
    with rasterio.open(target / "after_aligned.tif") as file:
        assert file.tags()["IMAGERY_DIFF_ALTERED"] == file.tags()["TIFFTAG_COPYRIGHT"] == ALTERED
        assert "IMAGERY_DIFF_RENDERED" not in file.tags()
        data = file.read()
    np.testing.assert_allclose(data[:, 100:200, 100:200], kept[1].data[:, 100:200, 100:200], rtol=0, atol=0.05)


@pytest.mark.filterwarnings("ignore:.*whose it is is not known")
def test_the_bytes_are_the_same_every_time_and_nothing_is_left_behind(real, images, tmp_path, monkeypatch):
    (tmp_path / "room").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "room"))
    before = {p.name: p.stat().st_mtime_ns for p in images.iterdir()}
    digests = [
        {
            p.name: hashlib.sha256(p.read_bytes()).hexdigest()
            for p in written(real[0], images, tmp_path / n).glob("*.tif")
        }
        for n in ("one", "two")
    ]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 2
    assert list((tmp_path / "room").iterdir()) == []
    assert {p.name: p.stat().st_mtime_ns for p in images.iterdir()} == before


def test_unknown_credit_is_warned_of(real, images, tmp_path):
    with pytest.warns(ImageryDiffWarning, match="whose it is is not known") as caught:
        written(real[0], images, tmp_path / "out")
    assert [str(one.message).split(":")[0] for one in caught] == ["before.tif", "after.tif"]


def test_a_licence_that_lets_nobody_publish_blocks_it_with_the_reason(real, images, tmp_path):
    result = replace(real[2], after=replace(real[2].after, licence="For internal use only"), before=credited(real[2]))
    with pytest.raises(InputError, match=r"after\.tif: its licence says 'For internal use only'"):
        written(result.save(tmp_path / "run"), images, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def credited(result):
    return replace(result.before, credit="© Somebody")


def forged(run, target, change):
    """Copy a run whose documents say something else, with hashes that agree: what whoever holds the folder can do."""
    shutil.copytree(run, target)
    summary, manifest = (json.loads((target / f"{n}.json").read_bytes()) for n in ("summary", "manifest"))
    change(summary, manifest)
    content = to_json(summary)
    (target / "summary.json").write_bytes(content)
    (entry,) = (o for o in manifest["outputs"] if o["name"] == "summary.json")
    entry |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    for name in ("content_sha256", "created", "document_sha256"):
        del manifest[name]
    (target / "manifest.json").write_bytes(to_json(manifests.sealed(manifest)))
    return target


def set_in(document, *path):
    *above, last, value = path
    for name in above:
        document = document[name]
    document[last] = value


@pytest.mark.filterwarnings("ignore:.*whose it is is not known")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s, _: set_in(s, "shift", "model", "affine"), r"moved by a field \(affine\)"),
        (lambda _, m: set_in(m, "opened", "before", "reference", {"as": "file"}), "laid on a reference"),
        (lambda _, m: set_in(m, "opened", "before", None), "does not tell how its images were opened"),
        (lambda _, m: set_in(m, "opened", None), "does not tell how its images were opened"),
        (lambda s, _: set_in(s, "shift", "rows", "much"), "not as this version writes them"),
        (lambda s, _: set_in(s, "relative_gain", {}), "not as this version writes them"),
        (lambda s, _: set_in(s, "grid", "shape", [10**6, 10**6]), "more than its images have"),
        (lambda s, _: set_in(s, "grid", "shape", [3000, 3000]), "more than its images have"),
        (lambda s, _: set_in(s, "grid", "crs", "EPSG:0"), "EPSG:0 .* is not known"),
        (lambda s, _: set_in(s, "grid", "transform", [0] * 6), "must not collapse"),
        (lambda _, m: set_in(m, "inputs", 0, "name", "../before.tif"), "leads elsewhere"),
    ],
)
def test_what_cannot_be_moved_again_is_refused_in_one_line(real, images, tmp_path, change, words):
    run = forged(real[0], tmp_path / "run", change)
    with pytest.raises(InputError, match=words) as caught:
        written(run, images, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:.*whose it is is not known")
def test_images_are_those_of_the_run_or_none(real, images, tmp_path):
    folder = tmp_path / "images"
    shutil.copytree(images, folder)
    (folder / "after.tif").rename(folder / "renamed.tif")
    assert len(pixels(written(real[0], folder, tmp_path / "out"))) == 2
    (folder / "renamed.tif").unlink()
    with pytest.raises(InputError, match=r"after\.tif, which the run read, is missing"):
        written(real[0], folder, tmp_path / "none")
    shutil.copy(images / "before.tif", folder / "after.tif")
    with pytest.raises(InputError, match=r"after\.tif, which the run read, is altered"):
        written(real[0], folder, tmp_path / "none")
    with pytest.raises(InputNotFoundError, match="is no folder"):
        written(real[0], folder / "nowhere", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_images_are_written_of_comparisons_alone(real, images, tmp_path):
    run = forged(real[0], tmp_path / "run", lambda _, m: set_in(m, "product", "imagery_diff look"))
    with pytest.raises(InputError, match="comparisons and timelines are exported"):
        written(run, images, tmp_path / "out")


def test_no_room_for_copies_is_one_line(real, images, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting_aligned.verify_inputs, "copied", full)
    with pytest.warns(ImageryDiffWarning), pytest.raises(OSError, match="no room to copy the images"):
        written(real[0], images, tmp_path / "out")


def test_without_the_folder_of_the_images_the_command_says_what_is_needed(real, images):
    alone = CliRunner().invoke(main, ["export", str(real[0]), "--images"])
    assert (alone.exit_code, "--inputs" in alone.stderr) == (2, True)
    stray = CliRunner().invoke(main, ["export", str(real[0]), "--csv", "--inputs", str(images)])
    assert (stray.exit_code, "--images" in stray.stderr) == (2, True)
    with pytest.raises(InputError, match="a run keeps no images"):
        Wanted(images=True)
