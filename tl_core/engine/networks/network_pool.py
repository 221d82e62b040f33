"""A network built in advance: building takes most of a second, which an idle worker can spend."""

from __future__ import annotations

from tl_core.backbones.download import Report
from tl_core.backbones.table import Backbone
from tl_core.backbones.weights import weights_identity
from tl_core.engine.backend import keras
from tl_core.engine.networks import build as networks
from tl_core.engine.networks import weights

_Key = tuple[str, int, str]

_spare: dict[_Key, keras.Model] = {}
_lent: dict[_Key, keras.Model] = {}


def pretrained(backbone: Backbone, size: int, setting: str, seed: int, report: Report | None = None) -> keras.Model:
    """A network with its initial weights, for the caller alone: the spare one if it fits, otherwise built now.

    Args:
        setting, seed, report: See `weights.load`, also for what is raised.
    """
    key = _key(backbone, size, setting, seed)
    network = _spare.pop(key, None) or _built(backbone, size, setting, seed, report)
    _lent.clear()
    _lent[key] = network
    return network


def give_back() -> None:
    """Returns the network that `pretrained` gave last to the pool; only if its weights are unchanged."""
    if _lent:
        _spare.clear()
        _spare.update(_lent)
        _lent.clear()


def keep(backbone: Backbone, size: int, setting: str, seed: int) -> keras.Model:
    """Builds the network that `pretrained` will give next, replacing any other; its weights must not be changed."""
    key = _key(backbone, size, setting, seed)
    if key not in _spare:
        _spare.clear()
        _spare[key] = _built(backbone, size, setting, seed)
    return _spare[key]


def forget() -> None:
    """Forgets the network that `pretrained` gave last: it does not return to the pool."""
    _lent.clear()


def is_kept(backbone: Backbone, size: int, setting: str, seed: int) -> bool:
    return _key(backbone, size, setting, seed) in _spare


def _key(backbone: Backbone, size: int, setting: str, seed: int) -> _Key:
    return backbone.name, size, weights_identity(backbone, setting, seed)


def _built(backbone: Backbone, size: int, setting: str, seed: int, report: Report | None = None) -> keras.Model:
    network = networks.build(backbone, size)
    weights.load(network, backbone, setting, seed, report)
    return network
