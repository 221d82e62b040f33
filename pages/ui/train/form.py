"""The form: presets above it, then settings in groups. What a newcomer needs comes first, the rest is folded, problems stand beside their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import streamlit as st

from pages.ui.common.param_widgets import choice_title
from pages.ui.markdown import plain
from pages.ui.train import data_source, draft, editors, learning_rate
from pages.ui.train.draft import problem_text, problems_of_field, spec_from
from pages.ui.train.plan_view import PlanView
from tl_core.errors import Problem
from tl_core.experiment.presets import PRESETS, Preset
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.params import Param
from tl_core.plan.inactive_settings import inactive_settings

OWN_SETTINGS = "Your own settings. A preset replaces everything except the data."

ELSEWHERE = ("start",)
"""Sections that stand above the form, and only where they are set."""

FOLDS = {
    "optimizer": ("Optimiser", "optimizer.name"),
    "schedule": ("Learning rate schedule", "schedule.name"),
    "loss": ("Loss", ""),
    "stopping": ("Early stopping", "stopping.rule"),
}
"""What the folded part of a section is called, and the setting whose value its title tells."""

BELOW: Mapping[str, Callable[[PlanView], None]] = {
    "data": data_source.draw_more,
    "schedule": learning_rate.draw_schedule,
}
"""What stands below the folded settings of a section."""

SPARING = ("optimizer.", "schedule.", "stopping.", "head.hidden_dropout")
"""Settings left out where they have no effect: each choice of optimiser, schedule and rule has its own."""

_DEFAULTS = ExperimentSpec().flat()


def with_preset(spec: ExperimentSpec, preset: Preset) -> ExperimentSpec:
    """A preset on the data of a spec, and from where that starts."""
    return preset.spec().model_copy(update={"data": spec.data, "start": spec.start})


def preset_of(spec: ExperimentSpec) -> Preset | None:
    """The preset of a spec, regardless of its data; None if it is not a preset."""
    return next((preset for preset in PRESETS if with_preset(spec, preset).digest() == spec.digest()), None)


def draw_presets(view: PlanView) -> None:
    """The presets as buttons; the one that the form holds is marked and explained."""
    preset = preset_of(view.spec) if not view.draft.problems else None
    st.session_state["preset"] = preset.name if preset else None
    st.pills(
        "Preset",
        PRESETS.names,
        format_func=lambda name: PRESETS[name].title,
        key="preset",
        on_change=_preset_chosen,
        help="\n\n".join(f"**{row.title}**: {plain(row.help)}" for row in PRESETS),
    )
    st.caption(plain(preset.help) if preset else OWN_SETTINGS)


def _preset_chosen() -> None:
    draft.touch()
    if name := st.session_state["preset"]:
        spec, _ = spec_from(draft.values())
        draft.fill(with_preset(spec, PRESETS[name]))


@dataclass(frozen=True)
class Group:
    """A box of the form: the basic settings of its sections in sight, each section's others folded."""

    title: str
    icon: str
    sections: tuple[str, ...]


GROUPS = (
    Group("Data", ":material/photo_library:", ("data",)),
    Group("Network", ":material/account_tree:", ("backbone",)),
    Group("Head and regularisation", ":material/tune:", ("head", "loss")),
    Group("Augmentation", ":material/auto_fix_high:", ("augment",)),
    Group("Training", ":material/model_training:", ("train", "optimizer", "schedule", "stopping")),
)


def draw_form(view: PlanView) -> None:
    """Draws every setting of the spec."""
    rows = dict(sections())
    known = {section for group in GROUPS for section in group.sections}
    others = [
        Group(_section_title(name), ":material/settings:", (name,)) for name in rows if name not in {*known, *ELSEWHERE}
    ]
    for group in (*GROUPS, *others):
        with st.container(border=True, key=f"group-{group.sections[0]}"):
            st.markdown(f"#### {group.icon} {group.title}")
            for section in group.sections:
                _section(group, section, [row for row in rows[section] if _wanted(row, view)], view)


def sections() -> Iterator[tuple[str, list[Param]]]:
    """The rows of each section of the spec, in its order."""
    for section, rows in groupby(PARAMETERS, key=lambda row: row.path.partition(".")[0]):
        yield section, list(rows)


def _section_title(section: str) -> str:
    return section.replace("_", " ").capitalize()


def _wanted(row: Param, view: PlanView) -> bool:
    """False for a setting that would have no effect, as long as it was not changed."""
    return not row.path.startswith(SPARING) or _changed(row, view) or row.path not in inactive_settings(view.experiment)


def _changed(row: Param, view: PlanView) -> bool:
    return bool(view.draft.values[row.path] != _DEFAULTS[row.path])


def _section(group: Group, section: str, rows: list[Param], view: PlanView) -> None:
    _rows([row for row in rows if row.basic], view)
    if section == "train":
        learning_rate.draw_range_test(view)
    folded = [row for row in rows if not row.basic]
    if folded:
        _folded(section, _title(group, section, view), folded, view)


def _title(group: Group, section: str, view: PlanView) -> str:
    if section not in FOLDS:
        return f"More {group.title.split(maxsplit=1)[0].lower()} settings"
    title, path = FOLDS[section]
    row = next((row for row in PARAMETERS if row.path == path), None)
    return title if row is None else f"{title}: {plain(choice_title(row, view.draft.values[path]))}"


def _folded(section: str, title: str, rows: list[Param], view: PlanView) -> None:
    wrong = [problem for row in rows for problem in problems_of_field(view.problems, row.path)]
    key, seen = f"more:{section}", f"train.seen:{section}"
    opened = f"train.open:{section}"
    if wrong and not st.session_state.get(seen):
        st.session_state[opened] = True  # Opens when problems come; if you close it, it stays closed.
    st.session_state[seen] = bool(wrong)
    # Another label makes another widget: that it was open would be forgotten if it were not kept here.
    st.session_state[key] = st.session_state.get(opened, False)
    icon = ":material/error:" if wrong else None
    with st.expander(
        title + _fold_note(rows, wrong, view), key=key, icon=icon, on_change=_toggled, args=(key, opened)
    ) as folded:
        if folded.open:
            _rows(rows, view)
            if section in BELOW:
                BELOW[section](view)


def _toggled(key: str, opened: str) -> None:
    st.session_state[opened] = st.session_state[key]
    draft.touch()


def _fold_note(rows: list[Param], wrong: list[Problem], view: PlanView) -> str:
    changed = sum(_changed(row, view) for row in rows)
    told = f" · {changed} changed" if changed else ""
    return told + (f" · :red[{len(wrong)} to fix]" if wrong else "")


def _rows(rows: Iterable[Param], view: PlanView) -> None:
    """Wide settings alone, the others beside one another as far as there is room."""
    for wide, some in groupby(rows, key=lambda row: row.path in editors.WIDE):
        if wide:
            for row in some:
                _row(row, view)
        else:
            with st.grid("auto", min_column_width=180) as grid:
                for row in some:
                    with grid.cell():
                        _row(row, view)


def _row(row: Param, view: PlanView) -> None:
    editors.EDITORS.get(row.path, editors.generic)(row, view)
    problems = () if row.path in editors.TELLING else problems_of_field(view.problems, row.path)
    for number, problem in enumerate(problems):
        st.markdown(f":small[:red[:material/error: {plain(problem_text(problem))}]]")
        if _changed(row, view):
            _reset(row, f"reset:{row.path}:{number}")


def _reset(row: Param, key: str) -> None:
    st.button("Reset", key=key, type="tertiary", icon=":material/undo:", on_click=draft.reset, args=(row.path,))
