"""Settings of training: how long, how fast, what is kept, in which stages the network thaws, and when a run ends early."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from tl_core.params import Located, Section, setting

FORM = "depth:epochs, or depth:epochs@learning rate, such as all-but-1:3,all-but-2:3@0.0001"


class Stage(Section):
    """So many epochs frozen so deep; `rate` is that of thawed layers, None for the run's own."""

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
    """A stage as people write it."""
    return f"{stage.freeze}:{stage.epochs}" + ("" if stage.rate is None else f"@{stage.rate!r}")


Stages = Annotated[
    tuple[Stage, ...],
    BeforeValidator(_stages),
    PlainSerializer(lambda stages: [written(stage) for stage in stages], return_type=list[str]),
]


class TrainSpec(Section):
    epochs: int = setting(
        10,
        "How often training goes through all training images, after the epochs of the head alone.",
        low=1,
        high=10_000,
        basic=True,
    )
    head_epochs: int = setting(
        0,
        "Epochs in which only the head trains, before layers of the backbone thaw: a head that knows nothing would wreck them.",
        low=0,
        high=10_000,
    )
    stages: Stages = setting(
        (),
        "Gradual unfreezing: stretches of epochs after the head alone and before the last phase, each frozen less deep than the one before.",
        title="Stages of unfreezing",
        form=FORM,
    )
    batch_size: int = setting(32, "Images in one training step.", low=1, high=4096, unit="images", basic=True)
    learning_rate: float = setting(
        1e-3, "How far one step moves the weights of the head.", low=1e-7, high=10.0, basic=True
    )
    backbone_learning_rate: float = setting(
        1e-5,
        "How far one step moves thawed layers of the backbone; much lower than the head's, or they forget what they know.",
        low=1e-8,
        high=1.0,
    )
    layer_decay: float = setting(
        1.0,
        "What the rate of thawed layers is multiplied with for each block further down: early blocks, which know what all images share, "
        "move less. 1: all alike.",
        title="Decay of the rate by depth",
        low=0.05,
        high=1.0,
        step=0.05,
    )
    backbone_l2: float = setting(
        0.0,
        "Penalty on the sum of the squared kernels of the thawed layers of the backbone; the head has its own.",
        title="L2 on thawed layers",
        low=0.0,
        high=1.0,
    )
    update_batch_norm: bool = setting(
        False,
        "Whether thawed batch normalisation layers go on learning their statistics. Off is safer: small batches spoil them.",
    )
    best: Literal["val_loss", "val_accuracy"] = setting(
        "val_loss",
        "Which measure decides the best epoch: lowest loss or highest accuracy on validation. Its weights are exported, unless "
        "stopping.restore_best is off.",
    )
    keep_checkpoints: int = setting(
        3, "How many of the latest checkpoints are kept beside the best one.", low=1, high=1000, unit="checkpoints"
    )
    checkpoint_every: int | None = setting(
        None,
        "The checkpoint of every so many epochs is kept as well, to fork from or to look back at. Not set: none but the best and the latest.",
        low=1,
        high=10_000,
        unit="epochs",
    )
    views: int = setting(
        0,
        "With augmentation and frozen blocks: how many augmented versions of each image are stored and taken in turn. 0: exact, every epoch "
        "computes new ones. A few are much faster, and somewhat less of a cure.",
        title="Stored views",
        low=0,
        high=50,
        unit="views",
    )
    feature_cache: Literal["auto", "off"] = setting(
        "auto",
        "auto: what the frozen layers say of an image is computed once and kept. off: computed again each epoch (to compare; slow).",
    )
    feature_storage: Literal["float32", "float16"] = setting(
        "float32",
        "How stored features are kept. float16: half the disk, and half to read from it, each rounded to about three digits; the run's log "
        "says how far they are from the exact ones. Training turns them into float32, so memory is not saved.",
        title="Storage of features",
    )
    prefix_precision: Literal["f32", "bf16", "int8"] = setting(
        "f32",
        "How many bits a processor (CPU) uses for each number in frozen layers. f32: 32, as precise as training. bf16: 16, about twice as "
        "fast on processors made for it. int8: 8, faster still; needs one more package (pip install nncf). Fewer bits change every feature "
        "a little; the run's log says by how much. No effect on a GPU.",
        title="Number format of frozen layers",
    )
    seed: int = setting(
        0,
        "Decides first weights, order and every random draw: the same seed gives the same run on one machine.",
        low=0,
        high=2**31 - 1,
        basic=True,
    )


class StoppingSpec(Section):
    rule: Literal["off", "patience", "GL", "PQ", "UP"] = setting(
        "off",
        "Ends the last phase early. patience: after so many epochs without a better value. Prechelt's rules (1998): GL, when validation loss is "
        "so many percent above its lowest; PQ, when those percent are many for how little training loss still falls; UP, when validation loss "
        "has risen over so many strips (stretches of epochs) in a row.",
        title="Early stopping",
    )
    metric: Literal["val_loss", "val_accuracy"] = setting(
        "val_loss", "What patience watches: validation loss or accuracy. Prechelt's rules always watch the loss."
    )
    patience: int = setting(
        5,
        "Epochs without a better value (patience), or strips in a row whose last epoch is worse than the last of the strip before (UP).",
        low=1,
        high=1000,
    )
    min_delta: float = setting(
        0.0, "By how much a value has to be better to count (patience).", title="Least improvement", low=0.0, high=10.0
    )
    threshold: float = setting(
        5.0,
        "GL: the percentage that validation loss may be above its lowest. PQ: that percentage divided by how far training loss fell within the "
        "last strip, in thousandths; usually 0.5 to 3.",
        low=0.01,
        high=1000.0,
    )
    strip: int = setting(5, "Epochs in a strip, for PQ and UP.", low=2, high=100, unit="epochs")
    restore_best: bool = setting(
        True,
        "Whether the best epoch is exported and tested, or the last one. Also without early stopping.",
    )
