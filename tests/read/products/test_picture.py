"""Pictures without a product name: where they lie, when they were taken, what was drawn on them, and what they are."""

import io
import warnings

import numpy as np
import pytest
from affine import Affine
from PIL import Image, ImageDraw
from rasterio.control import GroundControlPoint
from rasterio.errors import NotGeoreferencedWarning

from imagery_diff import compare, open_scene, samples
from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.read.georeference import fit_affine
from imagery_diff.read.given import Given
from imagery_diff.read.graphics import drawn_on
from imagery_diff.scene import Flag, Level

TRUE = Affine(2.9, 0.3, 605_000.0, 0.25, -3.1, 4_677_000.0)


@pytest.fixture
def picture(tmp_path):
    """Return a writer of a JPEG or PNG of town-like ground."""

    def write(name="port.png", array=None, **how):
        if array is None:
            array = np.random.default_rng(3).integers(60, 200, (90, 120, 3)).astype(np.uint8)
        Image.fromarray(array).save(tmp_path / name, **how)
        return tmp_path / name

    return write


def at(col, row):
    """Map position of a corner of a pixel."""
    return Grid(crs=None, transform=TRUE, shape=(1, 1)).xy(row, col)


def placed(info, where=TRUE):
    return np.allclose(info.grid.transform[:6], where[:6])


def test_a_picture_says_it_is_a_secondary_copy_and_gives_no_probability(picture):
    for name in ("port.png", "port.jpg"):
        info = open_scene(picture(name))
        assert info.secondary
        assert info.level is Level.DISPLAY
        assert any("secondary copy" in c and "no probability" in c for c in info.caveats)


def test_a_geotiff_is_no_picture(write_image):
    assert not open_scene(write_image("port.tif", np.full((3, 9, 9), 99, np.uint8))).secondary


@pytest.mark.parametrize("ending", ["pgw", "pngw", "wld", "PGW"])
def test_a_world_file_places_it_where_a_projection_stands_beside_it(picture, ending):
    path = picture()
    a, b, c, d, e, f = TRUE[:6]
    centre = (c + (a + b) / 2, f + (d + e) / 2)
    path.with_suffix(f".{ending}").write_text("\n".join(map(repr, map(float, (a, d, b, e, *centre)))))
    path.with_suffix(".prj").write_text("EPSG:32652")
    info = open_scene(path)
    assert info.grid.crs == "EPSG:32652"
    assert placed(info)
    assert placed(info.read(), TRUE)
    assert [p.name for p in info.files] == ["port.png", f"port.{ending}", "port.prj"]
    assert any("placed by the world file" in n for n in info.notes)


def test_a_world_file_alone_needs_a_coordinate_system(picture):
    path = picture()
    path.with_suffix(".pgw").write_text("3\n0\n0\n-3\n605001.5\n4676998.5\n")
    bare = open_scene(path)
    assert bare.grid.crs is None
    assert any("port.pgw was not used" in c and "--crs" in c for c in bare.caveats)
    info = open_scene(path, Given(crs="EPSG:32652"))
    assert placed(info, Affine(3, 0, 605_000, 0, -3, 4_677_000))


@pytest.mark.parametrize(
    "text", ["", "1 2 3", "a\nb\nc\nd\ne\nf", "0\n0\n0\n0\n1\n1", "nan\n0\n0\n-3\n1\n1", "\xff" * 9]
)
def test_a_broken_world_file_ends_in_one_line(picture, text):
    path = picture()
    path.with_suffix(".pgw").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"port\.pgw") as error:
        open_scene(path, Given(crs="EPSG:32652"))
    assert "\n" not in str(error.value)


def qgis(pixels, *, noise=0.0, crs="EPSG:32652", old=False):
    """Return a file of QGIS's control points: rows count downwards as negative numbers."""
    rng = np.random.default_rng(1)
    x, y = ("pixelX", "pixelY") if old else ("sourceX", "sourceY")
    lines = [f"#CRS: {crs}"] if crs else []
    lines.append(f"mapX,mapY,{x},{y},enable,dX,dY,residual")
    for col, row in pixels:
        ground = at(col, row)
        dx, dy = rng.normal(0, noise, 2)
        lines.append(f"{ground[0]!r},{ground[1]!r},{col + dx},{-(row + dy)},1,0,0,0")
    return "\n".join(lines)


CORNERS = [(5, 5), (110, 8), (12, 80), (100, 85), (60, 40)]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("name", ["port.png.points", "port.points"])
def test_control_points_of_qgis_place_it(picture, name, old):
    path = picture()
    path.with_name(name).write_text(qgis(CORNERS, old=old) + "\n1,2,3,-4,0,0,0,0\n")
    info = open_scene(path)
    assert placed(info)
    assert info.placement_rms_m == pytest.approx(0, abs=1e-6)


def test_by_how_much_the_points_disagree_is_told_in_metres(picture):
    path = picture()
    many = [(c, r) for c in range(5, 120, 10) for r in range(5, 90, 10)]
    path.with_name("port.png.points").write_text(qgis(many, noise=1.5))
    info = open_scene(path)
    # Two coordinates of 1.5 pixels of 3 m.
    assert info.placement_rms_m == pytest.approx(1.5 * np.sqrt(2) * 3.1, rel=0.2)
    assert any("disagree by" in n for n in info.notes)


def test_three_points_place_it_and_nobody_knows_how_well(picture):
    path = picture()
    path.with_name("port.png.points").write_text(qgis(CORNERS[:3]))
    info = open_scene(path)
    assert placed(info)
    assert info.placement_rms_m is None


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (qgis(CORNERS[:2]), "2 usable control points"),
        (qgis([(5, 5), (10, 10), (20, 20)]), "on one line"),
        (qgis([(5, 5)] * 5), "on one line"),
        ("mapX,mapY\n1,2\n1,3\n2,2", "no file of QGIS's control points"),
        (qgis(CORNERS, crs="the moon"), "coordinate system is none that is known"),
        ("", "0 usable control points"),
        (qgis(CORNERS).replace("605", "nan", 1), "usable control points|no file"),
    ],
)
def test_control_points_that_place_nothing_end_in_one_line(picture, text, match):
    path = picture()
    path.with_name("port.png.points").write_text(text)
    with pytest.raises(InputError, match=match) as error:
        open_scene(path)
    assert "\n" not in str(error.value)


def test_control_points_inside_a_file_place_it(tmp_path):
    import rasterio

    points = [GroundControlPoint(row=r, col=c, x=at(c, r)[0], y=at(c, r)[1]) for c, r in CORNERS]
    path = tmp_path / "scan.tif"
    data = np.random.default_rng(3).integers(60, 200, (1, 90, 120)).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", count=1, height=90, width=120, dtype="uint8") as file:
            file.write(data)
            file.gcps = (points, "EPSG:32652")
    info = open_scene(path)
    assert placed(info)
    assert any("5 control points in the file" in n for n in info.notes)


def test_an_affine_map_is_found_whatever_the_size_of_the_numbers():
    pixels = np.array(CORNERS, float)
    ground = np.array([at(c, r) for c, r in CORNERS])
    transform, rms = fit_affine("x", pixels, ground)
    assert np.allclose(transform[:6], TRUE[:6])
    assert rms < 1e-6


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("najin_20231020T0201Z.png", "2023-10-20T02:01:00"),
        ("2023-10-20 02-01-33 najin.png", "2023-10-20T02:01:33"),
        ("20231020_020133.png", "2023-10-20T02:01:33"),
        ("najin_20231020.png", None),
        ("99920231020_0201.png", None),
        ("20231341_0201.png", None),
    ],
)
def test_a_time_in_a_name_is_a_guess_and_gives_no_sun(picture, name, time):
    info = open_scene(picture(name), Given(crs="EPSG:32652"))
    if time is None:
        assert info.acquired is None
        return
    assert info.acquired.isoformat() == time + "+00:00"
    assert "guessed" in info.time_source
    assert info.sun is None
    assert any("its time is a guess" in c for c in info.caveats)


@pytest.mark.parametrize(
    ("tags", "time", "guess"),
    [
        ({"ACQUISITIONDATETIME": "2023-10-20T11:01:33+09:00"}, "2023-10-20T02:01:33", False),
        ({"datetime": "2023-10-20T02:01:33Z"}, "2023-10-20T02:01:33", False),
        ({"acquired": "2023-10-20T02:01:33"}, "2023-10-20T02:01:33", True),
        ({"acquired": "yesterday"}, None, False),
        ({"TIFFTAG_DATETIME": "2023:10:20 02:01:33"}, None, False),
    ],
)
def test_a_time_in_a_tag_is_believed_if_it_has_a_zone(write_image, tags, time, guess):
    info = open_scene(write_image("port.tif", np.full((1, 9, 9), 9, np.uint16), tags=tags))
    if time is None:
        assert info.acquired is None
        return
    assert info.acquired.isoformat() == time + "+00:00"
    assert ("guess" in info.time_source) is guess
    assert (info.sun is None) is guess


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.uint16(1500), "look like reflectance times 10000"),
        (np.float32(0.15), "look like reflectance;"),
        (np.uint16(40_000), "of no scale that is known"),
        (np.float32(-12.0), "of no scale that is known"),
        (np.uint8(90), "as of a stretched picture"),
    ],
)
def test_a_scale_is_guessed_said_and_not_used(write_image, values, words):
    rng = np.random.default_rng(1)
    data = (values * rng.uniform(0.8, 1.2, (2, 60, 70))).astype(values.dtype)
    info = open_scene(write_image("port.tif", data))
    assert any(words in n for n in info.notes)
    assert info.level is Level.NUMBERS
    assert np.allclose(info.read().data, data)


# --- what was drawn on it


def annotated(base, colour, *, width=4):
    drawn = Image.fromarray(base.copy())
    pen = ImageDraw.Draw(drawn)
    pen.text((40, 20), "PIER 2  20 OCT", fill=colour, font_size=22)
    pen.rectangle((200, 60, 260, 110), outline=colour, width=width)
    pen.line((20, 180, 120, 120), fill=colour, width=width)
    pen.rectangle((150, 200, 290, 208), fill=colour)
    return np.asarray(drawn)


@pytest.fixture(scope="module")
def ground():
    """Return a rendered sample as a provider's picture: real enough edges, noise and colours, no drawing."""
    scene = open_scene(samples.path("najin_20231017")).read(100, 100, (240, 320))
    rgb = scene.data[[2, 1, 0]]
    low, high = np.percentile(rgb, 1), np.percentile(rgb, 99.5)
    noise = np.random.default_rng(2).normal(0, 2, rgb.shape)
    return np.moveaxis(np.clip((rgb - low) / (high - low) * 120 + 40 + noise, 0, 245), 0, -1).astype(np.uint8)


@pytest.mark.parametrize("colour", ["white", "yellow", "red", "black", "cyan", "orange"])
def test_text_arrows_and_frames_are_found_whole_in_a_lossless_picture(ground, colour):
    drawn = annotated(ground, colour)
    found = drawn_on(np.moveaxis(drawn, -1, 0))
    truth = (drawn != ground).any(axis=-1)
    assert found[truth].mean() > 0.93
    assert not drawn_on(np.moveaxis(ground, -1, 0)).any()


@pytest.mark.parametrize("colour", ["yellow", "red", "cyan", "orange"])
def test_in_strong_colours_they_outlive_jpeg(ground, colour):
    drawn = annotated(ground, colour)
    stream = io.BytesIO()
    Image.fromarray(drawn).save(stream, "JPEG", quality=75)
    found = drawn_on(np.moveaxis(np.asarray(Image.open(stream)), -1, 0))
    assert found[(drawn != ground).any(axis=-1)].mean() > 0.95


def test_what_was_drawn_is_suspect_and_unseen_and_nothing_else_is(picture, ground):
    drawn = annotated(ground, "yellow")
    info = open_scene(picture("port.png", drawn))
    scene = info.read()
    truth = (drawn != ground).any(axis=-1)
    assert ((scene.flags[truth] & Flag.SUSPECT) != 0).mean() > 0.99
    assert np.mean((scene.flags & Flag.SUSPECT) != 0) < 0.15
    window = info.read(50, 190, (70, 80)).flags
    assert np.array_equal(window, scene.flags[50:120, 190:270])


def test_an_arrow_drawn_on_one_date_is_not_told_as_a_change(picture, ground):
    before, after = picture("a.png", ground), picture("b.png", annotated(ground, "yellow"))
    assert compare("-", before, after).regions == ()


@pytest.mark.parametrize("name", ["longbeach_west.png", "sfbay_1.png", "sfbay_4.png", "sfbay_frame_before.jpg"])
def test_on_real_pictures_of_harbours_nearly_nothing_is_taken_for_drawing(data_folder, name):
    """San Diego has a white wedge outside the image, and airports have burnt-out roofs: not asked here."""
    image = Image.open(data_folder / "unlabelled" / "planetscope_visual" / name).convert("RGB")
    assert drawn_on(np.moveaxis(np.asarray(image), -1, 0)).mean() < 0.004
