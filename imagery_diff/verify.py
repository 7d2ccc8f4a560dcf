"""The story of a check: verify(), whether a finished run is what it was when it was written.

docs/explanation/custody.md. Three questions are answered apart: whether files are intact, whether a rerun finds the
same, and whether it writes the same bytes. Nothing is written into the folder of the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagery_diff.finished import Run, open_run
from imagery_diff.write import manifest as manifests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Progress = Callable[[str], None]

YES, NO, NOT_ASKED, NOT_CHECKED = "yes", "no", "not asked", "not checked"
"""What the answer to a question can be; the last where it was asked and could not be told."""


@dataclass(frozen=True, kw_only=True)
class FileState:
    """One file that a manifest lists."""

    name: str
    state: str
    """``intact``, ``altered``, ``missing``, or ``not checked`` where nothing tells."""
    role: str | None = None
    """Of an input: ``before``, ``look 3``; None of an output."""
    note: str = ""
    """Where it was found, or why nothing tells."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one question, in a word and a sentence."""

    answer: str
    """One of ``YES``, ``NO``, ``NOT_ASKED``, ``NOT_CHECKED``."""
    why: str


_ASK = Answer(answer=NOT_ASKED, why="name the folder that holds the images (--inputs DIR)")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found of a finished run."""

    run: Run
    outputs: tuple[FileState, ...]
    """The manifest first."""
    unlisted: tuple[str, ...]
    """Files in the folder that are no part of the result."""
    inputs: tuple[FileState, ...] | None = None
    """None where they were not asked for."""
    findings: Answer = _ASK
    """Whether a rerun finds the same."""
    same_bytes: Answer = _ASK
    """Whether it writes the same bytes."""

    @property
    def outputs_intact(self) -> Answer:
        """Whether the folder is as it was written."""
        return _intact(self.outputs, "files of the result")

    @property
    def inputs_intact(self) -> Answer:
        """Whether the files are there that the run read, as they were."""
        return _ASK if self.inputs is None else _intact(self.inputs, "inputs")

    @property
    def fault(self) -> bool:
        """Whether an answer is no."""
        answers = (self.outputs_intact, self.inputs_intact, self.findings, self.same_bytes)
        return any(one.answer == NO for one in answers)


def verify(folder: str | Path, *, progress: Progress = lambda _: None) -> Verification:
    """Check a finished run.

    Parameters
    ----------
    folder
        What a comparison, a timeline, a look or a sensitivity wrote.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    InputError
        If the folder is none of a run; one line says why.

    """
    progress("reading outputs")
    run = open_run(folder)
    altered = set(run.altered())
    outputs = [FileState(name=name, state=_state(run, name, altered)) for name in (manifests.NAME, *run.sha256)]
    return Verification(run=run, outputs=tuple(outputs), unlisted=run.unlisted)


def _state(run: Run, name: str, altered: set[str]) -> str:
    if name not in altered:
        return "intact"
    return "altered" if (run.folder / name).exists() or (run.folder / name).is_symlink() else "missing"


def _intact(files: tuple[FileState, ...], what: str) -> Answer:
    """Say whether all of these are as they were."""
    wrong = [f"{f.name} is {f.state}" for f in files if f.state in {"altered", "missing"}]
    if wrong:
        return Answer(answer=NO, why="; ".join(wrong))
    untold = [f.name for f in files if f.state == "not checked"]
    if untold:
        return Answer(answer=NOT_CHECKED, why=f"nothing tells of {', '.join(untold)}; the other {what} are intact")
    return Answer(answer=YES, why=f"all {len(files)} {what} are as they were")
