"""Pretrained networks: built while images are decoded, and kept from run to run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tl_core.backbones.download import Report
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.backend import keras
from tl_core.engine.networks.assembly import pretrained
from tl_core.experiment.resolve import Experiment
from tl_core.records import Activity, ProgressCallback, Stage


class NetworkPool:
    """Keeps the last pretrained network, because building one takes most of a second.

    Its weights must not change: call `clear` before training them.
    """

    def __init__(self) -> None:
        self._kept: tuple[tuple[str, int, bool, str], keras.Model] | None = None

    def network(self, experiment: Experiment, report: Report | None = None) -> keras.Model:
        """The network of an experiment with its pretrained weights, built if another one or none is kept; see `pretrained`."""
        if self._kept is None or not self.has(experiment):
            self.clear()  # Before another one is built: one at a time in memory.
            network = pretrained(experiment, report)
            self._kept = _key(experiment), network  # The key may depend on a file that was just downloaded.
        return self._kept[1]

    def has(self, experiment: Experiment) -> bool:
        """True if the network of an experiment is kept."""
        return self._kept is not None and self._kept[0] == _key(experiment)

    def clear(self) -> None:
        """Keeps no network any longer."""
        self._kept = None


def _key(experiment: Experiment) -> tuple[str, int, bool, str]:
    return experiment.backbone.name, experiment.image_size, experiment.spec.backbone.mirror, experiment.weights_identity


def prepare_with_network(
    experiment: Experiment, cache: Path, progress: ProgressCallback, pool: NetworkPool
) -> tuple[Prepared, keras.Model]:
    """The data of an experiment, and its pretrained network, which is built while images are decoded.

    Raises:
        BadInput, RunFailed, RunStopped: as `prepare` and `pretrained` do.
    """
    data, size = experiment.spec.data, experiment.image_size
    if not experiment.weights.present:
        prepared = prepare(data, size, cache, progress)
        return prepared, pool.network(experiment, partial(progress, Activity(Stage.DOWNLOADING)))

    def watched(activity: Activity, done: int, total: int) -> None:
        if network.done():
            network.result()  # Raises its error now, not after all images are decoded.
        progress(activity, done, total)

    with ThreadPoolExecutor(max_workers=1) as other:
        network = other.submit(pool.network, experiment)
        prepared = prepare(data, size, cache, watched)
    return prepared, network.result()
