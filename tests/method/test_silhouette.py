"""Silhouettes are fitted to things drawn fine and blurred, not to what the model itself draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from shapely import contains_xy
from shapely.affinity import translate
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

from imagery_diff.method.silhouette import Fitted, Sample, Silhouette, Start, fit
from imagery_diff.synthetic.things import hull

FINE = 8
SIDE = 90
BLUR_PX = 0.98


def drawn(shape: Polygon) -> np.ndarray:
    """Draw a polygon, x = column and y = row in pixels, eight times finer, blur it and bring it to pixels."""
    at = (np.arange(SIDE * FINE) + 0.5) / FINE - 0.5
    fine = contains_xy(shape, *np.meshgrid(at, at)).astype(np.float32)
    blurred = gaussian_filter(fine, BLUR_PX * FINE)
    return blurred.reshape(SIDE, FINE, SIDE, FINE).mean(axis=(1, 3))


def turned(length: float, width: float, degrees: float) -> Polygon:
    """Return a box about the middle, its long side turned from the rows towards the columns."""
    along = np.array([math.sin(math.radians(degrees)), math.cos(math.radians(degrees))])
    across = np.array([along[1], -along[0]])
    middle = np.array([SIDE / 2 + 0.3, SIDE / 2 - 0.2])
    corners = [
        middle + u * length / 2 * along + v * width / 2 * across for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return Polygon(corners)


def fitted(
    image: np.ndarray,
    start: Start,
    silhouette: Silhouette,
    *,
    shade: float = 0.0,
    cast: tuple[float, float] | None = None,
) -> Fitted:
    """Fit to (component, row, col) with unit noise."""
    rows, cols = np.indices(image.shape[1:]).reshape(2, -1)
    near = (np.abs(rows - SIDE / 2) < 40) & (np.abs(cols - SIDE / 2) < 40)
    noise = np.random.default_rng(3).normal(size=image.shape)
    change = (image + noise)[:, rows[near], cols[near]]
    full = np.full(change.shape, shade)
    places = np.array([rows[near], cols[near]], float)
    return fit(Sample(places=places, change=change, shade=full, blur_px=BLUR_PX, shadow_px=cast), start, silhouette)


def begin(degrees: float, length: float, width: float) -> Start:
    return Start(centre=(SIDE / 2, SIDE / 2), azimuth=math.radians(degrees), length_px=length, width_px=width)


@pytest.mark.parametrize("degrees", [0.0, 31.0, 90.0])
def test_a_box_is_measured_to_a_fifth_of_a_pixel(degrees: float) -> None:
    image = np.stack([20.0, -12.0] * np.ones(2))[:, None, None] * drawn(turned(30.0, 5.5, degrees))
    found = fitted(image, begin(degrees + 3.0, 33.0, 7.0), Silhouette.BOX)
    assert found.length_px == pytest.approx(30.0, abs=0.2)
    assert found.width_px == pytest.approx(5.5, abs=0.2)
    assert math.degrees(found.azimuth) == pytest.approx(degrees, abs=1.0)


def test_a_box_of_several_colours_is_one_box() -> None:
    thirds = [box(SIDE / 2 - 3, SIDE / 2 + low, SIDE / 2 + 3, SIDE / 2 + low + 10) for low in (-15, -5, 5)]
    colours = np.array([[25.0, 5.0], [-10.0, 20.0], [8.0, -15.0]])
    image = sum(colour[:, None, None] * drawn(third) for colour, third in zip(colours, thirds, strict=True))
    found = fitted(image, begin(2.0, 32.0, 7.0), Silhouette.BOX)
    assert found.length_px == pytest.approx(30.0, abs=0.4)


@pytest.mark.parametrize("elevation", [17.0, 54.0])
@pytest.mark.parametrize("towards", [0.0, 90.0, 45.0])
def test_the_shadow_is_taken_off_and_tells_the_height(elevation: float, towards: float) -> None:
    # Three containers high, pixels of 3 m, the shadow along the stack, across it, and between.
    height, per_m = 7.8, 1.0 / math.tan(math.radians(elevation)) / 3.0
    cast = (per_m * math.cos(math.radians(towards)), per_m * math.sin(math.radians(towards)))
    thing = turned(25.0, 5.5, 0.0)
    steps = [translate(thing, cast[1] * height * f, cast[0] * height * f) for f in np.linspace(0, 1, 30)]
    shadow = unary_union(steps).difference(thing)
    lost = -14.0
    image = np.stack([18.0 * drawn(thing) + lost * drawn(shadow), -9.0 * drawn(thing) + lost * drawn(shadow)])
    found = fitted(image, begin(1.0, 27.0, 7.0), Silhouette.BOX, shade=lost, cast=cast)
    assert found.length_px == pytest.approx(25.0, abs=0.4)
    assert found.width_px == pytest.approx(5.5, abs=0.4)
    # A pixel of shadow is 1.2 m of height under the low sun and 4.1 m under the high one; a third of that is asked.
    assert found.height_m == pytest.approx(height, abs=max(1.0, 0.33 / per_m))
    assert found.shade == pytest.approx(1.0, abs=0.2)


def test_without_the_shadow_in_the_model_a_dark_box_is_too_long() -> None:
    # What the shadow is worth: this fails if the model no longer takes it off.
    thing, lost = turned(25.0, 5.5, 0.0), -14.0
    image = np.stack([lost * drawn(thing) + lost * drawn(translate(thing, 0.0, 6.0).difference(thing))] * 2)
    blind = fitted(image, begin(0.0, 31.0, 7.0), Silhouette.BOX)
    assert blind.length_px > 29.0


@pytest.mark.parametrize("bow", [37.0, 217.0])
def test_a_hull_is_measured_from_bow_to_stern_whichever_end_the_bow_is(bow: float) -> None:
    shape = hull((SIDE / 2, SIDE / 2), bow, 38.0, 6.0)
    image = np.array([30.0, 12.0])[:, None, None] * drawn(shape)
    # The hull runs towards an azimuth from the y axis to the x axis, as rows to columns here.
    found = fitted(image, begin(37.0, 36.0, 7.0), Silhouette.HULL)
    assert found.length_px == pytest.approx(38.0, abs=1.3)
    assert math.cos(found.azimuth - math.radians(bow)) > 0.99


def test_an_oval_is_measured_along_its_longer_axis() -> None:
    turns = np.linspace(0, 2 * np.pi, 80)
    shape = Polygon([(SIDE / 2 + 4.5 * np.cos(t), SIDE / 2 + 10 * np.sin(t)) for t in turns])
    image = np.array([-20.0, -15.0])[:, None, None] * drawn(shape)
    found = fitted(image, begin(3.0, 18.0, 9.0), Silhouette.OVAL)
    assert found.length_px == pytest.approx(20.0, abs=0.4)
    assert found.width_px == pytest.approx(9.0, abs=0.4)
    assert found.misfit < 0.2
