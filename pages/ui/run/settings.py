"""The tab Settings: every setting of the run, those that differ from the defaults first."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from pages.ui.common.run_view import RunView
from pages.ui.common.settings_text import TECHNIQUE_HEAD, Cell, draw_table, technique_rows, title_with_unit, valued
from pages.ui.common.spec_sharing import differences, train_command
from pages.ui.markdown import plain
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.params import Param
from tl_core.plan import techniques

HEAD = ("Setting", "Value", "Default", "--set", "What it does")

CHANGED = "● "
"""Stands before what differs from the default."""


def draw_settings(view: RunView) -> None:
    if view.spec is None:
        st.error("The settings of this run (spec.json) cannot be read.")
        return
    draw_table(HEAD, rows(view.spec), "Every setting with its value and default; changed settings come first.")
    began = " The table shows the run as it started; later changes are listed above." if view.live_changes else ""
    st.caption(f"{CHANGED}differs from the default.{began}")
    _techniques(view)
    st.download_button(
        "spec.json",
        json.dumps(view.spec.to_json(), indent=2),
        f"{view.run.id}-spec.json",
        "application/json",
        icon=":material/download:",
        help="The whole experiment as a file; the train command and the Train page read it.",
        on_click="ignore",
        key="spec_file",
    )
    st.caption("The same experiment on the command line:")
    st.code(train_command(view.spec, view.run.models), language="bash", wrap_lines=True)
    _environment(view)


def _techniques(view: RunView) -> None:
    """What acts on which layers now, with all that was changed while it trained."""
    if view.spec is None:
        return
    if lines := techniques(view.phases[-1].experiment):
        st.markdown("**What each technique acts on**")
        draw_table(TECHNIQUE_HEAD, technique_rows(lines), "Every technique with the layers it acts on.")


def _environment(view: RunView) -> None:
    known = view.state.environment
    if known:
        packages = ", ".join(f"{name} {version}" for name, version in known.packages.items())
        st.caption(plain(f"Trained on {known.device} with {known.cores} cores; {packages}."))


def rows(spec: ExperimentSpec) -> list[list[Cell]]:
    """A row a setting; the changed ones first, each group in the order of the settings' table."""
    changed = differences(spec, ExperimentSpec())
    in_order = sorted(PARAMETERS, key=lambda row: row.path not in changed)
    return [_cells(row, spec.value(row.path), row.path in changed) for row in in_order]


def _cells(row: Param, value: Any, changed: bool) -> list[Cell]:
    return [
        Cell((CHANGED if changed else "") + title_with_unit(row)),
        valued(row, value),
        valued(row, row.default),
        Cell(row.path, code=True),
        Cell(row.help),
    ]
