"""The Predict page, run as Streamlit runs it, with a service client that answers at once."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.ui.predict import images, results
from pages.ui.predict.images import Album, Answer, GivenImage
from pages.ui.predict.network_picker import Network
from tests.pages import visits
from tests.pages.folders import add_run, trained_here
from tests.pages.visits import address, drawn, said
from tl_core import service, store
from tl_core.errors import BadInput, RunFailed
from tl_core.files import write_json
from tl_core.service import Predictions

Asked = list[tuple[str, int | None, int]]
"""(run, epoch, how many files) of each request."""


def opened(**params: str) -> AppTest:
    return visits.opened("predict", **params)


def with_network(
    models: Path, title: str = "feature-extraction", epochs: Sequence[int] = (2, 3), export: bool = True, **state: Any
) -> store.Run:
    """A run that keeps these checkpoints, the first of them the best, and exported it."""
    run = add_run(models, title, **{"exported_epoch": epochs[0], **state})
    entries = [
        {"epoch": epoch, "phase": "head", "file": f"epoch-{epoch}.npz", "sha256": f"{epoch}", "bytes": 1000 * epoch}
        for epoch in epochs
    ]
    write_json(run.checkpoints / "manifest.json", {"entries": entries, "best_epoch": epochs[0], "lines": []})
    write_json(run.report / "data.json", {"classes": ["cat", "d[o]g"]})
    if export:
        run.export.mkdir()
        (run.export / "model.keras").write_bytes(b"x" * 5000)
    return run


def image(name: str = "a.png", colour: str = "red") -> tuple[str, bytes, str]:
    """A image as a browser uploads it."""
    content = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(content, "PNG")
    return name, content.getvalue(), "image/png"


def upload(page: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    page.file_uploader[0].set_value(files).run()
    assert not page.exception
    return page


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What the page asked of a service that finds cats in images and skips what is none."""
    made: Asked = []

    def predict(_models: Path, run_id: str, epoch: int | None, files: Sequence[Path], top: int = 5) -> Predictions:
        made.append((run_id, epoch, len(files)))
        readable = [file for file in files if file.read_bytes().startswith(b"\x89PNG")]
        answers = tuple((str(file), (("cat", 0.75), ("d[o]g", 0.25))) for file in readable)
        skipped = tuple((str(file), "empty file") for file in files if file not in readable)
        return Predictions(answers, skipped, "softmax", ("cat", "d[o]g"), epoch or 2)

    monkeypatch.setattr(service, "predict", predict)
    monkeypatch.setattr(service, "pid", lambda _models: None)
    return made


def album_of(page: AppTest) -> Album:
    album: Album = page.session_state["predict_album"]
    return album


def test_with_no_runs_it_says_to_train_one(models: Path) -> None:
    page = opened()
    assert "Train one first" in said(page)
    assert not page.file_uploader


def test_while_no_run_has_a_checkpoint_it_says_when_there_will_be_one(models: Path) -> None:
    add_run(models, accuracies=(), **trained_here())
    page = opened()
    assert "writes its first checkpoint after its first epoch" in said(page)
    assert not page.file_uploader


def test_a_link_to_a_run_that_has_no_checkpoint_yet_says_what_it_does(models: Path) -> None:
    with_network(models, "ready")
    run = add_run(models, "fresh", accuracies=(), **trained_here())
    page = opened(run=run.id)
    assert "writes its first checkpoint after the first epoch" in said(page)
    assert page.selectbox(key="predict_run").value == run.id
    assert not page.file_uploader


def test_the_newest_run_with_a_checkpoint_and_its_export_are_chosen_at_first(models: Path) -> None:
    with_network(models, "older")
    newest = with_network(models, "newer")
    add_run(models, "without")
    page = opened()
    assert page.selectbox(key="predict_run").value == newest.id
    assert page.selectbox(key="predict_run").options == [
        "newer · playground · 86.0 % (epoch 2)",
        "older · playground · 86.0 % (epoch 2)",
    ]
    assert page.selectbox(key="predict_epoch").options == [
        "Best epoch, exported (epoch 2, 5 kB)",
        "Epoch 2 ★ best (head, 2 kB)",
        "Epoch 3 (head, 3 kB)",
    ]
    assert page.selectbox(key="predict_epoch").value == "best"
    assert r"2 classes: cat, d\[o\]g" in said(page)


@pytest.mark.parametrize(
    ("state", "label"),
    [
        ({"exported_epoch": 3, "epoch": 3}, "Last epoch, exported (epoch 3, 5 kB)"),
        (
            {"exported_epoch": 3, "epoch": 4},
            "Exported (epoch 3, 5 kB)",
        ),  # Where the checkpoint it wanted was damaged.
    ],
)
def test_a_network_is_called_the_best_epochs_only_where_it_is(models: Path, state: dict[str, Any], label: str) -> None:
    with_network(models, **state)
    assert opened().selectbox(key="predict_epoch").options[0] == label


def test_a_run_that_is_still_training_offers_its_checkpoints(models: Path, asked: Asked) -> None:
    run = with_network(models, export=False, **trained_here())
    page = upload(opened(), image())
    assert asked == [(run.id, 2, 1)]
    assert page.selectbox(key="predict_epoch").value == "2"


def test_a_link_chooses_run_and_epoch(models: Path, asked: Asked) -> None:
    run = with_network(models, "older")
    with_network(models, "newer")
    page = upload(opened(run=run.id, epoch="3"), image())
    assert asked == [(run.id, 3, 1)]
    assert page.selectbox(key="predict_epoch").value == "3"


def test_choosing_puts_run_and_epoch_into_the_address(models: Path) -> None:
    older = with_network(models, "older")
    with_network(models, "newer")
    page = opened()
    page.selectbox(key="predict_run").select(older.id).run()
    assert address(page) == {"run": older.id}
    page.selectbox(key="predict_epoch").select("3").run()
    assert address(page) == {"run": older.id, "epoch": "3"}
    page.selectbox(key="predict_epoch").select("best").run()
    assert address(page) == {"run": older.id}


def test_a_link_to_a_run_that_is_gone_says_so_and_offers_the_others(models: Path) -> None:
    run = with_network(models)
    page = opened(run="<gone>*")
    assert r"no run \<gone\>\*" in said(page)
    assert page.selectbox(key="predict_run").value == run.id


def test_a_link_to_a_checkpoint_that_is_gone_says_so(models: Path) -> None:
    run = with_network(models)
    page = opened(run=run.id, epoch="99")
    assert "has no checkpoint 99" in said(page)
    assert page.selectbox(key="predict_epoch").value == "best"


def test_damaged_checkpoints_are_a_sentence(models: Path) -> None:
    run = with_network(models)
    (run.checkpoints / "manifest.json").write_text("{")
    page = opened()
    assert "is damaged" in said(page)
    assert not page.file_uploader


def test_pictures_are_classified_and_those_that_cannot_be_read_named(models: Path, asked: Asked) -> None:
    run = with_network(models)
    page = upload(opened(), image("<b>.png"), ("no [x].jpg", b"text", "image/jpeg"))
    assert asked == [(run.id, None, 2)]
    html = drawn(page)
    assert "&lt;b&gt;.png" in html and "<b>" not in html
    assert ">cat " in html and "75.0 %" in html and "d[o]g" in html and "25.0 %" in html
    assert r"no \[x\].jpg: empty file" in said(page)
    (warning,) = page.warning
    assert "1 file left out" in str(warning.proto)
    assert address(page) == {"run": run.id}


def test_many_pictures_are_asked_about_a_few_at_a_time(models: Path, asked: Asked) -> None:
    with_network(models)
    upload(opened(), *(image(f"{number}.png") for number in range(20)))
    assert [count for _, _, count in asked] == [8, 8, 4]


def test_another_run_is_asked_about_the_same_pictures_and_both_answers_stand_on_the_card(
    models: Path, asked: Asked
) -> None:
    older, newer = with_network(models, "older"), with_network(models, "newer")
    page = upload(opened(), image())
    page.selectbox(key="predict_run").select(older.id).run()
    assert asked == [(newer.id, None, 1), (older.id, None, 1)]
    assert "newer, best: cat 75.0 %" in said(page)
    page.selectbox(key="predict_run").select(newer.id).run()
    assert len(asked) == 2, "what it said before is kept"


def test_a_network_that_was_trained_again_is_asked_again(models: Path, asked: Asked) -> None:
    run = with_network(models)
    page = upload(opened(), image())
    (run.export / "model.keras").write_bytes(b"another")
    page.run()
    assert len(asked) == 2


def test_more_pictures_can_be_added_and_are_the_only_ones_asked_about(models: Path, asked: Asked) -> None:
    with_network(models)
    page = upload(opened(), image("a.png"))
    assert page.file_uploader[0].value in (None, []), "the uploader was emptied: its files would stay in memory"
    upload(page, image("b.png"), image("c.png"))
    assert [count for _, _, count in asked] == [1, 2]
    assert [one.name for one in album_of(page).images] == ["a.png", "b.png", "c.png"]


def test_pictures_lie_under_names_of_ours_until_they_are_removed(models: Path, asked: Asked) -> None:
    with_network(models)
    page = upload(opened(), image("../../etc/passwd.png"))
    (one,) = album_of(page).images
    folder = one.file.parent
    assert one.file.exists() and one.thumbnail.exists()
    assert "passwd" not in str(one.file)
    page.button(key="predict_remove").click().run()
    assert not folder.exists()
    assert not page.button
    assert not album_of(page).images


def test_pictures_are_removed_with_the_album() -> None:
    album = Album()
    album.take([("a.png", io.BytesIO(b"x"), 1)])
    folder = album.images[0].file.parent
    assert folder.exists()
    del album
    assert not folder.exists()


def test_what_a_killed_dashboard_left_is_removed_and_what_a_living_one_holds_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    living, dead, other = Album(), tmp_path / "tl-lab-1-5-abc", tmp_path / "tl-lab-notes"
    for folder in (dead, other):
        folder.mkdir()
        (folder / "image").write_bytes(b"x")
    images.remove_leftovers()
    assert not dead.exists()
    assert other.exists() and Path(living.folder.name).exists()


@pytest.mark.parametrize(
    "most, most_bytes, reason", [(2, 10**9, "at most 2 images"), (200, 10, "more than 10 B together")]
)
def test_what_is_too_much_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, most: int, most_bytes: int, reason: str
) -> None:
    monkeypatch.setattr(images, "MOST", most)
    monkeypatch.setattr(images, "MOST_BYTES", most_bytes)
    album = Album()
    album.take([(f"{number}.png", io.BytesIO(b"12345"), 5) for number in range(3)])
    assert len(album.images) == 2
    ((name, why),) = album.refused
    assert name == "2.png"
    assert reason in why


@pytest.mark.parametrize(
    "error, sentence",
    [
        (
            BadInput.of("epoch", "the checkpoint was given up", "Choose another."),
            "The checkpoint was given up. Choose another.",
        ),
        (RunFailed("It died."), "It died."),
    ],
)
def test_a_request_that_fails_is_a_sentence_and_is_tried_again_next_time(
    models: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    with_network(models)
    page = opened()
    answer = service.predict

    def fail(*_arguments: object, **_named: object) -> Predictions:
        raise error

    monkeypatch.setattr(service, "predict", fail)
    upload(page, image())
    assert page.error[0].value == sentence
    monkeypatch.setattr(service, "predict", answer)
    page.run()
    assert not page.error
    assert ">cat " in drawn(page)


def test_the_camera_is_asked_for_only_when_wanted(models: Path) -> None:
    with_network(models)
    page = opened()
    assert not page.get("camera_input")
    page.toggle(key="predict_camera").set_value(True).run()
    assert page.get("camera_input")


def test_it_says_that_pictures_stay_here(models: Path) -> None:
    with_network(models)
    assert "Images stay on the machine" in said(opened())


class TestTheTable:
    NETWORK = Network("run", None, "content")

    def rows(self, *answers: tuple[str, Answer]) -> list[list[str]]:
        album = Album()
        album.images = [GivenImage(Path(str(number)), name, 1) for number, (name, _) in enumerate(answers)]
        album.answers[self.NETWORK] = {Path(str(number)): answer for number, (_, answer) in enumerate(answers)}
        return list(csv.reader(io.StringIO(results.as_csv(self.NETWORK, album).decode("utf-8-sig"))))

    def test_has_a_row_for_each_picture(self) -> None:
        said = (("cat", 0.75), ("dog", 0.25))
        assert self.rows(("ä, b.png", Answer(said)), ("x.jpg", Answer(reason="empty file"))) == [
            ["file", "class_1", "score_1", "class_2", "score_2", "skipped"],
            ["ä, b.png", "cat", "0.75", "dog", "0.25", ""],
            ["x.jpg", "", "", "", "", "empty file"],
        ]

    def test_names_are_no_formulas(self) -> None:
        assert self.rows(("=1+1.png", Answer((("@x", 1.0),))))[1] == ["'=1+1.png", "'@x", "1", ""]

    def test_negative_margins_stay_numbers(self) -> None:
        assert self.rows(("a.png", Answer((("cat", -0.5),))))[1][2] == "-0.5"


@pytest.mark.parametrize(
    "output, score, words",
    [("softmax", 0.123, "12.3 %"), ("sigmoid", 1.0, "100.0 %"), ("margins", -0.5, "score -0.50")],
)
def test_margins_are_never_shown_as_percent(output: Any, score: float, words: str) -> None:
    assert results.score_text(score, output) == words
    assert words in results.bars((("cat", score),), output)


def test_bars_of_margins_reach_from_the_lowest_to_the_highest() -> None:
    html = results.bars((("a", 2.0), ("b", 0.0), ("c", -2.0)), "margins")
    assert [width in html for width in ("width:100.0%", "width:50.0%", "width:0.0%")] == [True] * 3


def test_all_cards_of_many_pictures_are_turned_page_by_page(models: Path, asked: Asked) -> None:
    with_network(models)
    page = upload(opened(), *(image(f"{number:02d}.png") for number in range(results.A_PAGE + 1)))
    assert "00.png" in drawn(page) and f"{results.A_PAGE:02d}.png" not in drawn(page)


def test_every_file_of_a_mixed_drop_is_named_with_its_outcome(models: Path, asked: Asked) -> None:
    with_network(models)
    names = ["scan.tif", "photo.HEIC", "notes.txt", "no suffix"]
    page = upload(opened(), image("a.png"), *((name, b"other", "application/octet-stream") for name in names))
    assert asked[0][2] == 5
    assert "a.png" in drawn(page)
    assert all(f"{name}: empty file" in said(page) for name in names)
    table = page.dataframe[0].value
    assert table["File"].tolist() == ["a.png", *names]
    assert table["Left out because"].tolist() == ["", *["empty file"] * 4]


def test_all_files_that_were_too_many_are_named(models: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST", 1)
    with_network(models)
    page = upload(opened(), *(image(f"{number}.png") for number in range(15)))
    assert "14 files not added" in str(page.warning[0].proto)
    assert all(f"{number}.png: at most 1 images" in said(page) for number in range(1, 15))


def test_images_are_ordered_by_doubt(models: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = {"sure.png": 0.99, "torn.png": 0.51, "likely.png": 0.8}

    def predict(_models: Path, run_id: str, epoch: int | None, files: Sequence[Path], top: int = 5) -> Predictions:
        shares = dict(zip(files, scores.values(), strict=True))
        made = tuple((str(file), (("cat", share), ("dog", 1 - share))) for file, share in shares.items())
        return Predictions(made, (), "softmax", ("cat", "dog"), 2)

    monkeypatch.setattr(service, "predict", predict)
    with_network(models)
    page = upload(opened(), *map(image, scores))

    def order() -> list[str]:
        return [str(name) for name in page.dataframe[0].value["File"]]

    def cards() -> list[str]:
        return sorted(scores, key=drawn(page).index)

    assert order() == cards() == ["sure.png", "torn.png", "likely.png"]
    page.selectbox(key="predict_order").select(results.DOUBTFUL).run()
    assert order() == cards() == ["torn.png", "likely.png", "sure.png"]
    page.selectbox(key="predict_order").select(results.SURE).run()
    assert order() == cards() == ["sure.png", "likely.png", "torn.png"]


def test_doubt_is_the_lead_of_the_best_class_also_for_margins() -> None:
    assert Answer((("a", 2.5), ("b", 2.0), ("c", -1.0))).lead == 0.5
    assert Answer((("a", 0.4),)).lead == float("inf")
