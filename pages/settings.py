"""The Settings page: data, disk space, weights, devices and workers, versions and licences."""

from __future__ import annotations

import streamlit as st

from pages.ui.settings import about, machine, own_networks, storage, weights_files
from tl_core.store import models_folder

models = models_folder()

st.title("Settings")

st.header("Data", anchor=False)
storage.draw_place(models)
storage.draw_disk(models)
storage.draw_cache_check(models)

st.header("Weights", anchor=False)
weights_files.draw_weights()

st.header("Networks of your own", anchor=False)
own_networks.draw_networks(models)

st.header("Closing the lab", anchor=False)
machine.draw_when_closed(models)

st.header("Devices and workers", anchor=False)
machine.draw_devices()
machine.draw_workers(models)

st.header("About", anchor=False)
about.draw_about()
