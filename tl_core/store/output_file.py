"""The form of a file of outputs: what a network said of each image of a split, a row per epoch.

    header      16 bytes: the split's magic, version, whether losses are cross-entropy (uint16 each), number of images n (uint32)
    labels      n times uint16
    a row an    n times uint16: the predicted class
    epoch       n times float32: the loss

All little-endian. Rows have equal lengths, so that the row of an epoch is found, written and truncated without reading others. The probability
of the true class is exp(-loss) and not stored. Rows never written, such as those inherited from a run of an earlier
version, are 65535 and NaN.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from tl_core.errors import Damaged
from tl_core.metrics import Measured

EvaluatedSplit = Literal["val", "train_eval"]
"""The splits that are measured in inference mode after every epoch."""

EVALUATED_SPLITS: tuple[EvaluatedSplit, ...] = ("val", "train_eval")

OutputSplit = Literal["val", "train_eval", "test"]
"""The splits with a file of outputs; that of the test split has one row, of the exported epoch."""

FILES: dict[OutputSplit, str] = {
    "val": "val_outputs.bin",
    "train_eval": "train_eval_outputs.bin",
    "test": "test_outputs.bin",
}
UNKNOWN = 0xFFFF
REMEDY = "Delete it: this loses only the outputs of earlier epochs."

_HEADER, _VERSION = struct.Struct("<8sHHI"), 1
_MAGICS: dict[OutputSplit, bytes] = {"val": b"tlvalout", "train_eval": b"tltrnout", "test": b"tltstout"}


@dataclass(frozen=True)
class Header:
    """What a file of outputs begins with.

    Attributes:
        probabilistic: Whether losses are cross-entropy, so that exp(-loss) is the probability of the true class.
    """

    split: OutputSplit
    probabilistic: bool
    images: int

    @property
    def start(self) -> int:
        """The offset of the first row."""
        return _HEADER.size + 2 * self.images

    @property
    def row(self) -> np.dtype[np.void]:
        return np.dtype([("predicted", "<u2", (self.images,)), ("loss", "<f4", (self.images,))])

    def end(self, epochs: int) -> int:
        """The size of a file of so many epochs."""
        return self.start + epochs * self.row.itemsize

    def packed(self, labels: np.ndarray) -> bytes:
        """The bytes before the first row."""
        return self._bytes + labels.astype("<u2").tobytes()

    @property
    def _bytes(self) -> bytes:
        return _HEADER.pack(_MAGICS[self.split], _VERSION, self.probabilistic, self.images)

    def rows(self, predicted: np.ndarray | int, losses: np.ndarray | float, epochs: int = 1) -> bytes:
        """The bytes of rows: of predicted classes and losses, shape (epochs, images), or all alike."""
        filled = np.empty(epochs, self.row)
        filled["predicted"], filled["loss"] = predicted, losses
        return filled.tobytes()


def output_bytes(images: int, epochs: int) -> int:
    """The size of a file of outputs on so many images after so many epochs."""
    return Header("val", True, images).end(epochs)


def read_header(opened: BinaryIO, file: Path, split: OutputSplit) -> Header:
    """The header at the beginning of a file; raises Damaged if it is none of this split."""
    content = opened.read(_HEADER.size)
    if len(content) == _HEADER.size:
        magic, version, probabilistic, images = _HEADER.unpack(content)
        if (magic, version) == (_MAGICS[split], _VERSION):
            return Header(split, bool(probabilistic), images)
    raise Damaged.of(str(file), "is damaged", REMEDY)


def read_labels(opened: BinaryIO, header: Header, file: Path) -> np.ndarray:
    """The labels behind a header that was just read; raises Damaged if the file ends before."""
    labels = np.frombuffer(opened.read(2 * header.images), "<u2")
    if len(labels) < header.images:
        raise Damaged.of(str(file), "is damaged", REMEDY)
    return labels


def put_row(opened: BinaryIO, split: OutputSplit, epoch: int, measured: Measured) -> None:
    """Writes the row of an epoch into a file open for reading and writing; truncates later rows, and rows of other images."""
    header = Header(split, measured.probabilistic, len(measured.labels))
    size, first = header.row.itemsize, header.packed(measured.labels)
    found = opened.read(header.start)
    if found != first:
        if found != header.packed(np.full(header.images, UNKNOWN)):  # As many images, in a file of an earlier version.
            opened.truncate(0)
        opened.seek(0)
        opened.write(first)
    written = max(0, opened.seek(0, os.SEEK_END) - header.start) // size
    opened.seek(header.end(written))
    opened.write(header.rows(UNKNOWN, np.nan, max(0, epoch - 1 - written)))
    opened.seek(header.end(epoch - 1))
    opened.write(header.rows(measured.predictions, measured.losses))
    opened.truncate()
    opened.flush()
