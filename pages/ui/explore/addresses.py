"""The address of the Explore page: question, ids of a kept result and of one beside it, settings: `/explore?question=advice&data.source=digits`."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.ui.common.spec_sharing import to_query_params
from tl_core.experiment.spec import ExperimentSpec

QUESTION, KEPT, BESIDE = "question", "id", "beside"
"""What the address has apart from settings: the name of the question, the id of a result that is shown again, and of another one beside it."""


def settings() -> dict[str, str]:
    """The settings in the address, as texts by path."""
    return {path: text for path, text in st.query_params.to_dict().items() if path not in (QUESTION, KEPT, BESIDE)}


def kept_id() -> str:
    """The id of the result to show; empty if the address names none."""
    return st.query_params.get(KEPT, "")


def beside_id() -> str:
    """The id of the result beside it; empty if the address names none."""
    return st.query_params.get(BESIDE, "")


def show_kept(question: str, kept: str) -> None:
    """Shows a result with the experiment that it is about; for callbacks."""
    _replace({QUESTION: question, KEPT: kept})


def show_beside(question: str, kept: str, beside: str) -> None:
    """Shows a result and another one beside it, none if its id is empty; for callbacks."""
    _replace({QUESTION: question, KEPT: kept, BESIDE: beside})


def close_beside() -> None:
    """Shows no other result any more; for callbacks."""
    st.query_params.pop(BESIDE, None)


def show_settings(spec: ExperimentSpec | None) -> None:
    """Shows an experiment, None for that of the Train page, with the same question and no kept result; for callbacks."""
    _replace({QUESTION: st.query_params.get(QUESTION, ""), **(to_query_params(spec) if spec else {})})


def show_question(question: str, spec: ExperimentSpec | None) -> None:
    """Asks a question about an experiment, None for that of the settings in the address; for callbacks."""
    _replace({QUESTION: question, **(to_query_params(spec) if spec else settings())})


def _replace(params: Mapping[str, str]) -> None:
    st.query_params.from_dict({name: text for name, text in params.items() if text})


def draw_open(question: str, kept: str, label: str) -> None:
    """A button that shows a result again.

    Not a link: Streamlit (1.67) leaves the browser's address as it is where a link leads to the page that it stands on, and a reload would
    then show another result.
    """
    st.button(
        label, key=f"open_{kept}", type="tertiary", icon=":material/explore:", on_click=show_kept, args=(question, kept)
    )
