"""The outlines laid on real harbours: quays drawn by hand, displaced by a known amount, brought back."""

import pytest


@pytest.fixture(scope="module")
def fit(benchmark):
    return benchmark("fit")


def test_on_hong_kong_and_venice_displaced_outlines_come_back_within_a_pixel_and_a_half(fit, data_folder):
    """One with near infrared, one with colours alone; both directions told."""
    pairs = fit.real(data_folder)
    for ready in (next(pairs), next(pairs)):
        rows = list(fit.offsets_of(ready, (0.0, 25.0, 40.0), 3))
        assert len(rows) == 7
        for row in rows:
            assert row.fit.fitted, (row.name, row.fit.how)
            assert row.fit.open_deg is None
            assert row.error_m / row.pixel_m <= 1.5, (row.name, row.off_m)


def test_the_table_of_a_benchmark_counts_what_was_not_fitted(fit):
    rows = [
        fit.Row(
            name="a", case="c", off_m=0.0, fit=fit.Fit(fitted=False, how="not"), error_m=None, pixel_m=3, seconds=1
        ),
        fit.Row(
            name="a",
            case="c",
            off_m=0.0,
            fit=fit.Fit(fitted=True, east_m=3.0, error_m=2.0),
            error_m=2.0,
            pixel_m=3,
            seconds=1,
        ),
    ]
    line = fit.table(rows).splitlines()[1].split()
    assert line[:5] == ["0.0", "2", "1", "0", "2.0"]
