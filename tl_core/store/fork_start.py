"""The initial weights of a fork, written once when it is created.

runs/<id>/start.json   the parent and its epoch, the classes, the parent's lines up to there, a checksum of all that, and that of
          start.npz    the weights: a copy, so that the parent may be deleted
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.errors import BadInput
from tl_core.files import UNREADABLE, read_json, reading, sealed, sha256_of, unsealed, write_json, write_with
from tl_core.records import EpochRecord, typed, types_of
from tl_core.store.run import Run

log = logging.getLogger(__name__)

WEIGHTS, START = "start.npz", "start.json"
MODEL = "model/"
"""The prefix of names of network weights."""


@dataclass(frozen=True)
class Start:
    """The origin of a fork.

    Attributes:
        run, title, epoch: The parent, its title at the time, and the epoch of its checkpoint.
        sha256: Of start.npz.
        backbone: A hash of its weights of the backbone; empty if only a head was trained, so that the frozen layers are
            as pretrained.
        data: The fingerprint of the parent's images.
        records: The records of the inherited epochs, each with the run that trained it.
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
    """Writes the initial weights of a fork, and `start` with their checksum."""
    file = run.folder / WEIGHTS
    write_with(file, lambda temporary: np.savez(temporary, **values))  # type: ignore[arg-type]
    fields = {name: value for name, value in vars(start).items() if name != "records"}
    lines = [record.to_line() for record in start.records]
    write_json(run.folder / START, sealed({**fields, "sha256": sha256_of(file), "lines": lines}))


def read_start(run: Run) -> Start | None:
    """The origin of a fork; None for any other run. Raises Damaged if the file cannot be read."""
    try:
        return read_json(run.folder / START, _start, remedy="Fork the run again.")
    except FileNotFoundError:
        return None


def _start(values: Any) -> Start:
    values, vouched = unsealed(values)
    if not vouched:
        log.warning("start.json is of an earlier version, without a checksum: changes of it would not be noticed.")
    records = tuple(map(EpochRecord.from_line, values["lines"]))
    types = types_of(Start)
    return Start(**{name: typed(types[name], values[name]) for name in types.keys() - {"records"}}, records=records)


def inherited(run: Run) -> tuple[EpochRecord, ...]:
    """The inherited epochs of a fork, each with the run that trained it; empty for any other run."""
    start = read_start(run)
    return start.records if start else ()


def start_weights(run: Run) -> dict[str, np.ndarray]:
    """The initial weights of a fork, by "model/<the variable's path>"; empty for any other run. Raises BadInput if they are damaged."""
    start = read_start(run)
    if start is None:
        return {}
    values = read_weights(run.folder / WEIGHTS, start.sha256)
    if values is None:
        raise BadInput.of(str(run.folder / WEIGHTS), "is damaged or missing", "Fork the run again.")
    return values


def read_weights(file: Path, sha256: str) -> dict[str, np.ndarray] | None:
    """The model weights in a file; None if it is missing or damaged."""
    try:
        with reading(file):
            content = file.read_bytes()
    except UNREADABLE:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name.startswith(MODEL)}
