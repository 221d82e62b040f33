"""The commands put together, and what a person sees when one cannot do its work.

Exit status: 0 done; 1 the run failed; 2 bad input (one sentence, nothing was started); 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys

import click

from tl_core import __version__
from tl_core.cli import results, specs, tables, training
from tl_core.errors import BadInput, LabError, RunStopped


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="TL Lab")
def lab() -> None:
    """TL Lab: see what makes a transfer-learned image classifier generalise.

    \b
    Start here:
      python -m tl_core train feature-extraction
      python -m tl_core train fine-tune --data folder:PATH --set train.epochs=10
    """


for command in (*specs.COMMANDS, *training.COMMANDS, *results.COMMANDS, *tables.COMMANDS):
    lab.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and ends the process with its exit status."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit status."""
    try:
        done = lab.main(arguments, prog_name="python -m tl_core", standalone_mode=False)
        return done if isinstance(done, int) else 0
    except BadInput as error:
        for problem in error.problems:
            _say(str(problem))
        return 2
    except RunStopped as error:
        _say(str(error))
        return 130
    except LabError as error:
        _say(str(error))
        return 1
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        _say(error.format_message())
        return 2


def _say(sentence: str) -> None:
    print(f"error: {sentence}", file=sys.stderr)
