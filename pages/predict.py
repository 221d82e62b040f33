"""Classify pictures of one's own: `/predict?run=ID&epoch=N`."""

from __future__ import annotations

import streamlit as st

from pages.ui.predict import choosing, intake, results
from tl_core.store import models_folder

models = models_folder()
st.title("Predict")
network = choosing.draw(models)
if network:
    album = intake.draw()
    if album.pictures:
        results.draw(models, network, album)
