"""Inactive settings, with the reason: a plan refuses changed ones, a form leaves them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tl_core.data.dataset import ImageDataset
from tl_core.data.sources import parse
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import PARAMETERS, DataSpec, ExperimentSpec
from tl_core.text import joined

Found = Iterator[tuple[tuple[str, ...], str, str]]
"""Paths, the reason why they have no effect, and a remedy."""


@dataclass(frozen=True)
class Inactive:
    """because: the end of a sentence that begins with "has no effect"."""

    because: str
    remedy: str


def inactive_settings(experiment: Experiment) -> dict[str, Inactive]:
    """The settings, by path, that have no effect in an experiment at any value."""
    made: dict[str, Inactive] = {}
    for rule in _RULES:
        for paths, because, remedy in rule(experiment):
            for path in paths:
                made.setdefault(path, Inactive(because, remedy))
    return made


def inactive_data_settings(data: DataSpec, dataset: ImageDataset) -> dict[str, Inactive]:
    """The settings, by path, that have no effect on these data at any value: data that came split are not split again."""
    found: dict[str, Inactive] = {}
    if dataset.layout is None:
        found["data.layout"] = Inactive("only a folder has a layout", "Leave it out.")
        found["data.accept_missing"] = Inactive("only images in folders can be missing", "Leave it out.")
    came_with = {item.part for item in dataset.items} - {None, "train"}
    if came_with:
        split = ["data.test_share"]
        if "validation" in came_with:
            split += ["data.validation_share", "data.group_by"]
            split += [] if data.images_per_class or data.label_noise else ["data.split_seed"]
        because = f"the data came split ({', '.join(sorted(map(str, came_with)))} beside train)"
        found |= dict.fromkeys(split, Inactive(because, "Leave it out."))
    return found


@dataclass(frozen=True)
class ActivePart:
    """A spec without what has no effect.

    Attributes:
        spec: The spec with its inactive settings at their defaults.
        inactive: Its inactive settings, by path, changed or not.
    """

    spec: ExperimentSpec
    inactive: dict[str, Inactive]


def active_part(spec: ExperimentSpec, dataset: ImageDataset | None = None) -> ActivePart:
    """What of a spec has an effect. Valid settings stay valid: an inactive one is read by nothing.

    Args:
        dataset: Its data, if they can be listed.
    """
    found: dict[str, Inactive] = {}
    while True:  # A setting that is reset may have been all that another one needed.
        now = inactive_settings(resolve(spec))
        now |= inactive_data_settings(spec.data, dataset) if dataset else {}
        # Without its start a fork would be another run; that it cannot be one stays a problem.
        new = {path: why for path, why in now.items() if path not in found and not path.startswith("start.")}
        if not new:
            return ActivePart(spec, found)
        found |= new
        spec = spec.with_values({path: _DEFAULTS[path] for path in new})


_DEFAULTS = {row.path: row.default for row in PARAMETERS}


def _source(experiment: Experiment) -> Found:
    source, _ = parse(experiment.spec.data.source)
    if not source.is_path:
        yield (
            ("data.grey_range",),
            f"the images of {source.name} have 8 bits",
            "Choose a folder of photos, or leave it out.",
        )


_OF_STORED = ("train.feature_cache", "train.feature_storage", "train.prefix_precision")
_USED_WHEN_SOLVED = ("head.classifier", "head.pooling", "train.seed", *_OF_STORED)
_SECTIONS = ("head", "augment", "train", "optimizer", "schedule", "loss", "stopping", "start")
_NEURAL = tuple(
    row.path for row in PARAMETERS if row.path.partition(".")[0] in _SECTIONS and row.path not in _USED_WHEN_SOLVED
)


def _solved(experiment: Experiment) -> Found:
    row = experiment.spec.head.solver
    if row is None:
        return
    for path, because in row.unused.items():
        yield (path,), because.format(name=row.name), "Leave it out."
    because = f"{row.name} is solved at once, without epochs"
    paths = tuple(path for path in _NEURAL if path not in row.uses)
    yield paths, because, "Leave it out, or choose the softmax classifier."


def _projection(experiment: Experiment) -> Found:
    row = experiment.spec.head.solver
    if row is None or not row.projects:
        names = joined([row.name for row in SOLVED if row.projects], "or")
        yield ("head.projection_units",), f"only {names} has a projection", f"Choose {names}, or leave it out."


_OF_THAWED = (
    "train.head_epochs",
    "train.stages",
    "train.backbone_learning_rate",
    "train.layer_decay",
    "train.backbone_l2",
    "train.update_batch_norm",
)


def _frozen(experiment: Experiment) -> Found:
    if not experiment.solved and experiment.frozen == experiment.top:
        yield (
            _OF_THAWED,
            "every block is frozen",
            "Thaw some of the top blocks (for example, freeze depth all-but-2), or reset it.",
        )


def _one_thawed(experiment: Experiment) -> Found:
    if len(experiment.above(experiment.frozen)) == 1:
        because = "only one block thaws"
        yield ("train.layer_decay",), because, "Thaw more blocks, or reset it."


def _thawed(experiment: Experiment) -> Found:
    spec = experiment.spec
    nothing = spec.backbone.freeze == "none" and not spec.train.head_epochs and not spec.train.stages
    if nothing and not experiment.solved:
        yield (*_OF_STORED, "train.views"), "no block is frozen", "Freeze some blocks, or leave it out."


def _views(experiment: Experiment) -> Found:
    spec = experiment.spec
    if not spec.augment:
        yield (
            ("train.views",),
            "nothing is augmented, so every view would be the same",
            "Add an augmentation, or set it to 0.",
        )
    if spec.train.feature_cache == "off":
        of_stored = ("train.views", "train.feature_storage", "train.prefix_precision")
        yield of_stored, "train.feature_cache is off, so nothing is stored", "Reset one of the two."


def _random(experiment: Experiment) -> Found:
    if experiment.spec.backbone.weights == "random":
        yield (
            ("backbone.keep",),
            "every block starts from random weights",
            "Choose pretrained weights, or leave it out.",
        )
    thawed = experiment.above(experiment.frozen)
    if thawed and set(thawed) <= set(experiment.random_blocks):
        because = "the blocks that thaw start from random weights, and such blocks always learn statistics of their own"
        yield ("train.update_batch_norm",), because, "Leave it out, or thaw pretrained blocks too."


def _hidden(experiment: Experiment) -> Found:
    if not experiment.spec.head.hidden:
        yield ("head.hidden_dropout",), "there is no hidden layer", "Add hidden layers, or leave it out."


def _optimizer(experiment: Experiment) -> Found:
    optimizer, remedy = experiment.spec.optimizer, "Choose sgd, or reset it."
    if optimizer.name != "sgd":
        yield ("optimizer.momentum", "optimizer.nesterov"), f"{optimizer.name} does not use it", remedy
    elif not optimizer.momentum:
        yield (
            ("optimizer.nesterov",),
            "the momentum is 0",
            "Set the momentum to 0.9, or reset it.",
        )


_OF_SCHEDULES = {
    "schedule.factor": ("step", "exponential", "plateau"),
    "schedule.every": ("step",),
    "schedule.patience": ("plateau",),
    "schedule.floor": ("step", "exponential", "cosine", "one-cycle", "plateau"),
}

_OF_RULES = {
    "stopping.metric": ("patience",),
    "stopping.patience": ("patience", "UP"),
    "stopping.min_delta": ("patience",),
    "stopping.threshold": ("GL", "PQ"),
    "stopping.strip": ("PQ", "UP"),
}


def _schedule(experiment: Experiment) -> Found:
    name = experiment.spec.schedule.name
    for path, names in _OF_SCHEDULES.items():
        if name not in names:
            because = f"the schedule {name} does not use it"
            yield (path,), because, f"Choose {' or '.join(names)}, or reset it."


def _stopping(experiment: Experiment) -> Found:
    rule = experiment.spec.stopping.rule
    for path, names in _OF_RULES.items():
        if rule not in names:
            because = "nothing stops the run early" if rule == "off" else f"the rule {rule} does not use it"
            yield (path,), because, f"Choose the rule {' or '.join(names)}, or reset it."


_RULES: tuple[Callable[[Experiment], Found], ...] = (
    _source,
    _projection,
    _solved,
    _frozen,
    _one_thawed,
    _thawed,
    _views,
    _random,
    _hidden,
    _optimizer,
    _schedule,
    _stopping,
)
