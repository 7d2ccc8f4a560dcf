"""The benchmark of classes: what is put there has a class, the fit finds the law that things were drawn from."""

from types import SimpleNamespace

import numpy as np
import pytest

from imagery_diff.method.class_model import CLASSES

NAMES = ("class_things", "class_scenes", "class_fit", "class_tables", "classes", "scenes")


@pytest.fixture(scope="module", autouse=True)
def modules(benchmark):
    return SimpleNamespace(**{n: benchmark(n) for n in NAMES})


def test_whatever_is_drawn_has_one_of_the_classes_and_can_be_made(modules):
    things = modules.class_things
    assert set(things.CLASS_OF.values()) == set(CLASSES)
    assert set(things.DRAWN) == set(things.makers())
    assert set(things.DRAWN) | {"crane", "roof", "wet"} == set(things.CLASS_OF)
    assert sum(things.DRAWN.values()) == pytest.approx(1)


def test_a_seed_is_a_scene_and_the_truth_of_its_events_is_what_was_put_there(modules, tmp_path):
    scene = modules.class_scenes.make(5, tmp_path)
    again = modules.class_scenes.plan(5)
    kinds = [modules.class_things.kind_of(e.id) for e in scene.events]
    assert [e.kind for e in scene.events] == [modules.class_things.CLASS_OF[k] for k in kinds]
    named = [t.id for t in (*again.came, *again.went, *again.repainted)]
    assert [e.id for e in scene.events if not e.id.endswith("_wet")] == named
    assert len(scene.events) >= 5
    for event in scene.events:
        assert event.outline.is_valid
        assert event.direction == ("changed" if event.id.endswith("_roof") else event.direction)


def test_boats_are_shorter_than_any_vessel(modules):
    harbour = modules.class_scenes.random_harbour(7)
    rng = np.random.default_rng(1)
    makers = modules.class_things.makers()
    drawn = {k: [makers[k](harbour, rng, f"x_{k}")() for _ in range(30)] for k in ("boat", "barge", "ship")}
    lengths = {k: [t.length_m for t in things if t is not None] for k, things in drawn.items()}
    assert max(lengths["boat"]) < 20 <= min(lengths["barge"] + lengths["ship"])


def test_wet_ground_is_darker_on_one_date_and_the_harbour_is_else_the_same(modules):
    plan = next(p for p in map(modules.class_scenes.plan, range(20)) if p.wet is not None)
    before, after = plan.worlds
    wet, dry = (after, before) if plan.wet.after else (before, after)
    assert wet.ground[: len(dry.ground)] == dry.ground
    tones = [g.tone for g in wet.ground[len(dry.ground) :]]
    assert tones == sorted(tones, reverse=True)
    assert len(tones) >= 3


@pytest.fixture(scope="module")
def rows():
    """Regions of three kinds and two classes: one is told by a trait's sign, one by its being near the middle."""
    rng = np.random.default_rng(4)
    kinds = {"ship": ("vessel", 3.0, 1.0), "barge": ("vessel", -3.0, 1.0), "stack": ("containers", 0.0, 0.7)}
    made = []
    for number in range(900):
        kind = list(kinds)[number % 3]
        truth, middle, spread = kinds[kind]
        traits = {"told": float(rng.normal(middle, spread)), "noise": float(rng.normal())}
        made.append(
            {
                "scene": f"s{number // 10}",
                "kind": kind,
                "truth": truth,
                "status": "matched",
                "place": "yard",
                "traits": traits,
                "shares": {},
                "alone": {},
                "said": "other",
                "direction_ok": True,
                "relation": "new",
            }
        )
    return {"regions": made, "events": []}


def test_a_class_in_the_middle_of_a_trait_is_told_from_one_on_either_side(modules, rows):
    model = modules.class_fit.fit(rows).model
    for told, truth in ((3.0, "vessel"), (-3.0, "vessel"), (0.0, "containers")):
        shares = model.shares({"told": told, "noise": 0.0})
        assert max(shares, key=shares.get) == truth
        assert shares[truth] > 0.9


def test_what_is_said_with_a_chance_is_right_as_often(modules, rows):
    # The ridge makes the odds shy; the temperature puts that right.
    model = modules.class_fit.fit(rows).model
    shares = [model.shares(r["traits"]) for r in rows["regions"]]
    right = [max(s, key=s.get) == r["truth"] for s, r in zip(shares, rows["regions"], strict=True)]
    assert np.mean([max(s.values()) for s in shares]) == pytest.approx(np.mean(right), abs=0.02)
    assert model.temperature < 1


def test_a_table_comes_back_as_the_model_it_was_written_from(modules, rows):
    fitted = modules.class_fit.fit(rows)
    again = modules.class_fit.ClassModel.of_table(modules.class_fit.table_of(fitted, rows, "a command"))
    assert again.shares({"told": 1.0, "noise": 0.3}) == fitted.model.shares({"told": 1.0, "noise": 0.3})


def test_a_region_called_other_is_wrong_where_it_is_something(modules):
    row = {"truth": "cover", "status": "matched", "shares": {"other": 0.9, "cover": 0.1}, "alone": {"cover": 1.0}}
    told = modules.class_tables.asked([row])
    assert "0.0%" in told.splitlines()[2]
    assert "100.0%" in told.splitlines()[3]
