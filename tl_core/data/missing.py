"""What is missing from the task because files are left out: a part, a class, or more than a tenth of a class.

A run without them trains something else than you asked for, so it starts only if `data.accept_missing` names it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tl_core.data.dataset import FolderLayout, ImageDataset, SplitFolder
from tl_core.data.skipped import SkipKind, Skipped
from tl_core.errors import BadInput, Problem
from tl_core.text import counted

SETTING = "data.accept_missing"

TOLERATED = 0.1
"""The share of a class that may be missing without a question."""


@dataclass(frozen=True)
class Missing:
    """Something that is missing.

    Attributes:
        name: The folder of the part or class, by which it is accepted as missing: "val", "cat", "train/cat".
        what: What is missing and why, as a clause.
        whole: False if some of its images are left.
    """

    name: str
    what: str
    whole: bool = True


def missing(dataset: ImageDataset) -> tuple[Missing, ...]:
    """What is missing; nothing if the dataset has no folders."""
    layout = dataset.layout
    if layout is None or not _may_miss(dataset, layout):
        return ()
    parts = tuple(_missing_parts(dataset, layout))
    inside = tuple(f"{one.name}/" for one in parts)
    classes = (one for one in _missing_images(dataset, layout) if not f"{one.name}/".startswith(inside or ("\0",)))
    return (*parts, *classes)


def unaccepted(dataset: ImageDataset, accepted: Iterable[str]) -> tuple[Problem, ...]:
    """A problem for each missing part or class whose name is not among those accepted."""
    found, known = missing(dataset), set(accepted)
    written = ",".join(one.name for one in found)
    remedy = f"Repair or remove it, or train without it ({SETTING}={written})."
    return tuple(Problem(SETTING, one.what, remedy) for one in found if one.name not in known)


def refuse_missing(dataset: ImageDataset, accepted: Iterable[str]) -> None:
    """Raises BadInput for what is missing and not accepted."""
    if problems := unaccepted(dataset, accepted):
        raise BadInput(problems)


def missing_warnings(dataset: ImageDataset, accepted: Iterable[str]) -> tuple[str, ...]:
    """What is missing and accepted, as warnings; the rest are problems."""
    known = set(accepted)
    return tuple(f"{one.what[:1].upper()}{one.what[1:]}." for one in missing(dataset) if one.name in known)


def _may_miss(dataset: ImageDataset, layout: FolderLayout) -> bool:
    """False if there is nothing to look for among the images, which may be many."""
    return bool(layout.parts) or any(
        item.kind.is_missing or item.kind is SkipKind.INNER_LINK for item in dataset.skipped
    )


def _missing_parts(dataset: ImageDataset, layout: FolderLayout) -> Iterator[Missing]:
    """Parts that came with the data and have no usable image, and folders that look like parts and are not read."""
    present = {item.part for item in dataset.items}
    for part in layout.parts:
        if part.part not in present:
            instead = "; validation images are then taken from train" if part.part == "validation" else ""
            yield Missing(part.folder, f"the {part.part} part is missing: {_why_empty(dataset, part)}{instead}")
    for item in dataset.skipped:
        if item.kind is SkipKind.OTHER_PART:
            yield Missing(item.key.rstrip("/"), f"the folder {item.key} is left out: it {item.reason}")


def _why_empty(dataset: ImageDataset, part: SplitFolder) -> str:
    own = [item for item in dataset.skipped if item.key.startswith(f"{part.folder}/")]
    if not own:
        return f"{part.folder}/ holds no image"
    return f"{part.folder}/ holds no usable image ({_reasons(own)})"


def _missing_images(dataset: ImageDataset, layout: FolderLayout) -> Iterator[Missing]:
    """Class folders that miss all their images, more than a tenth of them, or a folder with an unknown number."""
    kept = Counter(layout.class_folder(item.key) for item in dataset.items)
    absent: dict[str, list[Skipped]] = defaultdict(list)
    for item in dataset.skipped:
        folder = layout.class_folder(item.key)
        if folder is not None and _is_missing(item, folder):
            absent[folder].append(item)
    for folder, items in sorted(absent.items()):
        files, left = sum(not item.is_folder for item in items), kept[folder]
        if not left:
            yield Missing(folder, f"the class {folder} is missing: {_reasons(items)}")
        elif files < len(items):
            yield Missing(folder, f"an unknown number of images of {folder} is missing: {_reasons(items)}", whole=False)
        elif files > TOLERATED * (files + left):
            yield Missing(
                folder, f"{files:,} of {files + left:,} images of {folder} are missing: {_reasons(items)}", whole=False
            )


def _is_missing(item: Skipped, folder: str) -> bool:
    if item.key == f"{folder}/":  # The class folder itself: wherever a link leads, the class is gone.
        return item.kind.is_missing or item.kind is SkipKind.INNER_LINK
    return item.kind.is_missing and item.key != folder  # A file beside the class folders belongs to no class.


def _reasons(items: Iterable[Skipped]) -> str:
    """The most frequent reasons; where there are several, with how often each."""
    found = Counter((item.reason, item.is_folder) for item in items)
    if len(found) == 1:
        return next(iter(found))[0]
    return ", ".join(
        f"{counted(count, 'folder' if folder else 'file')}: {reason}"
        for (reason, folder), count in found.most_common(3)
    )
