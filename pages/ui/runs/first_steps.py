"""How to start a run, as commands to copy."""

from __future__ import annotations

import shlex
from pathlib import Path

import streamlit as st

from tl_core.experiment.presets import PRESETS

TRAIN = ".venv/bin/python -m tl_core train"


def draw(models: Path) -> None:
    """Draws the commands; they name the models folder where it is not the one a terminal would use by itself."""
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
            "A folder that holds one folder of pictures for each class; its name is the class.",
            f"{TRAIN} {extraction.name} --data folder:PATH",
        ),
        (tuning.title, tuning.help, f"{TRAIN} {tuning.name}"),
    )
