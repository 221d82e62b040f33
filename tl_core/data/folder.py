"""A folder of photos: one folder a class, with or without train/validation/test above the classes.

Folders inside a class belong to that class. What cannot be used is never an error here: it is listed with its reason.
Links are not followed out of the folder, so that a dataset never reads what its owner did not put into it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tl_core.data import decode
from tl_core.data.dataset import ImageDataset, Item, Part, Skipped
from tl_core.errors import BadInput
from tl_core.files import digest_of

_PARTS: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}
_NOT_DATA = {"__macosx", "thumbs.db", "desktop.ini"}


def load(path: str, source: str) -> ImageDataset:
    """The labelled images below a folder; nothing is decoded yet.

    Raises:
        BadInput: where the folder does not exist or holds no class folder with a picture.
    """
    root = Path(path).expanduser()
    if not path or not root.is_dir():
        raise BadInput.of(
            "data.source", f"there is no folder {path!r}", "Give the folder that holds the class folders."
        )
    root = root.resolve()
    skipped: list[Skipped] = []
    found = list(_labelled(root, skipped))
    names = tuple(sorted({name for _, name, _ in found}))
    if not names:
        raise BadInput.of("data.source", f"no pictures in class folders were found in {path!r}", _expected(skipped))
    items = tuple(_items(root, found, names, skipped))
    fingerprint = digest_of("folder", names, [(item.key, item.label, item.digest, item.part) for item in items])
    return ImageDataset(source, names, items, fingerprint, lambda item: open_image(root, item), tuple(skipped))


def open_image(root: Path, item: Item) -> Image.Image:
    """One photo, decoded; raises Unreadable."""
    return decode.open_rgb(root / item.key)


def _expected(skipped: list[Skipped]) -> str:
    seen = f" Left out: {len(skipped)} files, such as {skipped[0].key} ({skipped[0].reason})." if skipped else ""
    return f"Expected one folder a class with JPEG, PNG, WebP, GIF or BMP files in it.{seen}"


def _labelled(root: Path, skipped: list[Skipped]) -> Iterator[tuple[Path, str, Part | None]]:
    """(file, class, part it came in) of every file that may be a picture."""
    top = _folders(root, skipped)
    parts = {folder: _PARTS.get(folder.name.lower()) for folder in top}
    came_split = bool(top) and all(parts.values()) and "train" in parts.values()
    for file in _files_in(root):
        skipped.append(Skipped(file.name, "not in a class folder"))
    for folder in top:
        if not came_split:
            yield from ((file, folder.name, None) for file in _pictures(root, folder, skipped))
            continue
        for file in _files_in(folder):
            skipped.append(Skipped(_key(root, file), "not in a class folder"))
        for class_folder in _folders(folder, skipped):
            yield from ((file, class_folder.name, parts[folder]) for file in _pictures(root, class_folder, skipped))


def _pictures(root: Path, folder: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """The files of a class that look like pictures, sorted; the others are listed as skipped."""
    count = 0
    for place, folders, names in os.walk(folder):
        linked = [name for name in folders if (Path(place) / name).is_symlink()]
        skipped.extend(Skipped(_key(root, Path(place) / name), "a link to a folder is not followed") for name in linked)
        folders[:] = sorted(name for name in folders if _is_data(name))
        for name in sorted(filter(_is_data, names)):
            file = Path(place) / name
            if reason := _unfit(root, file):
                skipped.append(Skipped(_key(root, file), reason))
            else:
                count += 1
                yield file
    if not count:
        skipped.append(Skipped(_key(root, folder) + "/", "no picture in this class folder; the class is left out"))


def _unfit(root: Path, file: Path) -> str:
    """Why a file cannot be a picture of this dataset; empty where it can."""
    if not _is_text(file.name):
        return "its name is not valid UTF-8"
    if file.suffix.lower() not in decode.SUFFIXES:
        return "not a picture by its name"
    if file.is_symlink() and not file.resolve().is_relative_to(root):
        return "a link that leads out of the folder"
    if not file.is_file():
        return "not a regular file"
    return ""


def _items(
    root: Path, found: list[tuple[Path, str, Part | None]], names: tuple[str, ...], skipped: list[Skipped]
) -> Iterator[Item]:
    labels = {name: label for label, name in enumerate(names)}
    for file, name, part in found:
        try:
            digest = _content_digest(file)
        except OSError as error:
            skipped.append(Skipped(_key(root, file), f"cannot be read ({error.strerror})"))
            continue
        yield Item(_key(root, file), labels[name], digest, group=digest, part=part)


def _content_digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:32]


def _folders(folder: Path, skipped: list[Skipped]) -> list[Path]:
    inside = sorted(entry for entry in folder.iterdir() if entry.is_dir() and _is_data(entry.name))
    for entry in inside:
        if entry.is_symlink():
            skipped.append(Skipped(entry.name, "a link to a folder is not followed"))
        elif not _is_text(entry.name):
            skipped.append(Skipped(_printable(entry.name), "its name is not valid UTF-8"))
    return [entry for entry in inside if not entry.is_symlink() and _is_text(entry.name)]


def _files_in(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_file() and _is_data(entry.name))


def _is_data(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in _NOT_DATA


def _is_text(name: str) -> bool:
    return not any("\udc80" <= letter <= "\udcff" for letter in name)


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _key(root: Path, file: Path) -> str:
    return _printable(file.relative_to(root).as_posix())
