"""Classify your own images: `/predict?run=ID&epoch=N`."""

from __future__ import annotations

import streamlit as st

from pages.ui.predict import images, network_picker, results
from tl_core.store import models_folder

models = models_folder()
st.title("Predict")
network = network_picker.choose_network(models)
if network:
    album = images.take_images()
    if album.images:
        results.draw_results(models, network, album)
