"""Params: every number once, positive, explained."""

import ast
import dataclasses
import inspect
import itertools
import json
import math

import pytest

from imagery_diff import params
from imagery_diff.errors import InputError
from imagery_diff.params import Params

NAMES = [f.name for f in dataclasses.fields(Params)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_number_that_is_not_positive_is_refused_by_its_name(name, value):
    with pytest.raises(InputError, match=name):
        Params(**{name: value})


def test_every_number_stands_in_the_manifest():
    assert json.loads(json.dumps(Params().as_dict())) == {n: getattr(Params(), n) for n in NAMES}


def test_every_number_has_its_line_of_explanation():
    body = next(n for n in ast.parse(inspect.getsource(params)).body if isinstance(n, ast.ClassDef)).body
    explained = [
        one.target.id
        for one, after in itertools.pairwise(body)
        if isinstance(one, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    ]
    assert explained == NAMES


def test_numbers_are_not_changed_after_construction():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Params().family_error = 0.5
