"""The outputs of a run's network on each validation image and on each image of the clean training subset, after every epoch.

val_outputs.bin and train_eval_outputs.bin have the form described in `output_file`. Earlier versions stored only validation losses, in
val_losses.f32, which is still read; runs of earlier versions have no outputs on training images.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from tl_core.errors import Damaged
from tl_core.files import reading, write_bytes
from tl_core.metrics import Measured
from tl_core.store.output_file import (
    EVALUATED_SPLITS,
    FILES,
    REMEDY,
    UNKNOWN,
    EvaluatedSplit,
    Header,
    OutputSplit,
    put_row,
    read_header,
    read_labels,
)
from tl_core.store.run import Run
from tl_core.store.state import read_state

OLD_FILE = "val_losses.f32"


@dataclass(frozen=True, eq=False)
class Outputs:
    """Outputs on the images of a split: row `epoch - 1` is an epoch, a column is an image, in the order of `read_image_keys`.

    Attributes:
        labels: int32, shape (images,); -1 if unknown. Of training images, those that training was given, label noise included.
        predicted: The most likely class, int32, shape (epochs, images); -1 if unknown.
        true_probability: Of the label's class, float32, shape (epochs, images); NaN if unknown, and for a linear SVM.
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
    def images(self) -> int:
        return len(self.labels)

    def __getitem__(self, epochs: slice) -> Outputs:
        """The outputs of some epochs, as views; without a copy."""
        return Outputs(self.labels, self.predicted[epochs], self.true_probability[epochs], self.loss[epochs])

    @property
    def correct(self) -> np.ndarray:
        """Whether each image is classified correctly: bool, shape (epochs, images); False if unknown."""
        return (self.predicted == self.labels) & (self.predicted >= 0)


def read_outputs(run: Run, split: EvaluatedSplit = "val") -> Outputs:
    """The outputs of a run's epochs; of no epochs before the first, and where an earlier version stored none.

    Raises:
        Damaged: the file cannot be read.
    """
    return OutputsReader(run, split).read()


def read_epoch_outputs(run: Run, epoch: int, split: OutputSplit = "val") -> Outputs | None:
    """The outputs of one epoch, as the only row, without reading others; None if there are none, or only those of an earlier version.

    Raises:
        Damaged: the file cannot be read.
    """
    file = run.folder / FILES[split]
    try:
        with reading(file, REMEDY), file.open("rb") as opened:
            header = read_header(opened, file, split)
            labels = read_labels(opened, header, file)
            opened.seek(header.end(epoch - 1))
            content = opened.read(header.row.itemsize)
    except FileNotFoundError:
        return None
    if len(content) < header.row.itemsize:
        return None
    row = np.frombuffer(content, header.row)
    found = _outputs(header.probabilistic, labels, row["predicted"], row["loss"])
    return None if (found.predicted < 0).any() else found


def outputs_written(run: Run, split: OutputSplit = "val") -> int:
    """When the outputs of a split were last written, in nanoseconds; 0 if there are none."""
    try:
        return (run.folder / FILES[split]).stat().st_mtime_ns
    except OSError:
        return 0


class OutputsReader:
    """Reads the outputs of a run incrementally, so that a new epoch costs one row; threads may share it."""

    def __init__(self, run: Run, split: OutputSplit = "val") -> None:
        self._run, self._split, self._file = run, split, run.folder / FILES[split]
        self._lock = threading.Lock()
        self._rows: _Rows | None = None
        self._outputs = _none()

    @property
    def memory(self) -> int:
        """Bytes of the outputs read so far."""
        rows = self._rows
        return rows.memory if rows else 0

    def read(self) -> Outputs:
        """All outputs, as in `read_outputs`; the same object if nothing is new, otherwise a new one."""
        with self._lock:
            try:
                with reading(self._file, REMEDY), self._file.open("rb") as opened:
                    self._read_on(opened)
            except FileNotFoundError:
                self._forget()
                return _old_outputs(self._run) if self._split == "val" else self._outputs
            except Damaged:
                self._forget()
                raise
            return self._outputs

    def _read_on(self, opened: BinaryIO) -> None:
        header = read_header(opened, self._file, self._split)
        labels = read_labels(opened, header, self._file)
        if self._rows is None or not self._rows.are_of(header, labels) or not self._goes_on(opened, self._rows):
            self._rows = _Rows(header, labels)
            self._outputs = self._rows.outputs
        opened.seek(header.end(self._rows.epochs))
        content = opened.read()
        if len(content) >= header.row.itemsize:
            whole = len(content) // header.row.itemsize
            self._rows.extend(np.frombuffer(content, header.row, whole))
            self._outputs = self._rows.outputs

    @staticmethod
    def _goes_on(opened: BinaryIO, rows: _Rows) -> bool:
        """True if the last row that was read is still in its place."""
        if not rows.epochs:
            return True
        opened.seek(rows.header.end(rows.epochs - 1))
        return opened.read(rows.header.row.itemsize) == rows.last

    def _forget(self) -> None:
        self._rows, self._outputs = None, _none()


class _Rows:
    """Rows read so far, in arrays with room for more: `outputs` given out before never change.

    Attributes:
        last: The last row as in the file.
    """

    def __init__(self, header: Header, labels: np.ndarray) -> None:
        self.header, self.epochs, self.last = header, 0, b""
        self._stored, self._labels = labels, _known(labels)
        self._predicted = np.empty((0, header.images), np.int32)
        self._probability, self._loss = (np.empty((0, header.images), np.float32) for _ in range(2))

    def are_of(self, header: Header, labels: np.ndarray) -> bool:
        return self.header == header and np.array_equal(self._stored, labels)

    @property
    def memory(self) -> int:
        return self._predicted.nbytes + self._probability.nbytes + self._loss.nbytes

    def extend(self, rows: np.ndarray) -> None:
        new = _outputs(self.header.probabilistic, self._stored, rows["predicted"], rows["loss"])
        first, self.epochs = self.epochs, self.epochs + len(rows)
        self._make_room()
        self._predicted[first : self.epochs] = new.predicted
        self._probability[first : self.epochs] = new.true_probability
        self._loss[first : self.epochs] = new.loss
        self.last = rows[-1:].tobytes()

    def _make_room(self) -> None:
        """Enlarges the arrays by an eighth if they are too small, so that a row costs the same however many there are."""
        held = len(self._loss)
        if self.epochs > held:
            room = max(self.epochs, held + held // 8)
            self._predicted, self._probability, self._loss = (
                np.concatenate([array, np.empty((room - held, self.header.images), array.dtype)])
                for array in (self._predicted, self._probability, self._loss)
            )

    @property
    def outputs(self) -> Outputs:
        until = slice(self.epochs)
        return Outputs(self._labels, self._predicted[until], self._probability[until], self._loss[until])


def write_outputs(run: Run, epoch: int, measured: Mapping[EvaluatedSplit, Measured]) -> None:
    """Writes the rows of an epoch, and syncs those on validation images; truncates later rows.

    Rows on training images serve the diagnosis alone. To sync them too would cost more than to write them, so the system writes them to the
    disk when it likes: a power cut may lose those of the last seconds, which are then unknown.
    """
    for split, outputs in measured.items():
        file = run.folder / FILES[split]
        is_new = not file.exists()
        with file.open("w+b" if is_new else "r+b") as opened:
            put_row(opened, split, epoch, outputs)
            if split == "val" or is_new:  # A new file without its header would be a damaged one.
                os.fsync(opened.fileno())


def cut_outputs(run: Run, epoch: int) -> None:
    """Removes the rows after an epoch, and upgrades a file of an earlier version."""
    old = run.folder / OLD_FILE
    if not (run.folder / FILES["val"]).exists() and old.exists() and read_state(run).images:
        _write(run, *_old(run))
        old.unlink()
    for split in EVALUATED_SPLITS:
        file = run.folder / FILES[split]
        if file.exists():
            with file.open("r+b") as opened:
                end = read_header(opened, file, split).end(epoch)
                if opened.seek(0, os.SEEK_END) > end:
                    opened.truncate(end)


def copy_outputs(parent: Run, fork: Run, epoch: int) -> None:
    """Copies the rows of a parent up to an epoch to a fork; nothing if the parent has none."""
    for split in EVALUATED_SPLITS:
        file = parent.folder / FILES[split]
        if file.exists():
            with file.open("rb") as opened:
                end = read_header(opened, file, split).end(epoch)
                opened.seek(0)
                write_bytes(fork.folder / FILES[split], opened.read(end))
    if not (parent.folder / FILES["val"]).exists() and (parent.folder / OLD_FILE).exists():
        probabilistic, labels, predicted, losses = _old(parent)
        _write(fork, probabilistic, labels, predicted[:epoch], losses[:epoch])


def remove_outputs(run: Run, *splits: OutputSplit) -> None:
    """Removes the outputs of splits; without any named, of all."""
    for split in splits or FILES:
        for name in (FILES[split], *([OLD_FILE] if split == "val" else [])):
            (run.folder / name).unlink(missing_ok=True)


def _write(run: Run, probabilistic: bool, labels: np.ndarray, predicted: np.ndarray, losses: np.ndarray) -> None:
    header = Header("val", probabilistic, len(labels))
    content = header.packed(labels) + header.rows(predicted, losses, len(losses))
    write_bytes(run.folder / FILES["val"], content)


def _old_outputs(run: Run) -> Outputs:
    with reading(run.folder / OLD_FILE, REMEDY):
        return _outputs(*_old(run))


def _old(run: Run) -> tuple[bool, np.ndarray, np.ndarray, np.ndarray]:
    """The outputs on validation images of a run of an earlier version: losses only."""
    state, file = read_state(run), run.folder / OLD_FILE
    images = state.images.get("validation", 0)
    found = np.fromfile(file, "<f4") if file.exists() and images else np.zeros(0, "<f4")
    epochs = len(found) // max(images, 1)
    losses = found[: epochs * images].reshape(epochs, images)
    unknown = np.full(losses.shape, UNKNOWN, "<u2")
    return state.loss_name != "squared hinge", np.full(images, UNKNOWN, "<u2"), unknown, losses


def _none() -> Outputs:
    return _outputs(True, np.zeros(0, "<u2"), np.zeros((0, 0), "<u2"), np.zeros((0, 0), "<f4"))


def _outputs(probabilistic: bool, labels: np.ndarray, predicted: np.ndarray, losses: np.ndarray) -> Outputs:
    probability = np.exp(-losses) if probabilistic else np.full(losses.shape, np.nan, "<f4")
    return Outputs(_known(labels), _known(predicted), probability, losses)


def _known(classes: np.ndarray) -> np.ndarray:
    return np.where(classes == UNKNOWN, -1, classes.astype(np.int32)).astype(np.int32)
