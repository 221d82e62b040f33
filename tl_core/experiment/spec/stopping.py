"""Settings of early stopping: when a run ends before its last epoch."""

from __future__ import annotations

from typing import Literal

from tl_core.params import Section, setting


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
