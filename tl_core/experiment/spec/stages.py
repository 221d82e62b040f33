"""Settings of gradual unfreezing: stretches of epochs between the head alone and the last phase."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from tl_core.params import Located, Section

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
