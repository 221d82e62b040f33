"""A folder of photos: one folder per class, with or without train/validation/test above the classes.

Folders inside a class belong to that class. Unusable files are never an error: they are skipped with a reason.
Links are not followed out of the folder, so that a dataset reads only what was put into it.
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
from tl_core.text import data_size

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
        BadInput: the folder does not exist or has no class folder with an image.
    """
    root = _root(path)
    skipped: list[Skipped] = []
    found = list(_labelled(root, skipped))
    names = tuple(sorted({name for _, name, _ in found}))
    if not names:
        raise BadInput.of("data.source", f"found no images in class folders of {path!r}", _expected(skipped))
    items = tuple(_items(root, found, names, skipped))
    fingerprint = digest_of("folder", names, [(item.key, item.label, item.digest, item.part) for item in items])
    return ImageDataset(source, names, items, fingerprint, lambda item: open_image(root, item), tuple(skipped))


def _root(path: str) -> Path:
    try:
        root = Path(path).expanduser().resolve()
        if path and root.is_dir():
            return root
        reason = f"there is no folder {path!r}"
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a NUL, an unknown ~user
        reason = f"{path!r} is not the path of a folder ({getattr(error, 'strerror', None) or error})"
    raise BadInput.of("data.source", reason, "Give the folder that contains the class folders.")


def open_image(root: Path, item: Item) -> Image.Image:
    """One photo, decoded; raises Unreadable."""
    return decode.open_rgb(root / item.key)


def _expected(skipped: list[Skipped]) -> str:
    seen = f" Skipped: {len(skipped)} files, such as {skipped[0].key} ({skipped[0].reason})." if skipped else ""
    return f"Expected one folder per class with JPEG, PNG, WebP, GIF or BMP files.{seen}"


def _labelled(root: Path, skipped: list[Skipped]) -> Iterator[tuple[Path, str, Part | None]]:
    """(file, class, part) of every file that may be an image."""
    top = _folders(root, root, skipped)
    parts = {folder: _PARTS.get(folder.name.lower()) for folder in top}
    came_split = _came_split(list(parts.values()))
    for folder in top:
        if not came_split:
            yield from ((file, folder.name, None) for file in _images_of_class(root, folder, skipped))
        elif parts[folder] is None:
            skipped.append(Skipped(_key(root, folder) + "/", "not one of the folders train, validation and test"))
        else:
            for inner in _folders(root, folder, skipped):
                yield from ((file, inner.name, parts[folder]) for file in _images_of_class(root, inner, skipped))


def _came_split(parts: list[Part | None]) -> bool:
    """Whether the top folders are parts rather than classes: a class may well be called "train", not also "test"."""
    return "train" in parts and (None not in parts or len(set(parts) - {None}) > 1)


def _images_of_class(root: Path, folder: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """The files of a class that look like images, sorted; the others are skipped."""
    count = 0

    def refused(error: OSError) -> None:
        skipped.append(Skipped(_key(root, Path(error.filename)) + "/", f"cannot be read ({error.strerror})"))

    for place, folders, names in os.walk(folder, onerror=refused):
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
        skipped.append(Skipped(_key(root, folder) + "/", "no image in this class folder; the class is skipped"))


def _unfit(root: Path, file: Path) -> str:
    """Why a file cannot be an image of this dataset; empty if it can."""
    if not _is_text(file.relative_to(root).as_posix()):
        return "its name is not valid UTF-8"
    if file.suffix.lower() not in decode.SUFFIXES:
        return "not the name of an image file"
    if not file.is_file():  # before `resolve`, which raises on circular links
        return "not a regular file"
    if file.is_symlink() and not file.resolve().is_relative_to(root):
        return "a link out of the folder"
    if file.stat().st_size > decode.MAX_BYTES:  # checked here, not after reading it
        return f"file larger than {data_size(decode.MAX_BYTES)}"
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


def _folders(root: Path, folder: Path, skipped: list[Skipped]) -> list[Path]:
    """The folders in the root or in a part that are a class or a part, sorted; other entries are skipped."""
    try:
        inside = sorted(entry for entry in folder.iterdir() if _is_data(entry.name))
    except OSError as error:
        skipped.append(Skipped(_key(root, folder) + "/", f"cannot be read ({error.strerror})"))
        return []
    reasons = {entry: _unfit_folder(entry) for entry in inside}
    skipped.extend(Skipped(_key(root, entry), reason) for entry, reason in reasons.items() if reason)
    return [entry for entry, reason in reasons.items() if not reason]


def _unfit_folder(entry: Path) -> str:
    """Why an entry cannot be a class folder; empty if it can."""
    if not entry.is_dir():
        return "not in a class folder"
    if entry.is_symlink():
        return "a link to a folder is not followed"
    return "" if _is_text(entry.name) else "its name is not valid UTF-8"


def _is_data(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in _NOT_DATA


def _is_text(name: str) -> bool:
    return not any("\udc80" <= letter <= "\udcff" for letter in name)


def _key(root: Path, file: Path) -> str:
    """The path within the dataset, printable: bytes that are not UTF-8 become "�"."""
    return os.fsencode(file.relative_to(root)).decode("utf-8", "replace").replace(os.sep, "/")
