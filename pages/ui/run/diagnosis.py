"""The tab Diagnosis: every verdict with its evidence and remedies, when it turned and what that cost, the gap taken apart, images."""

from __future__ import annotations

import streamlit as st

from pages.ui.charts.component import draw_chart
from pages.ui.charts.ladder import ladder_alt, ladder_figure, ladder_height, ladder_text
from pages.ui.common.run_view import ACTIVE, RunView
from pages.ui.markdown import plain
from pages.ui.run.diagnosed import diagnosis_of
from pages.ui.run.gallery import draw_gallery
from pages.ui.run.remedies import draw_remedies
from pages.ui.run.verdict import NOTHING, NOTHING_YET, badge, draw_evidence
from tl_core.diagnosis import VERDICTS, Diagnosis, Finding, Turn, wording

LADDER = (
    "Reported training accuracy is measured during training, clean and validation accuracy after the epoch. What lies between reported and "
    "clean is made by augmentation, dropout and averaging; what lies between clean and validation is memorised. Only the second is overfitting."
)

TURNED = "The epoch of the lowest validation loss, with the 95 % interval of the epoch with the lowest expected loss."

LOSS_COST = (
    "How much the expected validation loss rose from there to the last epochs. The epoch is chosen on one half of the images and the rise "
    "measured on the other, both ways, so that chance makes no rise."
)

ACCURACY_COST = "How much of the accuracy on validation images was lost meanwhile."


def draw_diagnosis(view: RunView) -> None:
    found = diagnosis_of(view)
    if found is None:
        st.info("The diagnosis begins with the first epoch.", icon=":material/hourglass_empty:")
        return
    if not found.findings:
        icon, _ = NOTHING_YET if wording.is_early(found) else NOTHING
        st.info(wording.headline(found), icon=icon)
    for number, finding in enumerate(found.findings):
        _finding(view, finding, number)
    _onset(view, found)
    _ladder(found)
    st.header("Images", anchor=False)
    draw_gallery(view)


def _finding(view: RunView, finding: Finding, number: int) -> None:
    with st.container(border=True, key=f"finding_{number}"):
        st.markdown(f"{badge(finding)} **{plain(VERDICTS[finding.verdict].title)}**")
        st.markdown(plain(wording.sentence(finding)))
        draw_remedies(view, finding.verdict, str(number))
        folded = st.expander(
            "What this rests on", key=f"evidence_{number}", on_change="rerun", icon=":material/fact_check:"
        )
        if folded.open:
            with folded:
                draw_evidence(finding)


def _onset(view: RunView, found: Diagnosis) -> None:
    said = wording.no_turn(found)
    if not found.turn and not said:
        return
    st.header("When it turned", anchor=False)
    if found.turn:
        _turn(view, found.turn)
    else:
        st.caption(plain(said))


def _turn(view: RunView, turn: Turn) -> None:
    loss, accuracy = turn.loss_cost, turn.accuracy_cost
    with st.grid(3, min_column_width=150, gap="small", key="onset"):
        _figure("Turned in epoch", f"{turn.epoch:,}", f"{turn.low:,} to {turn.high:,}", TURNED)
        _figure("Loss since then", f"{loss.value:+.3f}", f"{loss.low:.3f} to {loss.high:.3f}", LOSS_COST)
        if accuracy:
            lost = accuracy.negated
            low, high = (f"{100 * end:+.1f}" for end in (lost.low, lost.high))
            _figure("Accuracy since then", f"{100 * lost.value:+.1f} points", f"{low} to {high}", ACCURACY_COST)
    so_far = ", so far" if view.status in ACTIVE else ""
    st.caption(
        f"What going on to epoch {turn.last:,} cost{so_far}. Each figure has its 95 % interval over the validation images."
    )


def _figure(label: str, value: str, interval: str, help: str) -> None:
    st.metric(label, value, interval, delta_color="off", delta_arrow="off", help=help, border=True, height="stretch")


def _ladder(found: Diagnosis) -> None:
    if found.ladder is None:
        return
    st.header("The gap, taken apart", anchor=False, help=LADDER)
    draw_chart(ladder_figure(found.ladder), "gap-ladder", ladder_height(found.ladder), ladder_alt(found.ladder))
    st.caption(ladder_text(found.ladder))
