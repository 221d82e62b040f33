"""Physical limits of this machine, beside which the figures stand: decoding, multiplying matrices, moving memory."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.decoding import BARE, OURS, seconds_per_image
from benchmarks.figures import Conditions, Figure
from benchmarks.timing import in_turn
from tl_core.backbones.facts import facts

PHOTOS = 1024
SIDE = 3072
COPIED = 512 * 1024 * 1024
REPEATS = 5


def measure(conditions: Conditions) -> Iterator[Figure]:
    files = conditions.photos.files[:: max(1, len(conditions.photos.files) // PHOTOS)]
    note = f"{len(files)} files, full size, no resizing, a thread a core"
    yield Figure("limit: decoding JPEG by Pillow on all cores", decoded_a_second(files), None, "images/s", True, note)
    yield _pixels(conditions)
    note = f"float32, {SIDE} x {SIDE}, the faster of NumPy's and TensorFlow's libraries, all cores"
    yield Figure("limit: multiplying matrices", gemm_peak(), None, "GFLOP/s", True, note)
    note = "one thread copying; every byte is read once and written once"
    yield Figure("limit: memory bandwidth", bandwidth(), None, "GB/s", True, note)


def _pixels(conditions: Conditions) -> Figure:
    """How near the pixel cache comes to decoding and resizing with nothing around it."""
    each = seconds_per_image(conditions.photos.folder)
    note = f"{1 / each[OURS]:.0f} images/s into the cache on the disk, {1 / each[BARE]:.0f} by a bare pool of threads, at 224 pixels"
    return Figure(
        "photos to the pixel cache, seconds over those of bare Pillow", each[OURS] / each[BARE], 1.3, "times", note=note
    )


def decoded_a_second(files: tuple[Path, ...]) -> float:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        (times,) = in_turn([lambda: list(pool.map(_decode, files))], 3)
    return len(files) / times.median


@cache
def gemm_peak() -> float:
    """GFLOP/s of the best repeat: a limit is what the machine can do, not what it does on the average."""
    from tl_core.engine.backend import tf

    one, other = np.random.default_rng(0).random((2, SIDE, SIDE), np.float32)
    mine, others = tf.constant(one), tf.constant(other)
    times = in_turn([lambda: one @ other, lambda: tf.matmul(mine, others).numpy()], REPEATS)
    return 2 * SIDE**3 / 1e9 / min(min(side.seconds) for side in times)


def gflop(backbone: str, size: int) -> float:
    """Of one image through a network: two for each multiply-add of its convolutions."""
    return 2 * facts(backbone).macs_at(size) / 1e9


def bandwidth() -> float:
    """GB/s of the best repeat, reads and writes counted."""
    source, target = np.ones(COPIED, np.uint8), np.empty(COPIED, np.uint8)
    (times,) = in_turn([lambda: np.copyto(target, source)], REPEATS)
    return 2 * COPIED / 1e9 / min(times.seconds)


def _decode(file: Path) -> None:
    with Image.open(io.BytesIO(file.read_bytes())) as image:
        image.convert("RGB")
