"""The outputs of a run's network on each validation image, after every epoch: val_outputs.bin.

    header      16 bytes: "tlvalout", version, whether losses are cross-entropy (uint16 each), number of images n (uint32)
    labels      n times uint16
    a row an    n times uint16: the predicted class
    epoch       n times float32: the loss

All little-endian. Rows have equal lengths, so that the row of an epoch is found, written and truncated without reading others. The probability
of the true class is exp(-loss) and not stored. Rows never written, such as those inherited from a run of an earlier
version, are 65535 and NaN. Earlier versions stored only losses, in val_losses.f32; they are still read.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tl_core.errors import Damaged
from tl_core.files import reading, write_bytes
from tl_core.metrics import Measured
from tl_core.store.run import Run
from tl_core.store.state import read_state

FILE, OLD_FILE = "val_outputs.bin", "val_losses.f32"
UNKNOWN = 0xFFFF
REMEDY = "Delete it: this loses only the outputs of earlier epochs."

_HEADER, _MAGIC, _VERSION = struct.Struct("<8sHHI"), b"tlvalout", 1


@dataclass(frozen=True)
class ValOutputs:
    """Outputs on validation images: row `epoch - 1` is an epoch, a column is a validation image, in the order of the part.

    Attributes:
        labels: int32, shape (images,); -1 if unknown.
        predicted: The most likely class, int32, shape (epochs, images); -1 if unknown.
        true_probability: Of the true class, float32, shape (epochs, images); NaN if unknown, and for a linear SVM.
        loss: float32, shape (epochs, images); NaN if unknown.
    """

    labels: np.ndarray
    predicted: np.ndarray
    true_probability: np.ndarray
    loss: np.ndarray

    @property
    def epochs(self) -> int:
        return len(self.loss)

    @property
    def correct(self) -> np.ndarray:
        """Whether each image is classified correctly: bool, shape (epochs, images); False if unknown."""
        return (self.predicted == self.labels) & (self.predicted >= 0)


def read_val_outputs(run: Run) -> ValOutputs:
    """The outputs of a run's epochs, empty before the first; raises Damaged if the file cannot be read."""
    file = run.folder / FILE
    if not file.exists():
        return _outputs(*_old(run))
    with reading(file, REMEDY):
        return _read(file)


def _read(file: Path) -> ValOutputs:
    content = file.read_bytes()
    header = _read_header(file, content[: _HEADER.size])
    labels = np.frombuffer(content, "<u2", header.images, _HEADER.size) if len(content) >= header.start else None
    if labels is None:
        raise _damaged(file)
    row = _row(header.images)
    rows = np.frombuffer(content, row, (len(content) - header.start) // row.itemsize, header.start)
    return _outputs(header.probabilistic, labels, rows["predicted"], rows["loss"])


def write_val_outputs(run: Run, epoch: int, measured: Measured) -> None:
    """Writes and syncs the row of an epoch; truncates later rows."""
    images, file = len(measured.labels), run.folder / FILE
    header, labels = _Header(measured.probabilistic, images), measured.labels.astype("<u2").tobytes()
    filled = np.empty(1, _row(images))
    filled["predicted"], filled["loss"] = measured.predictions, measured.losses
    with file.open("r+b" if file.exists() else "w+b") as opened:
        found = opened.read(header.start)
        if found != header.packed + labels:
            if not _is_of_unknown_labels(found, header):
                opened.truncate(0)  # Rows of other images.
            opened.seek(0)
            opened.write(header.packed + labels)
        size = _row(images).itemsize
        written = max(0, opened.seek(0, os.SEEK_END) - header.start) // size
        opened.seek(header.start + written * size)
        opened.write(_unknown(max(0, epoch - 1 - written), images))
        opened.seek(header.start + (epoch - 1) * size)
        opened.write(filled.tobytes())
        opened.truncate()
        opened.flush()
        os.fsync(opened.fileno())


def cut_val_outputs(run: Run, epoch: int) -> None:
    """Removes the rows after an epoch, and upgrades a file of an earlier version."""
    file = run.folder / FILE
    old = run.folder / OLD_FILE
    if not file.exists() and old.exists() and read_state(run).images:
        _write(run, *_old(run))
        old.unlink()
    if file.exists():
        with file.open("r+b") as opened:
            header = _read_header(file, opened.read(_HEADER.size))
            end = header.start + epoch * _row(header.images).itemsize
            if opened.seek(0, os.SEEK_END) > end:
                opened.truncate(end)


def copy_val_outputs(parent: Run, fork: Run, epoch: int) -> None:
    """Copies the rows of a parent up to an epoch to a fork; nothing if the parent has none."""
    if (parent.folder / FILE).exists():
        with (parent.folder / FILE).open("rb") as opened:
            header = _read_header(parent.folder / FILE, opened.read(_HEADER.size))
            opened.seek(0)
            write_bytes(fork.folder / FILE, opened.read(header.start + epoch * _row(header.images).itemsize))
    elif (parent.folder / OLD_FILE).exists():
        probabilistic, labels, predicted, losses = _old(parent)
        _write(fork, probabilistic, labels, predicted[:epoch], losses[:epoch])


def remove_val_outputs(run: Run) -> None:
    for name in (FILE, OLD_FILE):
        (run.folder / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Header:
    probabilistic: bool
    images: int

    @property
    def start(self) -> int:
        """The offset of the first row."""
        return _HEADER.size + 2 * self.images

    @property
    def packed(self) -> bytes:
        return _HEADER.pack(_MAGIC, _VERSION, self.probabilistic, self.images)


def _read_header(file: Path, content: bytes) -> _Header:
    if len(content) == _HEADER.size:
        magic, version, probabilistic, images = _HEADER.unpack(content)
        if (magic, version) == (_MAGIC, _VERSION):
            return _Header(bool(probabilistic), images)
    raise _damaged(file)


def _is_of_unknown_labels(found: bytes, header: _Header) -> bool:
    """True where a file is of as many images, but begins without their labels: rows of an earlier version."""
    return found == header.packed + np.full(header.images, UNKNOWN, "<u2").tobytes()


def _row(images: int) -> np.dtype[np.void]:
    return np.dtype([("predicted", "<u2", (images,)), ("loss", "<f4", (images,))])


def _unknown(rows: int, images: int) -> bytes:
    made = np.empty(rows, _row(images))
    made["predicted"], made["loss"] = UNKNOWN, np.nan
    return made.tobytes()


def _write(run: Run, probabilistic: bool, labels: np.ndarray, predicted: np.ndarray, losses: np.ndarray) -> None:
    rows = np.empty(len(losses), _row(len(labels)))
    rows["predicted"], rows["loss"] = predicted, losses
    header = _Header(probabilistic, len(labels))
    write_bytes(run.folder / FILE, header.packed + labels.astype("<u2").tobytes() + rows.tobytes())


def _old(run: Run) -> tuple[bool, np.ndarray, np.ndarray, np.ndarray]:
    """The outputs of a run of an earlier version: losses only."""
    state, file = read_state(run), run.folder / OLD_FILE
    images = state.images.get("validation", 0)
    found = np.fromfile(file, "<f4") if file.exists() and images else np.zeros(0, "<f4")
    epochs = len(found) // max(images, 1)
    losses = found[: epochs * images].reshape(epochs, images)
    unknown = np.full(losses.shape, UNKNOWN, "<u2")
    return state.loss_name != "squared hinge", np.full(images, UNKNOWN, "<u2"), unknown, losses


def _outputs(probabilistic: bool, labels: np.ndarray, predicted: np.ndarray, losses: np.ndarray) -> ValOutputs:
    probability = np.exp(-losses) if probabilistic else np.full(losses.shape, np.nan, "<f4")
    return ValOutputs(_known(labels), _known(predicted), probability, losses)


def _known(classes: np.ndarray) -> np.ndarray:
    return np.where(classes == UNKNOWN, -1, classes.astype(np.int32)).astype(np.int32)


def _damaged(file: Path) -> Damaged:
    return Damaged.of(str(file), "is damaged", REMEDY)
