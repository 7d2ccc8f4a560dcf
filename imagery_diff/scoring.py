"""evaluate(): every labelled pair below a folder, each compared in a process of its own, and how well it went.

A process of its own makes memory and time the pair's own, and lets a pair that breaks, hangs or dies be a row with its
reason instead of the end of the run.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError, InputNotFoundError, OutputError
from imagery_diff.params import Params

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA_VERSION = 1
FILES = ("before.tif", "after.tif", "label.tif")
FIGURES = (
    "auc",
    "average_precision",
    "f1",
    "kappa",
    "precision",
    "recall",
    "threshold",
    "cpu_s",
    "peak_mb",
    "best_f1",
    "regions",
    "counted_px",
    "changed_px",
    "searched_fraction",
    "georeferenced",
)
"""Figures of a pair, in this order in the JSON."""
AVERAGED = FIGURES[:10]
TIMEOUT_S = 900.0
"""Longest time for one pair; a whole PlanetScope scene takes a few minutes."""
_LAST_WORDS = 200
_CHILD = "from imagery_diff.scoring_pair import main; main()"


@dataclass(frozen=True, kw_only=True)
class PairScore:
    """How a pair went: its figures, or the reason why there are none."""

    name: str
    """Path of its folder below the one that was walked; the folder's own name if it is that one."""
    figures: dict[str, Any]
    """Every name of ``FIGURES``; None where it does not exist, all None if the pair failed."""
    error: str | None = None
    """One line; None if the pair was scored."""

    def as_dict(self) -> dict[str, Any]:
        """Return the row of the JSON document; ``error`` only where there is one."""
        return {"name": self.name, **self.figures} | ({"error": self.error} if self.error else {})


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A labelled data set, scored pair by pair."""

    pairs: tuple[PairScore, ...]

    @property
    def failed(self) -> tuple[PairScore, ...]:
        """Pairs without figures."""
        return tuple(p for p in self.pairs if p.error)

    @property
    def mean(self) -> dict[str, float | None]:
        """Plain mean of each figure over the pairs that have it; None where none has."""
        means: dict[str, float | None] = {}
        for name in AVERAGED:
            known = [p.figures[name] for p in self.pairs if p.figures[name] is not None]
            means[name] = statistics.fmean(known) if known else None
        return means

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON document; docs/reference/schemas/evaluate.schema.json."""
        return {"schema_version": SCHEMA_VERSION, "pairs": [p.as_dict() for p in self.pairs], "mean": self.mean}


def evaluate(
    folder: str | Path,
    *,
    save: str | Path | None = None,
    params: Params | None = None,
    timeout_s: float = TIMEOUT_S,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> Evaluation:
    """Compare every labelled pair below a folder as a map, and score it against its label.

    Parameters
    ----------
    folder
        Itself a pair, or a tree that holds some: folders with ``before.tif``, ``after.tif`` and ``label.tif`` (0 =
        unchanged, 1 = changed, 255 = not counted), which lies on the before image.
    save
        Folder in which each pair gets a result folder with its score, its map and a picture; made if it is not there.
    params
        Every number of the method.
    timeout_s
        Longest time for one pair, seconds; after it the pair counts as failed.
    progress
        Called before each pair with its number from 0, how many there are, and its name; once more at the end.

    Returns
    -------
    Evaluation
        A row for every pair. One that failed has its reason; none raises.

    Raises
    ------
    InputError
        If the folder holds no pair.
    OutputError
        If ``save`` cannot be written, or would replace what is not ours; said before anything is computed.

    """
    top = Path(folder)
    found = list(find_pairs(top))
    if not found:
        raise InputError(f"{top}: holds no pair; a pair is a folder with {', '.join(FILES)}, at any depth")
    names = [_name(pair, top) for pair in found]
    targets = _targets(names, save)
    rows = []
    for number, (pair, name) in enumerate(zip(found, names, strict=True)):
        progress(number, len(found), name)
        rows.append(_score(pair, name, targets[number], params or Params(), timeout_s))
    progress(len(found), len(found), "")
    return Evaluation(pairs=tuple(rows))


def find_pairs(top: Path) -> Iterator[Path]:
    """Yield the folders that hold at least two of the three files, in order of their names; links are not followed.

    One of the three missing is a fault to be told, not a folder to be passed over in silence.

    Raises
    ------
    InputNotFoundError
        If there is no such folder.
    InputError
        If it is a file, or cannot be looked into.

    """
    if not top.exists():
        raise InputNotFoundError(f"{top}: no such folder; check the path")
    if not top.is_dir():
        raise InputError(f"{top}: is a file; give the folder that holds {', '.join(FILES)}, or one above such folders")

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be looked into ({error.strerror}); check its permissions")

    for path, folders, files in os.walk(top, onerror=refuse):
        folders.sort()
        if len(set(FILES) & set(files)) > 1:
            yield Path(path)


def _name(pair: Path, top: Path) -> str:
    """Name a pair by its path below the folder walked; bytes that are no text become marks."""
    name = pair.relative_to(top).as_posix() if pair != top else pair.resolve().name
    return name.encode("utf-8", errors="replace").decode("utf-8")


def _targets(names: list[str], save: str | Path | None) -> list[Path | None]:
    """Give each pair its folder in ``save``, side by side, and refuse what stands in the way before computing."""
    if save is None:
        return [None] * len(names)
    from imagery_diff.write.folder import check_target  # noqa: PLC0415 - brings matplotlib, only to save

    top = Path(save)
    try:
        top.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {top} ({error.strerror}); name another one with --save") from error
    flat = [_one_part(name) for name in names]
    seen = Counter[str]()
    targets: list[Path | None] = []
    for part in flat:
        seen[part] += 1
        targets.append(check_target(top / (part if seen[part] == 1 else f"{part}_{seen[part]}")))
    return targets


def _one_part(name: str) -> str:
    """Make a name one harmless part of a path."""
    text = unicodedata.normalize("NFC", name).replace("/", "__")
    text = "".join(c if c.isalnum() or c in "._-" else "_" for c in text).lstrip(".-")
    return text[:80] or "pair"


def _score(pair: Path, name: str, target: Path | None, params: Params, timeout_s: float) -> PairScore:
    """Score one pair in a child process and make a row of whatever comes back."""
    missing = [file for file in FILES if not (pair / file).is_file()]
    if missing:
        return _failed(name, f"{' and '.join(missing)} missing; a pair needs {', '.join(FILES)}")
    with tempfile.TemporaryDirectory(prefix="imagery_diff_") as scratch:
        request = Path(scratch) / "request.json"
        asked = {"folder": str(pair.resolve()), "params": params.as_dict(), "save_to": str(target) if target else None}
        request.write_text(json.dumps(asked), encoding="utf-8")
        reason = _run(request, timeout_s)
        if reason is not None:
            return _failed(name, reason)
        answer: dict[str, Any] = json.loads((Path(scratch) / "answer.json").read_text(encoding="utf-8"))
    if "error" in answer:
        return _failed(name, answer["error"])
    return PairScore(name=name, figures={figure: answer[figure] for figure in FIGURES})


def _failed(name: str, reason: str) -> PairScore:
    return PairScore(name=name, figures=dict.fromkeys(FIGURES), error=reason)


def _run(request: Path, timeout_s: float) -> str | None:
    """Run a child process on a request; return why it gave no answer, None if it did."""
    here = str(Path(__file__).resolve().parents[1])
    # -P: nothing in the current folder may pass for one of our libraries; where we ourselves lie is said instead.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))}
    with (request.with_name("said.txt")).open("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-P", "-c", _CHILD, str(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=environment,
        )
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return f"not done after {timeout_s:g} s; allow it more with --timeout, or score a smaller pair"
        finally:
            # Also on Ctrl-C: no child outlives its parent.
            process.kill()
            process.wait()
        if code == 0 and request.with_name("answer.json").is_file():
            return None
        said.seek(0)
        return _death(code, said.read().strip().splitlines())


def _death(code: int, said: list[str]) -> str:
    """Say how a process ended that gave no answer."""
    last = f": {' '.join(said[-1].split())[:_LAST_WORDS]}" if said else ""
    if code >= 0:
        return f"its process ended with code {code} and no answer{last}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (out of memory is the usual reason)" if name == "SIGKILL" else ""
    return f"its process was killed by {name}{hint}{last}"
