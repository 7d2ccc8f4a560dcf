"""With CI=true a skip that nobody named fails the run."""

from types import SimpleNamespace

import pytest

from tests.conftest import ALLOWED_SKIPS, _refused_skips


def skipped(name, reason):
    return SimpleNamespace(nodeid=name, longrepr=("file.py", 1, f"Skipped: {reason}"))


@pytest.fixture
def allowed():
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    return [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]


def test_an_unnamed_skip_is_refused_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert _refused_skips([skipped("tests/test_x.py::test_y", "no time")]) == [
        "tests/test_x.py::test_y: Skipped: no time"
    ]


def test_a_named_skip_is_allowed_in_ci(monkeypatch, allowed):
    monkeypatch.setenv("CI", "true")
    for test, reason in allowed:
        assert _refused_skips([skipped(test, reason)]) == []
        assert _refused_skips([skipped(test, "another reason")])


def test_elsewhere_skips_are_no_fault(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    assert _refused_skips([skipped("tests/test_x.py::test_y", "no time")]) == []


def test_missing_data_or_browser_is_no_reason(allowed):
    for _, reason in allowed:
        assert not any(word in reason.lower() for word in ("data", "imagery", "browser", "chromium"))
