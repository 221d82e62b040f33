"""The settings of an experiment, a module a section."""

from tl_core.experiment.spec.augment import Augment
from tl_core.experiment.spec.backbone import BackboneSpec
from tl_core.experiment.spec.data import DataSpec
from tl_core.experiment.spec.experiment import PARAMETERS, VERSION, ExperimentSpec
from tl_core.experiment.spec.head import HeadSpec
from tl_core.experiment.spec.loss import LossSpec
from tl_core.experiment.spec.optimizer import OptimizerSpec
from tl_core.experiment.spec.schedule import ScheduleSpec
from tl_core.experiment.spec.stages import Stage
from tl_core.experiment.spec.start import StartSpec
from tl_core.experiment.spec.stopping import StoppingSpec
from tl_core.experiment.spec.train import TrainSpec

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
