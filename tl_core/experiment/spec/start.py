"""Settings of where a run starts: from pretrained weights, or from a checkpoint of another run (a fork)."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from tl_core.params import Located, Section, setting


class StartSpec(Section):
    run: str = setting(
        "",
        "The run whose checkpoint this one goes on from. Empty: it begins with the pretrained weights.",
        form="a run's id",
    )
    epoch: int | None = setting(
        None, "The epoch of that checkpoint; this run's first epoch is the one after it.", low=1, high=1_000_000
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.run) != (self.epoch is not None):
            missing = "run" if self.epoch else "epoch"
            raise Located(missing, "is missing", "A fork names a run and the epoch of a checkpoint it keeps.")
        return self
