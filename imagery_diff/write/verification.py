"""What a check of a finished run found, as one document and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagery_diff.result import SCHEMA_VERSION
from imagery_diff.write.model import plain, rounded
from imagery_diff.write.table import labelled
from imagery_diff.write.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagery_diff.verify import Answer, FileState, Verification
    from imagery_diff.verify_findings import Findings

_SHOWN = 12
"""So many faults are listed one a line; the document has all."""


def document(found: Verification) -> dict[str, Any]:
    """Return the document of ``verify --json``; docs/reference/schemas/verify.schema.json."""
    manifest = found.run.manifest
    told = {
        "schema_version": SCHEMA_VERSION,
        "kind": "verification",
        "run": found.run.folder.name,
        "product": found.run.kind,
        "created": manifest.get("created"),
        "content_sha256": manifest.get("content_sha256"),
        "fault": found.fault,
        "intact": {
            "outputs": _answer(found.outputs_intact) | {"files": _files(found.outputs)},
            "inputs": _answer(found.inputs_intact) | {"files": _files(found.inputs or ())},
            "unlisted": list(found.unlisted),
        },
        "findings": _answer(found.findings) | {"compared": found.found and _compared(found.found)},
        "bytes": _answer(found.same_bytes),
        "environment": [{"what": d.what, "then": d.then, "now": d.now} for d in found.environment],
    }
    cleaned: dict[str, Any] = plain(told)
    return cleaned


def text(found: Verification) -> str:
    """Return the terminal's answer: the three questions, and each file that is not what it was."""
    run = found.run
    head = labelled("run", f"{run.folder.name}, {run.kind}")
    head += labelled("written", str(run.manifest.get("created")))
    head += labelled("content", f"sha256 {run.manifest.get('content_sha256')}")
    intact = ["1. Are outputs and inputs intact?", *_said("outputs", found.outputs_intact)]
    intact += [*_faults(found.outputs), *_said("inputs", found.inputs_intact), *_faults(found.inputs or ())]
    findings = ["2. Does a rerun find the same?", *_said("findings", found.findings)]
    same = ["3. Does it write the same bytes?", *_said("bytes", found.same_bytes)]
    same += [line for d in found.environment for line in labelled("", f"- {d.what}: {d.then}, now {d.now}")]
    return "\n\n".join("\n".join(clean(line.rstrip()) for line in block) for block in (head, intact, findings, same))


def unlisted_words(name: str) -> str:
    """Say that a file in the folder is no part of the result."""
    return f"{name}: is in the folder and not in the manifest, so nothing is said of it"


def _said(label: str, one: Answer) -> list[str]:
    return labelled(label, f"{one.answer}: {one.why}")


def _faults(files: Iterable[FileState]) -> list[str]:
    """Name each file that is not what it was, one a line."""
    wrong = [f for f in files if f.state != "intact"]
    lines = [line for f in wrong[:_SHOWN] for line in labelled("", f"- {f.name}: {f.state}{f.note and f', {f.note}'}")]
    return lines + labelled("", f"- and {len(wrong) - _SHOWN} more") if len(wrong) > _SHOWN else lines


def _answer(one: Answer) -> dict[str, Any]:
    return {"answer": one.answer, "why": one.why}


def _compared(found: Findings) -> dict[str, Any]:
    """Return what a rerun shares with the run, and what differs."""
    return {
        "differences": list(found.differences),
        "regions": found.regions,
        "least_iou": rounded(found.least_iou, 6),
        "zones": found.zones,
        "rows": found.rows,
        "evidence_dn": rounded(found.evidence_dn, 4),
    }


def _files(files: Iterable[FileState]) -> list[dict[str, Any]]:
    return [{"role": f.role, "name": f.name, "state": f.state, "note": f.note} for f in files]
