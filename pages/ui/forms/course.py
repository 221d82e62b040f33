"""The course of the learning rate, drawn while it is being set."""

from __future__ import annotations

import math

import streamlit as st

from pages.ui.charts import draw as draw_chart
from pages.ui.charts import schedule
from pages.ui.forms.planning import View
from tl_core.experiment.phases import SOLVED

HEIGHT = 230

PLATEAU = "As it goes as long as validation loss keeps falling; where it stops, the rate is lowered."


def draw(view: View) -> None:
    """The rates of all phases; nothing as long as the run cannot be planned."""
    made = view.plan
    if not made.phases or not made.images or view.spec.head.classifier in SOLVED:
        return
    phases = tuple(planned.phase for planned in made.phases)
    steps = math.ceil(made.images["train"] / view.spec.train.batch_size)
    draw_chart(schedule.schedule_figure(phases, steps), "schedule", HEIGHT, schedule.words(phases, steps))
    if view.spec.schedule.name == "plateau":
        st.caption(PLATEAU)
