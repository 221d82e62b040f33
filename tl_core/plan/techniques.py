"""The regularisation and optimisation techniques of an experiment, with the layers they act on and their effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import Experiment
from tl_core.experiment.spec import ExperimentSpec, StoppingSpec
from tl_core.metrics import METRICS
from tl_core.text import counted, exact_percent, joined


@dataclass(frozen=True)
class Technique:
    """One technique.

    Attributes:
        what: Its name and strength, such as "Dropout 0.5".
        where: The layers, images or labels it acts on.
        effect: Its effect, as a sentence.
    """

    what: str
    where: str
    effect: str


def techniques(experiment: Experiment) -> tuple[Technique, ...]:
    """The techniques in use in some phase of an experiment, from the images to the weights."""
    if experiment.solved:
        return (*_mirror(experiment), *_solved(experiment.spec))
    return tuple(line for part in _PARTS for line in part(experiment))


def _solved(spec: ExperimentSpec) -> Iterator[Technique]:
    row = spec.head.solver
    if row and row.effect:
        name, effect = row.effect
        yield Technique(name, "classifier", effect)
    if spec.head.l2:
        yield Technique(
            f"L2 {spec.head.l2:g}",
            "classifier",
            "Loss and penalty on the weights are minimised together; the bias has no penalty.",
        )


def _augmentation(experiment: Experiment) -> Iterator[Technique]:
    views = experiment.spec.train.views
    stored = views and any(phase.trains_from_features for phase in experiment.phases)
    effect = f"One of {views} stored versions in turn." if stored else "Drawn anew for every image in every epoch."
    for row, amount in experiment.augmentations:
        where = "training images and their labels" if row.labels == "mixes" else "training images"
        yield Technique(f"{row.title} {amount:g}", where, effect)


def _mirror(experiment: Experiment) -> Iterator[Technique]:
    if experiment.spec.backbone.mirror:
        effect = "Features are averaged over each image and its mirror image, in training and in predictions."
        yield Technique("Mirror image", "pooled features", effect)


def _kept(experiment: Experiment) -> Iterator[Technique]:
    if experiment.kept and (above := experiment.above(experiment.kept)):
        yield Technique(
            "Random weights", joined(above), "These blocks start from random instead of pretrained weights."
        )


def _features(experiment: Experiment) -> Iterator[Technique]:
    head, layers = experiment.spec.head, dense_layers(experiment.spec)
    if head.noise:
        effect = f"Gaussian noise of standard deviation {head.noise:g} in every training step."
        yield Technique(f"Noise {head.noise:g}", "pooled features", effect)
    if head.batch_norm:
        where = joined(("pooled features", *(f"output of {name}" for name in layers[:-1])))
        yield Technique("Batch normalisation", where, "Standardises every channel over the batch.")
    before = ((head.hidden_dropout or (head.dropout,) * len(head.hidden)), layers[:-1])
    for share, name in (*zip(*before, strict=True), (head.dropout, "classifier")):
        if share:
            effect = f"{exact_percent(share)} of its inputs are set to zero at random in every training step."
            yield Technique(f"Dropout {share:g}", f"before {name}", effect)


def dense_layers(spec: ExperimentSpec) -> tuple[str, ...]:
    """The layers of the head with weights, from the features to the classifier."""
    return (*(f"head_dense_{number}" for number, _ in enumerate(spec.head.hidden, 1)), "classifier")


def _penalties(experiment: Experiment) -> Iterator[Technique]:
    head, layers = experiment.spec.head, joined(dense_layers(experiment.spec))
    zero, small = "sets weights to exactly zero", "keeps weights small"
    if experiment.spec.optimizer.ema:
        zero += ", and their moving average nearly so"
    for kind, amount, what, so in (
        ("L1", head.l1, "kernels", zero),
        ("L2", head.l2, "kernels", small),
        ("L1", head.bias_l1, "biases", zero),
        ("L2", head.bias_l2, "biases", small),
        ("Activity L1", head.activity_l1, "outputs", "makes most of them nearly zero"),
        ("Activity L2", head.activity_l2, "outputs", "keeps them small"),
    ):
        if amount:
            of = "absolute values" if kind.endswith("L1") else "squares"
            mean = ", averaged over the batch," if what == "outputs" else ""
            effect = f"Adds {amount:g} × the sum of their {of}{mean} to the loss; {so}."
            yield Technique(f"{kind} {amount:g}", f"{what} of {layers}", effect)


def _thawed(experiment: Experiment) -> Iterator[Technique]:
    train, thawed = experiment.spec.train, [one for one in experiment.phases if one.backbone_rate is not None]
    for phase in thawed:
        where = f"thawed layers of {joined(phase.thawed)}" + _when(phase, thawed)
        if train.backbone_l2:
            effect = f"Adds {train.backbone_l2:g} × the sum of the squares of their kernels to the loss; keeps weights small."
            yield Technique(f"L2 {train.backbone_l2:g}", where, effect)
        if train.layer_decay < 1:
            effect = f"The learning rate is multiplied by {train.layer_decay:g} for each block further down."
            yield Technique(f"Decay of the rate {train.layer_decay:g}", where, effect)


def _when(phase: Phase, thawed: Sequence[Phase]) -> str:
    return "" if len(thawed) == 1 else f" (epochs {phase.first} to {phase.last})"


def _weights(experiment: Experiment) -> Iterator[Technique]:
    optimizer = experiment.spec.optimizer
    everything = "all weights that train"
    if decay := optimizer.weight_decay:
        effect = f"Every step subtracts {decay:g} × the learning rate of each weight, bypassing the gradient."
        yield Technique(f"Weight decay {decay:g}", "kernels of all layers that train", effect)
    if optimizer.clip_norm:
        effect = f"Gradients with a norm above {optimizer.clip_norm:g} are scaled down to it."
        yield Technique(f"Gradient clipping {optimizer.clip_norm:g}", everything, effect)
    if optimizer.ema:
        steps = round(1 / (1 - optimizer.ema))
        early = f"over the last ninth of them before step {9 * steps:,} of a phase"
        effect = f"Validation, checkpoints and export use the mean over about the last {steps:,} steps; {early}."
        yield Technique(f"Moving average {optimizer.ema:g}", everything, effect)


def _labels(experiment: Experiment) -> Iterator[Technique]:
    loss = experiment.spec.loss
    if share := loss.label_smoothing:
        yield Technique(
            f"Label smoothing {share:g}",
            "training labels",
            f"{exact_percent(share)} of each label is spread over all classes.",
        )
    if loss.class_weights == "balanced":
        yield Technique(
            "Class weights", "training loss", "Images are weighted inversely to the frequency of their class."
        )


def _stopping(experiment: Experiment) -> Iterator[Technique]:
    stopping, last = experiment.spec.stopping, experiment.phases[-1]
    if stopping.rule != "off":
        best = "The best epoch is exported." if stopping.restore_best else "The last epoch is exported."
        yield Technique(
            f"Early stopping ({stopping.rule})",
            f"epochs {last.first} to {last.last}",
            f"{_rule(stopping)} {best}",
        )


def _rule(stopping: StoppingSpec) -> str:
    limit, strip = f"{stopping.threshold:g}", counted(stopping.strip, "epoch")
    return {
        "patience": f"Ends after {counted(stopping.patience, 'epoch')} without a better {METRICS[stopping.metric].phrase}.",
        "GL": f"Ends when validation loss is {limit} % over its lowest.",
        "PQ": f"Ends when that rise in percent is over {limit} times the progress of the last {strip}.",
        "UP": f"Ends after {counted(stopping.patience, 'strip')} of {strip} in a row with a higher validation loss.",
    }[stopping.rule]


_PARTS = (_augmentation, _mirror, _kept, _features, _penalties, _thawed, _labels, _weights, _stopping)
