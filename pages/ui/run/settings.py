"""What a run was asked to do: every setting, those that differ from the defaults first."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.address import differences, flat, written
from pages.ui.run.view import View
from tl_core.params import Param
from tl_core.presets import PRESETS
from tl_core.spec import PARAMETERS, ExperimentSpec

COLUMNS = {
    "Changed": st.column_config.TextColumn(help="● differs from the default.", width=76),
    "Setting": st.column_config.TextColumn(width="medium"),
    "Value": st.column_config.TextColumn(width="medium"),
    "Default": st.column_config.TextColumn(width="small"),
    "What it does": st.column_config.TextColumn(width="large"),
}


def draw(view: View) -> None:
    if view.spec is None:
        st.error("The settings of this run (spec.json) cannot be read.")
        return
    st.dataframe(
        table(view.spec),
        key="settings",
        hide_index=True,
        height=36 * 14,
        column_config=COLUMNS,
        alt="Every setting with its value and default; those that were changed come first.",
    )
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


def _environment(view: View) -> None:
    known = view.state.get("environment")
    if isinstance(known, dict) and isinstance(known.get("packages"), dict):
        packages = ", ".join(f"{name} {version}" for name, version in known["packages"].items())
        st.caption(f"Trained on {known.get('device')} with {known.get('cores')} cores; {packages}.")


def table(spec: ExperimentSpec) -> pd.DataFrame:
    """A row a setting; the changed ones first, each group in the order of the settings' table."""
    values, defaults = flat(spec), flat(ExperimentSpec())
    changed = differences(spec, ExperimentSpec())
    rows = [_cells(row, values[row.path], defaults[row.path], row.path in changed) for row in PARAMETERS]
    rows.sort(key=lambda cells: not cells["Changed"])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells(row: Param, value: Any, default: Any, changed: bool) -> dict[str, str]:
    unit = f" {row.unit}" if row.unit and value is not None else ""
    return {
        "Changed": "●" if changed else "",
        "Setting": row.path,
        "Value": f"{_shown(value)}{unit}",
        "Default": _shown(default),
        "What it does": row.help,
    }


def _shown(value: Any) -> str:
    return "not set" if value is None else written(value)


def command(spec: ExperimentSpec) -> str:
    """What to type for the same experiment: the preset nearest to it, and what differs."""
    differing = {preset.name: differences(spec, preset.spec()) for preset in PRESETS}
    name = min(differing, key=lambda preset: len(differing[preset]))
    changes = "".join(f" --set {shlex.quote(f'{path}={value}')}" for path, value in differing[name].items())
    return f".venv/bin/python -m tl_core train {name}{changes}"
