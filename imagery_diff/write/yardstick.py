"""Words for probabilities: the yardstick of the UK's Professional Head of Intelligence Assessment (PHIA).

Cabinet Office, "Explaining uncertainty in UK intelligence assessment", 24 March 2025,
https://www.gov.uk/government/publications/explaining-uncertainty-in-uk-intelligence-assessment/explaining-uncertainty-in-uk-intelligence-assessment
No word stands without its number, and none where a probability is not known.
"""

from __future__ import annotations

YARDSTICK = (
    ("remote chance", 0, 5),
    ("highly unlikely", 10, 20),
    ("unlikely", 25, 35),
    ("realistic possibility", 40, 50),
    ("likely", 55, 75),
    ("highly likely", 80, 90),
    ("almost certain", 95, 100),
)
"""Word, and the per cent it stands for. The ranges leave gaps; a number in a gap gets the word nearer to even chances,
so that nothing is said more surely than its number."""
_EVEN = 50
LIKELY = 5
"""Rank of the first word that speaks for a thing."""


def per_cent(probability: float) -> int:
    """Return a probability in whole per cent; neither nought nor a hundred, which nothing measured is."""
    return min(99, max(1, round(100 * probability)))


def word_of(probability: float | None) -> str | None:
    """Return the yardstick's word for a probability, None for None.

    Examples
    --------
    >>> word_of(0.97), word_of(0.93), word_of(0.3), word_of(None)
    ('almost certain', 'highly likely', 'unlikely', None)

    """
    if probability is None:
        return None
    shown = per_cent(probability)
    if shown > _EVEN:
        return next((word for word, low, _ in reversed(YARDSTICK) if _EVEN < low <= shown), YARDSTICK[3][0])
    return next(word for word, _, high in YARDSTICK if shown <= high)


def rank_of(probability: float | None) -> int:
    """Return how far up the yardstick a probability stands, 1 to 7; 0 where it is not known."""
    word = word_of(probability)
    return 0 if word is None else 1 + [name for name, _, _ in YARDSTICK].index(word)


def likelihood(probability: float, what: str) -> str:
    """Say how likely something is: ``it is almost certain (97%) that ...``; ``what`` begins with its subject."""
    word = word_of(probability)
    number = _number(probability)
    if word in {"remote chance", "realistic possibility"}:
        return f"there is a {word} ({number}) that {what}"
    return f"it is {word} ({number}) that {what}"


def _number(probability: float) -> str:
    """Write a probability; what rounds to nought or a hundred is said to lie short of it."""
    if probability > 0.99:  # noqa: PLR2004 - a hundredth from the end
        return "over 99%"
    return "under 1%" if probability < 0.01 else f"{per_cent(probability)}%"  # noqa: PLR2004 - the same
