"""What every simulated page shares."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1.util import patch_config_options

from pages.ui.train import augmentation_preview
from tl_core import service
from tl_core.experiment.spec import ExperimentSpec
from tl_core.service import exploring
from tl_core.service.client import Client


@pytest.fixture(scope="session", autouse=True)
def _packages_searched_once() -> Iterator[None]:
    """For each simulated page Streamlit searches all installed packages for components, which takes longer than the page."""
    search = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", search)
        yield


@pytest.fixture(scope="session", autouse=True)
def _nothing_cleaned_up_after_each_run() -> Iterator[None]:
    """After each run of a page Streamlit collects garbage, and where Keras is loaded clears its session, which collects once more: with TensorFlow
    in the process that takes a third of a second, several times as long as the page. The dashboard itself never loads Keras."""
    with patch_config_options({"runner.postScriptGC": False}), pytest.MonkeyPatch.context() as patch:
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


@pytest.fixture(autouse=True)
def _no_real_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker loads Keras for ten seconds, and would live on after its test."""

    def refuse(_: Client) -> None:
        raise AssertionError("A simulated page started a real worker.")

    monkeypatch.setattr(Client, "_ready_worker", refuse)
    monkeypatch.setattr(
        exploring, "start", lambda _: None
    )  # The Explore page starts its process as soon as it is opened.


@pytest.fixture
def previews(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[ExperimentSpec, int]]]:
    """What the service was asked to preview; it answers at once."""
    asked: list[tuple[ExperimentSpec, int]] = []

    def answer(models: Path, spec: ExperimentSpec, picture: int = 0, *_: Any) -> service.Preview:
        asked.append((spec, picture))
        file = io.BytesIO()
        Image.new("RGB", (8, 8), (picture, 0, 0)).save(file, "PNG")
        return service.Preview(file.getvalue(), (file.getvalue(),) * 9, "cat/001.jpg", "cat", 12)

    monkeypatch.setattr(service, "preview", answer)
    augmentation_preview._augmented.cache_clear()
    yield asked
    augmentation_preview._augmented.cache_clear()
