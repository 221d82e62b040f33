"""The Runs page before the first run: what a run is, and how to start one here or in a terminal."""

from __future__ import annotations

import shlex
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common.spec_sharing import TRAIN
from tl_core.experiment.presets import PRESETS


def draw_first_run(models: Path) -> None:
    """Explains what a run is and how to start the first."""
    with st.container(border=True, key="no_runs"):
        st.markdown(
            "## No runs yet\nTrain a network that has seen a million photos to classify yours, and watch where it stops "
            "learning and starts to memorise. The defaults train in under a minute, on generated images."
        )
        st.button(
            "Set up the first run",
            type="primary",
            icon=":material/model_training:",
            on_click=navigation.go,
            args=("train",),
        )
    with st.expander("Or start one from a terminal"):
        draw_commands(models)


def draw_commands(models: Path) -> None:
    """Draws the commands, with the models folder unless it is the default of a terminal."""
    place = "" if models == Path("models") else f" --models {shlex.quote(str(models))}"
    st.markdown("Open a terminal in the folder of TL Lab. The run appears here as soon as it starts.")
    for number, (title, text, command) in enumerate(steps(), 1):
        st.markdown(f"**{number}. {title}**  \n{text}")
        st.code(command + place, language="bash", wrap_lines=True)


def steps() -> tuple[tuple[str, str, str], ...]:
    """Title, explanation and command of each step, in the order a newcomer would take them."""
    extraction, tuning = PRESETS["feature-extraction"], PRESETS["fine-tune"]
    return (
        (extraction.title, extraction.help, f"{TRAIN} {extraction.name}"),
        (
            "The same on your own photos",
            "A folder with one subfolder of images per class, named after the class.",
            f"{TRAIN} {extraction.name} --data folder:PATH",
        ),
        (tuning.title, tuning.help, f"{TRAIN} {tuning.name}"),
    )
