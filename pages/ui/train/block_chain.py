"""The backbone as the chain of blocks it is: what is frozen, what trains, and how large the features at each boundary are.

One row of tiles that can be clicked; st.button holds no second line and takes a place in the order of the Tab key for each tile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from tl_core.backbones import BlockFacts, facts
from tl_core.experiment.resolve import Experiment
from tl_core.plan.costs import number_bytes
from tl_core.text import compact, data_size

FROZEN, TRAINS, UNUSED = "frozen", "trains", "unused"

MARKS = {FROZEN: "lock", TRAINS: "trending_up", UNUSED: "block"}
"""An icon beside each word, by its name among those that Streamlit ships."""


@dataclass(frozen=True)
class Link:
    """One block of the chain.

    Attributes:
        shape: Height, width and channels of its output.
        boundary: Bytes that the features of all images would take if the cut were here; None for unused blocks,
            and if there are no images yet.
        ends_here: True for the last frozen block.
    """

    name: str
    state: str
    parameters: int
    shape: tuple[int, int, int]
    boundary: int | None
    ends_here: bool


def links(experiment: Experiment, images: int) -> tuple[Link, ...]:
    """The blocks of an experiment's backbone, from the input; images: how many there are, for the size of stored features."""
    used = len(experiment.blocks)
    depth = used - len(experiment.above(experiment.frozen))
    return tuple(
        _link(experiment, block, _state(place, depth, used), images, place + 1 == used, place + 1 == depth)
        for place, block in enumerate(facts(experiment.backbone.name).blocks)
    )


def _state(place: int, depth: int, used: int) -> str:
    if place >= used:
        return UNUSED
    return FROZEN if place < depth else TRAINS


def _link(experiment: Experiment, block: BlockFacts, state: str, images: int, is_top: bool, ends_here: bool) -> Link:
    shape = (*block.size_at(experiment.image_size), block.channels)
    floats = block.channels if is_top else math.prod(shape)  # The top is pooled before it is stored.
    boundary = None if state == UNUSED or not images else number_bytes(experiment) * floats * images
    return Link(block.name, state, block.parameters, shape, boundary, ends_here)


def draw_chain(chain: Sequence[Link], on_click: Callable[[str], None]) -> None:
    """Draws the tiles.

    Args:
        on_click: Is called with the name of the clicked block, in a callback.
    """
    mounted = st.components.v2.component(_NAME, js=_SCRIPT, css=_STYLE)
    mounted(key=_NAME, data={"html": chain_html(chain)}, on_clicked_change=lambda: on_click(_clicked()))


def _clicked() -> str:
    return str(st.session_state[_NAME]["clicked"])


def chain_html(chain: Sequence[Link]) -> str:
    """The chain as HTML, in which no name counts as markup; states differ by word, mark and hatching as well as by colour."""
    return f'<div class="tl-chain" role="group" aria-label="{escape(alt(chain))}">{"".join(map(_block, chain))}</div>'


def alt(chain: Sequence[Link]) -> str:
    """The chain in words."""
    named = {state: [link.name for link in chain if link.state == state] for state in MARKS}
    told = [f"{state}: {', '.join(names)}" for state, names in named.items() if names]
    return f"{len(chain)} blocks from the image to the head. " + "; ".join(told) + "."


def _block(link: Link) -> str:
    height, width, channels = link.shape
    does = {FROZEN: "Click: train from here on. ", TRAINS: "Click: freeze up to here. "}.get(link.state, "")
    shape = f"{does}Output {height} × {width} × {channels}"
    stored = "" if link.boundary is None else f"<i>{data_size(link.boundary)}</i>"
    ends = " tl-ends" if link.ends_here else ""
    return (
        f'<button type="button" class="tl-block tl-{link.state}{ends}" data-block="{escape(link.name)}" title="{escape(shape)}"'
        f"{' disabled' if link.state == UNUSED else ''}><b>{escape(link.name)}</b>"
        f"<span>{link.state}</span><small>{compact(link.parameters)}</small>{stored}</button>"
    )


# Blue and orange of Okabe and Ito, thinned so that the theme's own text stays readable on them, light or dark.
_RULES = """
.tl-chain {display: flex; gap: 5px; overflow-x: auto; padding: 2px; font-size: .78rem; line-height: 1.35}
.tl-block {flex: 1 0 66px; min-width: 0; border: 1px solid; border-radius: 8px; padding: 4px 6px; display: flex; flex-direction: column;
  white-space: nowrap; font: inherit; color: inherit; text-align: left; cursor: pointer}
.tl-block:disabled {cursor: default}
.tl-block:focus-visible {outline: 2px solid var(--st-primary-color); outline-offset: 1px}
.tl-block:enabled:hover {border-color: currentColor}
.tl-block > * {overflow: hidden; text-overflow: ellipsis}
.tl-block span::before {font: 13px "Material Symbols Rounded"; vertical-align: -2px; margin-right: 2px}
.tl-block small, .tl-block i {font-size: .7rem; font-style: normal}
.tl-frozen {border-color: #3f86c6; background: repeating-linear-gradient(135deg, #0072b22e 0 6px, #0072b21a 6px 12px)}
.tl-trains {border-color: #d9771a; background: #d55e0029}
.tl-unused {border-style: dashed; border-color: #88888888; background: none; opacity: .7}
.tl-ends {border-right-width: 5px}
MARKS
"""
_STYLE = _RULES.replace(
    "MARKS", "\n".join(f'.tl-{state} span::before {{content: "{mark}"}}' for state, mark in MARKS.items())
)
_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_NAME = "tl_chain"
