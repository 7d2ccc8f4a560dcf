"""overview.png: whatever the images, it is drawn, legible in its layout, and says what it must."""

import io
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from affine import Affine
from PIL import Image

from imagery_diff.scene import Flag, Scene
from imagery_diff.write import figure
from imagery_diff.write.drawing import Canvas, Labels, Sheet, fitted, measure, round_length
from imagery_diff.write.figure import WIDTH_PX
from imagery_diff.write.geojson import regions_geojson
from imagery_diff.write.model import summary
from imagery_diff.write.panels import Frame, hatch, stretch_of
from imagery_diff.write.pictures import pictures_of
from imagery_diff.write.retold import retold
from imagery_diff.write.shown import Shown
from tests.write.conftest import ArraySource, make_grid, make_info, make_result


def parts_of(result):
    """Return what a comparison is drawn from."""
    regions = regions_geojson(result) if result.grid.crs is not None else None
    return retold(summary(result), regions), pictures_of(result)


def draw(result):
    return figure.draw(*parts_of(result))


def overview_png(result):
    return figure.overview_png(*parts_of(result))


def texts(sheet):
    return [written.text for written in sheet.written]


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (371, 2333)},
        {"shape": (900, 60), "count": 3},
        {"shape": (12, 9), "count": 1},
        {"count": 0},
        {"count": 60, "shape": (300, 300)},
        {"crs": None, "aoi": False, "bands": ("amplitude",)},
        {"simulated": True},
        {"times": (None, None), "names": ("a$b^{x}$.tif", "\x1b[0m" + "n" * 240 + ".tif")},
    ],
)
def test_it_is_a_picture_of_bounded_size(options):
    image = Image.open(io.BytesIO(overview_png(make_result(**options))))
    assert image.format == "PNG"
    assert image.width == WIDTH_PX
    assert image.height < 6000


def test_no_text_leaves_the_picture():
    for options in ({"simulated": True}, {"shape": (371, 2333), "count": 10}, {"shape": (900, 60), "count": 3}):
        sheet = draw(make_result(**options))
        width, height = sheet.image.size
        for written in sheet.written:
            left, top, right, bottom = written.box
            assert left >= -1, written.text
            assert right <= width + 1, written.text
            assert top >= -1, written.text
            assert bottom <= height + 1, written.text


def test_labels_on_the_flagged_panel_do_not_touch():
    sheet = draw(make_result(count=49, shape=(300, 300)))
    boxes = [w.box for w in sheet.written if w.text[1:].startswith("R") and len(w.text) <= 4]
    assert len(boxes) > 10
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert not any(left < r and l < right and top < b and t < bottom for l, t, r, b in boxes[i + 1 :])  # noqa: E741


def test_rendered_stands_across_every_panel_and_in_the_file():
    result = make_result(simulated=True, count=2)
    across = [w for w in draw(result).written if w.text.startswith("RENDERED") and w.slanted]
    assert len(across) == 3 + 2 * 2
    image = Image.open(io.BytesIO(overview_png(result)))
    assert image.info["IMAGERY_DIFF_RENDERED"] == "RENDERED, NOT A SATELLITE IMAGE"
    assert not any("RENDERED" in t for t in texts(draw(make_result())))


def test_times_credit_scale_and_north_are_there(result):
    found = "\n".join(texts(draw(result)))
    for wanted in (
        "20 October 2023 02:01 UTC (11:01 local)",
        "3 m pixels",
        "© Somebody 2023",
        "N",
        "reflectance",
        "A harbour",
    ):
        assert wanted in found
    pixels = texts(draw(make_result(crs=None, aoi=False)))
    assert any(t.endswith(" pixels") for t in pixels)
    assert "N" not in pixels


def test_direction_is_told_by_line_and_mark_too():
    sheet = draw(make_result(count=3))
    marks = {t[0] for t in texts(sheet) if t[1:] in {"R1", "R2", "R3"}}
    assert len(marks) == 3


def test_the_bytes_are_the_same_every_time(result):
    assert overview_png(result) == overview_png(result)


def test_matplotlib_is_not_loaded_to_save_a_result():
    code = "import sys, imagery_diff.pair, imagery_diff.write.folder; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_inputs_are_not_modified(result):
    before = result.layers.before.data.copy()
    overview_png(result)
    np.testing.assert_array_equal(before, result.layers.before.data)


def stretch(result, frame):
    return stretch_of((result.layers.before, result.layers.after), list(result.relative_gain), frame)


def test_both_dates_share_one_stretch():
    result = make_result(bands=("red",))
    brighter = replace(result.layers.after, data=result.layers.after.data + np.float32(0.5))
    after = replace(result.after, source=ArraySource(brighter))
    result = replace(result, layers=replace(result.layers, after=brighter), after=after)
    frame = Frame(row=0, col=0, rows=90, cols=120, width=120, height=90)
    assert stretch(result, frame).low[0] < 0.12
    assert stretch(result, frame).high[0] > 0.55
    shown = Shown(pictures_of(result))
    dark, bright = (shown.panel(side, frame)[20:70] for side in ("before", "after"))
    assert bright.mean() - dark.mean() > 0.7


def test_bands_are_red_green_blue_or_one_for_grey():
    frame = Frame(row=0, col=0, rows=90, cols=120, width=120, height=90)
    assert stretch(make_result(), frame).names == ("red", "green", "blue")
    assert stretch(make_result(bands=("b", "g", "r")), frame).names == ("r", "g", "b")
    assert stretch(make_result(bands=("vv", "vh")), frame).names == ("vv",)


def test_unseen_is_hatched_over_and_degraded_shows_through():
    flags = np.zeros((60, 60), np.uint8)
    flags[:20], flags[20:40] = Flag.CLOUD, Flag.HAZE
    out = hatch(np.full((60, 60, 3), 0.1, np.float32), flags)
    assert out[:20].min() > 0.3
    assert 0 < np.mean(out[20:40, :, 0] > 0.5) < 0.3
    assert (out[40:] == np.float32(0.1)).all()


def test_delivered_pixels_are_shown_where_the_comparison_puts_them():
    """A scene moved by its half of the shift lies on the grid's own pixels, and not by the other half."""
    result = make_result(bands=("red",))
    frame = Frame(row=20, col=20, rows=40, cols=40, width=40, height=40)
    low, high = np.percentile(result.layers.before.data, (5, 95))
    wide = np.random.default_rng(5).uniform(low, high, (1, 130, 160)).astype(np.float32)
    source = make_grid((130, 160))
    source = type(source)(crs=source.crs, transform=source.transform @ Affine.translation(-10, -10), shape=source.shape)
    info = make_info(Scene(data=wide, flags=np.zeros((130, 160), np.uint8), grid=source), ("red",))
    moved = replace(result, before=info, after=info, shift=replace(result.shift, rows=-4.0, cols=6.0))
    shown = Shown(pictures_of(moved))
    # The story reads `before` at grid.shifted(-shift / 2) and `after` at grid.shifted(+shift / 2).
    for side, rows, cols in (("before", 2, -3), ("after", -2, 3)):
        panel = shown.panel(side, frame)[..., 0]
        expected = wide[0, 30 + rows : 70 + rows, 30 + cols : 70 + cols]
        inside = (panel > 0.01) & (panel < 0.99)
        assert inside.mean() > 0.2
        slope, offset = np.polyfit(expected[inside], panel[inside], 1)
        assert slope > 0
        assert np.abs(panel - (slope * expected + offset))[inside].max() < 0.01


def test_a_mask_hatches_the_ground_it_lies_on_and_a_lifted_one_does_not():
    shown = Shown(pictures_of(make_result(bands=("red",))))
    frame = Frame(row=10, col=20, rows=10, cols=40, width=400, height=100)
    flags = shown.flags(("after",), frame)
    # Cloud covers the first 15 of 90 rows of the after image.
    assert (flags[:50] != 0).all()
    assert (flags[50:] == 0).all()
    assert not shown.flags(("before",), frame).any()
    covered, lifted = (shown.panel("after", frame, uncovered=flag)[:50] for flag in (False, True))
    assert len(np.unique(covered)) == 2
    assert len(np.unique(lifted)) > 50


def test_where_a_place_is_averaged_its_regions_are_shown_as_delivered():
    result = make_result(shape=(1500, 900), count=100, bands=("red",))
    pictures = pictures_of(result)
    assert pictures.of("before").averaged > 1
    left, top = (round(v) for v in pictures.of("before-R1").to_grid[4:])
    frame = Frame(row=top + 5, col=left + 5, rows=20, cols=20, width=20, height=20)
    coarse, close = (Shown(pictures).panel("before", frame, close=region) for region in (None, "R1"))
    assert len(np.unique(coarse)) < 0.5 * len(np.unique(close))


def test_a_scene_whose_file_is_gone_is_drawn_from_the_layers():
    class Gone(ArraySource):
        def read(self, *_):
            raise FileNotFoundError

    result = make_result()
    gone = replace(result.before, source=Gone(result.layers.before))
    assert overview_png(replace(result, before=gone))


@pytest.mark.parametrize(("most", "length"), [(999, 500.0), (1000, 1000.0), (0.0021, 0.002), (6, 5.0)])
def test_scale_bars_have_round_lengths(most, length):
    assert round_length(most) == length


def test_a_long_name_is_cut_in_its_middle():
    short = fitted("a" * 200 + "end.tif", 300, 21)
    assert short.endswith("end.tif")
    assert measure(short, 21)[0] <= 300


def test_there_is_no_label_where_there_is_no_room():
    labels = Labels(Sheet(30, 30), Frame(row=0, col=0, rows=10, cols=10, width=30, height=30))
    assert labels._room("▲R1", 25, (5.0, 5.0, 25.0, 25.0)) is None


def test_a_panel_is_copied_pixel_by_pixel():
    picture = np.random.default_rng(2).random((40, 60, 3)).astype(np.float32)
    sheet = Sheet(200, 100)
    sheet.swatch(picture, 30, 20)
    np.testing.assert_array_equal(np.asarray(sheet.image)[20:60, 30:90], np.rint(picture * 255).astype(np.uint8))


def drawn(points, width, **options):
    canvas = Canvas(Image.new("RGB", (100, 60), "white"), (0, 0), [])
    canvas.line(points, "black", width, **options)
    return 1 - np.asarray(canvas.image)[..., 0] / 255.0


def test_a_line_is_as_wide_as_said_and_smooth():
    level = drawn([(10, 30), (90, 30)], 5)
    assert level[:, 50].sum() == pytest.approx(5, abs=0.3)
    slanted = drawn([(10, 10), (90, 50)], 3)
    # Across itself; the edge takes more than two shades.
    assert slanted[:, 50].sum() * np.cos(np.arctan(0.5)) == pytest.approx(3, abs=0.4)
    assert len(np.unique(slanted)) > 8
    assert drawn([(-500, 30), (900, 30)], 5)[:, 50].sum() == pytest.approx(5, abs=0.3)
    assert not drawn([(-50, -30), (-20, -90)], 5).any()


def test_dashes_leave_their_share_of_the_line_open():
    closed, dashed = (drawn([(5, 30), (47, 30), (95, 30)], 4, dashes=d).sum() for d in (None, (2.0, 1.0)))
    assert dashed == pytest.approx(2 / 3 * closed, rel=0.1)


def test_words_beside_the_close_ups_do_not_run_into_the_next():
    base = make_result(count=3)
    said = ["A long sentence of a region. " * n for n in (3, 24, 40)]
    regions = [replace(r, description=words) for r, words in zip(base.regions, said, strict=True)]
    sheet = draw(replace(base, regions=tuple(regions)))
    first = min(w.box[1] for w in sheet.written if "A long sentence" in w.text)
    beside = [w.box for w in sheet.written if not w.slanted and w.box[0] > 1600 and w.box[1] >= first]
    beside.sort(key=lambda box: box[1])
    assert len(beside) > 30
    assert all(lower[1] >= upper[3] - 2 for upper, lower in pairwise(beside))
    notes = next(w.box for w in sheet.written if w.text.startswith("What was too small"))
    assert beside[-1][3] <= notes[1] + 2
