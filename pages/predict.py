"""Classify pictures of one's own: `/predict?run=ID&epoch=N`."""

from __future__ import annotations

import streamlit as st

from pages.ui.predict import network_picker, pictures, results
from tl_core.store import models_folder

models = models_folder()
st.title("Predict")
network = network_picker.choose_network(models)
if network:
    album = pictures.take_pictures()
    if album.pictures:
        results.draw_results(models, network, album)
