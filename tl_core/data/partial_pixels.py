"""Pixels while they are being decoded, for another thread that uses them at the same time."""

from __future__ import annotations

import math
from pathlib import Path
from threading import Event
from typing import NoReturn

import numpy as np

LOOK_EVERY = 0.02
"""Seconds between checks of the progress of decoding."""


class Overtaken(Exception):
    """Decoding has ended: complete, or stopped."""


class Growing:
    """Images that this process is decoding into a file, in order.

    Attributes:
        key: The key of the `Pixels` they become.
    """

    def __init__(self, key: str, file: Path, shape: tuple[int, int, int, int]) -> None:
        """
        Args:
            file: Flat, uint8; only ever grows.
            shape: (images, size, size, 3), if all of them are readable.
        """
        self.key = key
        self._file, self._shape, self._ended = file, shape, Event()

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, some: slice) -> np.ndarray:
        """Waits for images and reads them: uint8, shape (images, size, size, 3).

        Args:
            some: A slice with start and stop.

        Raises:
            Overtaken: decoding has ended.
        """
        self.check()
        one, count = math.prod(self._shape[1:]), some.stop - some.start
        try:
            while self._file.stat().st_size < some.stop * one:
                self._ended.wait(LOOK_EVERY)
                self.check()
            found = np.fromfile(self._file, np.uint8, count * one, offset=some.start * one)
        except FileNotFoundError:  # Decoding is complete: the file was just renamed.
            raise Overtaken from None
        return found.reshape(count, *self._shape[1:])

    def missing_bytes(self) -> int:
        """Bytes still to be written."""
        try:
            return max(math.prod(self._shape) - self._file.stat().st_size, 0)
        except FileNotFoundError:
            raise Overtaken from None

    def wait(self) -> NoReturn:
        """Raises Overtaken as soon as decoding ends."""
        self._ended.wait()
        raise Overtaken

    def check(self, *_: object) -> None:
        """Raises Overtaken if decoding has ended; usable as a `ProgressCallback`."""
        if self._ended.is_set():
            raise Overtaken

    def close(self) -> None:
        """Signals that decoding has ended."""
        self._ended.set()
