"""What a run was asked to do: every setting, those that differ from the defaults first."""

from __future__ import annotations

import json
import shlex
from typing import Any

import streamlit as st

from pages.ui import setting_table
from pages.ui.address import differences
from pages.ui.forms.summary import TECHNIQUES, technique_rows
from pages.ui.run.view import View
from pages.ui.setting_table import Cell, valued
from pages.ui.wording import titled
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.params import Param
from tl_core.plan import techniques

HEAD = ("Setting", "Value", "Default", "--set", "What it does")

CHANGED = "● "
"""Stands before what differs from the default."""


def draw(view: View) -> None:
    if view.spec is None:
        st.error("The settings of this run (spec.json) cannot be read.")
        return
    setting_table.draw(
        HEAD, rows(view.spec), "Every setting with its value and default; those that were changed come first."
    )
    began = " The table has the run as it began; what was changed since is listed above." if view.adjustments else ""
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
    st.code(command(view.spec), language="bash", wrap_lines=True)
    _environment(view)


def _techniques(view: View) -> None:
    """What acts on which layers now, with all that was changed while it trained."""
    if view.spec is None:
        return
    spec = view.phases[-1].spec
    if lines := techniques(spec, view.phases):
        st.markdown("**What each technique acts on**")
        setting_table.draw(TECHNIQUES, technique_rows(lines), "Every technique with the layers it acts on.")


def _environment(view: View) -> None:
    known = view.state.get("environment")
    if isinstance(known, dict) and isinstance(known.get("packages"), dict):
        packages = ", ".join(f"{name} {version}" for name, version in known["packages"].items())
        st.caption(f"Trained on {known.get('device')} with {known.get('cores')} cores; {packages}.")


def rows(spec: ExperimentSpec) -> list[list[Cell]]:
    """A row a setting; the changed ones first, each group in the order of the settings' table."""
    changed = differences(spec, ExperimentSpec())
    in_order = sorted(PARAMETERS, key=lambda row: row.path not in changed)
    return [_cells(row, spec.value(row.path), row.path in changed) for row in in_order]


def _cells(row: Param, value: Any, changed: bool) -> list[Cell]:
    return [
        Cell((CHANGED if changed else "") + titled(row)),
        valued(row, value),
        valued(row, row.default),
        Cell(row.path, code=True),
        Cell(row.help),
    ]


def command(spec: ExperimentSpec) -> str:
    """What to type for the same experiment: the preset nearest to it, and what differs."""
    differing = {preset.name: differences(spec, preset.spec()) for preset in PRESETS}
    name = min(differing, key=lambda preset: len(differing[preset]))
    changes = "".join(f" --set {shlex.quote(f'{path}={value}')}" for path, value in differing[name].items())
    return f".venv/bin/python -m tl_core train {name}{changes}"
