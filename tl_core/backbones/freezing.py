"""Freeze depth: from settings to frozen and thawed blocks."""

from __future__ import annotations

import re

from tl_core.backbones.table import Backbone
from tl_core.errors import BadInput, nearest


def used_cuts(backbone: Backbone, output: str = "last") -> tuple[str, ...]:
    """The blocks from the input to the one whose output feeds the head.

    Args:
        output: "last", "middle" (the block half way up), or a block's name.

    Raises:
        BadInput: unknown block.
    """
    names = backbone.cut_names
    if output == "last":
        return names
    if output == "middle":
        return names[: len(names) // 2 + 1]
    if output not in names:
        raise _no_block(backbone, "backbone.output", output, names, ("last", "middle"))
    return names[: names.index(output) + 1]


def last_frozen(backbone: Backbone, freeze: str, output: str = "last") -> str | None:
    """The last frozen block; None if all blocks train.

    Args:
        freeze: "all", "none", "all-but-K" (the top K blocks train), or a block's name (frozen up to and including it).

    Raises:
        BadInput: unknown block, or a block above the output.
    """
    used = used_cuts(backbone, output)
    if freeze == "all":
        return used[-1]
    if freeze == "none":
        return None
    if match := re.fullmatch(r"all-but-(\d+)", freeze):
        thawed = int(match[1])
        if thawed > len(used):
            raise BadInput.of("backbone.freeze", f"received {freeze!r}; {backbone.name} has {len(used)} blocks here")
        return used[-thawed - 1] if thawed < len(used) else None
    if freeze not in used:
        raise _no_block(backbone, "backbone.freeze", freeze, used, ("all", "none", "all-but-2"))
    return freeze


def last_kept(backbone: Backbone, keep: str, output: str = "last") -> str | None:
    """The last block that starts from pretrained weights; None if all blocks do.

    Args:
        keep: "all" or a block's name; blocks above it start from random weights.

    Raises:
        BadInput: unknown block, or a block above the output.
    """
    used = used_cuts(backbone, output)
    if keep == "all":
        return None
    if keep not in used:
        raise _no_block(backbone, "backbone.keep", keep, used, ("all",))
    return keep


def thawed_cuts(backbone: Backbone, freeze: str, output: str = "last") -> tuple[str, ...]:
    """The blocks that train, from the input upwards."""
    used, frozen = used_cuts(backbone, output), last_frozen(backbone, freeze, output)
    return used if frozen is None else used[used.index(frozen) + 1 :]


def _no_block(backbone: Backbone, path: str, name: str, cuts: tuple[str, ...], words: tuple[str, ...]) -> BadInput:
    close = nearest(name, (*cuts, *words))
    remedy = f"Did you mean {' or '.join(close)}?" if close else f"Allowed: {', '.join((*words, *cuts))}."
    return BadInput.of(path, f"{backbone.name} has no block {name!r} here", remedy)
