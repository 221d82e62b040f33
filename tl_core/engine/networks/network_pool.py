"""A network built in advance: building takes most of a second, which an idle worker can spend."""

from __future__ import annotations

from tl_core.backbones.download import Report
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import weights
from tl_core.experiment.resolve import Experiment

_Key = tuple[str, int, str]

_spare: dict[_Key, keras.Model] = {}
_lent: dict[_Key, keras.Model] = {}


def pretrained(experiment: Experiment, report: Report | None = None) -> keras.Model:
    """A network with its initial weights, for the caller alone: the spare one if it fits, otherwise built now.

    Args:
        report: See `weights.load`, also for what is raised.
    """
    key = _key(experiment)
    network = _spare.pop(key, None) or _built(experiment, report)
    _lent.clear()
    _lent[key] = network
    return network


def give_back() -> None:
    """Returns the network that `pretrained` gave last to the pool; only if its weights are unchanged."""
    if _lent:
        _spare.clear()
        _spare.update(_lent)
        _lent.clear()


def keep(experiment: Experiment) -> keras.Model:
    """Builds the network that `pretrained` will give next, replacing any other; its weights must not be changed."""
    key = _key(experiment)
    if key not in _spare:
        _spare.clear()
        _spare[key] = _built(experiment)
    return _spare[key]


def forget() -> None:
    """Forgets the network that `pretrained` gave last: it does not return to the pool."""
    _lent.clear()


def is_kept(experiment: Experiment) -> bool:
    return _key(experiment) in _spare


def _key(experiment: Experiment) -> _Key:
    return experiment.backbone.name, experiment.image_size, experiment.weights_identity


def _built(experiment: Experiment, report: Report | None = None) -> keras.Model:
    backbone, spec = experiment.backbone, experiment.spec
    network = networks.build(backbone, experiment.image_size)
    weights.load(network, backbone, spec.backbone.weights, spec.train.seed, report)
    return network
