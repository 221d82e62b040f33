"""The Explore page, without a browser: which experiment, what is asked, what is shown of the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.explore.questions import QUESTIONS
from tests.conftest import Photos
from tests.explorations.results import ASKED, PROBE
from tests.pages.folders import add_run
from tests.pages.visits import address, opened, press, said
from tl_core import explorations, store
from tl_core.errors import BadInput
from tl_core.explorations import Asked, Exploration, folder
from tl_core.files import read_json
from tl_core.records import Activity, Progress, Stage, Status
from tl_core.service import exploring


def answered(models: Path, asked: Asked = ASKED) -> Exploration:
    made = explorations.create(models, asked)
    explorations.write_result(made, PROBE)
    explorations.write_state(made, status=Status.FINISHED, seconds=3.0)
    return made


def test_the_button_asks_about_what_is_set_up_on_the_train_page(models: Path, begun: list[Asked]) -> None:
    page = opened("explore", question="depth-probe")
    press(page, "explore_start")
    (asked,) = begun
    assert (asked.kind.name, asked.spec) == ("depth-probe", ASKED.spec)
    (made,) = explorations.explorations(models)
    assert address(page) == {"question": "depth-probe", "id": made.id}
    assert page.button(key="explore_cancel").disabled is False


def test_a_link_asks_about_the_experiment_in_it(models: Path, begun: list[Asked]) -> None:
    page = opened("explore", question="depth-probe", **{"data.source": "digits", "head.dropout": "0.5"})
    assert "digits" in said(page)
    press(page, "explore_start")
    assert (begun[0].spec.data.source, begun[0].spec.head.dropout) == ("digits", 0.5)


def test_a_run_can_be_explored(models: Path, begun: list[Asked]) -> None:
    run = add_run(models, "mine", settings={"data.source": "digits"})
    page = opened("explore", question="depth-probe")
    page.selectbox(key="explore_subject").select(run.id).run()
    assert not page.exception
    assert address(page)["data.source"] == "digits"
    press(page, "explore_start")
    assert begun[0].spec.data.source == "digits"


def test_an_answer_that_was_kept_is_shown_at_once_for_the_same_question(models: Path, begun: list[Asked]) -> None:
    answered(models)
    page = opened("explore", question="depth-probe")
    assert PROBE.reading.split(" (")[0] in said(page).replace("\\", "")
    assert "answered in 3" in said(page)
    assert begun == []


@pytest.mark.parametrize(
    ("status", "again"), [(Status.FINISHED, True), (Status.STOPPED, False), (Status.RUNNING, False)]
)
def test_only_what_was_answered_is_asked_again(models: Path, status: Status, again: bool) -> None:
    made = explorations.create(models, ASKED)
    explorations.write_state(made, status=status, **store.this_process())
    assert opened("explore", question="depth-probe").button(key="explore_start").label.endswith(" again") == again


def test_images_that_changed_since_an_answer_are_said_and_asked_about_anew(
    models: Path, photos: Photos, begun: list[Asked]
) -> None:
    folder = photos("cat", "dog", each=12)
    source = {"data.source": f"folder:{folder}"}
    page = press(opened("explore", question="depth-probe", **source), "explore_start")
    (first,) = explorations.explorations(models)
    explorations.write_result(first, PROBE)
    explorations.write_state(first, status=Status.FINISHED, seconds=3.0)
    assert "have changed" not in said(page.run()) and page.button(key="explore_start").label.endswith(" again")
    (folder / "cat" / "one more.png").write_bytes(next((folder / "dog").iterdir()).read_bytes())
    for visited in ({"id": first.id}, {"question": "depth-probe", **source}):
        page = opened("explore", **visited)
        assert "have changed since this was asked" in said(page) and PROBE.best.cut in said(page)
        assert not page.button(key="explore_start").label.endswith(" again")
    press(page, "explore_start")
    assert "have changed" not in said(page) and begun[0] == begun[1], "the same question, of other images"


def test_every_kept_answer_has_a_line(models: Path) -> None:
    made = [answered(models) for _ in range(15)]
    page = opened("explore", unfolded=["explore_kept"], question="depth-probe")
    seen = {button.key for button in page.button}
    page.pagination(key="explore_kept_page").set_value(2).run()
    seen |= {button.key for button in page.button}
    assert {f"open_{one.id}" for one in made} <= seen


def test_a_link_shows_a_kept_answer_again_with_its_experiment(models: Path) -> None:
    other = Asked(ASKED.kind, ASKED.spec.with_values({"data.source": "digits"}), ASKED.options)
    made = answered(models, other)
    page = opened("explore", id=made.id)
    assert "digits" in said(page)
    assert "answered in 3" in said(page)


def test_the_question_of_a_kept_answer_is_found_without_reading_the_others(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [explorations.create(models, ASKED) for _ in range(3)]
    read: list[Path] = []

    def reading(path: Path, *arguments: Any) -> Any:
        read.append(path)
        return read_json(path, *arguments)

    monkeypatch.setattr(folder, "read_json", reading)
    owners = [name for name, question in QUESTIONS.items() if question.owns(models, made[0].id)]
    assert owners == ["depth-probe"] and {path.parent for path in read} == {made[0].folder}


def test_an_answer_that_is_gone_is_said(models: Path) -> None:
    assert "no such result" in said(opened("explore", id="20260101-000000-gone-0000"))


def test_progress_says_what_is_done_and_how_long_it_takes_and_can_be_cancelled(models: Path) -> None:
    made = explorations.create(models, ASKED)
    explorations.write_state(made, status=Status.RUNNING, **store.this_process())
    explorations.write_progress(made, Progress(Activity(Stage.PROBING), 3, 9, 100.0, 106.0))
    page = opened("explore", question="depth-probe")
    (bar,) = page.get("progress")
    assert "Probing the blocks\\: 3 of 9" in bar.proto.text
    assert "12 s left" in bar.proto.text
    press(page, "explore_cancel")
    assert explorations.stop_requested(made)


@pytest.mark.parametrize(
    "status, message, shown",
    [
        (Status.STOPPED, "Stopped on request.", "It was cancelled."),
        (Status.FAILED, "The disk is full.", "The disk is full."),
    ],
)
def test_one_that_did_not_finish_says_why(models: Path, status: Status, message: str, shown: str) -> None:
    made = explorations.create(models, ASKED)
    explorations.write_state(made, status=status, message=message)
    assert shown in said(opened("explore", id=made.id))


def test_a_kept_answer_is_shown_again_at_an_address_of_its_own(models: Path) -> None:
    other = Asked(ASKED.kind, ASKED.spec.with_values({"data.source": "digits"}), ASKED.options)
    made = answered(models, other)
    page = press(opened("explore", unfolded=["explore_kept"], question="depth-probe"), f"open_{made.id}")
    assert address(page) == {"question": "depth-probe", "id": made.id}
    assert "digits" in said(page)


def test_kept_answers_are_listed_and_can_be_deleted(models: Path) -> None:
    made = answered(models)
    page = opened("explore", unfolded=["explore_kept"], id=made.id)
    press(page, f"forget_{made.id}")
    assert explorations.explorations(models) == []
    assert "no such result" not in said(page)


def test_another_question_is_about_the_experiment_of_the_kept_answer(models: Path, begun: list[Asked]) -> None:
    other = Asked(ASKED.kind, ASKED.spec.with_values({"data.source": "digits"}), ASKED.options)
    page = opened("explore", id=answered(models, other).id)
    page.segmented_control(key="explore_question").select("learning-curve").run()
    press(page, "explore_start")
    assert (begun[0].kind.name, begun[0].spec.data.source) == ("learning-curve", "digits")


def test_a_kept_answer_that_another_tab_deleted_is_gone_here_too(models: Path) -> None:
    made = answered(models)
    page = opened("explore", unfolded=["explore_kept"], id=made.id)
    explorations.delete(made)
    press(page, f"forget_{made.id}")
    assert "no such result" not in said(page)


def test_a_kept_answer_whose_experiment_cannot_be_read_can_be_deleted(models: Path) -> None:
    made = answered(models)
    file = made.folder / "asked.json"
    file.write_text(file.read_text().replace('"playground', '"no such source'))
    press(opened("explore", question="depth-probe", unfolded=["explore_kept"]), f"forget_{made.id}")
    assert not made.folder.exists()


def test_what_keeps_an_experiment_from_being_explored_is_said_and_blocks_the_button(models: Path) -> None:
    page = opened("explore", question="depth-probe", **{"data.source": f"folder:{models}/none"})
    assert page.button(key="explore_start").disabled
    assert page.error


def test_nonsense_in_the_address_is_said_and_breaks_nothing(models: Path) -> None:
    page = opened("explore", **{"head.dropout": "5", "question": "why"})
    assert "head.dropout" in said(page)


def test_a_models_folder_that_cannot_be_written_to_is_said(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Exploration:
        raise BadInput.of("models", "is not writable")

    monkeypatch.setattr(exploring, "explore", refuse)
    page: AppTest = press(opened("explore", question="depth-probe"), "explore_start")
    assert "is not writable" in said(page)
