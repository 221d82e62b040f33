"""The verdict on a run in one sentence, with the figures it rests on and what to try: live while it trains, and at its end."""

from __future__ import annotations

import streamlit as st

from pages.ui.common.run_view import ACTIVE, RunView, in_run
from pages.ui.markdown import plain
from pages.ui.run.diagnosed import diagnosis_of
from pages.ui.run.remedies import draw_remedies
from tl_core.diagnosis import VERDICTS, Diagnosis, Finding, wording
from tl_core.diagnosis.types import Tone
from tl_core.errors import BadInput

TONES: dict[Tone, tuple[str, str, str]] = {
    "good": ("green", ":material/check_circle:", "Good"),
    "note": ("blue", ":material/info:", "Note"),
    "warning": ("orange", ":material/warning:", "Warning"),
    "fault": ("red", ":material/error:", "Fault"),
}
"""The colour, icon and word of each tone: none of them alone carries it."""

NOTHING_YET, NOTHING = (":material/hourglass_empty:", "Early"), (":material/remove:", "No verdict")
"""Icon and word where nothing was found: because more epochs are to come, or although there are enough."""


def draw_verdict(view: RunView, brief: bool = False) -> None:
    """Draws nothing before the first epoch. brief: the headline alone, where figures and remedies stand beside it."""
    try:
        found = diagnosis_of(view)
    except BadInput as error:
        st.caption(f":material/stethoscope: No diagnosis: {plain(in_run(view.run, str(error)))}")
        return
    if found is None:
        return
    with st.container(border=True, key="verdict"):
        _headline(view, found)
        if found.main is None or brief:
            return
        folded = st.expander("What this rests on", key="evidence", on_change="rerun", icon=":material/fact_check:")
        if folded.open:
            with folded:
                draw_evidence(found.main)
        draw_remedies(view, found.main.verdict, "verdict")


def _headline(view: RunView, found: Diagnosis) -> None:
    said = plain(wording.headline(found))
    if found.main is None:
        icon, word = NOTHING_YET if wording.is_early(found) else NOTHING
        st.markdown(f":gray-badge[{icon} {word}] {said}")
        return
    st.markdown(f"{badge(found.main)} {said}")
    others = [VERDICTS[finding.verdict].title for finding in found.findings[1:]]
    notes = [f"So far, after epoch {found.last:,}."] if view.status in ACTIVE else []
    notes += [f"Also: {plain(', '.join(others))} (see Diagnosis)."] if others else []
    if notes:
        st.caption(" ".join(notes))


def badge(finding: Finding) -> str:
    """The tone of a finding as Markdown."""
    colour, icon, word = TONES[VERDICTS[finding.verdict].tone]
    return f":{colour}-badge[{icon} {word}]"


def draw_evidence(finding: Finding) -> None:
    """The figures a finding rests on, its rule and the rule's source."""
    row = VERDICTS[finding.verdict]
    figures = [f"- {plain(wording.TITLES[one.name])}: **{plain(wording.figure(one))}**" for one in finding.evidence]
    if figures:
        st.markdown("\n".join(figures))
    st.caption(f"{plain(row.help)}  \nRule: {plain(row.rule)}  \nSource: {plain(row.source)}")
