"""Which JSON, GeoJSON and CSV keeps to which schema: one table, and what does not keep to it, in words.

``tests/test_schemas.py`` asks it of every verb; ``tests/conftest.py`` of all that any test writes or prints.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import json
import re
import time
from pathlib import Path

import jsonschema

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference" / "schemas"
SUFFIXES = (".json", ".jsonl", ".geojson", ".csv")
"""What is data for other programs to parse, and so has a schema."""
FILES = {
    "comparison": {
        "manifest.json": "manifest",
        "summary.json": "summary",
        "regions.geojson": "regions",
        "review.jsonl": "review",
    },
    "timeline": {
        "manifest.json": "manifest",
        "summary.json": "timeline",
        "observations.csv": "observations",
        "events.csv": "events",
        "events.geojson": "event_features",
        "review.jsonl": "review",
    },
    "look": {"manifest.json": "manifest", "summary.json": "look", "candidates.geojson": "candidates"},
    "sensitivity": {"manifest.json": "manifest", "sensitivity.json": "sensitivity"},
    "export of a comparison": {
        "manifest.json": "export",
        "regions.geojson": "regions",
        "regions.csv": "region_row",
        "item.json": "item",
        "run_manifest.json": "manifest",
        "summary.json": "summary",
    },
    "export of a timeline": {
        "manifest.json": "export",
        "events.geojson": "event_features",
        "events.csv": "event_row",
        "item.json": "item",
        "run_manifest.json": "manifest",
        "summary.json": "timeline",
        "observations.csv": "observations",
    },
    "share of a comparison": {
        "manifest.json": "export",
        "summary.json": "summary",
        "regions.geojson": "regions",
    },
    "share of a timeline": {
        "manifest.json": "export",
        "summary.json": "timeline",
        "observations.csv": "observations",
        "events.csv": "events",
        "events.geojson": "event_features",
    },
}
"""What a folder is by its manifest -> its files -> their schemas."""
PRINTED = {
    "compare": "summary",
    "timeline": "timeline",
    "look": "look",
    "sensitivity": "sensitivity",
    "review": "review_answer",
    "verify": "verify",
    "inspect": "inspect",
    "evaluate": "evaluate",
    "archive show": "archive",
    "aois list": "aois_list",
    "aois show": "aoi",
    "aois check": "aois_check",
    "aois fit": "aois_fit",
}
"""Verb -> schema of what it prints with ``--json``."""
FITTED = "aoi"
"""Schema of the file that ``aois fit`` writes."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time")
def _is_moment(value):
    """Without a package of its own jsonschema lets anything pass as a date-time."""
    return not isinstance(value, str) or MOMENT.fullmatch(value) is not None


@functools.cache
def validator(name):
    """Return the validator of a schema by its name; what the schema refers to must stand in it."""
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, format_checker=_formats)


def faults(name, content, suffix=".json"):
    """Say in words where ``content`` (bytes) does not keep to the schema ``name``."""
    try:
        documents = {".csv": _rows, ".jsonl": _lines}.get(suffix, _whole)(content, name)
    except ValueError as error:
        return [f"{name}: {error}"]
    # The end of a message says what is wrong; it begins with the whole document.
    return [
        f"{name}: {fault.json_path}: {fault.message[-300:]}"
        for document in documents
        for fault in validator(name).iter_errors(document)
    ]


def kind_of(manifest):
    """Say what a folder is by its manifest, in the words of the table; None of what is not ours."""
    ours, _, kind = manifest["product"].partition(" ")
    if ours != "imagery_diff":
        return None
    return f"{kind} of a {manifest['run']['product'].partition(' ')[2]}" if kind in {"export", "share"} else kind


def faults_of_folder(files):
    """Say what is wrong with the files of a result folder, name -> content, by what its manifest says it is."""
    try:
        kind = kind_of(json.loads(files["manifest.json"]))
    except (KeyError, ValueError, TypeError):
        return []
    if kind is None:
        return []
    table, found = FILES.get(kind, {}), []
    for name, content in files.items():
        suffix = Path(name).suffix
        if suffix in SUFFIXES:
            said = faults(table[name], content, suffix) if name in table else ["no schema in tests/schemas.py"]
            found += [f"{kind}, {name}: {fault}" for fault in said]
    return found


def _parsed(text):
    return json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)


def _no_number(text):
    raise ValueError(f"{text} is no JSON")


def _once(pairs):
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError(f"a key stands twice among {[key for key, _ in pairs]}")
    return dict(pairs)


def _whole(content, name):
    del name
    return [_parsed(content)]


def _lines(content, name):
    del name
    return [_parsed(line) for line in content.splitlines()]


def _rows(content, name):
    """Read a CSV: its columns are those of the schema in their order, its cells values of the types told there."""
    properties, required = (validator(name).schema[key] for key in ("properties", "required"))
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    if header != required:
        raise ValueError(f"its columns are {header}, not {required}")
    if any(len(row) != len(header) for row in rows):
        raise ValueError("a row has more or fewer cells than there are columns")
    return [{key: _cell(text, properties[key]) for key, text in zip(header, row, strict=True)} for row in rows]


def _cell(text, schema):
    if text == "":
        return None
    kinds = schema.get("type", "string")
    if "boolean" in kinds:
        return {"true": True, "false": False}.get(text, text)
    if "number" in kinds or "integer" in kinds:
        try:
            return _parsed(text)
        except ValueError:
            return text
    # What a spreadsheet would take for a formula is led by a quote, which is no part of the text.
    return text.removeprefix("'") if text[:2] in {"'=", "'+", "'-", "'@"} else text


_WHEN = re.compile(rb'"(created|content_sha256|document_sha256)": "[0-9a-fTZ:-]*"')


class Watch:
    """Holds what tests write and print against the schemas as it comes by; the same bytes once."""

    def __init__(self):
        self.faults = []
        self.seconds = 0.0
        self.folders = self.printed = 0
        self._seen = set()

    def folder(self, files):
        """Look at the files of a folder that was written."""
        self.folders += 1
        data = {name: content for name, content in files.items() if Path(name).suffix in SUFFIXES}
        # Of another second it is the same manifest.
        self._once({(n, _WHEN.sub(b"", c)) for n, c in data.items()}, lambda: faults_of_folder(data))

    def stdout(self, words, text):
        """Look at what a command printed that was asked for JSON."""
        if "--json" not in words or not text.strip():
            return
        verb = next((v for v in PRINTED if words[: len(v.split())] == v.split()), "compare")
        self.printed += 1
        self._once({(verb, text.encode())}, lambda: [f"{verb} --json: {f}" for f in faults(PRINTED[verb], text)])

    def _once(self, pairs, ask):
        begun = time.perf_counter()
        key = hashlib.sha256(repr(sorted((n, hashlib.sha256(c).digest()) for n, c in pairs)).encode()).digest()
        if key not in self._seen:
            self._seen.add(key)
            self.faults += ask()
        self.seconds += time.perf_counter() - begun

    def taken(self):
        """Return what was found since it was asked last."""
        found, self.faults = self.faults, []
        return found


WATCH = Watch()
