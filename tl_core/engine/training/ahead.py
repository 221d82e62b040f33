"""Getting an experiment ready before anybody asks for it: its network built, its stored features computed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tl_core.backbones import BACKBONES
from tl_core.backbones.weights import resolve
from tl_core.cache import Progress
from tl_core.data.prepare import prepare
from tl_core.engine.backend import set_up
from tl_core.engine.networks import spare
from tl_core.engine.networks.assembly import divide, with_head
from tl_core.engine.training.material import stored_features
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
    data = prepare(spec.data, spec.image_size, cache_folder(models), progress)
    progress("Building the network", 0, 1)
    network = spare.keep(BACKBONES[spec.backbone.name], spec.image_size, spec.backbone.weights, spec.train.seed)
    first = phases(spec)[0]
    # What is frozen in a fork may have been trained by its parent, whose weights are at hand only once the fork is made.
    if validates_from_features(spec, first) and not spec.start.run:
        model = with_head(network, spec, len(data.dataset.class_names))
        stored_features(spec, data, divide(model, spec, first.frozen), cache_folder(models), progress)


@contextmanager
def network_meanwhile(spec: ExperimentSpec) -> Iterator[None]:
    """Within it the network of a spec is built, for whoever decodes pictures at the same time; what is not here is not downloaded."""
    backbone = BACKBONES[spec.backbone.name]
    file = resolve(backbone, spec.backbone.weights).path
    if file is not None and not file.is_file():
        yield
        return
    with ThreadPoolExecutor(max_workers=1) as other:
        building = other.submit(spare.keep, backbone, spec.image_size, spec.backbone.weights, spec.train.seed)
        yield
    building.result()


def is_ready(spec: ExperimentSpec) -> bool:
    """True where the network of a spec is there already."""
    return spare.is_kept(BACKBONES[spec.backbone.name], spec.image_size, spec.backbone.weights, spec.train.seed)
