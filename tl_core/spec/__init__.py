"""The settings of an experiment, a module a section."""

from tl_core.spec.augment import Augment
from tl_core.spec.backbone import BackboneSpec
from tl_core.spec.data import DataSpec
from tl_core.spec.experiment import PARAMETERS, VERSION, ExperimentSpec
from tl_core.spec.head import HeadSpec
from tl_core.spec.train import TrainSpec

__all__ = [
    "PARAMETERS",
    "VERSION",
    "Augment",
    "BackboneSpec",
    "DataSpec",
    "ExperimentSpec",
    "HeadSpec",
    "TrainSpec",
]
