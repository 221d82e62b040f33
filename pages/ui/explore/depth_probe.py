"""How deep? The accuracy of simple classifiers on the features of each block, what cutting there costs, and where to cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.ui import navigation
from pages.ui.charts.component import draw_chart
from pages.ui.charts.depth_probe import depth_probe_alt, depth_probe_figure
from pages.ui.common import spec_sharing
from pages.ui.common.settings_text import Cell, draw_table
from pages.ui.explore import addresses
from pages.ui.explore.asking import Shown, View
from pages.ui.explore.kept import asked_options
from pages.ui.explore.subject import Subject
from pages.ui.markdown import plain
from tl_core.errors import Problem
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import ExperimentSpec
from tl_core.explorations import KINDS
from tl_core.results.depth_probe import FURTHER_HEADS, Depth, DepthProbeOptions, Probe, Score
from tl_core.text import data_size, duration

HEIGHT = 540

EXPLAINED = (
    "Filled circles are as good as the best in paired tests on the same images; the grey band is the block that is suggested. Both rest on the "
    "linear classifier alone: the highest of several lines is highest partly by luck. Thin lines are 95 % intervals. Below: estimated times, "
    "and the size of the feature maps that are cached if the blocks above train."
)

READING_HELP = (
    "In brackets: accuracy on the validation images, with its 95 % interval. Blocks are compared on the same images. Standard error: by how much the "
    "difference of two blocks varies by chance from one set of validation images to another."
)


_ALONE = {"backbone.keep": "all", "train.stages": ()}
"""What other cuts would contradict."""


HEADS_HELP = (
    "Heads that are solved at once on every block, each a line with its intervals. Ridge regression (the linear classifier) and nearest neighbours "
    f"are always measured. {' '.join(f'{SOLVED[name].title}: {SOLVED[name].help}.' for name in FURTHER_HEADS)}"
)

HEADS = "depth_heads"

_ADOPTED = "depth_adopted"
"""The id of the kept probe whose heads stand in the field."""


def _options(_subject: Subject) -> DepthProbeOptions:
    _begin()
    chosen = st.pills(
        "Further heads",
        FURTHER_HEADS,
        selection_mode="multi",
        key=HEADS,
        format_func=lambda name: SOLVED[name].title,
        help=HEADS_HELP,
    )
    return DepthProbeOptions(tuple(name for name in FURTHER_HEADS if name in chosen))


def _begin() -> None:
    """The heads of the kept probe that the address names, once; otherwise those that are probed as long as no others are chosen."""
    state, kept = st.session_state, addresses.kept_id()
    if kept and state.get(_ADOPTED) != kept:
        state[_ADOPTED] = kept
        if options := asked_options(DepthProbeOptions):
            state[HEADS] = list(options.heads)
    state.setdefault(HEADS, list(DepthProbeOptions().heads))


def _problems(subject: Subject, _options: DepthProbeOptions) -> tuple[Problem, ...]:
    if subject.spec.start.run:
        return (Problem("", "A fork continues a trained network; a depth probe is about a pretrained one"),)
    return ()


def _draw(shown: Shown) -> None:
    probe: Probe = shown.result
    st.markdown(f"**{plain(probe.reading)}**", help=READING_HELP)
    draw_chart(depth_probe_figure(probe), "depth-probe", HEIGHT, depth_probe_alt(probe))
    st.caption(EXPLAINED)
    _draw_links(shown.asked.spec, probe)
    with st.expander("Figures", icon=":material/table:", key="depth_figures"):
        draw_table(_head(probe), [_row(depth, probe.heads) for depth in probe.depths], "Blocks")


def _draw_links(spec: ExperimentSpec, probe: Probe) -> None:
    """From the suggested block to the Train page: a head on it, or the blocks above trained too."""
    cut = probe.suggested.cut
    with st.container(horizontal=True, key="depth_links"):
        head = {"backbone.output": cut, "backbone.freeze": "all", "train.head_epochs": 0}
        _link(spec, f"Train a head on {cut}", head, "Leaves the blocks above it away.")
        if cut != probe.depths[-1].cut:
            tail: dict[str, Any] = {"backbone.output": "last", "backbone.freeze": cut, "backbone.mirror": False}
            if spec.head.solved:  # Such a classifier takes features of frozen blocks alone.
                tail["head.classifier"] = "auto"
            _link(
                spec, f"Freeze up to {cut}, train the rest", tail, "Sets the freeze depth; the blocks above it train."
            )
        for name in probe.heads:
            best = max(probe.depths, key=lambda depth: depth.heads[name].accuracy)
            changes = {
                "backbone.output": best.cut,
                "backbone.freeze": "all",
                "train.head_epochs": 0,
                "head.classifier": name,
            }
            _link(
                spec,
                f"{SOLVED[name].title} on {best.cut}",
                changes,
                "The block on which this head is most accurate; of several the lowest.",
            )


def _link(spec: ExperimentSpec, label: str, changes: dict[str, Any], help: str) -> None:
    changed = spec.with_values({**_ALONE, **changes})
    navigation.link("train", label, help=help, **spec_sharing.to_query_params(changed))


def _head(probe: Probe) -> tuple[str, ...]:
    heads = (SOLVED[name].title for name in probe.heads)
    return (
        "Block",
        "Linear classifier",
        "Nearest neighbours",
        *heads,
        "Training",
        "Cached maps",
        "Training a head",
        "Training all above",
    )


def _row(depth: Depth, heads: Sequence[str]) -> list[Cell]:
    cost = depth.cost
    texts = (
        depth.cut,
        *map(_scored, (depth.ridge, depth.neighbours, *(depth.heads[name] for name in heads))),
        f"{depth.ridge.train_accuracy:.3f}",
        data_size(cost.map_total),
        *map(duration, (cost.head_seconds, cost.tail_seconds)),
    )
    return list(map(Cell, texts))


def _scored(score: Score) -> str:
    return f"{score.accuracy:.3f} ({score.low:.3f} to {score.high:.3f})"


VIEW = View(KINDS["depth-probe"], "Probe the blocks", _options, _problems, _draw)
