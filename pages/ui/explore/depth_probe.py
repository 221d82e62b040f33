"""How deep? The accuracy of simple classifiers on the features of each block, what cutting there costs, and where to cut."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui import navigation
from pages.ui.charts.component import draw_chart
from pages.ui.charts.depth_probe import depth_probe_alt, depth_probe_figure
from pages.ui.common import spec_sharing
from pages.ui.common.settings_text import Cell, draw_table
from pages.ui.explore.asking import Shown, View
from pages.ui.explore.subject import Subject
from pages.ui.markdown import plain
from tl_core.errors import Problem
from tl_core.experiment.spec import ExperimentSpec
from tl_core.explorations import KINDS
from tl_core.results.depth_probe import Depth, DepthProbeOptions, Probe, Score
from tl_core.text import UNKNOWN, data_size, duration

HEIGHT = 480

HEAD = (
    "Block",
    "Linear classifier",
    "Nearest neighbours",
    "Shrinkage LDA",
    "Nearest class mean",
    "Training",
    "Cached maps",
    "Training a head",
    "Training all above",
)

EXPLAINED = (
    "Filled points are as good as the best in paired tests on the same images; the grey band is the block that is suggested. "
    "The thin lines are 95 % intervals. Below: estimated times, and the size of the feature maps that are cached if the blocks "
    "above train."
)

READING_HELP = (
    "In brackets: accuracy on the validation images, with its 95 % interval. Blocks are compared on the same images. Standard error: by how much the "
    "difference of two blocks varies by chance from one set of validation images to another."
)


_ALONE = {"backbone.keep": "all", "train.stages": ()}
"""What other cuts would contradict."""


def _options(_subject: Subject) -> DepthProbeOptions:
    return DepthProbeOptions()


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
        draw_table(HEAD, [_row(depth) for depth in probe.depths], "Blocks")


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


def _link(spec: ExperimentSpec, label: str, changes: dict[str, Any], help: str) -> None:
    changed = spec.with_values({**_ALONE, **changes})
    navigation.link("train", label, help=help, **spec_sharing.to_query_params(changed))


def _row(depth: Depth) -> list[Cell]:
    cost = depth.cost
    texts = (
        depth.cut,
        *map(_scored, (depth.ridge, depth.neighbours)),
        *(_scored(depth.heads[name]) if name in depth.heads else UNKNOWN for name in ("lda", "nearest-mean")),
        f"{depth.ridge.train_accuracy:.3f}",
        data_size(cost.map_total),
        *map(duration, (cost.head_seconds, cost.tail_seconds)),
    )
    return list(map(Cell, texts))


def _scored(score: Score) -> str:
    return f"{score.accuracy:.3f} ({score.low:.3f} to {score.high:.3f})"


VIEW = View(KINDS["depth-probe"], "Probe the blocks", _options, _problems, _draw)
