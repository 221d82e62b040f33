"""Questions about an experiment that are answered in seconds: `/explore?question=depth-probe&data.source=digits`, `/explore?id=ID`."""

from __future__ import annotations

import streamlit as st

from pages.ui.explore import questions, subject
from tl_core.store import models_folder

models = models_folder()
st.title("Explore")
question = questions.choose_question(models)
about = subject.choose_subject(models)
question.draw(models, about)
