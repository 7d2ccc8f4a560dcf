"""Rendered scenes of known truth: for the sample tiles, the tests, the documentation and the benchmarks.

>>> from datetime import UTC, datetime
>>> from imagery_diff.synthetic import Look, random_harbour, render, stack
>>> harbour = random_harbour(3, side_m=400.0)
>>> rendered = render(harbour.world, Look(time=datetime(2023, 10, 17, 2, 12, tzinfo=UTC), seed=1))
>>> rendered.data.dtype.name, rendered.data.shape[0]
('uint16', 4)

"""

from imagery_diff.synthetic.deliver import write_planetscope, write_skysat
from imagery_diff.synthetic.harbours import Harbour, Pier, random_harbour
from imagery_diff.synthetic.look import PLANETSCOPE, SKYSAT, Cloud, Look, Sensor
from imagery_diff.synthetic.render import CREDIT, Rendered, grid_of, render
from imagery_diff.synthetic.things import cover, crane, heap, lorry, ship, stack, train
from imagery_diff.synthetic.world import Ground, Part, Thing, World

__all__ = [
    "CREDIT",
    "PLANETSCOPE",
    "SKYSAT",
    "Cloud",
    "Ground",
    "Harbour",
    "Look",
    "Part",
    "Pier",
    "Rendered",
    "Sensor",
    "Thing",
    "World",
    "cover",
    "crane",
    "grid_of",
    "heap",
    "lorry",
    "random_harbour",
    "render",
    "ship",
    "stack",
    "train",
    "write_planetscope",
    "write_skysat",
]
