"""Review of a finished run: what a person says is added to review.jsonl, and its files are told anew.

Nothing that was found is lost: rows that a review changed keep what the programme told, and the log only ever grows.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.finished import Run, doubted, held, open_run
from imagery_diff.review_books import Book, Decision, book_of, check_reviewable, rows_of
from imagery_diff.write import folder as folders
from imagery_diff.write import manifest as manifests
from imagery_diff.write.review_log import MOST_BYTES, Entry, check_initials, check_note, lines_of, now, read_log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MOST_ADDED = 1000


def review(folder: str | Path, decisions: Sequence[Decision], by: str) -> tuple[str, ...]:
    """Add decisions to the review of a comparison or a timeline and tell its files anew; all of them or none.

    Parameters
    ----------
    folder
        What a comparison or a timeline wrote.
    decisions
        In their order; none only tells the files anew, as after a crash.
    by
        Initials of who decides.

    Returns
    -------
    Ids of the findings that are still unreviewed.

    Raises
    ------
    InputError
        If the folder is none of these, was altered, or a decision speaks of a finding it does not hold.
    OutputError
        If the folder cannot be written, or something that is not ours stands in it.

    """
    initials = check_initials(by) if decisions else ""
    with held(folder) as run:
        check_reviewable(run)
        folders.check_target(run.folder)
        old = _log_of(run)
        new, told = _told(run, old, decisions, initials)
        if old + new:
            # The log goes with the files that are told from it: both or neither.
            folders.write_folder(run.folder, told | {folders.REVIEWS: old + new})
        return unreviewed(open_run(run.folder))


def _told(run: Run, old: bytes, decisions: Sequence[Decision], by: str) -> tuple[bytes, dict[str, bytes]]:
    """Return the lines that are added to a log, and the files as they are then."""
    with doubted(run):
        files = _files(run)
        book = book_of(run.kind, files)
        new = lines_of(_entries(book, read_log(old), decisions, by), old)
        if len(old) + len(new) > MOST_BYTES:
            raise InputError(f"{folders.REVIEWS}: would be larger than any log of a review; nothing was added")
        return new, folders.after_review(files, old + new)


def unreviewed(run: Run) -> tuple[str, ...]:
    """Ids of the findings nobody has reviewed."""
    return tuple(row["id"] for row in rows_of(run) if row["review"] == "unreviewed")


def _log_of(run: Run) -> bytes:
    """Read the log of a run; empty where there is none."""
    path = run.folder / folders.REVIEWS
    try:
        size = path.stat().st_size if path.exists() else 0
        if size > MOST_BYTES:
            raise InputError(f"{path.name}: is larger than any log of a review")
        log = path.read_bytes() if size else b""
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}); ask who owns it") from error
    with doubted(run):
        _check_log(run, log)
    return log


def _check_log(run: Run, log: bytes) -> None:
    """Refuse a log that holds less than the documents were told from."""
    told = run.manifest.get("review")
    if not isinstance(told, dict):
        return
    lines = log.splitlines(keepends=True)
    if len(lines) < int(told["entries"]):
        raise InputError(
            f"{run.folder.name}: review.jsonl holds fewer lines than its files were told from; put the original back"
        )
    # The last line has none after it that would hold its digest.
    if hashlib.sha256(b"".join(lines[: told["entries"]])).hexdigest() != told["log_sha256"]:
        raise InputError(
            f"{run.folder.name}: review.jsonl is not the one its files were told from; put the original back"
        )


def _files(run: Run) -> dict[str, bytes]:
    return {name: run.read(name) for name in run.sha256} | {
        manifests.NAME: (run.folder / manifests.NAME).read_bytes(),
    }


def _entries(book: Book, said: Sequence[Entry], decisions: Sequence[Decision], by: str) -> list[Entry]:
    """Turn decisions into lines of the log, each with what it speaks of and what stood there before."""
    taken = sum(entry.action == "add" for entry in said)
    moment, entries = now(), []
    for decision in decisions:
        finding, before = book.spoken_of(decision)
        name = str(decision.region)
        if decision.action == "add":
            taken += 1
            name = f"P{taken}"
        entry = Entry(
            at=moment,
            by=by,
            action=decision.action,
            region=name,
            finding=finding,
            before=before,
            findings_sha256=book.findings_sha256,
            activity=decision.activity,
            note=check_note(decision.note),
        )
        entries.append(entry)
        book.decided(entry)
    if taken > _MOST_ADDED:
        raise InputError(f"a review adds at most {_MOST_ADDED} findings")
    return entries
