"""How quickly photos become pixels, beside the quickest way to the same pixels: `python -m benchmarks.decoding FOLDER [--size N]`.

All ways read the same files from the system's file cache, on all cores, in turn; the median of the rounds is kept.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from tl_core.data.folder import load
from tl_core.data.pixels import pixels
from tl_core.records import unwatched

OURS = "the pixel cache, written to the disk"
BARE = "Pillow in a pool of threads, nothing checked and nothing kept"
DRAFT = "the same with the decoder's own reduction (other pixels where it reduces)"
DECODED = "read and decoded only, not resized"
READ = "read only"


def seconds_per_image(root: Path, size: int = 224, most: int = 1000, rounds: int = 5) -> dict[str, float]:
    """Median wall-clock seconds an image by each way; the target is OURS under 1.3 times BARE.

    Args:
        root: A folder of JPEG files, one folder per class.
    """
    dataset = load(str(root), f"folder:{root}")
    dataset = replace(dataset, items=dataset.items[:most])
    files = [root / item.key for item in dataset.items]
    with tempfile.TemporaryDirectory() as folder:
        fresh = (Path(folder) / str(number) for number in range(rounds + 1))
        ways: Mapping[str, Callable[[], object]] = {
            OURS: lambda: pixels(dataset, size, next(fresh), unwatched),
            BARE: lambda: _pooled(lambda file: _resized(file, size), files),
            DRAFT: lambda: _pooled(lambda file: _resized(file, size, draft=True), files),
            DECODED: lambda: _pooled(_decoded, files),
            READ: lambda: _pooled(Path.read_bytes, files),
        }
        taken = [{name: _seconds(way) / len(files) for name, way in ways.items()} for _ in range(rounds + 1)]
    return {name: statistics.median(one[name] for one in taken[1:]) for name in ways}  # The first warms up.


def _resized(file: Path, size: int, draft: bool = False) -> np.ndarray:
    with Image.open(file) as image:
        if draft:
            image.draft("RGB", (size, size))
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        return np.asarray(rgb.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0))


def _decoded(file: Path) -> None:
    with Image.open(file) as image:
        image.load()


def _pooled(one: Callable[[Path], object], files: list[Path]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(one, files):
            pass


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=224)
    wanted = parser.parse_args()
    taken = seconds_per_image(wanted.folder, wanted.size)
    for name, seconds in taken.items():
        print(f"{seconds * 1e3:8.3f} ms  {seconds / taken[BARE]:6.2f}  {name}")


if __name__ == "__main__":
    main()
