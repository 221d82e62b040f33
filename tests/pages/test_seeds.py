"""Run with five seeds: one click on the page of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.folders import add_run
from tests.pages.visits import opened, press, said
from tl_core import store


def test_a_click_queues_the_missing_seeds_and_opens_compare_with_all(models: Path) -> None:
    run, other = add_run(models, "mine"), add_run(models, "mine too", settings={"train.seed": 3})
    page = press(opened("run", run=run.id), "seeds")
    made = store.queue.waiting(models)
    assert [store.read_spec(each).train.seed for each in made] == [1, 2, 4]
    assert [store.title_of(each) for each in made] == ["mine, seed 1", "mine, seed 2", "mine, seed 4"]
    assert page.query_params["runs"] == ",".join([run.id, other.id, *(each.id for each in made)])
    press(opened("run", run=run.id), "seeds")
    assert store.queue.waiting(models) == made


def test_what_prevents_it_is_said_on_the_page(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tl_core.errors import BadInput

    run = add_run(models, "mine")
    page = opened("run", run=run.id)

    def full(*_: object, **__: object) -> None:
        raise BadInput.of("models", "is not writable", "Choose another folder.")

    monkeypatch.setattr("tl_core.forks.create", full)
    press(page, "seeds")
    assert "is not writable" in said(page)
    assert not store.queue.waiting(models)


def test_it_is_offered_for_a_random_projection_which_its_seed_draws(models: Path) -> None:
    run = add_run(models, settings={"head.classifier": "random-projection", "head.l2": 0.0})
    assert "seeds" in [button.key for button in opened("run", run=run.id).button]


@pytest.mark.parametrize("settings", [{"head.classifier": "logistic-regression"}, None])
def test_it_is_not_offered_where_seeds_change_nothing_or_the_run_was_changed(
    models: Path, settings: dict[str, str] | None
) -> None:
    run = add_run(models, settings=settings)
    if settings is None:
        from tl_core.files import write_json

        write_json(run.folder / "adjustments.json", [{"epoch": 2, "values": {"head.dropout": 0.3}}])
    keys = [button.key for button in opened("run", run=run.id).button]
    assert "seeds" not in keys and {"again", "edit", "delete"} <= set(keys)
