"""Which features a run would find stored, by a look at the cache."""

from __future__ import annotations

from pathlib import Path

from tl_core.backbones import BACKBONES, weights
from tl_core.cache import feature_keys
from tl_core.cache.arrays import is_built
from tl_core.devices import devices
from tl_core.experiment.phases import Phase, validates_from_features
from tl_core.experiment.spec import ExperimentSpec


def is_stored(spec: ExperimentSpec, phase: Phase, pixels: str, cache: Path) -> bool:
    """True where features of all images, as they are, are there for a phase.

    False too where their key is not to be had without the engine: of a fork, whose parent may have trained what is frozen; of int8,
    which names the images that set its ranges; on a GPU.

    Args:
        pixels: The key of the images' pixels.
    """
    key = _key(spec, phase, pixels)
    if key is None or not is_built(feature_keys.folder_of(cache, key, spec.train.feature_storage)):
        return False
    return devices()[0].name == "cpu"  # Asked last: where there is a GPU its driver is, which takes a while.


def _key(spec: ExperimentSpec, phase: Phase, pixels: str) -> tuple[object, ...] | None:
    precision, backbone = spec.train.prefix_precision, BACKBONES[spec.backbone.name]
    if phase.frozen is None or not validates_from_features(spec, phase) or spec.start.run or precision == "int8":
        return None
    if weights.problems(backbone, spec.backbone.weights):  # Those have no name.
        return None
    identity = feature_keys.identity_of(spec, phase.frozen, "CPU")
    return feature_keys.key_of(pixels, identity, feature_keys.arithmetic_of(precision))
