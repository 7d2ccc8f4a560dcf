"""``imagery-diff evaluate DIR``: a labelled data set, pair by pair."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from imagery_diff.scoring import Evaluation

_COLUMNS = (
    ("AUC", "auc", ".3f"),
    ("AP", "average_precision", ".3f"),
    ("precision", "precision", ".3f"),
    ("recall", "recall", ".3f"),
    ("F1", "f1", ".3f"),
    ("kappa", "kappa", ".3f"),
    ("CPU s", "cpu_s", ".1f"),
    ("peak MB", "peak_mb", ".0f"),
)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep a result folder of each pair in DIR: score, map, pictures and the rest.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=900.0,
    show_default=True,
    metavar="S",
    help="Seconds for one pair; after them it counts as failed.",
)
@click.pass_context
def evaluate(ctx: click.Context, /, folder: Path, save: Path | None, timeout: float, **options: Any) -> None:
    """Score the method on labelled pairs.

    DIR is a pair or holds some at any depth: folders with before.tif, after.tif and label.tif (0 = unchanged, 1 =
    changed, 255 = not counted; on the pixels of before.tif). Each is compared with --detect map in a process of its
    own; the score and the map are counted against the label pixel by pixel. A pair that fails is a row with its
    reason, and the exit code is 1.
    """
    from imagery_diff.scoring import evaluate as evaluate_folder  # noqa: PLC0415 - --help must stay quick

    result = evaluate_folder(folder, save=save, timeout_s=timeout, progress=_tell)
    if options["as_json"]:
        import json  # noqa: PLC0415

        click.echo(json.dumps(result.as_dict(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(_table(result))
    if save is not None:
        click.echo(f"written to {save}", err=True)
    if result.failed:
        ctx.exit(1)


def _tell(number: int, count: int, name: str) -> None:
    """Name each pair on stderr as it begins: a line each in a log, one line that is overwritten on a terminal."""
    if sys.stderr is None:
        return
    shown = "".join(c if c.isprintable() else "?" for c in name)
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{number + 1}/{count} {shown}" if name else "\r\x1b[K", err=True, nl=False)
    elif name:
        click.echo(f"{number + 1}/{count} {shown}", err=True)


def _table(result: Evaluation) -> str:
    """Lay the rows out in columns; the mean last, over the pairs that have the figure."""
    rows = [("pair", *(title for title, _, _ in _COLUMNS))]
    for pair in result.pairs:
        shown = "".join(c if c.isprintable() else "?" for c in pair.name)
        rows.append((shown, *(_cell(pair.figures[key], form) for _, key, form in _COLUMNS)))
    rows.append((f"mean of {len(result.pairs) - len(result.failed)}", *_mean_cells(result)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    for line, pair in enumerate(result.pairs, start=1):
        if pair.error:
            name = rows[line][0].ljust(widths[0])
            lines[line] = f"{name}  failed: {''.join(c if c.isprintable() else '?' for c in pair.error)}"
    return "\n".join(lines)


def _mean_cells(result: Evaluation) -> list[str]:
    mean = result.mean
    return [_cell(mean[key], form) for _, key, form in _COLUMNS]


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
