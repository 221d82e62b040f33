"""Getting an experiment ready before anybody asks for it: its network built, its stored features computed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from tl_core.backbones import BACKBONES
from tl_core.backbones.weights import resolve
from tl_core.cache import Progress
from tl_core.data.prepare import prepare
from tl_core.engine.backend import keras, set_up
from tl_core.engine.inputs import prefix
from tl_core.engine.networks import spare
from tl_core.engine.networks.assembly import Parts, divide, with_head
from tl_core.engine.training.material import identity_of, stored_features
from tl_core.phases import phases, validates_from_features
from tl_core.spec import ExperimentSpec
from tl_core.store import cache_folder


def get_ready(spec: ExperimentSpec, models: Path, progress: Progress) -> None:
    """Makes what a run of this spec would begin with; nothing is downloaded that is not here.

    Raises:
        BadInput, RunFailed: as a run would.
        RunStopped: where `progress` raises it.
    """
    set_up(spec.train.seed)
    with network_meanwhile(spec, progress) as watched:
        data = prepare(spec.data, spec.image_size, cache_folder(models), watched)
    progress("Building the network", 0, 1)
    network = _network(spec)
    if _stores_features(spec):
        parts = _parts(network, spec, len(data.dataset.class_names))
        stored_features(spec, data, parts, cache_folder(models), progress)


@contextmanager
def network_meanwhile(spec: ExperimentSpec, progress: Progress) -> Iterator[Progress]:
    """Within it the network of a spec is built, and made ready for computing features where the `Progress` it gives hears of decoding.

    For whoever decodes pictures at the same time. What is not here is not downloaded.
    """
    backbone = BACKBONES[spec.backbone.name]
    file = resolve(backbone, spec.backbone.weights).path
    if file is not None and not file.is_file():
        yield progress
        return
    decoding = Event()

    def watched(what: str, done: int, total: int) -> None:
        decoding.set()  # There are no features of pictures that have yet to be decoded.
        progress(what, done, total)

    def build() -> None:
        network = _network(spec)
        if decoding.is_set() and _stores_features(spec) and spec.train.prefix_precision == "f32":
            parts = _parts(network, spec, classes=2)  # The frozen part is the same for any number.
            assert parts.prefix is not None
            prefix.keep(parts.prefix, identity_of(spec, parts))

    with ThreadPoolExecutor(max_workers=1) as other:
        building = other.submit(build)
        yield watched
    building.result()


def _network(spec: ExperimentSpec) -> keras.Model:
    return spare.keep(BACKBONES[spec.backbone.name], spec.image_size, spec.backbone.weights, spec.train.seed)


def _stores_features(spec: ExperimentSpec) -> bool:
    """True where a run would begin by computing features, with weights that are at hand before it is made.

    What is frozen in a fork may have been trained by its parent.
    """
    return validates_from_features(spec, phases(spec)[0]) and not spec.start.run


def _parts(network: keras.Model, spec: ExperimentSpec, classes: int) -> Parts:
    return divide(with_head(network, spec, classes), spec, phases(spec)[0].frozen)


def is_ready(spec: ExperimentSpec) -> bool:
    """True where the network of a spec is there already."""
    return spare.is_kept(BACKBONES[spec.backbone.name], spec.image_size, spec.backbone.weights, spec.train.seed)
