"""The command line: the only place that imports click, prints, or decides an exit code; one file a verb.

Exit codes: 0 it ran; 1 anything about a file; 2 what the words alone show; 3 something was flagged, with
``--exit-code``. Nothing heavy is imported before a verb runs.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click
from click_default_group import DefaultGroup

from imagery_diff import __version__
from imagery_diff.errors import ImageryDiffError, InputError, UnknownNameError, one_line

_VERBS = {
    "compare": "imagery_diff.cli.compare",
    "timeline": "imagery_diff.cli.timeline",
    "look": "imagery_diff.cli.look",
    "sensitivity": "imagery_diff.cli.sensitivity",
    "figure": "imagery_diff.cli.figure",
    "review": "imagery_diff.cli.review",
    "verify": "imagery_diff.cli.verify",
    "inspect": "imagery_diff.cli.inspect",
    "aois": "imagery_diff.cli.aois",
    "evaluate": "imagery_diff.cli.evaluate",
    "archive": "imagery_diff.cli.archive",
    "export": "imagery_diff.cli.export",
}


_TOO_LARGE = (
    "this took more memory than there is; cut the place out of the images first (gdal_translate -projwin), or give a "
    "smaller AOI"
)


class Refusal(click.ClickException):
    """One of our errors as one line on stderr."""

    def __init__(self, error: ImageryDiffError) -> None:
        super().__init__(one_line(error))
        # click declares it on the class and reads it from the instance.
        vars(self)["exit_code"] = 2 if isinstance(error, UnknownNameError) else 1


class Verbs(DefaultGroup):  # type: ignore[misc] # click-default-group carries no types
    """The group of verbs: loads each on first use and turns our errors into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs, the default one first."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a verb's module; a word that is no verb belongs to the default verb."""
        if name not in _VERBS:
            # click-default-group's own way of handing the word on: resolve_command() puts arg0 before the others.
            ctx.arg0 = name  # type: ignore[attr-defined]
            name = self.default_cmd_name
        command: click.Command = getattr(import_module(_VERBS[name]), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb."""
        # PROJ fetches grids from a server of its own where the environment says so; no file may make it.
        os.environ["PROJ_NETWORK"] = "OFF"
        try:
            return super().invoke(ctx)
        except ImageryDiffError as error:
            raise Refusal(error) from error
        except MemoryError as error:
            raise Refusal(InputError(_TOO_LARGE)) from error

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the default verb's usage first."""
        formatter.write_usage(ctx.command_path, "AOI BEFORE AFTER [OPTIONS]")
        formatter.write_usage(ctx.command_path, "VERB [ARGS]...", prefix="       ")


@click.group(
    cls=Verbs,
    default="compare",
    default_if_no_args=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="imagery-diff")
def main() -> None:
    """Compare two satellite images of a place and say what changed, where, and what could not be seen.

    \b
    imagery-diff najin before.tif after.tif      two images over a known place
    imagery-diff - before.tif after.tif          over whatever ground they share
    imagery-diff look AOI IMAGE                  what stands on one image, unconfirmed
    imagery-diff sensitivity AOI BEFORE AFTER    the smallest things these images would have shown
    imagery-diff verify DIR                      whether a finished run is what it was
    imagery-diff inspect FILE...                 what a file was recognised as, and why
    imagery-diff export DIR --gpkg --kml         a finished run for other tools
    imagery-diff aois list                       the places that are known

    Without a verb, compare is meant; `imagery-diff compare --help` shows its options.
    """  # noqa: D301 - \b keeps click from wrapping the examples
