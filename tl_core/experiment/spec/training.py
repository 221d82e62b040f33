"""Settings of training: epochs, learning rates, checkpoints, caches."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from tl_core.metrics import MetricName
from tl_core.params import Located, Section, setting

FORM = "depth:epochs, or depth:epochs@learning rate, such as all-but-1:3,all-but-2:3@0.0001"


class Stage(Section):
    """A phase of gradual unfreezing; `rate` is the learning rate of thawed layers, None for the run's own."""

    freeze: str
    epochs: Annotated[int, Field(ge=1, le=10_000)]
    rate: Annotated[float, Field(gt=0, le=1)] | None = None


def _stages(value: Any) -> Any:
    """From "all-but-1:3,all-but-2:3@1e-4", or a list of such texts, to what `Stage` reads."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip() not in ("", "none")]
    if isinstance(value, list | tuple):
        return tuple(item if isinstance(item, Stage | dict) else _stage(item) for item in value)
    return value


def _stage(text: Any) -> Stage:
    if not isinstance(text, str):
        raise _refused(text)
    depth, _, rest = text.partition(":")
    epochs, at, rate = rest.partition("@")
    try:
        return Stage(freeze=depth.strip(), epochs=int(epochs), rate=float(rate) if at else None)
    except ValueError:
        raise _refused(text) from None


def _refused(received: Any) -> Located:
    return Located("", f"received {json.dumps(received, default=str)}; allowed is {FORM}")


def written(stage: Stage) -> str:
    """A stage as a spec file writes it."""
    return f"{stage.freeze}:{stage.epochs}" + ("" if stage.rate is None else f"@{stage.rate!r}")


Stages = Annotated[
    tuple[Stage, ...],
    BeforeValidator(_stages),
    PlainSerializer(lambda stages: [written(stage) for stage in stages], return_type=list[str]),
]


class TrainSpec(Section):
    epochs: int = setting(
        10,
        "Epochs of the last phase: passes over all training images, after head_epochs and stages.",
        low=1,
        high=10_000,
        basic=True,
    )
    head_epochs: int = setting(
        0,
        "Epochs that train the head alone before blocks of the backbone thaw: gradients of an untrained head would destroy "
        "pretrained weights.",
        low=0,
        high=10_000,
    )
    stages: Stages = setting(
        (),
        "Gradual unfreezing: phases between the head alone and the last phase, each with fewer blocks frozen than the one before.",
        title="Stages of unfreezing",
        form=FORM,
    )
    batch_size: int = setting(
        32,
        "Maximum number of images in one training step. An epoch is divided into steps of equal size, give or take one image, so that "
        "none has only a few.",
        low=1,
        high=4096,
        unit="images",
        basic=True,
    )
    learning_rate: float = setting(1e-3, "Learning rate of the head.", low=1e-7, high=10.0, basic=True)
    backbone_learning_rate: float = setting(
        1e-5,
        "Learning rate of the thawed blocks; much lower than the head's, to preserve what they learned.",
        low=1e-8,
        high=1.0,
    )
    layer_decay: float = setting(
        1.0,
        "Factor by which the learning rate of thawed blocks decreases with each block further down: early blocks, whose filters "
        "suit all images, move less. 1: the same rate for all.",
        title="Decay of the rate by depth",
        low=0.05,
        high=1.0,
        step=0.05,
    )
    backbone_l2: float = setting(
        0.0,
        "Penalty on the sum of the squared kernels of the thawed blocks; head.l2 is the head's.",
        title="L2 on thawed layers",
        low=0.0,
        high=1.0,
    )
    update_batch_norm: bool = setting(
        False,
        "Whether thawed batch normalisation layers with pretrained weights learn: statistics, scale and offset. Off is safer: small batches "
        "make statistics noisy. Those with random weights always learn.",
    )
    best: MetricName = setting(
        "val_loss",
        "The metric, on the validation images, that decides the best epoch: the lowest loss or calibration error, the highest accuracy or "
        "macro F1. The weights of the best epoch are exported, unless stopping.restore_best is off.",
    )
    keep_checkpoints: int = setting(
        3, "Number of latest checkpoints kept in addition to the best one.", low=1, high=1000, unit="checkpoints"
    )
    checkpoint_every: int | None = setting(
        None,
        "Also keeps the checkpoint of every n-th epoch, to fork from or inspect. Not set: only the best and the latest.",
        low=1,
        high=10_000,
        unit="epochs",
    )
    views: int = setting(
        0,
        "With augmentation and frozen blocks: number of augmented versions of each image whose features are stored and used in "
        "turn. 0: exact, every epoch computes new ones. Stored views are much faster, but regularise less.",
        title="Stored views",
        low=0,
        high=50,
        unit="views",
    )
    feature_cache: Literal["auto", "off"] = setting(
        "auto",
        "auto: the features of each image are computed once and stored. off: computed again in every epoch (slow; for comparison).",
    )
    feature_storage: Literal["float32", "float16"] = setting(
        "float32",
        "Number format of stored features. float16 takes half the disk space and bandwidth, and rounds to about three digits; the "
        "run's log reports the error. Training converts them to float32, so it saves no memory.",
        title="Storage of features",
    )
    prefix_precision: Literal["f32", "bf16", "int8"] = setting(
        "f32",
        "Number format of the frozen layers on a CPU. f32: as precise as training. bf16: about twice as fast on CPUs with bfloat16 "
        "support. int8: faster still; requires the package nncf (pip install nncf). Fewer bits change every feature slightly; the "
        "run's log reports by how much. No effect on a GPU.",
        title="Number format of frozen layers",
    )
    seed: int = setting(
        0,
        "Seed of the initial weights, the order of images and every random draw: the same seed gives the same run on one machine.",
        low=0,
        high=2**31 - 1,
        basic=True,
    )


class StoppingSpec(Section):
    rule: Literal["off", "patience", "GL", "PQ", "UP"] = setting(
        "off",
        "Ends the last phase early. patience: after this many epochs without a better value. Prechelt's rules (1998): GL, when "
        "validation loss is this many percent above its minimum; PQ, when those percent are high relative to what training "
        "loss still falls within a strip; UP, when validation loss has risen over several strips of epochs in a row.",
        title="Early stopping",
    )
    metric: MetricName = setting(
        "val_loss",
        "The metric on the validation images that patience watches. Prechelt's rules always watch the loss.",
    )
    patience: int = setting(
        5,
        "Epochs without a better value (patience), or strips in a row that each end with a higher loss than the one before (UP).",
        low=1,
        high=1000,
    )
    min_delta: float = setting(
        0.0,
        "How much better a value must be to count as an improvement (patience).",
        title="Least improvement",
        low=0.0,
        high=10.0,
    )
    threshold: float = setting(
        5.0,
        "GL: percentage by which validation loss may exceed its minimum. PQ: that percentage divided by how many "
        "thousandths the mean training loss of the last strip is above its lowest; Prechelt used 0.5 to 3, above which it hardly ever stops.",
        low=0.01,
        high=1000.0,
    )
    strip: int = setting(5, "Epochs per strip, for PQ and UP.", low=2, high=100, unit="epochs")
    restore_best: bool = setting(
        True,
        "Whether the weights of the best epoch are exported and tested, or those of the last. Applies without early stopping too.",
    )
