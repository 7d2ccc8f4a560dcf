"""``imagery-diff AOI BEFORE AFTER``: the default verb."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imagery_diff.cli.aoi_argument import aoi_options, resolve_aoi
from imagery_diff.cli.notices import our_warnings
from imagery_diff.cli.scene_options import open_side, scene_options
from imagery_diff.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from imagery_diff.aoi import AOI
    from imagery_diff.result import Comparison

_STEPS = 9
"""Calls of ``progress`` that :func:`imagery_diff.compare` makes."""
_EXIT_FLAGGED = 3


def _known_rules(_ctx: click.Context, _param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a name that is no rule's, before any file is opened."""
    if names:
        from imagery_diff.pair_rules import check_names  # noqa: PLC0415 - --help must stay quick

        try:
            check_names(names)
        except InputError as error:
            raise click.BadParameter(str(error)) from error
    return names


@click.command()
@click.argument("words", nargs=-1, metavar="[AOI] BEFORE AFTER")
@aoi_options
@scene_options
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the result itself.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
@click.option("--detect", type=click.Choice(["alarm", "map"]), help="alarm: few false, in zones. map: all ground.")
@click.option(
    "--false-alarms",
    type=click.FloatRange(min=0, min_open=True),
    metavar="RATE",
    help="Alarm: false regions per km2 of zones that may be shown; more find more.",
)
@click.option(
    "--min-vessel",
    type=click.FloatRange(min=0, min_open=True),
    metavar="METRES",
    help="Least length of a vessel that counts as a visit; 100 m unless said.",
)
@click.option(
    "--despite",
    multiple=True,
    metavar="RULE",
    callback=_known_rules,
    help="Compare a pair that RULE refuses (orbit, resolution, off-nadir); may be repeated.",
)
@click.option("--no-fit", is_flag=True, help="Leave the AOI's outlines where they are drawn, whatever the images show.")
@click.option("--sort", is_flag=True, help="Take the older image as BEFORE, whatever the order given.")
@click.option("--exit-code", is_flag=True, help="Exit with 3 if something was flagged.")
@click.option(
    "--sensitivity",
    type=click.Choice(["off", "quick", "full"]),
    default="quick",
    show_default=True,
    help="What would have been missed, by putting things in: a few, or hundreds (minutes).",
)
@click.option("--no-report", is_flag=True, help="Leave out report.html.")
@click.pass_context
def compare(ctx: click.Context, /, words: tuple[str, ...], output: Path | None, **options: Any) -> None:
    """Compare two images and flag what changed.

    AOI is a known name (`imagery-diff aois list`), a file of outlines, or `-` for the ground the images share; with
    --bbox or --at it is left out. BEFORE and AFTER are images, folders or archives as delivered, or addresses of images
    (https://, s3://). A folder with the result is written into the current directory, or into -o DIR.

    --bands, --mask, --reference, --crs, --height, --credit and --offset speak of both images; --before-bands,
    --after-mask and so on of one.
    """
    aoi_words = {key: options[key] for key in ("bbox", "at", "radius", "buffer_m")}
    aoi, before, after = _place_and_images(words, aoi_words)
    if output is not None:
        from imagery_diff.write.folder import check_target  # noqa: PLC0415 - --help must stay quick

        check_target(output)
    with our_warnings():
        result = _run(aoi, before, after, options)
        folder = _save(result, output, report=not options["no_report"])
    _answer(result, folder, as_json=options["as_json"])
    if options["exit_code"] and result.regions:
        ctx.exit(_EXIT_FLAGGED)


def _place_and_images(words: tuple[str, ...], aoi_words: dict[str, Any]) -> tuple[AOI | None, str, str]:
    """Tell the AOI from the images; how many words there must be follows from the options."""
    by_option = aoi_words["bbox"] is not None or aoi_words["at"] is not None
    expected = 2 if by_option else 3
    if len(words) != expected:
        _refuse_misspelt_verb(words)
        form = "BEFORE AFTER with --bbox or --at" if by_option else "AOI BEFORE AFTER"
        hint = " (use - as AOI for the ground the images share)" if len(words) == 2 and not by_option else ""  # noqa: PLR2004
        raise click.UsageError(f"{len(words)} words given, {expected} needed: {form}{hint}")
    before, after = words[-2], words[-1]
    name = None if by_option else words[0]
    if name == "-":
        if aoi_words["buffer_m"] is not None:
            raise click.UsageError("--buffer widens the lines of an AOI file; there is none here")
        return None, before, after
    try:
        return resolve_aoi(name, **aoi_words), before, after
    except UnknownNameError as error:
        raise UnknownNameError(_neither_verb_nor_aoi(str(name), str(error))) from error


def _refuse_misspelt_verb(words: tuple[str, ...]) -> None:
    """Where the number of words is wrong, the first may have been meant for a verb."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way out

    from imagery_diff.cli import _VERBS  # noqa: PLC0415

    near = get_close_matches(words[0], _VERBS, n=1) if words and not Path(words[0]).exists() else []
    if near:
        raise click.UsageError(f"'{words[0]}' is no verb; did you mean '{near[0]}'? The verbs are {', '.join(_VERBS)}")


def _neither_verb_nor_aoi(word: str, reason: str) -> str:
    """Say what the first word could have been."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way out

    from imagery_diff.cli import _VERBS  # noqa: PLC0415

    near = get_close_matches(word, _VERBS, n=1)
    guess = f"; did you mean the verb '{near[0]}'?" if near and "did you mean" not in reason else ""
    return f"'{word}' is no verb ({', '.join(_VERBS)}) and no AOI: {reason}{guess}"


def _run(aoi: AOI | None, before: str, after: str, options: dict[str, Any]) -> Comparison:
    """Compare with a bar on stderr, where someone is looking."""
    # What is loaded stays: to look through it for garbage again and again takes 0.08 s.
    gc.disable()
    from imagery_diff.pair import compare as compare_pair  # noqa: PLC0415 - loads everything
    from imagery_diff.params import Params  # noqa: PLC0415

    gc.enable()
    rate = options["false_alarms"]
    params = replace(Params(), false_alarms_per_km2=_counted(rate)) if rate else Params()
    params = replace(params, min_vessel_m=options["min_vessel"]) if options["min_vessel"] else params

    scenes = [open_side("before", before, options, aoi), open_side("after", after, options, aoi)]
    times = [s.acquired for s in scenes]
    if options["sort"] and times[0] and times[1] and times[1] < times[0]:
        scenes.reverse()
    # A daemon may run without a stderr.
    hidden = sys.stderr is None or not sys.stderr.isatty()
    with click.progressbar(length=_STEPS, file=sys.stderr or sys.stdout, hidden=hidden, item_show_func=str) as bar:
        how = {"detect": options["detect"], "despite": options["despite"], "fit": not options["no_fit"]}
        how |= {"sensitivity": options["sensitivity"], "params": params}
        return compare_pair(aoi, *scenes, **how, progress=lambda step: bar.update(1, step))


def _counted(rate: float) -> float:
    """Return a rate of false alarms that was counted; another is a fault of the words, not of a file."""
    from imagery_diff.pair_result import refuse_uncounted  # noqa: PLC0415 - loads everything

    try:
        refuse_uncounted(rate)
    except InputError as error:
        raise click.UsageError(str(error)) from error
    return rate


def _save(result: Comparison, output: Path | None, *, report: bool) -> Path:
    from imagery_diff.write import result_folder_name  # noqa: PLC0415

    return result.save(output or Path(result_folder_name(result)), report=report)


def _answer(result: Comparison, folder: Path, *, as_json: bool) -> None:
    """Print the answer on stdout; where the files are goes to stderr."""
    import json  # noqa: PLC0415

    from imagery_diff.write import comparison_table, summary  # noqa: PLC0415

    if as_json:
        click.echo(json.dumps(summary(result), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(comparison_table(result))
    click.echo(f"written to {folder}", err=True)
