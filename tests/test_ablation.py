"""The ablation leaves out what it says, for its own run only, and reads as many scenes as it is told."""

import inspect
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest

from imagery_diff.params import Params


@pytest.fixture(scope="module")
def ablation(benchmark):
    return benchmark("ablation")


def test_every_step_is_something_that_the_method_has(ablation):
    numbers = {f.name for f in fields(Params)}
    for name, step in ablation.STEPS.items():
        assert step.settings or step.replaced, name
        assert {n for n, _ in step.settings} <= numbers, name
        assert all(hasattr(module, attribute) for module, attribute, _ in step.replaced), name


def test_what_stands_in_for_a_step_takes_what_the_step_takes(ablation):
    misfits = {}
    for name, step in ablation.STEPS.items():
        for module, attribute, instead in step.replaced:
            usual = inspect.signature(getattr(module, attribute)).parameters.values()
            given = [p.name for p in usual if p.kind == p.POSITIONAL_OR_KEYWORD and p.name not in {"self", "cls"}]
            named = {p.name: None for p in usual if p.kind == p.KEYWORD_ONLY}
            try:
                inspect.signature(instead).bind(*given, **named)
            except TypeError as error:
                misfits[name] = str(error)
    assert misfits == {}


def test_a_step_is_left_out_while_scenes_are_compared_and_back_afterwards(ablation, monkeypatch):
    step = ablation.STEPS["cast shadow"]
    ((module, name, instead),) = step.replaced
    usual, seen = getattr(module, name), []

    def score(_folder, method):
        seen.append((getattr(module, name), method.params))
        row = {"error": None, "suite": "rendered", "null": False, "events": [], "regions": []}
        return row | {"folder": SimpleNamespace()}

    monkeypatch.setattr(ablation, "score_scene", score)
    for one in (step, ablation.STEPS["facet tilt"]):
        ablation.run(one, [Path("anywhere")], [])
    assert seen[0] == (instead, Params())
    assert seen[1][0] is usual
    assert seen[1][1].facet_tilt == ablation.TINY
    assert getattr(module, name) is usual


def test_the_table_says_by_how_much_a_step_was_missed(ablation):
    counts = {"found": 9, "asked": 10, "right": 9, "false_events": 0, "false_nulls": 1}
    whole = {"raised": 0, "cpu_s": 1.0, "rendered": counts}
    less = {"raised": 0, "cpu_s": 1.0, "rendered": counts | {"found": 7, "false_nulls": 4}}
    line = ablation.table({ablation.WHOLE: whole, "tracks": less}).splitlines()[-1]
    assert "7 (-2)" in line
    assert "4 (+3)" in line
