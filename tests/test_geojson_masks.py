"""Awkward masks become outlines that RFC 7946 allows; the check is one that usual ways do not pass."""

import json


def test_no_outline_is_invalid_turned_or_across_the_antimeridian(benchmark):
    bench = benchmark("geojson_masks")
    made = bench.masks(210, seed=7)
    assert len({(kind, grid) for kind, _, grid in made}) == 35
    counts = {}
    for way in (bench.ours, bench.by_shapes, bench.by_contours):
        written = json.loads(json.dumps([g for _, mask, grid in made for g in way(mask, bench.GRIDS[grid])]))
        counts[way] = sum(bool(bench.faults(geometry)) for geometry in written), len(written)
    assert counts[bench.ours][0] == 0
    assert counts[bench.ours][1] > 150
    assert counts[bench.by_shapes][0] > 0
    assert counts[bench.by_contours][0] > 0
