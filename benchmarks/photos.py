"""The photos of the benchmark: a given folder, or generated images.

TL Lab contains no photos and downloads none. Generated images have the number, the size in pixels and about the bytes of the photos of
clothing-dataset-small, so that decoding them takes about as long; their accuracies mean nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from tl_core.data.decode import SUFFIXES
from tl_core.data.playground import KINDS, render
from tl_core.errors import BadInput

TRAIN, VALIDATION, CLASSES = 3068, 341, 10
SIZE = (400, 533)
COPIES = 8
"""Number of images cropped from one rendered image: rendering takes much longer than writing."""

GRAIN = 6.0
"""Standard deviation of the noise added to rendered images: smooth images decode faster than photos of the same size."""

QUALITY = 75


@dataclass(frozen=True)
class Photos:
    """A folder with train/ and validation/, each with one folder per class.

    Attributes:
        said: A description of the images, printed with the figures.
    """

    folder: Path
    said: str

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(sorted(path for path in self.folder.glob("*/*/*") if path.suffix.lower() in SUFFIXES))

    def count(self, part: str) -> int:
        """Images of "train" or "validation"."""
        return sum(path.parts[-3] == part for path in self.files)


def given(folder: Path) -> Photos:
    """Photos of your own; raises BadInput if the folder has another structure."""
    if not all((folder / part).is_dir() for part in ("train", "validation")):
        message = f"{folder} has no folders train and validation"
        raise BadInput.of("--photos", message, "Each must hold one folder per class, with the photos in it.")
    photos = Photos(folder.resolve(), "")
    if not photos.count("train") or not photos.count("validation"):
        raise BadInput.of(
            "--photos", f"found no images in the class folders of {folder}", "Photos are JPEG or PNG files."
        )
    return Photos(photos.folder, f"{photos.count('train')} + {photos.count('validation')} photos of {folder.name}")


WORTH_IT = 100
"""Number of images from which several processes pay off."""


def drawn(folder: Path, train: int = TRAIN, validation: int = VALIDATION) -> Photos:
    """Images of the playground, enlarged and written as JPEG into an empty folder."""
    jobs = [*_jobs(folder, "train", train, 0), *_jobs(folder, "validation", validation, train)]
    for parent in {file.parent for job in jobs for file in job.files}:
        parent.mkdir(parents=True)
    if len(jobs) < WORTH_IT:
        list(map(_draw, jobs))
    else:
        with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
            list(pool.map(_draw, jobs, chunksize=8))
    return Photos(folder, f"{train} + {validation} generated images of {SIZE[0]} x {SIZE[1]} pixels as JPEG, no photos")


def read_once(photos: Photos) -> None:
    """Reads all files into the page cache, so that neither side is the first to read the disk."""
    for path in photos.files:
        path.read_bytes()


@dataclass(frozen=True)
class _Job:
    """An image that is rendered once, and the files it is written to, cropped and with noise differently in each."""

    kind: str
    number: int
    files: tuple[Path, ...]


def _jobs(folder: Path, part: str, images: int, first: int) -> Iterator[_Job]:
    """The jobs of a part, numbered from `first`, so that no rendered image is in both parts."""
    pictures = max(CLASSES, images // COPIES)
    for picture in range(pictures):
        kind = KINDS[picture % CLASSES]
        files = tuple(folder / part / kind / f"{image:05d}.jpg" for image in range(picture, images, pictures))
        yield _Job(kind, first + picture, files)


def _draw(job: _Job) -> None:
    width, height = SIZE
    picture = render(job.kind, job.number)
    random = np.random.default_rng(job.number)
    for file in job.files:
        left, top = random.integers(0, 12, 2).tolist()
        side = picture.width - int(random.integers(12, 20))
        photo = picture.resize(SIZE, Image.Resampling.BICUBIC, (left, top, left + side, top + side))
        grain = random.normal(0, GRAIN, (height, width, 1))
        pixels = np.clip(np.asarray(photo, dtype=np.float32) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(file, quality=QUALITY)
