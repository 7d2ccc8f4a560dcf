"""The looks of a series against the empty place, and things put into them when that place is learned for good.

Section 4 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

import math
import pickle
import warnings
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from imagery_diff import series_heaps, series_history
from imagery_diff.errors import ImageryDiffError, ImageryDiffWarning
from imagery_diff.pair import compare, put_things_in
from imagery_diff.pair_missed import worth_keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.method.coregister import Shift
    from imagery_diff.pair_fit import Fit
    from imagery_diff.params import Params
    from imagery_diff.result import Comparison
    from imagery_diff.series_history import Empty
    from imagery_diff.series_looks import Laid

    Progress = Callable[[str], None]

_LEAST_TRIALS = 3
"""Things of the reported length in each zone of a look, at least, however many looks there are."""


@dataclass(kw_only=True, eq=False)
class Against:
    """The looks against the empty place, the outlines laid once for all."""

    laid: Laid
    lines: Mapping[int, NDArray[np.float64]]
    place: AOI
    """As laid."""
    fit: Fit | None
    folder: Path
    """For what is kept until things are put in."""
    params: Params
    refused: dict[int, str] = field(default_factory=dict)
    shifts: dict[int, Shift] = field(default_factory=dict)
    """How each look lies to the empty place, measured once: learning it again moves nothing."""

    @classmethod
    def first(
        cls, laid: Laid, lines: Mapping[int, NDArray[np.float64]], history: Empty, folder: Path, params: Params
    ) -> Against:
        """Lay the outlines on what the anchor and the empty place show of the quays."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImageryDiffWarning)
            result = compare(
                laid.place, history.scene(laid), laid.scene(laid.anchor), detect="alarm", notes=False, params=params
            )
        place = result.aoi or laid.place
        # Sentences are of zones; their hours are those of the place.
        zones_ = tuple(replace(zone, timezone=place.timezone_of(zone)) for zone in place.zones)
        place = replace(place, zones=zones_)
        return cls(laid=laid, lines=lines, place=place, fit=result.fit, folder=folder, params=params)

    @property
    def looks(self) -> list[int]:
        """Indexes of the looks that can be compared."""
        return [k for k in self.laid.used if k not in self.refused]

    def all(self, history: Empty, progress: Progress) -> dict[int, Comparison]:
        """Compare every look with the empty place; a look that cannot be is refused, with the reason."""
        found = {}
        trials = max(_LEAST_TRIALS, math.ceil(self.params.reported_trials / max(len(self.looks), 1)))
        for k in self.looks:
            progress("comparing")
            try:
                # What is doubtful about a pair stands in its caveats too.
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ImageryDiffWarning)
                    one = compare(
                        self.place,
                        history.scene(self.laid),
                        self.laid.scene(k),
                        detect="alarm",
                        fit=False,
                        notes=False,
                        sensitivity="later",
                        shift=self.shifts.get(k),
                        params=replace(self.params, reported_trials=trials),
                    )
            except ImageryDiffError as error:
                self.refused[k] = str(error)
                continue
            self.shifts[k] = one.shift
            assert one.kept is not None
            # Things are put in when the empty place is learned for good; until then this lies in a file, as looks do.
            self._file(k).write_bytes(pickle.dumps(worth_keeping(one.kept), protocol=pickle.HIGHEST_PROTOCOL))
            found[k] = replace(one, kept=None, layers=one.layers.set_aside(self.folder))
            if series_history.lit_alike(self.laid, k):  # else what is dark may be a shadow that fell elsewhere
                here = partial(series_history.apart(history, self.laid, self.lines), k + 1)
                found[k] = series_heaps.turned(found[k], history.data, here, self.laid.names)
            found[k].layers.let_go()
            self.laid.let_go()
        return found

    def with_things_put_in(self, found: Mapping[int, Comparison], progress: Progress) -> dict[int, Comparison]:
        """Put things of the reported length into the zones of every look."""
        asked = {}
        for k, result in found.items():
            progress("putting things in")
            kept = pickle.loads(self._file(k).read_bytes())  # noqa: S301 - our own, of a folder that nobody else reads
            asked[k] = put_things_in(replace(result, kept=kept), how="reported")
            self._file(k).unlink()
        return asked

    def _file(self, k: int) -> Path:
        return self.folder / f"known_{k}"
