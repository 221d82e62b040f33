"""Pixels while they are decoded, for another thread that works on them at the same time."""

from __future__ import annotations

import math
from pathlib import Path
from threading import Event
from typing import NoReturn

import numpy as np

LOOK_EVERY = 0.02
"""Seconds between looks at how far decoding is."""


class Overtaken(Exception):
    """Decoding has ended: all pixels can be read now, or it was stopped."""


class Growing:
    """Images that this process decodes into a file, one after the other.

    Attributes:
        key: As of the `Pixels` they will be.
    """

    def __init__(self, key: str, file: Path, shape: tuple[int, int, int, int]) -> None:
        """
        Args:
            file: Flat, uint8; only ever grows.
            shape: Of all of them, (images, size, size, 3), if none turns out to be unreadable.
        """
        self.key = key
        self._file, self._shape, self._ended = file, shape, Event()

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, some: slice) -> np.ndarray:
        """Waits for images and reads them: uint8, shape (images, size, size, 3).

        Args:
            some: From an image to another, both given.

        Raises:
            Overtaken: where decoding ends first, or has ended.
        """
        self.check()
        one, count = math.prod(self._shape[1:]), some.stop - some.start
        try:
            while self._file.stat().st_size < some.stop * one:
                self._ended.wait(LOOK_EVERY)
                self.check()
            found = np.fromfile(self._file, np.uint8, count * one, offset=some.start * one)
        except FileNotFoundError:  # All is decoded: the file was moved to its place this moment.
            raise Overtaken from None
        return found.reshape(count, *self._shape[1:])

    def missing_bytes(self) -> int:
        """What is still to be written of them."""
        try:
            return max(math.prod(self._shape) - self._file.stat().st_size, 0)
        except FileNotFoundError:
            raise Overtaken from None

    def wait(self) -> NoReturn:
        """Raises Overtaken as soon as decoding ends."""
        self._ended.wait()
        raise Overtaken

    def check(self, *_: object) -> None:
        """Raises Overtaken where decoding has ended; usable as a `Progress`."""
        if self._ended.is_set():
            raise Overtaken

    def close(self) -> None:
        """Tells whoever follows that decoding has ended."""
        self._ended.set()
