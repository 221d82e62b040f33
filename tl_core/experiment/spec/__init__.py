"""The settings of an experiment: sections of a spec, grouped by what they are about."""

from tl_core.experiment.spec.augment import Augment
from tl_core.experiment.spec.data import DataSpec
from tl_core.experiment.spec.experiment import PARAMETERS, VERSION, ExperimentSpec, StartSpec
from tl_core.experiment.spec.network import BackboneSpec, HeadSpec
from tl_core.experiment.spec.optimisation import LossSpec, OptimizerSpec, ScheduleSpec
from tl_core.experiment.spec.training import Stage, StoppingSpec, TrainSpec

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
