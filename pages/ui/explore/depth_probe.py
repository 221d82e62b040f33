"""How deep? The accuracy of simple classifiers on the features of each block."""

from __future__ import annotations

import streamlit as st

from pages.ui.common.settings_text import Cell, draw_table
from pages.ui.explore.asking import Shown, View
from pages.ui.explore.subject import Subject
from pages.ui.markdown import plain
from tl_core.errors import Problem
from tl_core.explorations import KINDS
from tl_core.results.depth_probe import Depth, DepthProbeOptions, Probe
from tl_core.text import data_size, duration

HEAD = ("Block", "Linear classifier", "Nearest neighbours", "Cached features", "Training a head")


def _options(_subject: Subject) -> DepthProbeOptions:
    return DepthProbeOptions()


def _problems(subject: Subject, _options: DepthProbeOptions) -> tuple[Problem, ...]:
    if subject.spec.start.run:
        return (Problem("", "A fork continues a trained network; a depth probe is about a pretrained one"),)
    return ()


def _draw(shown: Shown) -> None:
    probe: Probe = shown.result
    st.markdown(plain(probe.reading))
    draw_table(HEAD, [_row(depth) for depth in probe.depths], "Blocks")


def _row(depth: Depth) -> list[Cell]:
    scores = [
        f"{score.accuracy:.3f} ({score.low:.3f} to {score.high:.3f})" for score in (depth.ridge, depth.neighbours)
    ]
    texts = (depth.cut, *scores, data_size(depth.cost.map_total), duration(depth.cost.head_seconds))
    return list(map(Cell, texts))


VIEW = View(KINDS["depth-probe"], "Probe the blocks", _options, _problems, _draw)
