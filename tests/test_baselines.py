"""The baselines are what their papers say, and the tables made of them count what they should."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagery_diff.method.skill import auc

EVERYWHERE = np.ones((60, 70), bool)


@pytest.fixture(scope="module")
def scripts(benchmark):
    return SimpleNamespace(**{n: benchmark(n) for n in ("baselines", "real", "cost")})


@pytest.fixture
def pair():
    """Two dates of four bands that differ by noise, gains and offsets, and a square of 12 x 12 that changed."""
    rng = np.random.default_rng(4)
    ground = np.exp(rng.normal(5, 0.4, (60, 70))) * np.array([1.0, 1.2, 0.8, 1.5])[:, None, None]
    ground *= np.exp(rng.normal(0, 0.1, ground.shape))
    before = ground * np.exp(rng.normal(0, 0.02, ground.shape))
    after = ground * np.exp(rng.normal(0, 0.02, ground.shape)) * 1.3 + 20
    changed = np.zeros(before.shape[1:], bool)
    changed[20:32, 30:42] = True
    after[:, changed] = after[::-1, changed] * 2.5
    return before, after, changed


OPTICAL = ("cva_otsu", "cva_pcak", "mad_chi2", "mad_kmeans", "irmad_chi2", "irmad_kmeans")


@pytest.mark.parametrize("method", [*OPTICAL, "lr_otsu", "lr3_kmeans", "lr3_otsu", "lr3_pcak"])
def test_what_plainly_changed_is_found(scripts, pair, method):
    before, after, changed = pair
    assert auc(scripts.baselines.METHODS[method](before, after, EVERYWHERE)[0], changed) > 0.95
    found = scripts.baselines.regions_of(method, before, after, EVERYWHERE)
    assert np.mean(found[changed]) > 0.7
    # The chi-square thresholds take noise for normal and alike everywhere; here, as in real scenes, it is neither.
    assert "chi2" in method or np.mean(found[~changed]) < 0.1


@pytest.mark.parametrize("method", ["cva_pcak", "irmad_kmeans", "lr3_pcak"])
def test_what_is_not_valid_is_never_called_and_moves_nothing_else(scripts, pair, method):
    before, after, _ = pair
    valid = EVERYWHERE.copy()
    valid[:, :15] = False
    spoilt = after.copy()
    spoilt[:, ~valid] = np.nan
    found = scripts.baselines.regions_of(method, before, spoilt, valid)
    assert not found[~valid].any()
    spoilt[:, ~valid] = 1e6
    assert (scripts.baselines.regions_of(method, before, spoilt, valid) == found).all()
    assert not scripts.baselines.regions_of(method, before, after, np.zeros_like(valid)).any()


@pytest.mark.parametrize("score", ["mad", "ir_mad"])
def test_mad_does_not_see_a_linear_mixture_of_the_bands(scripts, pair, score):
    before, after, _ = pair
    mixture = np.random.default_rng(1).normal(0, 1, (4, 4)) + 3 * np.eye(4)
    mixed = np.tensordot(mixture, after, 1) - 7
    function = getattr(scripts.baselines, score)
    assert function(before, mixed, EVERYWHERE) == pytest.approx(function(before, after, EVERYWHERE), rel=1e-6)


def test_mad_of_unchanged_normal_noise_is_chi_square(scripts):
    rng = np.random.default_rng(2)
    ground = rng.normal(0, 1, (3, 200, 200))
    before, after = (ground + rng.normal(0, 0.5, ground.shape) for _ in range(2))
    score = scripts.baselines.mad(before, after, np.ones((200, 200), bool))
    assert score.mean() == pytest.approx(3, rel=0.02)
    assert score.var() == pytest.approx(6, rel=0.08)
    called = scripts.baselines.regions_of("mad_chi2", before, after, np.ones((200, 200), bool))
    assert called.mean() == pytest.approx(0.01, rel=0.2)


def test_bands_that_repeat_each_other_and_equal_images_do_not_break_mad(scripts, pair):
    before, after, _ = pair
    repeated = np.stack([before[0]] * 4)
    assert np.isfinite(scripts.baselines.ir_mad(repeated, after, EVERYWHERE)).all()
    assert np.isfinite(scripts.baselines.ir_mad(before, before, EVERYWHERE)).all()


@settings(max_examples=60)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=25).filter(lambda v: len(set(v)) > 1))
def test_the_best_split_is_that_of_least_scatter(scripts, values):
    values = np.array(values, float)
    above = values > scripts.baselines._best_split(values)

    def scatter(second):
        return sum(np.sum((part - part.mean()) ** 2) for part in (values[second], values[~second]) if part.size)

    assert scatter(above) == pytest.approx(min(scatter(values > v) for v in values))


def test_the_data_sets_own_tables_are_read(scripts, tmp_path):
    lines = ["| group | GSD |", "| --- | --- |", "| a | 3 m |", ""]
    lines += ["| pair | CVA + Otsu | AUC |", "| --- | --- | --- |", "| x | 0.1 / 0.2 | 0.9 |"]
    text = "\n".join(lines)
    (tmp_path / "README.md").write_text(text)
    cells = scripts.baselines.published(tmp_path / "README.md")
    assert cells["x", "CVA + Otsu"] == "0.1 / 0.2"
    assert cells["x", "AUC"] == "0.9"
    assert scripts.baselines.published(tmp_path / "none.md") == {}


def test_the_figures_that_come_with_the_data_are_reproduced(scripts, data_folder):
    """A check of the reading, the scoring and the methods at once, against figures that others computed."""
    given_figures = scripts.baselines.published(data_folder / "README.md")
    for name in ("sar_bern", "landsat_taizhou"):
        rows = scripts.baselines.score(data_folder / "pairs" / name, scripts.baselines.methods_for(name))
        compared = 0
        for row in rows:
            told = given_figures.get((name, scripts.baselines.METHODS[row.method].title))
            if told:
                kappa, f1 = (float(v) for v in told.split("/"))
                assert (row.kappa, row.f1) == (pytest.approx(kappa, abs=1.5e-3), pytest.approx(f1, abs=1.5e-3))
                compared += 1
        assert compared == 3


def test_a_mean_that_was_asked_for_needs_all_its_pairs(scripts):
    ask = scripts.real.Ask(what="two", pairs=lambda name: name[0] == "a", figure="auc", least=0.5, count=2)
    assert ask.measured({"a1": {"auc": 0.5}, "a2": {"auc": None}, "b": {"auc": 1.0}}) == 0.25
    assert ask.measured({"a1": {"auc": 0.5}}) is None


def test_the_cost_table_says_what_was_not_met(scripts):
    costs = [scripts.cost.Cost(wall_s=w, cpu_s=w, peak_mb=700) for w in (3.0, 9.0, 6.0)]
    text = scripts.cost.table(costs, [scripts.cost.Cost(wall_s=1.0, cpu_s=1.0, peak_mb=100)] * 3, [0.5, 1.0], 2000)
    assert "| wall over OTB's | 3 | 6.00 | no |" in text
    assert "| peak MB | 600 | 700 | no |" in text
