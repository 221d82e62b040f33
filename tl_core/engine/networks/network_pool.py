"""A network that was built before it is needed: building one takes most of a second, which a worker has while nothing trains."""

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
    """A network with its first weights, for the caller alone: the spare one where it fits, else built now.

    Args:
        setting, seed, report: As for `weights.load`, which says what is raised.
    """
    key = _key(backbone, size, setting, seed)
    network = _spare.pop(key, None) or _built(backbone, size, setting, seed, report)
    _lent.clear()
    _lent[key] = network
    return network


def give_back() -> None:
    """Keeps the network that `pretrained` gave last for the next to ask for one; only where no weight of it was changed."""
    if _lent:
        _spare.clear()
        _spare.update(_lent)
        _lent.clear()


def keep(backbone: Backbone, size: int, setting: str, seed: int) -> keras.Model:
    """Builds the network that `pretrained` will give next, in place of any other; nobody may change its weights."""
    key = _key(backbone, size, setting, seed)
    if key not in _spare:
        _spare.clear()
        _spare[key] = _built(backbone, size, setting, seed)
    return _spare[key]


def forget() -> None:
    """Lets go of the network that `pretrained` gave last: it is not given back."""
    _lent.clear()


def is_kept(backbone: Backbone, size: int, setting: str, seed: int) -> bool:
    return _key(backbone, size, setting, seed) in _spare


def _key(backbone: Backbone, size: int, setting: str, seed: int) -> _Key:
    return backbone.name, size, weights_identity(backbone, setting, seed)


def _built(backbone: Backbone, size: int, setting: str, seed: int, report: Report | None = None) -> keras.Model:
    network = networks.build(backbone, size)
    weights.load(network, backbone, setting, seed, report)
    return network
