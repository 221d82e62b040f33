"""What happens to training when the dashboard is closed."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui.problems import Problems, noted
from tl_core.supervisor import settings

CHOICES: dict[settings.WhenClosed, tuple[str, str]] = {
    "stop": ("Stop training", "After the batch in flight, with a checkpoint; resume goes on from there."),
    "go on": ("Let training go on", "The worker trains the queue to its end; the next dashboard finds it at work."),
}


def draw(models: Path) -> None:
    """Draws the choice; a change counts at once."""
    now = settings.read(models).when_closed
    st.radio(
        "When the dashboard is closed",
        list(CHOICES),
        index=list(CHOICES).index(now),
        format_func=lambda choice: CHOICES[choice][0],
        captions=[caption for _, caption in CHOICES.values()],
        key="when_closed",
        on_change=lambda: noted("settings", _keep, models, st.session_state["when_closed"]),
        help="Closing the browser never stops a run. This is about the program you started in a terminal.",
    )


def _keep(models: Path, choice: settings.WhenClosed) -> Problems:
    try:
        models.mkdir(parents=True, exist_ok=True)
        settings.write(models, settings.Settings(choice))
    except OSError as error:
        return (f"The setting could not be kept: {error.strerror or error}.",)
    return ()
