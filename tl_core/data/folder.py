"""A folder of photos: one folder per class, with or without train/validation/test above the classes.

Folders inside a class belong to that class. Unusable files are never an error: they are skipped with a reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from tl_core.data import decode
from tl_core.data.dataset import ImageDataset, Item, Part, Unreadable
from tl_core.data.folder_tree import Node, key_of, tree_of
from tl_core.data.grey import GreyRange
from tl_core.data.label_table import label_table
from tl_core.data.layout import LayoutChoice, recognise
from tl_core.data.names import native
from tl_core.data.skipped import SkipKind, Skipped, by_reason, counts, empty_class
from tl_core.errors import BadInput
from tl_core.files import digest_of
from tl_core.text import first_of, joined

Found = tuple[Path, str, Part | None]
"""A file that may be an image, its class, and its part."""


def load(path: str, source: str, layout: LayoutChoice = "auto") -> ImageDataset:
    """The labelled images below a folder; nothing is decoded yet.

    Args:
        layout: "classes": the folders at the top are the classes, whatever they look like.

    Raises:
        BadInput: the folder does not exist, has no class folder with an image, or its layout is unclear.
    """
    root, skipped = root_of(path), list[Skipped]()
    tree = tree_of(root, skipped)
    recognised = recognise(tree, layout)
    skipped += recognised.skipped
    found = [(file, folder.name, part) for folder, part in recognised.classes for file in _filled(folder, skipped)]
    _refuse_unsorted(root, tree, [folder for folder, _ in recognised.classes if folder.total], skipped)
    read = list(_digested(root, found, skipped))
    names = tuple(sorted({name for _, (_, name, _) in read}))
    labels = {name: label for label, name in enumerate(names)}
    items = tuple(
        Item(key_of(root, file), labels[name], digest, group=digest, part=part) for digest, (file, name, part) in read
    )
    fingerprint = digest_of("folder", names, [(item.key, item.label, item.digest, item.part) for item in items])
    return ImageDataset(source, names, items, fingerprint, partial(open_image, root), tuple(skipped), recognised.layout)


def open_image(root: Path, item: Item, grey_range: GreyRange) -> Image.Image:
    """One photo, decoded; raises Unreadable."""
    return decode.open_rgb(root / native(item.key), grey_range)


def open_key(root: Path, key: str, grey_range: GreyRange) -> Image.Image:
    """The photo of a key, which never leads out of the folder, whatever stands in it; raises Unreadable."""
    try:
        file = (root / native(key)).resolve()
        if not file.is_relative_to(root):
            raise Unreadable("not in the folder of the dataset")
        if not file.is_file():
            raise Unreadable("not there any more")
    except (OSError, ValueError, RuntimeError) as error:  # A name too long, a NUL, a link to itself.
        raise Unreadable(f"not the name of a file ({error})") from None
    return decode.open_rgb(file, grey_range)


def root_of(path: str) -> Path:
    """A folder as an absolute path; raises BadInput if it is none."""
    try:
        root = Path(path).expanduser().resolve()
        if path and root.is_dir():
            return root
        reason = f"there is no folder {path!r}"
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a NUL, an unknown ~user
        reason = f"{path!r} is not the path of a folder ({getattr(error, 'strerror', None) or error})"
    raise BadInput.of("data.source", reason, "Give the folder that contains the class folders.")


def _filled(folder: Node, skipped: list[Skipped]) -> Iterator[Path]:
    """The files of a class that may be images; a folder without any is skipped."""
    if not folder.total and not folder.not_read:
        skipped.append(empty_class(folder.key))
    yield from folder.all_images()


def _refuse_unsorted(root: Path, tree: Node, classes: Sequence[Node], skipped: Sequence[Skipped]) -> None:
    """Refuses a folder without classes, and images in one folder whose labels are in a table.

    Args:
        classes: The class folders with images.
    """
    if len(classes) > 1:
        return
    images = {file.name for file in tree.all_images()}
    if images and (table := label_table([root, *(folder.path for folder in classes)], images)):
        place = f"in one folder, {classes[0].key}/" if classes else "directly in the folder"
        labels = f"its column {table.column} ({first_of(table.labels, 6)})"
        message = f"the images lie {place}; {key_of(root, table.file)} has their labels in {labels}"
        remedy = "Tables of labels are not read: put the images of each label into a folder of its name."
        raise BadInput.of("data.source", message, remedy)
    if not classes:
        raise BadInput.of("data.source", "found no images in class folders", _expected(skipped))


def _expected(skipped: Sequence[Skipped]) -> str:
    linked = any(item.kind is SkipKind.LINK for item in skipped)
    remedy = " Links out of the folder are not followed: put the images themselves there." if linked else ""
    seen = f" Left out: {counts(skipped)} ({'; '.join(by_reason(skipped)[:3])})." if skipped else ""
    return f"Expected one folder per class with {joined(decode.readable_formats(), 'or')} files.{seen}{remedy}"


def _digested(root: Path, found: Sequence[Found], skipped: list[Skipped]) -> Iterator[tuple[str, Found]]:
    """Each file with the digest of its content; files that cannot be read are skipped."""
    for each in found:
        try:
            yield _content_digest(each[0]), each
        except OSError as error:
            reason = f"cannot be read ({error.strerror})"
            skipped.append(Skipped(key_of(root, each[0]), reason, SkipKind.NO_ACCESS))


def _content_digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:32]
