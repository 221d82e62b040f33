"""The command group, and its error output.

Exit status: 0 done; 1 the run failed; 2 bad input (nothing was started); 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from tl_core import __version__
from tl_core.cli import (
    advise,
    cache,
    compare,
    diagnosis,
    fork,
    grid,
    learning_curve,
    networks,
    options,
    output,
    predictions,
    probe,
    results,
    specs,
    sweep,
    tables,
    training,
)
from tl_core.errors import BadInput, LabError, RunStopped, unknown


class Commands(click.Group):
    """Commands in order of use; an unknown command lists the nearest names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is None and not cmd_name.startswith("-") and not ctx.resilient_parsing:
            raise unknown("", "command", cmd_name, self.commands)
        return found


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    no_args_is_help=False,
)
@click.version_option(__version__, prog_name="TL Lab")
@options.before_command
def lab(**_shared: object) -> None:
    """TL Lab: see what makes a transfer-learned image classifier generalise.

    \b
    Start here:
      python -m tl_core train feature-extraction
      python -m tl_core train fine-tune --data folder:PATH --set train.epochs=10
    """


for command in (
    *specs.COMMANDS,
    fork.lr_find,
    grid.grid,
    *advise.COMMANDS,
    *probe.COMMANDS,
    *sweep.COMMANDS,
    *learning_curve.COMMANDS,
    *training.COMMANDS,
    *fork.COMMANDS,
    *results.COMMANDS,
    *diagnosis.COMMANDS,
    *compare.COMMANDS,
    *predictions.COMMANDS,
    *tables.COMMANDS,
    *networks.COMMANDS,
    *cache.COMMANDS,
):
    lab.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and exits with its exit status."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit status."""
    output.replace_unencodable()
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        done = lab.main(arguments or ["--help"], prog_name="python -m tl_core", standalone_mode=False)
        return done if isinstance(done, int) else 0
    except click.exceptions.Abort:
        return 130
    except (LabError, OSError, click.ClickException) as error:
        for sentence in _sentences(error):
            output.print_line(f"error: {sentence}", console=output.err)
        if "--json" in arguments and isinstance(error, BadInput):
            problems = [asdict(problem) for problem in error.problems]
            output.print_json({**error.details, "status": "bad input", "problems": problems})
        return next(status for kind, status in _STATUS.items() if isinstance(error, kind))


_STATUS = {BadInput: 2, click.ClickException: 2, RunStopped: 130, Exception: 1}


def _sentences(error: Exception) -> list[str]:
    if isinstance(error, BadInput):
        return [str(problem) for problem in error.problems]
    if isinstance(error, click.ClickException):
        return [error.format_message()]
    return [f"A file could not be read or written: {error}."] if isinstance(error, OSError) else [str(error)]
