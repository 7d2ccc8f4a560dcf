"""The traits of a thing -> how likely each class is, if it is a change at all; and what a zone adds to that.

    p(class | pixels, zone kind)  ~  p(class | pixels) * p(class | zone kind) / p(class)

The first is a multinomial logistic regression (McFadden 1974) with a ridge over *kinds* of thing (a ship and a barge,
a shed and a new roof), whose chances are added up to classes: `other` and `construction` hold things that have little
in common, which one linear score could not hold together. Each trait counts by its steps and by their squares, as for
kinds that scatter by a normal law each: a heap fills 78 % of its rectangle, not more and not less. A sum of
standardised traits is a table that can be read, asked why it said so, and kept from running away: a trait counts no
further than the design scenes reach. All log odds are divided by one temperature (Guo et al. 2017, arXiv 1706.04599),
fitted on scenes that the weights had no part in, so that of what is said with 0.8 four in five are right.

The second is a factor a class and kind of zone, stated and not fitted (`ZONE_FACTORS`): what is drawn around a place is
no measurement, and what stands there in a benchmark is no law.

Assumption: the design scenes hold the kinds of thing that come and go. Broken by: a kind they do not hold, which gets
the class it looks like most; other bands, units and pixel sizes, for which nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

CLASSES = ("vessel", "containers", "rail_cars", "stockpile", "cover", "equipment", "construction", "other")
FAR, NEAR = 5.0, 2.0
"""Factors: what a zone is drawn for is five times as likely there as elsewhere, what belongs beside it twice. Round
numbers, so stated; outlines are good to 10 to 50 m and ports are not tidy, so that no zone rules a class out. What is
drawn for cargo is half as likely to be built on as ground elsewhere: goods turn over in days, sheds in years."""
ZONE_FACTORS: dict[str, dict[str, float]] = {
    "berth": {"vessel": FAR, "rail_cars": 1 / FAR, "construction": 1 / NEAR, "stockpile": 1 / NEAR, "cover": 1 / NEAR},
    "anchorage": {"vessel": FAR, "rail_cars": 1 / FAR, "construction": 1 / FAR, "stockpile": 1 / FAR, "cover": 1 / FAR},
    "yard": {"vessel": 1 / FAR, "rail_cars": 1 / NEAR, "construction": 1 / NEAR},
    "rail": {"vessel": 1 / FAR, "rail_cars": FAR, "construction": 1 / NEAR, "stockpile": 1 / NEAR, "cover": 1 / NEAR},
    "stockpile": {"vessel": 1 / FAR, "stockpile": FAR, "cover": NEAR, "construction": 1 / NEAR},
    "road": {"vessel": 1 / FAR, "rail_cars": 1 / FAR, "equipment": NEAR},
    "bridge": {"stockpile": 1 / FAR, "containers": 1 / FAR, "rail_cars": NEAR, "equipment": NEAR},
}
"""Kind of zone -> class -> p(class | zone kind) / p(class), up to a common factor; 1 where nothing is said."""


@dataclass(frozen=True, kw_only=True)
class ClassModel:
    """A fitted table."""

    traits: tuple[str, ...]
    """Names, of those that :func:`imagery_diff.method.class_traits.measure` gives."""
    middle: tuple[float, ...]
    spread: tuple[float, ...]
    """What is taken off a trait, and one step of it."""
    limit: float
    """Steps beyond which a trait counts no more."""
    kinds: tuple[str, ...]
    class_of: tuple[str, ...]
    """Of each kind, one of :data:`CLASSES`."""
    weight: tuple[tuple[float, ...], ...]
    """(kind, trait), what a step is worth, log odds."""
    bend: tuple[tuple[float, ...], ...]
    """(kind, trait), what half of a step squared less one is worth: a kind may have a best value in the middle."""
    constant: tuple[float, ...]
    temperature: float
    bands: tuple[str, ...]
    units: str
    pixel_m: tuple[float, float]
    """Bands a pair must have, units of its pixels, smallest and largest pixel: where the table holds."""
    provenance: str

    @classmethod
    def of_table(cls, table: Mapping[str, Any]) -> ClassModel:
        """Return what a table spells out."""
        traits = table["traits"]
        kinds = table["kinds"]
        return cls(
            traits=tuple(traits),
            middle=tuple(t["middle"] for t in traits.values()),
            spread=tuple(t["spread"] for t in traits.values()),
            limit=table["limit"],
            kinds=tuple(kinds),
            class_of=tuple(k["class"] for k in kinds.values()),
            weight=tuple(tuple(k["weight"]) for k in kinds.values()),
            bend=tuple(tuple(k["bend"]) for k in kinds.values()),
            constant=tuple(k["constant"] for k in kinds.values()),
            temperature=table["temperature"],
            bands=tuple(table["bands"]),
            units=table["units"],
            pixel_m=(table["pixel_m"][0], table["pixel_m"][1]),
            provenance=table["provenance"],
        )

    def shares(self, traits: Mapping[str, float]) -> dict[str, float]:
        """Return class -> chance by the pixels alone; together 1.

        Examples
        --------
        >>> model = ClassModel(traits=("afloat",), middle=(0.0,), spread=(1.0,), limit=3.0, kinds=("ship", "stack"),
        ...     class_of=("vessel", "containers"), weight=((2.0,), (-2.0,)), bend=((0.0,), (0.0,)),
        ...     constant=(0.0, 0.0), temperature=1.0, bands=(), units="reflectance",
        ...     pixel_m=(2.0, 4.0), provenance="an example")
        >>> round(model.shares({"afloat": 1.0})["vessel"], 2)
        0.98

        """
        value = np.array([traits[name] for name in self.traits])
        steps = np.clip((value - np.asarray(self.middle)) / np.asarray(self.spread), -self.limit, self.limit)
        odds = np.asarray(self.weight) @ steps + np.asarray(self.bend) @ bent(steps) + np.asarray(self.constant)
        odds /= self.temperature
        chance = np.exp(odds - odds.max())
        chance /= chance.sum()
        shares = dict.fromkeys(CLASSES, 0.0)
        for name, one in zip(self.class_of, chance, strict=True):
            shares[name] += float(one)
        return shares


def bent(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half of each step squared less one: as large as a step, and nought where the step is one."""
    return (steps**2 - 1) / 2


def with_zone(shares: Mapping[str, float], zone_kind: str | None) -> dict[str, float]:
    """Return the shares once the kind of zone is known; as they are where none is drawn.

    Examples
    --------
    >>> with_zone({"containers": 0.6, "rail_cars": 0.4}, "rail")["rail_cars"] > 0.7
    True

    """
    factors = ZONE_FACTORS.get(zone_kind or "", {})
    weighed = {name: share * factors.get(name, 1.0) for name, share in shares.items()}
    total = sum(weighed.values())
    return {name: share / total for name, share in weighed.items()}


def likeliest(shares: Mapping[str, float]) -> str:
    """Return the class with the largest share."""
    return max(shares, key=lambda name: shares[name])
