"""Fit the table of classes: regions of known kind -> weights of their traits, and the temperature of what they say.

The temperature, and the choice of the ridge, come of folds of scenes: each scene is told by weights that no region of
it had a part in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from imagery_diff.method.class_model import CLASSES, ClassModel, bent, likeliest, with_zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Row = dict[str, Any]
    Values = NDArray[np.float64]

FOLDS = 6
LIMIT = 2.5
"""Steps beyond which a trait counts no more: one in a hundred of a normal law lies beyond."""
RIDGES = (1.0, 2.0, 4.0, 8.0)
"""Priors of a weight, one over its variance in steps, that are tried."""
SCHEMA_VERSION = 1
BANDS, UNITS, PIXEL_M = ("blue", "green", "red", "nir"), "reflectance", (2.4, 3.75)
"""What the scenes are: as the calibration of p_change, a pixel of 3 m times or over 1.25."""
OTHER_KINDS = {"quayside": "stack"}
"""Kinds that are one to the fit."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A model, and what was learned in fitting it."""

    model: ClassModel
    told: str


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sample:
    steps: Values
    """(region, trait and trait bent)"""
    kind: NDArray[np.int_]
    weight: Values


def fit(rows: dict[str, list[Row]]) -> Fitted:
    """Fit the table to every region of the scenes; duplicates weigh half, for they are parts of a thing."""
    regions = [r for r in rows["regions"] if r["traits"]]
    names = list(regions[0]["traits"])
    kinds = [OTHER_KINDS.get(r["kind"], r["kind"]) for r in regions]
    known = sorted(set(kinds))
    values = np.array([[r["traits"][n] for n in names] for r in regions])
    middle = np.median(values, axis=0)
    spread = np.maximum(np.diff(np.percentile(values, (16, 84), axis=0), axis=0)[0] / 2, 0.05)
    sample = _Sample(
        steps=columns_of(np.clip((values - middle) / spread, -LIMIT, LIMIT)),
        kind=np.array([known.index(k) for k in kinds]),
        weight=np.array([0.5 if r["status"] == "duplicate" else 1.0 for r in regions]),
    )
    scenes = sorted({r["scene"] for r in regions})
    fold = np.array([scenes.index(r["scene"]) % FOLDS for r in regions])
    of = {OTHER_KINDS.get(r["kind"], r["kind"]): r["truth"] for r in regions}
    truth = np.array([CLASSES.index(r["truth"]) for r in regions])
    owner = np.array([[of[k] == c for c in CLASSES] for k in known], float)
    left_out = {ridge: _left_out(sample, fold, len(known), ridge) for ridge in RIDGES}
    costs = {ridge: _cost(odds, owner, truth, 1.0) for ridge, odds in left_out.items()}
    ridge = min(costs, key=lambda r: costs[r])
    found = minimize_scalar(lambda t: _cost(left_out[ridge], owner, truth, t), bounds=(0.3, 5.0), method="bounded")
    temperature = float(found.x)
    weight, constant = _softmax(sample, len(known), ridge)
    model = ClassModel(
        traits=tuple(names),
        middle=_rounded(middle),
        spread=_rounded(spread),
        limit=LIMIT,
        kinds=tuple(known),
        class_of=tuple(of[k] for k in known),
        weight=tuple(_rounded(w[: len(names)]) for w in weight),
        bend=tuple(_rounded(w[len(names) :]) for w in weight),
        constant=_rounded(constant),
        temperature=round(temperature, 3),
        bands=BANDS,
        units=UNITS,
        pixel_m=PIXEL_M,
        provenance="",
    )
    shares = _shares(left_out[ridge], owner, temperature)
    matched = np.array([r["status"] == "matched" for r in regions])
    right = shares.argmax(axis=1) == truth
    zoned = np.array(
        [
            likeliest(with_zone(dict(zip(CLASSES, p, strict=True)), r["place"])) == r["truth"]
            for p, r in zip(shares, regions, strict=True)
        ]
    )
    told = (
        f"{len(regions)} regions of {len(scenes)} scenes; ridge {ridge:g} of {costs}; temperature {temperature:.2f}\n"
        f"by folds of scenes, matched regions: pixels alone {right[matched].mean():.3f}, "
        f"with zone kinds {zoned[matched].mean():.3f}"
    )
    return Fitted(model=model, told=told)


def columns_of(steps: Values) -> Values:
    """Return steps and their squares side by side."""
    return np.hstack([steps, bent(steps)])


def _rounded(values: Values) -> tuple[float, ...]:
    return tuple(round(float(v), 3) for v in values)


def _softmax(sample: _Sample, kinds: int, ridge: float) -> tuple[Values, Values]:
    """Return weights (kind, trait) and constants of a ridge multinomial logistic regression."""
    columns = np.column_stack([sample.steps, np.ones(len(sample.steps))])
    hot = np.eye(kinds)[sample.kind]
    penalty = np.append(np.full(sample.steps.shape[1], ridge), 0.01)

    def cost(flat: Values) -> tuple[float, Values]:
        beta = flat.reshape(kinds, -1)
        odds = columns @ beta.T
        odds -= odds.max(axis=1, keepdims=True)
        logs = odds - np.log(np.exp(odds).sum(axis=1, keepdims=True))
        slope = ((np.exp(logs) - hot) * sample.weight[:, None]).T @ columns + penalty * beta
        loss = -float((sample.weight[:, None] * hot * logs).sum()) + 0.5 * float((penalty * beta**2).sum())
        return loss, slope.ravel()

    found = minimize(cost, np.zeros(kinds * columns.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    beta = found.x.reshape(kinds, -1)
    return beta[:, :-1], beta[:, -1]


def _left_out(sample: _Sample, fold: NDArray[np.int_], kinds: int, ridge: float) -> Values:
    """Return the log odds of every region by weights that its scene had no part in; (region, kind)."""
    out = np.empty((len(fold), kinds))
    for number in range(FOLDS):
        inside = fold == number
        rest = _Sample(steps=sample.steps[~inside], kind=sample.kind[~inside], weight=sample.weight[~inside])
        weight, constant = _softmax(rest, kinds, ridge)
        out[inside] = sample.steps[inside] @ weight.T + constant
    return out


def _shares(odds: Values, owner: Values, temperature: float) -> Values:
    """Return (region, class)."""
    scaled = odds / temperature
    chance = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(chance / chance.sum(axis=1, keepdims=True) @ owner)


def _cost(odds: Values, owner: Values, truth: NDArray[np.int_], temperature: float) -> float:
    """Mean log loss of the classes."""
    shares = _shares(odds, owner, temperature)
    return round(float(-np.mean(np.log(np.maximum(shares[np.arange(len(truth)), truth], 1e-9)))), 4)


def table_of(fitted: Fitted, rows: dict[str, list[Row]], command: str) -> Row:
    """Return the model as it is shipped."""
    m = fitted.model
    return {
        "schema_version": SCHEMA_VERSION,
        "provenance": f"{command}; {len(rows['regions'])} regions; {fitted.told.splitlines()[0]}",
        "bands": list(m.bands),
        "units": m.units,
        "pixel_m": list(m.pixel_m),
        "temperature": m.temperature,
        "limit": m.limit,
        "traits": {n: {"middle": a, "spread": b} for n, a, b in zip(m.traits, m.middle, m.spread, strict=True)},
        "kinds": {
            k: {"class": c, "constant": a, "weight": list(w), "bend": list(b)}
            for k, c, a, w, b in zip(m.kinds, m.class_of, m.constant, m.weight, m.bend, strict=True)
        },
    }
