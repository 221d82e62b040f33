"""What you say of a network of your own when you add it, and what is checked of that before the file is opened."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_core.backbones import added
from tl_core.backbones.row import Cut
from tl_core.backbones.scaling import CAFFE, MINUS_ONE_TO_ONE, TORCH, Scaling, same
from tl_core.backbones.table import BACKBONES, ROWS
from tl_core.errors import BadInput, nearest, unknown
from tl_core.text import first_of

SMALLEST, LARGEST = 32, 512
"""Image sizes of experiments, in pixels a side."""

FEWEST_CUTS, MOST_CUTS = 2, 10

SCALINGS: Mapping[str, tuple[Scaling, str]] = {
    "0..255": (same(0.0, 1.0), "pixels as they are; also if layers of the network scale them"),
    "0..1": (same(0.0, 1 / 255), "pixels / 255"),
    "-1..1": (MINUS_ONE_TO_ONE, "pixels / 127.5 - 1, Keras's mode tf"),
    "imagenet": (TORCH, "0 to 1, minus ImageNet's mean, divided by its deviation: Keras's and PyTorch's mode torch"),
    "caffe": (CAFFE, "BGR, minus ImageNet's mean: Keras's mode caffe"),
}
"""Scalings of pixels by what people call them, with an explanation."""

_RESERVED = ("all", "none", "last", "middle")
_CUT = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Asked:
    """What is asked of a network of your own.

    Attributes:
        name: Its row is called own-NAME.
        scaling: How pixels were scaled when it was trained: see `scaling_of`. Never guessed.
        cuts: Layers at the ends of blocks, or NAME=LAYER; the last is where the head stands. Empty with an architecture.
        architecture: The row of the lab whose weights a file of weights alone holds; empty for a whole network.
        title: What pages call it; empty: its name.
        size: The image size it was trained at, in pixels a side; None: that of its input.
    """

    name: str
    scaling: str
    cuts: tuple[str, ...] = ()
    architecture: str = ""
    title: str = ""
    size: int | None = None
    citation: str = ""
    licence: str = ""


def check(models: Path, file: Path, asked: Asked) -> None:
    """Raises BadInput for what can be said without opening the file."""
    added.check_name(models, asked.name)
    scaling_of(asked.scaling)
    if not file.is_file():
        raise BadInput.of(str(file), "there is no such file")
    whole = file.suffix == ".keras"
    if not whole and file.suffix not in (".h5", ".hdf5"):
        raise BadInput.of(str(file), "is no file of Keras: their names end in .keras, .weights.h5 or .h5")
    if whole and asked.architecture:
        raise BadInput.of("--architecture", "a .keras file has its own layers", "Leave it out, and name its cuts.")
    if not whole and not asked.architecture:
        remedy = f"Name the network of the lab that it has the layers of, such as {ROWS[1].name}; or save it with network.save('name.keras')."
        raise BadInput.of(
            "--architecture", "is missing: a file of weights does not say which layers they belong to", remedy
        )
    if asked.architecture:
        _check_architecture(asked)
    if asked.size is not None and not SMALLEST <= asked.size <= LARGEST:
        raise BadInput.of("--size", f"received {asked.size}; allowed are {SMALLEST} to {LARGEST} pixels a side")


def _check_architecture(asked: Asked) -> None:
    if added.is_added(asked.architecture):
        message = f"{asked.architecture} is a network of your own"
        raise BadInput.of("--architecture", message, "Name one of the lab, or add its .keras file.")
    if asked.architecture not in BACKBONES:
        raise unknown("--architecture", "backbone", asked.architecture, (row.name for row in ROWS))
    if asked.cuts:
        raise BadInput.of("--cuts", f"the cuts are those of {asked.architecture}", "Leave them out.")


def scaling_of(text: str) -> Scaling:
    """The scaling of pixels by its name in `SCALINGS`, by the name of a row that has it, or as JSON with mean, scale and order.

    Raises:
        BadInput: there is none; lists those there are.
    """
    if text in SCALINGS:
        return SCALINGS[text][0]
    if text in BACKBONES:
        return BACKBONES[text].scaling
    if text.lstrip().startswith("{"):
        try:
            values = json.loads(text)
            mean, scale = (tuple(map(float, values[name])) for name in ("mean", "scale"))
            return Scaling(mean, scale, values.get("order", "rgb"))  # type: ignore[arg-type]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            form = 'For example {"mean": [127.5, 127.5, 127.5], "scale": [0.01, 0.01, 0.01], "order": "rgb"}.'
            raise BadInput.of("--scaling", f"received {text}: {error}", form) from None
    known = "; ".join(f"{name} ({what})" for name, (_, what) in SCALINGS.items())
    received = (
        f"received {text!r}"
        if text
        else "is missing: it cannot be seen in the file, and a guess would be wrong without a message"
    )
    close = nearest(text, (*SCALINGS, *BACKBONES.names)) if text else []
    remedy = (
        f"Did you mean {' or '.join(close)}?"
        if close
        else f"Say how pixels were scaled when it was trained: {known}; or as for a backbone, by its name."
    )
    raise BadInput.of("--scaling", received, remedy)


def cuts_of(texts: Sequence[str], candidates: Mapping[str, Any]) -> tuple[Cut, ...]:
    """The cuts, from the input upwards.

    Args:
        texts: Layers, or NAME=LAYER.
        candidates: The layers at which the network can be cut, from the input upwards.

    Raises:
        BadInput: too few or too many, one at which the network cannot be cut, or a name that is taken or has another meaning.
    """
    order = list(candidates)
    possible = f"It can be cut at {first_of(order, 40)}."
    if not FEWEST_CUTS <= len(texts) <= MOST_CUTS:
        message = f"received {len(texts)} layers; expected are {FEWEST_CUTS} to {MOST_CUTS}, at the ends of blocks, from the input to the head"
        raise BadInput.of("--cuts", message, possible)
    found = [_cut(text) for text in texts]
    for cut in found:
        if cut.layer not in candidates:
            close = nearest(cut.layer, order)
            message = f"the network cannot be cut at {cut.layer!r}: it has no such layer, other connections lead past it, or it gives no feature map"
            raise BadInput.of(
                "--cuts", message, f"Did you mean {' or '.join(close)}? {possible}" if close else possible
            )
    for values in ([cut.name for cut in found], [cut.layer for cut in found]):
        if twice := [value for value in values if values.count(value) > 1]:
            raise BadInput.of("--cuts", f"{twice[0]!r} is named twice", "Name it once.")
    return tuple(sorted(found, key=lambda cut: order.index(cut.layer)))


def _cut(text: str) -> Cut:
    name, equals, layer = text.partition("=")
    cut = Cut(name.strip(), layer.strip() if equals else name.strip())
    if not _CUT.fullmatch(cut.name) or cut.name in _RESERVED or re.fullmatch(r"(all-but|top)-\d+", cut.name):
        message = f"{cut.name!r} cannot be the name of a block: letters, digits, points, hyphens and underlines can, but no word of backbone.output"
        raise BadInput.of("--cuts", message, f"Give it another name, such as block1={cut.layer}.")
    return cut
