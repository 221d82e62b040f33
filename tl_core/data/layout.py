"""Recognises the layout of a folder: classes at the top, or parts above the classes.

Names of parts that are in use are known. What looks like parts and has other names is refused with what was seen, because parts that
are taken for classes give a task that is not yours, and curves that look well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tl_core.data.dataset import FolderLayout, Part, SplitFolder
from tl_core.data.folder_names import part_and_rest
from tl_core.data.folder_tree import Node
from tl_core.data.names import text_of
from tl_core.data.skipped import SkipKind, Skipped
from tl_core.errors import BadInput
from tl_core.text import counted, first_of, joined

LayoutChoice = Literal["auto", "classes"]

MOST_PARTS = 6
"""More folders at the top than these are classes, whatever they hold."""

_ARE_CLASSES = "If they are the classes, set data.layout to classes."


@dataclass(frozen=True)
class Recognised:
    """The class folders of a dataset, each with its part, and folders that are neither class nor part."""

    layout: FolderLayout
    classes: tuple[tuple[Node, Part | None], ...]
    skipped: tuple[Skipped, ...]


def recognise(root: Node, choice: LayoutChoice = "auto") -> Recognised:
    """The layout of a folder.

    Raises:
        BadInput: the folders look like parts but are not named or filled as such, or the classes are further down.
    """
    if choice == "classes":
        return _classes(root, chosen=not _has_plain_classes(root))
    if parts := _named_parts(root.folders):
        return _split(root, parts)
    _refuse_unnamed_parts(root.filled)
    _refuse_level_above(root)
    return _classes(root, chosen=False)


def _has_plain_classes(root: Node) -> bool:
    """True if the folders at the top would be the classes without being chosen."""
    try:
        return not recognise(root).layout.parts
    except BadInput:
        return False


def _classes(root: Node, chosen: bool) -> Recognised:
    classes = tuple((folder, None) for folder in root.folders)
    return Recognised(FolderLayout(chosen=chosen), classes, tuple(_loose(root)))


def _named_parts(top: Sequence[Node]) -> dict[Part, Node]:
    """The folders at the top that are parts by their names; empty if they are classes.

    Parts are named alike: a class may be called "train", but not beside "test". Raises BadInput for two folders of one part.
    """
    alike: dict[tuple[str, ...], list[tuple[Part, Node]]] = defaultdict(list)
    for folder in top:
        if named := part_and_rest(folder.name):
            alike[named[1]].append((named[0], folder))
    found = [group for group in alike.values() if _are_parts(group, len(top))]
    if not found:
        return {}
    if len(found) > 1:
        names = _names([folder for group in found for _, folder in group])
        raise _unclear(f"{names} look like the parts of {len(found)} datasets", "Choose the folder of one of them.")
    parts = dict(found[0])
    if len(parts) < len(found[0]):
        twice = [folder for part, folder in found[0] if sum(part == other for other, _ in found[0]) > 1]
        raise _unclear(f"{_names(twice)} are named like the same part", f"Merge or remove one. {_ARE_CLASSES}")
    return parts


def _are_parts(group: Sequence[tuple[Part, Node]], folders: int) -> bool:
    parts = {part for part, _ in group}
    return "train" in parts and (len(parts) > 1 or len(group) == folders)


def _split(root: Node, parts: dict[Part, Node]) -> Recognised:
    inner = {part: _unwrapped(folder) for part, folder in parts.items()}
    train = inner["train"]
    if not train.filled:
        message = f"{_names(list(parts.values()))} look like parts, but {_contents(train)}"
        raise _unclear(message, f"Put one folder per class into each. {_ARE_CLASSES}")
    _refuse_level_inside(train)
    layout = FolderLayout(tuple(SplitFolder(part, folder.key) for part, folder in inner.items()))
    classes = tuple((folder, part) for part, above in inner.items() for folder in above.folders)
    others = [folder for folder in root.folders if folder not in parts.values()]
    skipped = [_beside(folder, train) for folder in others if not folder.not_read]
    loose = [item for folder in (root, *parts.values(), *inner.values()) for item in _loose(folder)]
    return Recognised(layout, classes, (*dict.fromkeys(loose), *skipped))


def _unwrapped(part: Node) -> Node:
    """The folder with the class folders of a part: archives often hold it twice, `train/train`."""
    inside = part.folders
    if len(inside) == 1 and not part.images and inside[0].name.lower() == part.name.lower():
        return inside[0]
    return part


def _beside(folder: Node, train: Node) -> Skipped:
    known = {inner.name for inner in train.filled}
    if len(known & {inner.name for inner in folder.filled}) > 1:
        reason = "holds the classes of the training part, but its name is none of train, validation and test"
        return Skipped(f"{folder.key}/", reason, SkipKind.OTHER_PART)
    held = f" ({counted(folder.total, 'image')})" if folder.total else ""
    return Skipped(f"{folder.key}/", f"not one of the parts train, validation and test{held}", SkipKind.PLACE)


def _loose(folder: Node) -> Iterator[Skipped]:
    """Images beside class folders."""
    where = f"{folder.key}/" if folder.key else ""
    yield from (Skipped(where + text_of(file.name), "not in a class folder", SkipKind.PLACE) for file in folder.images)


def _refuse_unnamed_parts(top: Sequence[Node]) -> None:
    """Refuses few folders at the top that hold the same folders."""
    alike = [folder for folder in top if not folder.images and len(folder.filled) > 1]
    inside = [{inner.name for inner in folder.filled} for folder in alike]
    if len(alike) < 2 or len(top) > MOST_PARTS or 2 * len(alike) < len(top):
        return
    common = set.intersection(*inside)
    if len(common) > 1 and all(2 * len(common) >= len(names) for names in inside):
        message = f"{_names(alike)} look like parts: they hold the same folders ({first_of(sorted(common), 6)})"
        raise _unclear(message, f"Name them train, validation and test. {_ARE_CLASSES}")


def _refuse_level_above(root: Node) -> None:
    """Refuses a folder whose only folder with images holds the class folders."""
    level = _class_level(root)
    if level is not root:
        down = level.key.count("/") + 1
        levels = "One level" if down == 1 else f"{down} levels"
        raise BadInput.of(
            "data.source", f"the class folders are further down: {_held(level)}", f"{levels} down: {level.key}."
        )


def _refuse_level_inside(part: Node) -> None:
    """Refuses a part whose only folder holds the class folders: it would be the only class."""
    level = _class_level(part)
    if level is not part:
        remedy = f"Move the class folders up, into {part.key}; the same in the other parts."
        raise BadInput.of("data.source", f"the class folders are further down: {_held(level)}", remedy)


def _class_level(folder: Node) -> Node:
    """The folder itself, or the one below a chain of single folders that holds several folders with images."""
    level = folder
    while len(level.filled) == 1 and not level.images:
        level = level.filled[0]
    return folder if level.images else level


def _held(folder: Node) -> str:
    return f"{folder.key}/ holds {first_of([inner.name for inner in folder.filled], 6)}"


def _contents(folder: Node) -> str:
    if folder.not_read:
        return f"{folder.key}/ is left out ({folder.not_read})"
    return f"{folder.key}/ holds {counted(len(folder.images), 'image')} and no class folder with images"


def _names(folders: Sequence[Node]) -> str:
    """After the word "folders": a message does not begin with a name, which forms would write with a capital."""
    return f"the folders {joined([f'{folder.key}/' for folder in folders])}"


def _unclear(message: str, remedy: str) -> BadInput:
    return BadInput.of("data.layout", message, remedy)
