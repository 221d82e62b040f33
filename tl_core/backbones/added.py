"""Networks of your own: each a folder `models/networks/NAME` with a file of Keras and its description, and a row of the table of backbones.

The row is called own-NAME: no later row of the table can have its name, and a missing folder is not taken for a name misspelt. Folders
are looked at whenever a name is asked for: a worker finds networks that were added after it began. Imports no Keras.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from tl_core import files
from tl_core.backbones.checksums import sha256_of
from tl_core.backbones.row import Backbone, Cut, WeightsFile
from tl_core.backbones.scaling import Order, Scaling
from tl_core.errors import BadInput, Damaged, Problem, nearest
from tl_core.files import digest_of, read_json, sealed, unsealed, write_json
from tl_core.records.values import from_json

SETTING = "backbone.name"
PREFIX = "own-"
DESCRIPTION = "network.json"
COMMAND = "add-network"
"""The command that adds one."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
"""What NAME may be: it names a folder, and stands in settings and addresses."""


@dataclass(frozen=True)
class Description:
    """What the file `network.json` says, beside the facts.

    Attributes:
        file: Name of the file of weights in the same folder: a whole network (`.keras`), or weights alone (`.h5`) with an architecture.
        sha256: Of that file.
        file_bytes: Its size.
        origin: The name of the file it was made from.
        added: The day, as 2026-11-30.
        mean, scale, order: How pixels are scaled; see `Scaling`.
        architecture: The row of the table whose layers the network has; empty for a whole network.
    """

    title: str
    file: str
    sha256: str
    file_bytes: int
    origin: str
    added: str
    native_size: int
    minimum_size: int
    cuts: tuple[Cut, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    order: str
    architecture: str = ""
    citation: str = ""
    licence: str = ""

    @property
    def scaling(self) -> Scaling:
        (first, second, third), (one, two, three) = self.mean, self.scale
        return Scaling((first, second, third), (one, two, three), cast(Order, self.order))


@dataclass(frozen=True)
class AddedNetwork:
    """A network of your own.

    Attributes:
        name: Of its row: own-NAME.
        facts: Parameters, shapes and costs, as an entry of `facts.json`.
    """

    name: str
    folder: Path
    description: Description
    facts: Mapping[str, Any]

    @property
    def file(self) -> Path:
        return self.folder / self.description.file

    @property
    def present(self) -> bool:
        """False once it was removed: its description stays, so that its runs stay readable."""
        return self.file.is_file()

    @property
    def row(self) -> Backbone:
        """Its row of the table."""
        said, scaling = self.description, self.description.scaling
        return Backbone(
            name=self.name,
            title=said.title,
            help=f"A network of your own, added on {said.added} from {said.origin}.",
            citation=said.citation or f"Your own network, from {said.origin}",
            licence=said.licence or "licence not stated",
            scaling=scaling,
            native_size=said.native_size,
            minimum_size=said.minimum_size,
            imagenet_accuracy=None,
            cuts=said.cuts,
            weights=WeightsFile("added", str(self.file), "", said.sha256, said.file_bytes / 1e6),
            accuracy_source="",
            architecture=said.architecture,
            digest=digest_of(said.sha256, asdict(scaling), [asdict(cut) for cut in said.cuts], said.architecture),
        )


@dataclass
class _Here:
    """What this process looks names up in: a models folder, and rows that are being added."""

    models: Path | None = None
    unfinished: dict[str, Backbone] = field(default_factory=dict)


_here = _Here()


def use(models: Path) -> None:
    """From now on the networks of this models folder are rows of the table in this process."""
    _here.models = models.absolute()


def folder_of(models: Path, name: str) -> Path:
    """The folder of a network, by the name of its row or without the prefix."""
    return models.absolute() / "networks" / name.removeprefix(PREFIX)


def is_added(name: object) -> bool:
    """Whether a name is that of a network of your own, here or not."""
    return isinstance(name, str) and name.startswith(PREFIX)


def rows() -> dict[str, Backbone]:
    """The rows of all networks that are here and can be read, by name."""
    return {one.name: one.row for one in networks(_here.models)[0] if one.present} if _here.models else {}


def row(name: str) -> Backbone:
    """The row of a network, also of one that was removed; raises BadInput, see `network`."""
    return _here.unfinished[name] if name in _here.unfinished else network(name).row


def network(name: str) -> AddedNetwork:
    """A network by the name of its row.

    Raises:
        BadInput: it is not in the models folder, or its description is damaged; says so in a sentence.
    """
    if _here.models is None or not NAME.fullmatch(name.removeprefix(PREFIX)):
        raise BadInput.of(SETTING, f"there is no network of your own named {name!r}", "Choose another backbone.")
    try:
        return _read(folder_of(_here.models, name))
    except FileNotFoundError:
        known = nearest(name, rows())
        message = f"the network of your own {name!r} is not in {_here.models / 'networks'}"
        remedy = f"Did you mean {' or '.join(known)}?" if known else ""
        again = f"Add it with the command {COMMAND}, or copy its folder there from where it was added."
        raise BadInput.of(SETTING, message, remedy or again) from None
    except Damaged as error:
        raise BadInput.of(SETTING, f"the network of your own {name!r} cannot be used: {error}") from None


def networks(models: Path) -> tuple[tuple[AddedNetwork, ...], tuple[str, ...]]:
    """The networks of a models folder by name, those that were removed included, and for each damaged description a sentence."""
    found, damaged = [], []
    top = folder_of(models, "")
    for folder in sorted(top.iterdir()) if top.is_dir() else ():
        try:
            if NAME.fullmatch(folder.name):
                found.append(_read(folder))
        except FileNotFoundError:
            continue
        except Damaged as error:
            damaged.append(str(error))
    return tuple(found), tuple(damaged)


def problems(backbone: Backbone) -> tuple[Problem, ...]:
    """Why the file of a network of your own cannot be used: it is gone, or is not the one that was added. Empty for any other backbone."""
    if backbone.weights.kind != "added":
        return ()
    path, again = Path(backbone.weights.file), f"Add it again with the command {COMMAND}, or choose another backbone."
    if not path.is_file():
        return (Problem(SETTING, f"{backbone.title} was removed: there is no file {path}", again),)
    if sha256_of(path) != network(backbone.name).description.sha256:
        return (Problem(SETTING, f"{path} is not the file that was added as {backbone.title}", again),)
    return ()


def remove(models: Path, name: str) -> AddedNetwork:
    """Deletes the file of a network. Its description stays, so that curves and settings of its runs stay readable.

    Raises:
        BadInput: there is no network of that name.
    """
    use(models)
    found = network(name if is_added(name) else PREFIX + name)
    found.file.unlink(missing_ok=True)
    return found


def check_name(models: Path, name: str) -> None:
    """Raises BadInput if a network cannot be added under a name."""
    if not NAME.fullmatch(name):
        allowed = "up to 40 letters, digits, points, hyphens and underlines, a letter or digit first"
        raise BadInput.of("--name", f"received {name!r}; allowed are {allowed}")
    try:
        taken = _read(folder_of(models, name)).present
    except FileNotFoundError:
        return
    except Damaged as error:
        raise BadInput.of("--name", str(error)) from None
    if taken:
        raise BadInput.of("--name", f"there is a network {name!r} already", "Choose another name, or remove that one.")


@contextmanager
def adding(models: Path, name: str) -> Iterator[Path]:
    """A context with a new folder, which becomes that of the network if nothing is raised; otherwise nothing is left."""
    final = folder_of(models, name)
    folder = final.with_name(f"{files.TEMPORARY}{uuid.uuid4().hex[:8]}")
    folder.mkdir(parents=True)
    try:
        yield folder
        shutil.rmtree(final, ignore_errors=True)  # Of one that was removed.
        folder.rename(final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def unfinished(backbone: Backbone) -> Iterator[None]:
    """A context in which this process finds a row by name that has no description yet."""
    _here.unfinished[backbone.name] = backbone
    try:
        yield
    finally:
        del _here.unfinished[backbone.name]


def write(network: AddedNetwork) -> None:
    """Writes the description of a network into its folder."""
    write_json(network.folder / DESCRIPTION, sealed({**asdict(network.description), "facts": dict(network.facts)}))


def _read(folder: Path) -> AddedNetwork:
    """Raises FileNotFoundError, or Damaged with the reason."""
    path = folder / DESCRIPTION
    found = path.stat()
    return _described(folder, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=256)
def _described(folder: Path, _size: int, _changed: int) -> AddedNetwork:
    return read_json(
        folder / DESCRIPTION, lambda values: _made(folder, values), remedy="Remove its folder, and add it again."
    )


def _made(folder: Path, values: Mapping[str, Any]) -> AddedNetwork:
    content, vouched = unsealed(values)
    if not vouched:
        raise ValueError("it has no checksum")
    said = from_json(Description, content)
    if Path(said.file).name != said.file:
        raise ValueError(f"{said.file!r} is no file of this folder")
    made = AddedNetwork(PREFIX + folder.name, folder, said, content["facts"])
    _check_facts(made)
    if not made.row.cuts:  # Making the row also checks the numbers of its scaling.
        raise ValueError("it has no cuts")
    return made


def _check_facts(network: AddedNetwork) -> None:
    """Raises what making facts of them does if they are not those that this version measures."""
    from tl_core.backbones.facts import from_json as facts_of  # That module reads the table that these are rows of.

    facts_of(network.name, network.facts)
