"""An experiment as the address of the Train page, `/train?head.dropout=0.5&data.source=digits`, and as a command.

A value is written as the command line's --set takes it, and only where it differs from the default.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import VERSION, ExperimentSpec
from tl_core.params import read_text

DRAFT = "train.address"
"""In the session: the settings on the Train page, as its address has them."""

COMMAND = ".venv/bin/python -m tl_core"

TRAIN = f"{COMMAND} train"


def to_query_params(spec: ExperimentSpec) -> dict[str, str]:
    """The parameters of the Train page's address that fill its form with a spec; never empty."""
    # The bare address is the place to start and not an experiment, so one of defaults alone says its version.
    return differences(spec, ExperimentSpec()) or {"version": value_as_text(VERSION)}


def from_query_params(query_params: Mapping[str, str]) -> dict[str, Any]:
    """The settings an address names, by path, as `ExperimentSpec.with_values` takes them; whether they are allowed is its question."""
    return {path: _read(text) for path, text in query_params.items()}


def differences(spec: ExperimentSpec, base: ExperimentSpec) -> dict[str, str]:
    """The settings in which a spec differs from another, by path, each as a text that reads back as its value."""
    before, now = base.flat(), spec.flat()
    return {path: value_as_text(value) for path, value in now.items() if not _same(value, before[path])}


def value_as_text(value: Any) -> str:
    """A plain value as --set takes it: 0.5, digits, [128,64], null, zoom:0.2,rotation:15."""
    if isinstance(value, dict):
        return ",".join(f"{name}:{value_as_text(amount)}" for name, amount in value.items()) or "none"
    if isinstance(value, str) and _read(value) == value:
        return value
    text = json.dumps(value, separators=(",", ":"))
    return text.removesuffix(".0") if isinstance(value, float) else text


def _same(one: Any, other: Any) -> bool:
    # The order of augmentations counts; that of equal dictionaries does not.
    return bool(one == other) and (not isinstance(one, dict) or list(one) == list(other))


def _read(text: str) -> Any:
    try:
        return read_text(text)
    except RecursionError:  # Brackets by the thousand are no JSON that anybody wrote.
        return text


def train_command(spec: ExperimentSpec, models: Path) -> str:
    """The shortest command that trains a spec: from the preset that differs least."""
    changes, name = min(
        ((differences(spec, preset.spec()), preset.name) for preset in PRESETS), key=lambda found: len(found[0])
    )
    sets = [f"--set {shlex.quote(f'{path}={value}')}" for path, value in changes.items()]
    place = [] if models == Path("models") else [f"--models {shlex.quote(str(models))}"]
    return " ".join([TRAIN, name, *sets, *place])
