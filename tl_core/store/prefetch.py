"""The experiment set up on the Train page, for an idle worker to prefetch."""

from __future__ import annotations

from pathlib import Path

from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import UNREADABLE, read_json, replace_json


def wish(models: Path, spec: ExperimentSpec) -> None:
    """Sets the spec that may be trained next."""
    models.mkdir(parents=True, exist_ok=True)
    replace_json(_file(models), spec.to_json())


def wished(models: Path) -> ExperimentSpec | None:
    """The spec that may be trained next; None if there is none, or it cannot be read."""
    try:
        return read_json(_file(models), ExperimentSpec.from_json)
    except UNREADABLE:
        return None


def stamp(models: Path) -> tuple[int, int] | None:
    """A value that changes with the spec; None if there is none. Cheap enough to poll."""
    try:
        found = _file(models).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _file(models: Path) -> Path:
    return models / "ahead.json"
