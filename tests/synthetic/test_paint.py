"""What is there, drawn."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import box as rectangle

from imagery_diff.synthetic import Ground, ship
from imagery_diff.synthetic.paint import Fine, burn, paint
from imagery_diff.synthetic.world import World

FINE = Fine(left=0.0, top=300.0, step_m=1.0, shape=(300, 300))
WIDE = Fine(left=0.0, top=3000.0, step_m=6.0, shape=(500, 500))


def everywhere(material, **more):
    patch = Ground(polygon=rectangle(0, 0, 3000, 3000), material=material, **more)
    return World(name="w", crs="EPSG:32652", bounds=(0, 0, 300, 300), ground=(patch,))


def test_later_shapes_cover_earlier_ones():
    index = burn([(rectangle(0, 0, 300, 300), 1), (rectangle(100, 100, 200, 200), 2)], FINE)
    assert (index == 2).sum() == 100 * 100
    assert index[0, 0] == 1


def test_where_there_is_no_ground_there_is_sea(sharp, quay):
    canvas = paint(quay, Fine(left=606_000, top=4_676_100, step_m=1, shape=(300, 300)), sharp)
    assert canvas.water.sum() == 300 * 300 - 120 * 120
    np.testing.assert_allclose(canvas.reflectance[:, 150, 150], 0.2 * np.ones(4), rtol=0.1)


def test_an_added_object_does_not_reshuffle_the_ground(look, quay):
    fine = Fine(left=606_000, top=4_676_100, step_m=1, shape=(300, 300))
    rough = replace(quay, texture=1.0)
    before = paint(rough, fine, look)
    after = paint(rough.with_things(ship("v", (606_050, 4_675_950), 0.0, (60.0, 12.0))), fine, look)
    same = after.height == 0
    np.testing.assert_array_equal(before.reflectance[:, same], after.reflectance[:, same])
    assert 500 < (~same).sum() < 60 * 12


@pytest.mark.parametrize(("cover", "low", "high"), [(0.1, 0.03, 0.25), (0.5, 0.35, 0.65), (0.9, 0.75, 0.97)])
def test_plants_cover_about_the_share_asked_for(look, cover, low, high):
    """Near infrared rises from bare to fully green in proportion to the share."""

    def nir(share):
        return paint(everywhere("field", cover=share), WIDE, replace(look, greenness=1.0)).reflectance[3].mean()

    assert low < (nir(cover) - nir(0.0)) / (nir(1.0) - nir(0.0)) < high


def test_summer_is_greener_than_autumn(look):
    summer, autumn = (paint(everywhere("field"), FINE, replace(look, greenness=g)).reflectance for g in (0.9, 0.1))
    assert summer[3].mean() > 1.2 * autumn[3].mean()
    assert summer[2].mean() < autumn[2].mean()


def test_wet_ground_is_darker_and_snow_is_white(look):
    dry, wet, snowy = (
        paint(everywhere("soil"), FINE, replace(look, **k)).reflectance.mean()
        for k in ({}, {"wet": 0.8}, {"snow": 0.95})
    )
    assert wet < 0.85 * dry
    assert snowy > 0.5


def test_no_texture_means_even_ground(sharp, quay):
    canvas = paint(quay, Fine(left=606_120, top=4_675_980, step_m=1, shape=(60, 60)), sharp)
    bare = replace(quay, texture=1.0)
    uneven = paint(bare, Fine(left=606_120, top=4_675_980, step_m=1, shape=(60, 60)), sharp)
    assert canvas.reflectance[0].std() < 0.6 * uneven.reflectance[0].std()


def test_a_moving_ship_draws_a_wake_astern_only(sharp, quay):
    fine = Fine(left=606_000, top=4_676_100, step_m=1, shape=(300, 300))
    open_sea = replace(quay, ground=())
    still = paint(open_sea.with_things(ship("v", (606_150, 4_675_990), 0.0, (60.0, 12.0))), fine, sharp).reflectance[2]
    moving = ship("v", (606_150, 4_675_990), 0.0, (60.0, 12.0), speed_m_s=5.0)
    changed = paint(open_sea.with_things(moving), fine, sharp).reflectance[2] - still
    assert changed[160:220, 145:155].mean() > 0.03
    assert np.abs(changed[:80]).max() < 1e-6
