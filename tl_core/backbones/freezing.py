"""Freeze depth: from settings to frozen and thawed blocks."""

from __future__ import annotations

import re

from tl_core.backbones.row import Backbone
from tl_core.errors import BadInput, nearest


def output_cuts(backbone: Backbone, output: str = "last") -> tuple[str, ...]:
    """The blocks whose outputs feed the head, from the input upwards.

    Args:
        output: "last", "middle" (the block half way up, never the last one), "top-K" (the top K blocks, or all if there are fewer), a
            block's name, or several of them joined with +.

    Raises:
        BadInput: unknown block, or one that is named twice.
    """
    names = backbone.cut_names
    found = [name for part in output.split("+") for name in _named(backbone, part.strip())]
    if twice := [name for name in found if found.count(name) > 1]:
        raise BadInput.of("backbone.output", f"received {output!r}, which names {twice[0]} twice", "Name it once.")
    return tuple(sorted(found, key=names.index))


def _named(backbone: Backbone, part: str) -> tuple[str, ...]:
    """The blocks that one part of an output names."""
    names = backbone.cut_names
    if match := re.fullmatch(r"top-([1-9]\d*)", part):
        return names[-int(match[1]) :]
    known = {"last": names[-1], "middle": names[min(len(names) // 2, len(names) - 2)], **{name: name for name in names}}
    if part not in known:
        raise _no_block(backbone, "backbone.output", part, names, ("last", "middle", "top-2"))
    return (known[part],)


def used_cuts(backbone: Backbone, output: str = "last") -> tuple[str, ...]:
    """The blocks from the input to the last one whose output feeds the head; see `output_cuts`."""
    names = backbone.cut_names
    return names[: names.index(output_cuts(backbone, output)[-1]) + 1]


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
