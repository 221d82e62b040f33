"""What to start with? The four quadrants with this dataset in them, what is advised and why, and which backbone."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui import navigation
from pages.ui.charts.component import draw_chart
from pages.ui.charts.quadrants import quadrants_figure
from pages.ui.common.settings_text import Cell, changes_text, draw_table
from pages.ui.common.spec_sharing import to_query_params
from pages.ui.explore.asking import Shown, View
from pages.ui.explore.subject import Subject
from pages.ui.markdown import plain
from tl_core.advice import Advice, Option, advise, wording
from tl_core.backbones import published_accuracy
from tl_core.errors import Problem
from tl_core.experiment.presets import PRESETS, Preset
from tl_core.explorations import KINDS
from tl_core.intervals import Estimate
from tl_core.results.advice import AdviceOptions, BackboneScore, Block, Measured
from tl_core.text import duration, percent

HEIGHT = 400

BLOCK_HEAD = ("Block", "Linear classifier", "Nearest neighbours", "Loss of the linear classifier")
BACKBONE_HEAD = ("Backbone", "Accuracy on ImageNet", "LogME", "Linear classifier")


def _options(_subject: Subject) -> AdviceOptions:
    others = st.toggle(
        "Also score the other backbones whose weights are here",
        value=True,
        key="advice_backbones",
        help="Computes the features of the training images with each of them: one more pass over the images for each. Nothing is downloaded.",
    )
    return AdviceOptions(backbones=others)


def _problems(subject: Subject, _options: AdviceOptions) -> tuple[Problem, ...]:
    if subject.spec.start.run:
        return (Problem("", "A fork continues a trained network; advice is about a pretrained one"),)
    if subject.spec.backbone.weights == "random":
        return (Problem("", "Likeness to ImageNet is measured with pretrained weights; these are random"),)
    return ()


def _draw(shown: Shown) -> None:
    measured: Measured = shown.result
    advice = advise(shown.asked.spec, measured)
    chart, said = st.columns([1, 1], gap="medium")
    with chart:
        _draw_chart(measured, advice)
    with said:
        _draw_option(advice.first, "Advised", primary=True)
        st.caption(plain(advice.sure))
    _draw_others(advice.options[1:])
    with st.expander("What was measured", icon=":material/straighten:", key="advice_measured"):
        for sentence in (
            wording.likeness_sentence(measured),
            wording.neighbours_sentence(measured),
            wording.size_sentence(measured),
        ):
            st.markdown(plain(sentence))
        draw_table(BLOCK_HEAD, [_block_row(block) for block in measured.blocks], "Blocks")
        st.caption(
            "Of training images, each predicted by classifiers that did not see it; validation and test images play no part."
        )
    st.subheader("Which backbone?", anchor=False)
    st.markdown(plain(wording.backbones_sentence(measured.backbones)))
    draw_table(BACKBONE_HEAD, [_backbone_row(score) for score in measured.backbones], "Backbones")


def _draw_chart(measured: Measured, advice: Advice) -> None:
    where = advice.position
    alt = (
        f"Four quadrants of likeness to ImageNet and number of images. This dataset: likeness {where.likeness.value:.2f}, {where.images:,} training "
        f"images; most probably {where.quadrants[0].title.lower()}."
    )
    draw_chart(quadrants_figure(where), "advice_quadrants", HEIGHT, alt)
    st.caption(
        "Likeness: the share of the errors of the network's best earlier stage that its top avoids, 1 for all of them; below 0 the earlier stage "
        "makes fewer. The line through the point is the 95 % interval. In the grey band the number of images is neither clearly few nor clearly many."
    )


def _draw_others(options: Sequence[Option]) -> None:
    if not options:
        return
    st.subheader("What else may be right", anchor=False)
    for option, column in zip(options, st.columns(len(options)) if len(options) > 1 else [st.container()], strict=True):
        with column:
            _draw_option(option, "", primary=False)


def _draw_option(option: Option, heading: str, primary: bool) -> None:
    preset = PRESETS[option.preset]
    with st.container(border=True, key=f"option_{option.recipe}"):
        st.markdown(f"**{plain(': '.join(filter(None, (heading, option.title))))}**")
        for reason in option.reasons:
            st.markdown(plain(reason))
        changes = changes_text(option.spec, option.changes)
        said = f"Preset {preset.title}; {changes or 'unchanged'}. About {duration(option.seconds)}."
        st.caption(plain(said), help=_explained(option, preset))
        icon = ":material/check_circle:" if primary else ":material/arrow_forward:"
        navigation.link("train", "Use this preset", icon=icon, **to_query_params(option.spec))


def _explained(option: Option, preset: Preset) -> str:
    """The words of an option for those who do not know them: its preset, its classifier, what a block is."""
    row = option.spec.head.solver
    classifier = f"**{row.title}**: {row.help}. Its loss is the cross-entropy, lower is better." if row else ""
    blocks = "**Blocks** are the parts of the network, from the image to the output; the last is its top."
    return "\n\n".join(filter(None, (f"**{preset.title}**: {plain(preset.help)}", classifier, blocks)))


def _block_row(block: Block) -> list[Cell]:
    texts = (block.cut, _share(block.linear), _share(block.neighbours), f"{block.loss.value:.3f}")
    return list(map(Cell, texts))


def _backbone_row(score: BackboneScore) -> list[Cell]:
    prior = percent(published_accuracy(score.name))
    if score.logme is None or score.accuracy is None:
        return list(map(Cell, (score.name, prior, "", score.missing)))
    return list(map(Cell, (score.name, prior, f"{score.logme:.3f}", _share(score.accuracy))))


def _share(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


VIEW = View(KINDS["advice"], "Measure and advise", _options, _problems, _draw)
