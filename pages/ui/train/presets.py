"""The presets above the form: the chosen one stays, and says what was changed since."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from pages.ui.common.planning import problems_of
from pages.ui.common.settings_text import TITLES
from pages.ui.common.spec_sharing import differences
from pages.ui.markdown import plain
from pages.ui.train import draft
from pages.ui.train.draft import spec_from
from pages.ui.train.plan_view import PlanView
from tl_core.experiment.presets import PRESETS, Preset
from tl_core.experiment.spec import ExperimentSpec

_KEY = "preset"
_DEFAULTS = ExperimentSpec()


def with_preset(
    spec: ExperimentSpec, preset: Preset, before: Preset | None = None, kept: Iterable[str] = ()
) -> ExperimentSpec:
    """A preset on the data of a spec, and from where that starts.

    Args:
        before: The preset that it replaces: what that one set of the data is put back.
        kept: Further settings, by path, that stay as they are.
    """
    undone = {
        path: _DEFAULTS.value(path)
        for path, value in _of_data(before)
        if spec.data == spec.with_values({path: value}).data
    }
    whole = preset.spec().model_copy(update={"data": spec.data, "start": spec.start})
    return whole.with_values({**undone, **dict(_of_data(preset)), **{path: spec.flat()[path] for path in kept}})


def nearest_preset(spec: ExperimentSpec) -> Preset:
    """The preset from which a spec differs in the fewest settings, those of the data only where the preset has them."""
    return min(PRESETS, key=lambda preset: len(changes_of(spec, preset)))


def changes_of(spec: ExperimentSpec, preset: Preset) -> tuple[str, ...]:
    """The settings, by path, in which a spec differs from a preset on its data."""
    return tuple(differences(spec, with_preset(spec, preset)))


def draw_presets(view: PlanView) -> None:
    """The presets as buttons; below, what the chosen one is for, and what was changed since."""
    spec = view.draft.spec
    preset = PRESETS[view.draft.preset] if view.draft.preset else nearest_preset(spec)
    st.session_state[_KEY] = preset.name
    st.pills(
        "Preset",
        PRESETS.names,
        format_func=lambda name: PRESETS[name].title,
        key=_KEY,
        required=True,
        on_change=_chosen,
        args=(view.models, preset, _fixed(view)),
        help="\n\n".join(f"**{row.title}**: {plain(row.help)}" for row in PRESETS),
    )
    changed = changes_of(spec, preset)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="preset-note"):
        st.caption(plain(preset.help), width="content")
        if changed:
            _reset(view, preset, changed)


def _reset(view: PlanView, preset: Preset, changed: tuple[str, ...]) -> None:
    titles = ", ".join(TITLES[path] for path in changed if path in TITLES)
    st.button(
        f"{len(changed)} changed, reset",
        key="reset:preset",
        type="tertiary",
        icon=":material/undo:",
        help=f"Changed: {plain(titles)}. Resets them to the preset; the data stay.",
        on_click=_put,
        args=(view.models, preset, None, _fixed(view)),
    )


def _fixed(view: PlanView) -> tuple[str, ...]:
    """What a fork cannot change."""
    return tuple(path for path in view.parent.fixed if path in TITLES) if view.parent else ()


def _of_data(preset: Preset | None) -> list[tuple[str, object]]:
    return [(path, value) for path, value in preset.values.items() if path.startswith("data.")] if preset else []


def _chosen(models: Path, before: Preset, kept: tuple[str, ...]) -> None:
    _put(models, PRESETS[st.session_state[_KEY]], before, kept)


def _put(models: Path, preset: Preset, before: Preset | None, kept: tuple[str, ...]) -> None:
    spec, _ = spec_from(draft.values())
    wanted = with_preset(spec, preset, before, kept)
    # What the preset sets of the data may not fit these: more images of a class than there are.
    wrong = {problem.path for problem in problems_of(wanted, models)} & {path for path, _ in _of_data(preset)}
    draft.fill(wanted.with_values({path: _DEFAULTS.flat()[path] for path in wrong}), preset.name)
