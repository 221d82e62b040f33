"""What the tests of the engine share: small real runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tl_core import store
from tl_core.backbones import added
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity

SMALL = {"data.source": "digits", "data.image_size": 32, "data.images_per_class": 12, "train.epochs": 2}
"""Settings that make a run of any preset take a second or two."""

SHALLOW = {"backbone__output": "block2", "data__images_per_class": 6}
"""Changes for runs that thaw layers: three blocks of the network and few images, so that gradients compile in seconds."""


def quiet(_activity: Activity, _done: int, _total: int) -> None:
    """A progress that nobody looks at."""


def small_spec(preset: str = "feature-extraction", **changes: Any) -> ExperimentSpec:
    """A preset made small; changes are paths with `__` for the dot."""
    return PRESETS[preset].spec({**SMALL, **{path.replace("__", "."): value for path, value in changes.items()}})


def low_spec(preset: str = "feature-extraction", **changes: Any) -> ExperimentSpec:
    """A small spec with its head on the second block: a frozen part that OpenVINO converts in a second, not in five."""
    return small_spec(preset, **{"backbone__output": "block2", **changes})


@pytest.fixture(scope="session")
def shared_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder all engine tests share, so that digits are decoded and features computed once."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def trained(shared_models: Path) -> Callable[..., store.Run]:
    """A function that trains a spec to its end and returns the run."""
    from tl_core.engine.training.lifecycle import train

    def run(spec: ExperimentSpec) -> store.Run:
        made = store.create(shared_models, spec)
        train(made, shared_models, quiet)
        return made

    return run


@pytest.fixture(scope="session")
def _own_network(shared_models: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    from tests.engine.keras_networks import CUTS, saved, tiny
    from tl_core.backbones.asked import Asked
    from tl_core.engine.networks.adding import add

    file = saved(tiny(), tmp_path_factory.mktemp("files") / "tiny.keras")
    return add(shared_models, file, Asked("tiny", "0..1", CUTS, title="Tiny")).name


@pytest.fixture
def own_network(_own_network: str, shared_models: Path) -> str:
    """The name of a small network of your own, which was added to `shared_models` once and must not be changed."""
    added.use(shared_models)
    return _own_network
