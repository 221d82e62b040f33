"""What a fork begins with, written once when the fork is made.

runs/<id>/start.json   the parent and its epoch, the classes, the parent's lines up to there, the checksum of
          start.npz    the weights there: a copy, so that the parent may be deleted
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tl_core.errors import BadInput
from tl_core.files import read_json, sha256_of, write_json, write_with
from tl_core.records import EpochRecord
from tl_core.store.run import Run

WEIGHTS, START = "start.npz", "start.json"
MODEL = "model/"
"""What the name of a weight of the network begins with."""


@dataclass(frozen=True)
class Start:
    """Where a fork began.

    Attributes:
        run, title, epoch: The parent, what it was called then, and the epoch of its checkpoint.
        sha256: Of start.npz.
        backbone: A name for the weights in it that are the backbone's; empty where only a head had trained, so that what is
            frozen is as it was pretrained.
        data: The fingerprint of the images the parent was trained on.
        records: Of the epochs up to there, each with the run that trained it.
    """

    run: str
    title: str
    epoch: int
    sha256: str
    backbone: str
    data: str
    classes: tuple[str, ...]
    records: tuple[EpochRecord, ...]


def write_start(run: Run, start: Start, values: Mapping[str, np.ndarray]) -> None:
    """Writes what a fork begins with: its weights, and `start` with their checksum."""
    file = run.folder / WEIGHTS
    write_with(file, lambda temporary: np.savez(temporary, **values))  # type: ignore[arg-type]
    fields = {name: value for name, value in vars(start).items() if name != "records"}
    lines = [record.to_line() for record in start.records]
    write_json(run.folder / START, {**fields, "sha256": sha256_of(file), "lines": lines})


def read_start(run: Run) -> Start | None:
    """Where a fork began; None for any other run. Raises BadInput where the file is damaged."""
    file = run.folder / START
    if not file.exists():
        return None
    try:
        values = read_json(file)
        records = tuple(map(EpochRecord.from_line, values.pop("lines")))
        return Start(**{**values, "classes": tuple(values["classes"]), "records": records})
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise BadInput.of(str(file), f"is damaged ({error})", "Fork the run again.") from None


def inherited(run: Run) -> tuple[EpochRecord, ...]:
    """The epochs before a fork began, each with the run that trained it; none for any other run."""
    start = read_start(run)
    return start.records if start else ()


def start_weights(run: Run) -> dict[str, np.ndarray]:
    """The weights a fork begins with, by "model/<the variable's path>"; empty for any other run. Raises BadInput where damaged."""
    start = read_start(run)
    if start is None:
        return {}
    values = read_weights(run.folder / WEIGHTS, start.sha256)
    if values is None:
        raise BadInput.of(str(run.folder / WEIGHTS), "is damaged or gone", "Fork the run again.")
    return values


def read_weights(file: Path, sha256: str) -> dict[str, np.ndarray] | None:
    """What a file holds of the model; None where it is gone or not as it was written."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name.startswith(MODEL)}
