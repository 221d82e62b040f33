"""What somebody is setting up at the moment, so that a worker with nothing to do can get its pictures and features ready."""

from __future__ import annotations

from pathlib import Path

from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import read_json, replace_json


def wish(models: Path, spec: ExperimentSpec) -> None:
    """Says that a spec may be trained next; the last one said counts."""
    models.mkdir(parents=True, exist_ok=True)
    replace_json(_file(models), spec.to_json())


def wished(models: Path) -> ExperimentSpec | None:
    """The spec that may be trained next; None where nobody said, or it cannot be read."""
    try:
        values = read_json(_file(models))
        return ExperimentSpec.from_json(values) if isinstance(values, dict) else None
    except (OSError, BadInput):
        return None


def stamp(models: Path) -> tuple[int, int] | None:
    """Another one whenever another spec was said; None before the first. Costs nothing, so that it can be looked at all the time."""
    try:
        found = _file(models).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _file(models: Path) -> Path:
    return models / "ahead.json"
