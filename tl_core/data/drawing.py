"""Renders generated images with one process per core: threads would wait for Python's interpreter lock.

`python -m tl_core.data.drawing SOURCE SIZE` reads a JSON list of keys from its standard input and writes their pixels, one
image after another, to its standard output. It ends when its reader closes the pipe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence

import numpy as np

from tl_core.data import decode
from tl_core.data.dataset import ImageDataset, Item
from tl_core.errors import RunFailed

WORTH_IT = 48
"""Number of images from which another process pays off: starting one takes as long as rendering thirty."""


def drawn(dataset: ImageDataset, size: int) -> Generator[tuple[Item, np.ndarray], None, None]:
    """Every item of a generated dataset in order with its pixels: uint8 RGB, shape (size, size, 3).

    Raises:
        RunFailed: a rendering process ended early.
    """
    count = min(os.cpu_count() or 1, len(dataset.items) // WORTH_IT)
    if count < 2:
        yield from ((item, decode.resized(dataset.open_image(item), size)) for item in dataset.items)
        return
    # Each renders every n-th image, so that they progress together and images arrive in order.
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for first in range(count):
            processes.append(_started(dataset.source, size, dataset.items[first::count]))
        for number, item in enumerate(dataset.items):
            yield item, _received(processes[number % count], size)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _started(source: str, size: int, items: Sequence[Item]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tl_core.data.drawing", source, str(size)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(json.dumps([item.key for item in items]).encode())
    process.stdin.close()
    process.stdin = None  # `communicate` would write to it.
    return process


def _received(process: subprocess.Popen[bytes], size: int) -> np.ndarray:
    assert process.stdout is not None
    wanted = size * size * 3
    content = process.stdout.read(wanted)
    if len(content) < wanted:
        raise RunFailed(f"A process that renders images ended early (status {process.wait()}). Start again.")
    return np.frombuffer(content, np.uint8).reshape(size, size, 3)


def main(source: str, size: int) -> None:
    from tl_core.data.sources import load_dataset

    dataset = load_dataset(source)
    items = {item.key: item for item in dataset.items}
    for key in json.load(sys.stdin):
        sys.stdout.buffer.write(decode.resized(dataset.open_image(items[key]), size).tobytes())


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except BrokenPipeError:  # The reader is gone.
        os._exit(0)
