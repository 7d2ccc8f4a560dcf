"""What a provider's mask calls cloud and looks like a thing is told to be looked at: no finding, and not nothing."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from jsonschema import Draft202012Validator
from rasterio.features import rasterize
from scipy import ndimage

from imagery_diff import compare, samples
from imagery_diff.method.masked_things import find_masked
from imagery_diff.scene import Flag
from imagery_diff.write import comparison_table, regions_geojson, summary

TOP = Path(__file__).resolve().parents[1]
STACK = (slice(60, 64), slice(70, 100))
NOISE = np.random.default_rng(4)


def yard(level=0.2, shape=(140, 160)):
    return (level + NOISE.normal(0, 0.004, (4, *shape))).astype(np.float32)


def with_thing(image, where=STACK, rise=0.3, blur=None):
    thing = np.zeros(image.shape[1:], np.float32)
    thing[where] = rise
    return image + ndimage.gaussian_filter(thing, blur or 0.98)


def mask_around(where=STACK, margin=3, shape=(140, 160)):
    mask = np.zeros(shape, bool)
    mask[where[0].start - margin : where[0].stop + margin, where[1].start - margin : where[1].stop + margin] = True
    return mask


def found(date, other, masked, clear=None):
    whole = np.ones_like(masked)
    return find_masked((date, other), masked, (~masked if clear is None else clear, whole), 3.0)


def test_a_stack_that_the_mask_calls_cloud_is_found_as_large_as_it_is():
    (patch,) = found(with_thing(yard()), yard(), mask_around())
    rows, cols = np.nonzero(patch.mask)
    assert (np.ptp(rows) + 1, np.ptp(cols) + 1) == (4, 30)
    assert patch.strength > 10


def test_what_stands_on_the_other_date_too_is_no_question():
    assert not found(with_thing(yard()), with_thing(yard()), mask_around())


def test_where_the_other_date_hides_the_place_too_it_is_held_against_the_ground_around_it():
    masked = mask_around()
    assert len(find_masked((with_thing(yard()), yard()), masked, (~masked, ~masked), 3.0)) == 1


def test_on_a_pier_half_of_whose_surroundings_are_water_it_is_found():
    ground = yard()
    ground[:, :58] -= 0.17
    ground[:, 66:] -= 0.17
    assert len(found(with_thing(ground), ground, mask_around())) == 1


def test_a_soft_wisp_and_a_broad_cloud_are_clouds():
    assert not found(with_thing(yard(), blur=5.0, rise=1.0), yard(), mask_around(margin=10))
    broad = (slice(40, 75), slice(50, 90))
    assert not found(with_thing(yard(), broad), yard(), mask_around(broad))


def test_in_a_cloudy_yard_nothing_is_asked():
    masked = mask_around()
    clear = ~masked
    clear[:, 110:] = False
    clear[:50] = False
    assert not found(with_thing(yard()), yard(), masked, clear)


def test_a_mask_over_nothing_is_nothing():
    assert not found(yard(), yard(), mask_around())
    assert not found(with_thing(yard(), rise=-0.1), yard(), mask_around())
    assert not found(yard(), yard(), np.zeros((140, 160), bool))


@pytest.fixture(scope="module")
def hidden(tmp_path_factory):
    """Compare the sample in which a stack appears, the stack painted white and its mask calling it cloud."""
    folder = tmp_path_factory.mktemp("hidden")
    before, after = samples.pair("stack_appears")
    known = compare("najin", before, after)
    stack = max(known.regions, key=lambda r: r.strength)
    shutil.copytree(after.parent, folder / "after")
    path = next((folder / "after").glob("*udm2*"))
    with rasterio.open(path, "r+") as file:
        mask = file.read()
        left, bottom, right, top = stack.geometry.bounds
        row0, col0 = (int(v) - 3 for v in file.index(left, top))
        row1, col1 = (int(v) + 4 for v in file.index(right, bottom))
        mask[0, row0:row1, col0:col1], mask[5, row0:row1, col0:col1] = 0, 1
        file.write(mask)
    with rasterio.open(folder / "after" / after.name, "r+") as file:
        there = rasterize([stack.geometry], out_shape=file.shape, transform=file.transform).astype(float)
        file.write((file.read() + 2500 * ndimage.gaussian_filter(there, 0.7)).astype(np.uint16))
    return known, stack, compare("najin", before, folder / "after" / after.name)


def test_a_stack_under_the_mask_is_no_finding_but_to_be_looked_at(hidden):
    _, stack, result = hidden
    assert not any(region.geometry.intersects(stack.geometry) for region in result.regions)
    (look,) = result.look_at
    assert look.geometry.intersection(stack.geometry).area > 0.5 * stack.geometry.area
    assert (look.date, look.zone) == ("after", stack.zone)
    assert look.length_m == pytest.approx(stack.length_m, abs=12)


def test_its_zone_never_reads_as_if_nothing_were_there(hidden):
    _, stack, result = hidden
    (state,) = [s for s in result.zones if s.zone.name == stack.zone]
    assert state.state == "look at this"
    assert state.look_at == ("L1",)
    table = comparison_table(result)
    assert "To look at by eye" in table
    assert "look by eye at L1" in " ".join(table.split())


def test_files_carry_it_by_their_schemas(hidden):
    result = hidden[2]
    for name, document in (("summary", summary(result)), ("regions", regions_geojson(result))):
        schema = json.loads((TOP / "docs" / "reference" / "schemas" / f"{name}.schema.json").read_text())
        Draft202012Validator(schema).validate(document)
        (look,) = document["look_at"]
        assert look["geometry"]["type"] == "Polygon"
        assert "no finding" in look["description"]
        assert all(120 < x < 140 for x, _ in look["geometry"]["coordinates"][0])


def test_without_it_the_sample_has_nothing_to_look_at(hidden):
    assert hidden[0].look_at == ()


def test_a_mask_of_ours_is_not_looked_under(opened):
    """Only a provider's mask: what this program itself took for cloud it has looked at."""
    flags = np.where(mask_around(), np.uint8(Flag.CLOUD), np.uint8(0))
    names = ("blue", "green", "red", "nir")
    date = opened(with_thing(yard()), flags, names=names, name="a.tif", cloud_masked=False)
    assert compare("-", opened(yard(), names=names, name="b.tif"), date).look_at == ()
    date = opened(with_thing(yard()), flags, names=names, name="a.tif", cloud_masked=True)
    assert len(compare("-", opened(yard(), names=names, name="b.tif"), date).look_at) == 1
