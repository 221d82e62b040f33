"""Ranges and values to begin with, for each setting that a form offers to vary."""

from __future__ import annotations

from collections.abc import Mapping

from tl_core.experiment.spec import PARAMETERS
from tl_core.params import Param

FIRST = ("train.learning_rate", "head.dropout", "head.l2")
"""What a sweep varies as long as you choose nothing else: the settings that most often decide how well a head generalises."""

_NOT_OFFERED = (
    "data.",
    "start.",
    "stopping.metric",
    "train.keep_checkpoints",
    "train.checkpoint_every",
    "train.stages",
    "train.feature_cache",
    "backbone.weights",
)
"""Begins of paths: settings that change which images there are, or nothing of what is learned."""

_OFFERED_OF_DATA = ("data.image_size", "data.images_per_class", "data.label_noise")

_KNOWN: Mapping[str, str] = {
    "data.image_size": "96,128,160,224",
    "data.images_per_class": "10,20,50,100",
    "data.label_noise": "0..0.4",
    "backbone.freeze": "all,all-but-1,all-but-2",
    "backbone.output": "middle,last",
    "backbone.keep": "all",
    "head.classifier": "auto,softmax",
    "head.hidden": "0,64,256",
    "head.hidden_dropout": "[[],[0.2],[0.5]]",
    "head.dropout": "0..0.7",
    "head.noise": "0..1",
    "augment": '["none","light","medium","strong"]',
    "train.epochs": "5,10,20",
    "train.head_epochs": "2,5,10",
    "train.batch_size": "16,32,64",
    "train.learning_rate": "1e-4..1e-2:log",
    "train.backbone_learning_rate": "1e-6..1e-4:log",
    "train.layer_decay": "0.5..1",
    "train.views": "0,4,16",
    "train.seed": "0..4",
    "optimizer.momentum": "0.5..0.99",
    "optimizer.weight_decay": "1e-5..1e-1:log",
    "optimizer.clip_norm": "0.1..10:log",
    "optimizer.ema": "0,0.9,0.98",
    "schedule.warmup_epochs": "0,1,3",
    "schedule.floor": "0,0.01,0.1",
    "loss.label_smoothing": "0..0.3",
    "stopping.min_delta": "0,0.001,0.01",
    "stopping.threshold": "1..20:log",
}


def offered() -> tuple[Param, ...]:
    """The settings that a form offers to vary, in the order of the spec."""
    return tuple(row for row in PARAMETERS if row.path in _OFFERED_OF_DATA or not row.path.startswith(_NOT_OFFERED))


def suggestion(row: Param) -> str:
    """Values or a range of a setting, as `read_axis` reads them."""
    if row.path in _KNOWN:
        return _KNOWN[row.path]
    if row.kind == "choice":
        return ",".join(row.choices)
    if row.kind == "switch":
        return "false,true"
    if row.kind == "number" and not row.default:  # Penalties.
        return "1e-6..1e-1:log"
    if row.kind == "number":
        return f"{row.default / 2:g}..{min(row.default * 2, row.high or row.default * 2):g}"
    return f"{max(row.default // 2, int(row.low or 1))},{row.default},{row.default * 2}"
