"""A picture without a place is laid on a reference, or refused: scaled, turned, cut out, drawn on, saved as JPEG."""

import numpy as np
import pytest
from affine import Affine
from click.testing import CliRunner
from PIL import Image, ImageDraw

from imagery_diff import AOI, Zone, open_scene
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.pair_rules import judge
from imagery_diff.params import Params
from imagery_diff.placing import place

CORNER = Affine(3, 0, 605_001, 0, -3, 4_676_998)


@pytest.fixture(scope="module")
def base(town):
    image = np.clip(town((420, 520), bands=3, seed=8) / 10, 0, 255)
    return np.moveaxis(image, 0, -1).astype(np.uint8)


@pytest.fixture
def reference(write_image, base):
    return open_scene(write_image("reference.tif", np.moveaxis(base, -1, 0), photometric="RGB"))


def worst_m(info, truth):
    """Largest distance of the picture's corners from where they truly lie, metres."""
    rows, cols = info.grid.shape
    found = [info.grid.xy(r, c) for r in (0, rows) for c in (0, cols)]
    whole = Grid(crs=None, transform=CORNER, shape=(1, 1))
    true = [whole.xy(*truth(c, r)[::-1]) for r in (0, rows) for c in (0, cols)]
    return max(np.hypot(x - u, y - v) for (x, y), (u, v) in zip(found, true, strict=True))


@pytest.mark.parametrize("scale", [0.6, 1.0, 2.0])
def test_a_cut_scaled_and_drawn_on_jpeg_is_laid_where_it_belongs(tmp_path, base, reference, scale):
    cut = Image.fromarray(base[60:380, 90:490])
    picture = cut.resize((round(400 * scale), round(320 * scale)), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    pen.text((20, 20), "BEFORE", fill="yellow", font_size=30)
    pen.line((50, 150, 120, 90), fill="red", width=6)
    picture.save(tmp_path / "picture.jpg", quality=80)
    info = place(open_scene(tmp_path / "picture.jpg"), reference)
    across, down = 400 / picture.width, 320 / picture.height
    assert worst_m(info, lambda c, r: (c * across + 90, r * down + 60)) < 3
    assert info.placement_rms_m < 6
    assert any("laid on reference.tif by" in n for n in info.notes)
    # Its pixels stand on the same grid.
    assert info.read(5, 7, (30, 20)).grid == info.grid.window(5, 7, (30, 20))


def test_other_ground_is_refused(tmp_path, town, reference):
    other = np.clip(town((300, 300), bands=3, seed=99) / 10, 0, 255)
    Image.fromarray(np.moveaxis(other, 0, -1).astype(np.uint8)).save(tmp_path / "other.png")
    with pytest.raises(InputError, match=r"other.png: could not be laid on reference.tif"):
        place(open_scene(tmp_path / "other.png"), reference)


def test_a_picture_of_nothing_is_refused(tmp_path, reference):
    Image.new("RGB", (200, 200), (90, 90, 90)).save(tmp_path / "grey.png")
    with pytest.raises(InputError, match="could not be laid"):
        place(open_scene(tmp_path / "grey.png"), reference)


def test_a_mirror_image_is_refused(tmp_path, base, reference):
    Image.fromarray(base[60:380, 90:490][:, ::-1]).save(tmp_path / "mirror.png")
    with pytest.raises(InputError, match="could not be laid"):
        place(open_scene(tmp_path / "mirror.png"), reference)


def test_what_has_a_place_is_not_laid_and_what_has_none_is_no_reference(tmp_path, base, reference):
    Image.fromarray(base).save(tmp_path / "picture.png")
    bare = open_scene(tmp_path / "picture.png")
    with pytest.raises(InputError, match="has a georeference"):
        place(reference, reference)
    with pytest.raises(InputError, match="has no georeference"):
        place(bare, bare)


def test_on_the_command_line_the_reference_may_be_the_other_image(tmp_path, base, reference):
    changed = base.copy()
    changed[200:212, 250:290] = (20, 60, 110)
    Image.fromarray(changed[40:400, 60:500]).save(tmp_path / "screenshot.png")
    aoi = ["--bbox", "130.2722", "42.2265", "130.2905", "42.2395"]
    words = [*aoi, str(reference.files[0]), str(tmp_path / "screenshot.png"), "-o", str(tmp_path / "out")]
    refused = CliRunner().invoke(main, words)
    assert refused.exit_code == 1
    assert "--reference" in refused.output
    told = CliRunner().invoke(main, [*words, "--reference", str(reference.files[0])])
    assert told.exit_code == 0, told.output
    assert "flagged region" in told.stdout
    assert "secondary copy" in " ".join(told.stdout.split())


def test_a_placement_that_no_zone_can_carry_is_refused(opened):
    from shapely import box

    quay = Zone(name="quay", kind="berth", polygon=box(605_000, 4_676_900, 605_200, 4_676_940), crs="EPSG:32652")
    port = AOI(name="port", polygon=box(604_900, 4_676_800, 605_300, 4_677_100), zones=(quay,), crs="EPSG:32652")
    data = np.full((4, 20, 20), 9, np.float32)
    for rms, refused in ((30.0, True), (15.0, False)):
        infos = opened(data, name="a.png", placement_rms_m=rms), opened(data, name="b.tif")
        if refused:
            with pytest.raises(InputError, match=r"a\.png was placed by points that disagree by 30 m"):
                judge(infos, port, Params())
        else:
            assert "15 m" in judge(infos, port, Params())["placement"]
