"""Image files named one by one or as folders, for prediction."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tl_core.data import decode
from tl_core.data.folder_names import is_litter
from tl_core.data.names import text_of
from tl_core.data.skipped import Skipped


def image_files(paths: Iterable[Path]) -> tuple[list[Path], list[Skipped]]:
    """The files to classify, in order, and what is skipped, each with a reason.

    A file is taken whatever its name is. Of a folder, and the folders in it, every file with the name of an image is taken, sorted; hidden files and
    litter are ignored, others are skipped with a reason, as is a path that does not exist.
    """
    files: list[Path] = []
    skipped: list[Skipped] = []
    for path in paths:
        for file, reason in _inside(path) if path.is_dir() else [(path, _unfit(path))]:
            if reason:
                skipped.append(Skipped(text_of(file), reason))
            else:
                files.append(file)
    return files, skipped


def _unfit(path: Path) -> str:
    """Why a path that is no folder cannot be read as a file; empty if it can."""
    if path.is_file():
        return ""
    return "not a regular file" if path.exists() else "there is no file or folder of this name"


def _inside(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files in a folder, and why each is skipped: empty if it is not."""
    refused: list[tuple[Path, str]] = []

    def refuse(error: OSError) -> None:
        refused.append((Path(error.filename), f"cannot be read ({error.strerror})"))

    found = False
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not is_litter(name))
        for name in sorted(name for name in names if not is_litter(name)):
            file = Path(place) / name
            reason = decode.unfit_name(name) or _unfit(file)
            found = found or not reason
            yield file, reason
    yield from refused
    if not found and not refused:
        yield folder, "no image in this folder"
