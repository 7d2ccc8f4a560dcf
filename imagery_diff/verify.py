"""The story of a check: verify(), whether a finished run is what it was when it was written.

docs/explanation/custody.md. Three questions are answered apart: whether files are intact, whether a rerun finds the
same, and whether it writes the same bytes. Nothing is written into the folder of the run.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imagery_diff import verify_inputs
from imagery_diff.errors import ImageryDiffError, InputError
from imagery_diff.finished import Run, open_run
from imagery_diff.write import manifest as manifests
from imagery_diff.write.folder import REVIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imagery_diff.verify_findings import Findings

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


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A library, or a trait of the machine, that is another than when the run was made."""

    what: str
    then: str
    now: str


_ASK = Answer(answer=NOT_ASKED, why="name the folder that holds the images (--inputs DIR)")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found of a finished run."""

    run: Run
    outputs: tuple[FileState, ...]
    """The manifest first."""
    unlisted: tuple[str, ...]
    """Files in the folder that are no part of the result."""
    environment: tuple[Difference, ...]
    """In what libraries and machine differ from those of the run."""
    inputs: tuple[FileState, ...] | None = None
    """None where they were not asked for."""
    found: Findings | None = None
    """What a rerun found, held against the run; None where there was none."""
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
        """Whether an answer is no that ought to be yes: the same bytes are promised of the same libraries alone."""
        answers = (self.outputs_intact, self.inputs_intact, self.findings)
        unlike = self.same_bytes.answer == NO and not self.environment
        return unlike or any(one.answer == NO for one in answers)


def verify(
    folder: str | Path, inputs: str | Path | None = None, *, progress: Progress = lambda _: None
) -> Verification:
    """Check a finished run.

    Parameters
    ----------
    folder
        What a comparison, a timeline, a look or a sensitivity wrote.
    inputs
        Where the images lie that it read, at whatever depth; None leaves them, and the rerun, unasked.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    InputError
        If the folder is none of a run, or its manifest names what it must not; one line says why.

    """
    # 1. Are outputs and inputs intact?
    progress("reading outputs")
    run = open_run(folder)
    altered = set(run.altered())
    outputs = tuple(FileState(name=name, state=_state(run, name, altered)) for name in (manifests.NAME, *run.sha256))
    outputs += _log_state(run)
    environment = differences(run.manifest)
    told = Verification(run=run, outputs=outputs, unlisted=run.unlisted, environment=environment)
    if inputs is None:
        return told
    located = verify_inputs.find(verify_inputs.listed(run.manifest), Path(inputs), progress)
    told = replace(told, inputs=tuple(_input_state(one) for one in located))
    why = _why_no_rerun(told)
    if why is not None:
        answer = Answer(answer=NOT_CHECKED, why=why)
        return replace(told, findings=answer, same_bytes=answer)
    with tempfile.TemporaryDirectory(prefix="imagery_diff_") as name:
        return _made_again(told, located, Path(name), progress)


def _made_again(
    told: Verification, located: tuple[verify_inputs.Located, ...], folder: Path, progress: Progress
) -> Verification:
    """Make the run once more beside its images, and hold both results against each other."""
    from imagery_diff.verify_findings import held_against  # noqa: PLC0415 - loads every story
    from imagery_diff.verify_rerun import make_again  # noqa: PLC0415

    run, again = told.run, folder / "again"
    # 2. Does a rerun find the same?
    try:
        make_again(run, verify_inputs.copied(located, folder), again, progress)
        progress("holding the results against each other")
        fresh = open_run(again)
        found = held_against(run.read, fresh.read, frozenset(run.sha256))
    except OSError as error:
        if isinstance(error, ImageryDiffError):
            return _refused(told, str(error))
        answer = Answer(answer=NOT_CHECKED, why=f"no room to make the run again ({error.strerror}); set TMPDIR")
        return replace(told, findings=answer, same_bytes=answer)
    except ImageryDiffError as error:
        return _refused(told, str(error))
    findings = _said_of(found)
    # 3. Does it write the same bytes?
    return replace(told, found=found, findings=findings, same_bytes=_bytes(run, fresh, told.environment))


def _refused(told: Verification, why: str) -> Verification:
    answer = Answer(answer=NO, why=f"the rerun was refused: {why}")
    return replace(told, findings=answer, same_bytes=Answer(answer=NOT_CHECKED, why="there was no rerun"))


def _said_of(found: Findings) -> Answer:
    """Say in a sentence what two results share."""
    if found.differences:
        return Answer(answer=NO, why="; ".join(found.differences))
    parts = []
    if found.regions is not None:
        overlap = "" if found.least_iou is None else f", least overlap {found.least_iou:.4f}"
        parts.append(f"{found.regions} regions matched one to one{overlap}")
    if found.zones is not None:
        parts.append(f"{found.zones} zones alike")
    if found.rows is not None:
        parts.append(f"{found.rows} rows of observations and events alike")
    if found.evidence_dn is not None:
        parts.append(f"evidence within {found.evidence_dn:.2f} DN")
    return Answer(answer=YES, why="; ".join(parts))


def _bytes(run: Run, fresh: Run, environment: tuple[Difference, ...]) -> Answer:
    """Compare every file but the manifest, which says when it was written."""
    unlike = [name for name in sorted({*run.sha256, *fresh.sha256}) if run.sha256.get(name) != fresh.sha256.get(name)]
    if not unlike:
        return Answer(answer=YES, why=f"all {len(run.sha256)} files are the same to the byte")
    why = f"{', '.join(unlike)} {'has' if len(unlike) == 1 else 'have'} other bytes"
    if environment:
        changed = "; ".join(f"{d.what} {d.then}, now {d.now}" for d in environment)
        why += f"; they are promised of the same libraries and kind of machine only, and these differ: {changed}"
    return Answer(answer=NO, why=why)


def _why_no_rerun(told: Verification) -> str | None:
    """Say why a rerun would prove nothing or cannot be made; None where it can."""
    from imagery_diff.verify_rerun import why_not  # noqa: PLC0415 - loads every story

    if told.outputs_intact.answer != YES:
        return "the outputs are not intact, so there is nothing to hold a rerun against"
    if told.inputs_intact.answer != YES:
        return "not all inputs are known to be there as they were, so nothing was made again"
    try:
        return why_not(told.run)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"manifest.json: tells how it was made in no form of ours ({type(error).__name__})") from error


def differences(manifest: Mapping[str, object]) -> tuple[Difference, ...]:
    """Return in what libraries and machine differ from those that a manifest tells of."""
    told = []
    for then, now in ((manifest.get("software"), manifests.versions()), (manifest.get("platform"), _machine())):
        old = {str(key): _word(value) for key, value in then.items()} if isinstance(then, dict) else {}
        told += [
            Difference(what=key, then=old.get(key, "not told"), now=now.get(key, "not there"))
            for key in dict.fromkeys((*old, *now))
            if old.get(key) != now.get(key)
        ]
    return tuple(told)


def _machine() -> dict[str, str]:
    return {key: _word(value) for key, value in manifests.kind_of_machine().items()}


def _word(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _state(run: Run, name: str, altered: set[str]) -> str:
    if name not in altered:
        return "intact"
    return "altered" if (run.folder / name).exists() or (run.folder / name).is_symlink() else "missing"


def _log_state(run: Run) -> tuple[FileState, ...]:
    """Say whether the review is the one that the files were told from; nothing where there is none."""
    told, path = run.manifest.get("review"), run.folder / REVIEWS
    if told is None and not path.exists():
        return ()
    if not path.is_file() or path.is_symlink():
        return (FileState(name=REVIEWS, state="missing"),)
    if told is None and path.stat().st_size == 0:
        # A review that was killed may leave one behind in which nobody says anything.
        return ()
    digest = manifests.file_sha256(path)
    if isinstance(told, dict) and digest == told.get("log_sha256"):
        return (FileState(name=REVIEWS, state="intact"),)
    return (FileState(name=REVIEWS, state="altered"),)


def _input_state(one: verify_inputs.Located) -> FileState:
    return FileState(name=one.wanted.name, state=one.state, role=one.wanted.role, note=one.note)


def _intact(files: tuple[FileState, ...], what: str) -> Answer:
    """Say whether all of these are as they were."""
    wrong = [f"{f.name} is {f.state}" for f in files if f.state in {"altered", "missing"}]
    if wrong:
        return Answer(answer=NO, why="; ".join(wrong))
    untold = [f.name for f in files if f.state == "not checked"]
    if untold:
        return Answer(answer=NOT_CHECKED, why=f"nothing tells of {', '.join(untold)}; the other {what} are intact")
    return Answer(answer=YES, why=f"all {len(files)} {what} are as they were")
