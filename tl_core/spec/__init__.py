"""The settings of an experiment, a module a section."""

from tl_core.spec.augment import Augment
from tl_core.spec.backbone import BackboneSpec
from tl_core.spec.data import DataSpec
from tl_core.spec.experiment import PARAMETERS, VERSION, ExperimentSpec
from tl_core.spec.head import HeadSpec
from tl_core.spec.loss import LossSpec
from tl_core.spec.optimizer import OptimizerSpec
from tl_core.spec.schedule import ScheduleSpec
from tl_core.spec.stages import Stage
from tl_core.spec.start import StartSpec
from tl_core.spec.stopping import StoppingSpec
from tl_core.spec.train import TrainSpec

__all__ = [
    "PARAMETERS",
    "VERSION",
    "Augment",
    "BackboneSpec",
    "DataSpec",
    "ExperimentSpec",
    "HeadSpec",
    "LossSpec",
    "OptimizerSpec",
    "ScheduleSpec",
    "Stage",
    "StartSpec",
    "StoppingSpec",
    "TrainSpec",
]
