"""Options that several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from tl_core.backbones import added
from tl_core.errors import BadInput, unknown
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.params import read_text
from tl_core.plan import plan
from tl_core.store import models_folder

Command = TypeVar("Command", bound=Callable[..., Any])

_FOLDER = click.Path(path_type=Path, file_okay=False)
_MODELS = "Folder of runs and caches (default: $TL_MODELS, else models/)."
_JSON = "Print one JSON object as the last line."


def models(command: Command) -> Command:
    """--models, before or after the command."""
    return click.option("--models", type=_FOLDER, callback=_models, help=_MODELS)(command)


def models_ignored(command: Command) -> Command:
    """--models for a command that ignores it, so that scripts can pass it to every command."""
    return click.option("--models", type=_FOLDER, hidden=True, expose_value=False)(command)


def as_json(command: Command) -> Command:
    """--json, before or after the command."""
    return click.option("--json", "as_json", is_flag=True, callback=_as_json, help=_JSON)(command)


def before_command(command: Command) -> Command:
    """--models and --json before the command."""
    command = click.option("--json", "as_json", is_flag=True, help=_JSON)(command)
    return click.option("--models", type=_FOLDER, help=_MODELS)(command)


def _models(context: click.Context, _option: click.Parameter, value: Path | None) -> Path:
    found = models_folder(value or context.find_root().params.get("models"))
    added.use(found)
    return found


def _as_json(context: click.Context, _option: click.Parameter, value: bool) -> bool:
    return value or bool(context.find_root().params.get("as_json"))


def experiment(command: Command) -> Command:
    """SPEC|PRESET with --data and --set."""
    command = changes(command)
    command = click.option("--data", metavar="SOURCE", help="playground, digits or folder:PATH.")(command)
    return click.argument("spec", metavar="SPEC|PRESET")(command)


def changes(command: Command) -> Command:
    """--set, repeatable."""
    help = "Change a setting, e.g. head.dropout=0.5."
    return click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help=help)(command)


def read_experiment(spec: str, data: str | None, changes: Sequence[str]) -> ExperimentSpec:
    """The spec named on the command line: a preset, a JSON file, or - for standard input; with the changes."""
    values = pairs(changes)
    if data is not None:
        values = {"data.source": data, **values}
    if spec in PRESETS:
        return PRESETS[spec].spec(values)
    if spec == "-":
        return ExperimentSpec.from_json(_object(sys.stdin.read())).with_values(values)
    path = Path(spec)
    if path.exists():
        return ExperimentSpec.from_file(path).with_values(values)
    if path.suffix == ".json":
        raise BadInput.of(spec, "there is no such file", "Write one with the command spec.")
    raise unknown("SPEC|PRESET", "preset or file", spec, PRESETS.names)


def read_trainable(spec: str, data: str | None, changes: Sequence[str], models: Path) -> Experiment:
    """The same with its folders as whole paths, resolved; raises BadInput for what keeps it from being trained."""
    wanted = resolve(read_experiment(spec, data, changes).anchored())
    if problems := plan(wanted, models).problems:
        raise BadInput(problems)
    return wanted


def pairs(changes: Sequence[str]) -> dict[str, Any]:
    """The values of the --set options, by path."""
    return dict(map(_pair, changes))


def _pair(change: str) -> tuple[str, Any]:
    path, equals, value = change.partition("=")
    if not equals or not path.strip():
        message = f"received {change!r}; expected path=value"
        raise BadInput.of("--set", message, "For example head.dropout=0.5.")
    return path.strip(), read_text(value)


def _object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput.of("standard input", f"is not JSON ({error})") from None
    if not isinstance(values, dict):
        raise BadInput.of("standard input", "is not a JSON object")
    return values
