"""What to try: the remedies of a verdict as links to the Train page with the change filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

import streamlit as st

from pages.ui import navigation
from pages.ui.common.run_view import RunView
from pages.ui.common.settings_text import changes_text
from pages.ui.common.spec_sharing import to_query_params
from pages.ui.markdown import plain
from pages.ui.run.controls import FORK_ICON, best_kept
from tl_core import forks
from tl_core.diagnosis import REMEDIES, Proposal, anew, proposals
from tl_core.diagnosis.remedies import MOST
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec

ANEW_ICON = ":material/replay:"


@dataclass(frozen=True)
class _Asked:
    """A verdict on an experiment; two on the same one have the same remedies."""

    verdict: str
    digest: str
    spec: ExperimentSpec = field(compare=False)


def draw_remedies(view: RunView, verdict: str, key: str) -> None:
    """A link for each remedy that this run can take, two at most; nothing if there is none. key: Names them among all of the page."""
    found = list(islice(_possible(view, verdict), MOST))
    if not found:
        return
    st.markdown("**What to try**")
    with st.container(horizontal=True, gap="small", key=f"remedies_{key}"):
        for proposal, changed in found:
            _link(proposal, changed)


def _possible(view: RunView, verdict: str) -> Iterator[tuple[Proposal, ExperimentSpec]]:
    """The remedies that can be taken now, the best first, each with the experiment it proposes."""
    if view.spec is None:
        return
    for proposal in _proposals(_Asked(verdict, view.spec.digest(), view.spec)):
        changed = changed_spec(view, proposal)
        if changed is not None:
            yield proposal, changed


def _link(proposal: Proposal, changed: ExperimentSpec) -> None:
    row = REMEDIES[proposal.remedy]
    start = "A fork from the best epoch" if row.at == "best epoch" else "A new run from the beginning"
    help = (
        f"{plain(row.reason)} {start} with {plain(changes_text(changed, proposal.changes))}.  \n*{plain(row.source)}*"
    )
    icon = FORK_ICON if row.at == "best epoch" else ANEW_ICON
    navigation.link("train", plain(row.title), icon=icon, help=help, **to_query_params(changed))


def changed_spec(view: RunView, proposal: Proposal) -> ExperimentSpec | None:
    """The experiment that a remedy proposes; None if the epoch to fork from is not kept."""
    if view.spec is None:
        return None
    if REMEDIES[proposal.remedy].at == "anew":
        return anew(view.spec).with_values(proposal.changes)
    epoch = best_kept(view)
    try:
        return None if epoch is None else forks.continued(view.run, epoch).with_values(proposal.changes)
    except BadInput:  # What is damaged stands above the tabs.
        return None


@lru_cache(maxsize=128)
def _proposals(asked: _Asked) -> tuple[Proposal, ...]:
    return proposals(asked.verdict, asked.spec, most=None)
