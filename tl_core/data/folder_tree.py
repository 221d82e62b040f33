"""The folders below a root with the files that may be images; everything else is skipped with a reason.

Links to folders are not followed, and links to files only inside the root, so that a dataset reads only what was put into it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tl_core.data import decode
from tl_core.data.folder_names import is_litter
from tl_core.data.names import class_name, is_text, text_of
from tl_core.data.skipped import SkipKind, Skipped
from tl_core.text import data_size

_NOWHERE = ("a link that leads nowhere", SkipKind.LINK)


@dataclass
class Node:
    """A folder.

    Attributes:
        key: Its path within the dataset, empty for the root; see `key_of`.
        folders: The folders in it, sorted by name, also those that are not read.
        images: The files in it that may be images, sorted by name.
        not_read: Why what is in it is not read; empty if it is.
    """

    path: Path
    key: str = ""
    folders: list[Node] = field(default_factory=list)
    images: list[Path] = field(default_factory=list)
    not_read: str = ""

    @cached_property
    def name(self) -> str:
        """The class it may be; see `class_name`."""
        return class_name(text_of(self.path.name))

    @cached_property
    def total(self) -> int:
        """The files below it that may be images."""
        return sum(1 for _ in self.all_images())

    @property
    def filled(self) -> list[Node]:
        """The folders in it with images below them."""
        return [folder for folder in self.folders if folder.total]

    def all_images(self) -> Iterator[Path]:
        """The files below it that may be images: those of a folder before those of the folders in it."""
        left = [self]  # Not a recursion: folders may be nested deeper than Python's stack.
        while left:
            node = left.pop()
            yield from node.images
            left.extend(reversed(node.folders))


def tree_of(root: Path, skipped: list[Skipped]) -> Node:
    """The tree of a folder, without litter; appends what is not read to `skipped`.

    Args:
        root: Resolved.
    """
    top = Node(root)
    ahead = {str(root): top}

    def refused(error: OSError) -> None:
        node = ahead[str(error.filename)]
        node.not_read = f"cannot be read ({error.strerror})"
        skipped.append(Skipped(f"{node.key}/", node.not_read, SkipKind.NO_ACCESS))

    for place, folders, files in os.walk(root, onerror=refused):
        node = ahead.pop(place)
        dead = [name for name in files if _is_dead_folder(Path(place) / name)]
        names = sorted(name for name in (*folders, *dead) if not is_litter(name))
        node.folders = [_child(root, Path(place) / name, skipped) for name in names]
        readable = {child.path.name: child for child in node.folders if not child.not_read}
        ahead |= {str(child.path): child for child in readable.values()}
        folders[:] = list(readable)
        for name in sorted(name for name in files if not is_litter(name) and name not in dead):
            file = Path(place) / name
            if found := _unfit(root, file):
                skipped.append(Skipped(key_of(root, file), *found))
            else:
                node.images.append(file)
    return top


def key_of(root: Path, file: Path) -> str:
    """The path within the dataset, printable: bytes that are not UTF-8 become "�"."""
    return text_of(file.relative_to(root)).replace(os.sep, "/")


def _child(root: Path, path: Path, skipped: list[Skipped]) -> Node:
    key = key_of(root, path)
    if not (found := _unfit_folder(root, path)):
        return Node(path, key)
    reason, kind = found
    skipped.append(Skipped(f"{key}/", reason, kind))
    return Node(path, key, not_read=reason)


def _unfit_folder(root: Path, path: Path) -> tuple[str, SkipKind] | None:
    if not path.is_symlink():
        return None if is_text(path.name) else ("its name is not valid UTF-8", SkipKind.NAME)
    if not path.exists():
        return _NOWHERE
    inside = path.resolve().is_relative_to(root)
    return "a link to a folder is not followed", SkipKind.INNER_LINK if inside else SkipKind.LINK


def _is_dead_folder(path: Path) -> bool:
    """True for a link to what is gone, and was a folder by its name."""
    return not path.suffix and path.is_symlink() and not path.exists()


def _unfit(root: Path, file: Path) -> tuple[str, SkipKind] | None:
    """Why a file cannot be an image of this dataset; None if it can."""
    if not is_text(file.relative_to(root)):
        return "its name is not valid UTF-8", SkipKind.NAME
    if reason := decode.unfit_name(file.name):
        return reason, SkipKind.FORMAT if decode.is_heic_name(file.name) else SkipKind.NOT_AN_IMAGE
    if file.is_symlink() and not file.exists():  # before `resolve`, which raises on circular links
        return _NOWHERE
    if not file.is_file():
        return "not a regular file", SkipKind.NOT_AN_IMAGE
    if file.is_symlink() and not file.resolve().is_relative_to(root):
        return "a link out of the folder", SkipKind.LINK
    return _unfit_size(file.stat().st_size)


def _unfit_size(size: int) -> tuple[str, SkipKind] | None:
    """Checked here, not after reading the file."""
    if not size:
        return "empty file", SkipKind.BROKEN
    return (f"file larger than {data_size(decode.MAX_BYTES)}", SkipKind.TOO_LARGE) if size > decode.MAX_BYTES else None
