"""Folders and archives are hostile until listed: nothing leads out of them, nothing blows up."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from imagery_diff import open_scene
from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.read import assets
from imagery_diff.read.assets import Asset, open_delivery

IMAGE = "20230912_020341_25_2259_3B_AnalyticMS_SR_clip.tif"


@pytest.fixture
def image(write_image):
    data = np.random.default_rng(5).integers(300, 3000, (4, 90, 70)).astype(np.uint16)
    return write_image(IMAGE, data, nodata=0, photometric="MINISBLACK")


def zipped(path, members, **how):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path, members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def refused(path, match, kind=InputError):
    with pytest.raises(kind, match=match) as error:
        open_delivery(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("inside", ["", "files/PSScene/"])
def test_an_image_in_an_archive_is_read_in_place_and_is_the_same(image, tmp_path, pack, inside):
    archive = pack(tmp_path / "order {1} #2.bin", {inside + IMAGE: image.read_bytes()})
    before = sorted(p.name for p in tmp_path.iterdir())
    info, alone = open_scene(archive), open_scene(image)
    window = (11, 7, (40, 33))
    assert np.array_equal(info.read(*window).data, alone.read(*window).data)
    assert info.grid == alone.grid
    assert info.files == (archive,)
    assert info.name == IMAGE
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "name", ["../out.tif", "/etc/out.tif", "a/../../out.tif", "C:/out.tif", "a\\..\\out.tif", "a\nb.tif"]
)
def test_a_name_that_leads_out_of_an_archive_is_refused(tmp_path, pack, name):
    refused(pack(tmp_path / "a.bin", {name: b"x"}), "leads out of it")


def test_links_in_archives_are_refused(tmp_path):
    link = tarfile.TarInfo("image.tif")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    refused(tarred(tmp_path / "a.tar", {"image.tif": link}), "holds a link or a device")
    hard = tarfile.TarInfo("image.tif")
    hard.type, hard.linkname = tarfile.LNKTYPE, "other.tif"
    refused(tarred(tmp_path / "b.tar", {"image.tif": hard}), "holds a link or a device")
    info = zipfile.ZipInfo("image.tif")
    info.external_attr = 0o120777 << 16
    refused(zipped(tmp_path / "c.zip", {info: "/etc/passwd"}), "holds a link or a device")


def test_a_member_that_would_blow_up_is_refused_without_unfolding_it(tmp_path, monkeypatch):
    # A thousandth of its size: the limits are lowered instead of writing 500 MB.
    monkeypatch.setattr(assets, "_BOMB_BYTES", 1_000_000)
    refused(zipped(tmp_path / "a.zip", {"image.tif": bytes(4_000_000)}), "would unfold from")
    packed = np.random.default_rng(1).integers(0, 255, 2_000_000).astype(np.uint8).tobytes()
    assert len(open_delivery(zipped(tmp_path / "b.zip", {"image.tif": packed})).assets) == 1


def test_a_locked_zip_is_refused_with_what_to_do(tmp_path):
    path = zipped(tmp_path / "a.zip", {"image.tif": b"x" * 40})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    refused(path, "password")


def test_a_member_named_twice_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("image.tif", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("image.tif", b"two")
    refused(path, "twice")


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_compressed_tar_is_refused_with_what_to_do(tmp_path, mode):
    refused(tarred(tmp_path / "a.tar.gz", {"image.tif": b"x"}, mode), "unpack it")


@pytest.mark.parametrize("keep", [5, 60, 200])
def test_an_archive_that_breaks_off_is_refused(tmp_path, image, keep):
    whole = zipped(tmp_path / "a.zip", {IMAGE: image.read_bytes()}).read_bytes()
    (tmp_path / "b.zip").write_bytes(whole[:keep])
    refused(tmp_path / "b.zip", "breaks off or is damaged")


def test_a_tar_that_breaks_off_ends_in_one_line(tmp_path, image):
    whole = tarred(tmp_path / "a.tar", {IMAGE: image.read_bytes()}).read_bytes()
    (tmp_path / "b.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="breaks off or is damaged"):
        open_scene(tmp_path / "b.tar").read()


def test_a_damaged_member_ends_in_one_line(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.json": bytes(range(256)) * 40})
    content = bytearray(path.read_bytes())
    content[60:80] = b"\xff" * 20
    path.write_bytes(content)
    with pytest.raises(InputError, match="breaks off or is damaged"):
        open_delivery(path).assets[0].read()


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "MAX_ASSETS", 3)
    members = {f"{k}.tif": b"x" for k in range(4)}
    refused(zipped(tmp_path / "a.zip", members), "more than 3 files")
    refused(tarred(tmp_path / "a.tar", members), "more than 3 files")
    folder = tmp_path / "many"
    folder.mkdir()
    for name in members:
        (folder / name).write_bytes(b"x")
    refused(folder, "more than 3 files")


def test_a_folder_is_listed_with_what_is_in_it_and_a_link_out_of_it_is_left_alone(tmp_path):
    folder, secret = tmp_path / "order", tmp_path / "secret.tif"
    (folder / "files" / "PSScene").mkdir(parents=True)
    secret.write_bytes(b"secret")
    (folder / "files" / "PSScene" / "a.tif").write_bytes(b"a")
    (folder / "files" / "b.tif").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    (folder / "files" / "PSScene" / "c.tif").symlink_to("a.tif")
    listed = open_delivery(folder)
    assert [a.relative for a in listed.assets] == ["files/PSScene/a.tif", "files/PSScene/c.tif"]
    assert listed.at("files/PSScene/a.tif").read() == b"a"
    assert listed.at("files/b.tif") is None


def test_folders_within_folders_end_somewhere(tmp_path):
    deep = tmp_path.joinpath(*["d"] * (assets.MAX_DEPTH + 2))
    deep.mkdir(parents=True)
    (deep / "a.tif").write_bytes(b"a")
    (deep.parents[2] / "b.tif").write_bytes(b"b")
    assert [a.name for a in open_delivery(tmp_path).assets] == ["b.tif"]


def test_a_missing_path_and_a_file_that_may_not_be_read(tmp_path):
    refused(tmp_path / "none", "no such file", InputNotFoundError)
    with pytest.raises(InputError, match="cannot be read"):
        Asset.of(tmp_path / "none").read()


def test_a_small_file_is_read_whole_and_a_large_one_is_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(b"12345")
    asset = Asset.of(tmp_path / "a.json")
    assert asset.read(5) == b"12345"
    with pytest.raises(InputError, match="larger than 4 bytes"):
        asset.read(4)


def test_what_lies_beside_is_looked_for_in_the_same_folder_first(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mask.tif").write_bytes(folder.encode())
    (tmp_path / "y" / "image.tif").write_bytes(b"")
    (tmp_path / "only.json").write_bytes(b"")
    delivery = open_delivery(tmp_path)
    image = delivery.at("y/image.tif")
    assert delivery.beside(image, "mask.tif").folder == "y"
    assert delivery.beside(image, "none.json", "only.json").relative == "only.json"
    # Two of a name in other folders: neither is known to belong to it.
    assert delivery.beside(delivery.at("only.json"), "mask.tif") is None


def test_a_file_in_a_safe_folder_stands_for_the_whole(tmp_path):
    safe = tmp_path / "S2A_MSIL2A_20231020T020131_N0509_R003_T52TFN_20231020T050607.SAFE"
    (safe / "GRANULE" / "L2A").mkdir(parents=True)
    (safe / "MTD_MSIL2A.xml").write_bytes(b"<a/>")
    (safe / "GRANULE" / "L2A" / "MTD_TL.xml").write_bytes(b"<a/>")
    delivery = open_delivery(safe / "GRANULE" / "L2A" / "MTD_TL.xml")
    assert delivery.at("MTD_MSIL2A.xml") is not None
    assert delivery.named.relative == "GRANULE/L2A/MTD_TL.xml"
    assert Path(delivery.named.file).is_file()
