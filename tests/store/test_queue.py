"""The queue: an order on the disk that any number of processes may change at once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from filelock import Timeout

from tests.pages.folders import add_run, trained_by_the_dead, trained_here
from tl_core import store
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec


def queued(models: Path, *titles: str) -> list[store.Run]:
    made = [store.create(models, ExperimentSpec(), title) for title in titles]
    for run in made:
        store.queue.add(run)
    return made


def titles(models: Path) -> str:
    return "".join(store.read_state(run).title for run in store.queue.waiting(models))


def test_runs_wait_in_the_order_they_came(models: Path) -> None:
    queued(models, "a", "b", "c")
    assert titles(models) == "abc"


def test_an_empty_lab_has_an_empty_queue(models: Path) -> None:
    assert store.queue.waiting(models) == ()


@pytest.mark.parametrize(
    ("title", "places", "order"),
    [
        ("c", -1, "acbd"),
        ("c", -2, "cabd"),
        ("c", -9, "cabd"),
        ("a", 1, "bacd"),
        ("a", 9, "bcda"),
        ("d", 1, "abcd"),
        ("a", -1, "abcd"),
        ("b", 0, "abcd"),
        ("b", 1, "acbd"),
    ],
)
def test_a_run_moves_by_so_many_places_and_the_others_keep_their_order(
    models: Path, title: str, places: int, order: str
) -> None:
    runs = dict(zip("abcd", queued(models, *"abcd"), strict=True))
    store.queue.move(runs[title], places)
    assert titles(models) == order


def test_moving_again_and_again_never_loses_a_place(models: Path) -> None:
    first, *_, last = queued(models, *"abcdef")
    for _ in range(40):
        store.queue.move(last, -5)
        store.queue.move(first, 5)
        store.queue.move(first, -5)
        store.queue.move(last, 5)
    assert titles(models) == "abcdef"


def test_moving_a_run_that_does_not_wait_does_nothing(models: Path) -> None:
    queued(models, "a")
    store.queue.move(add_run(models), -1)
    assert titles(models) == "a"


def test_a_run_added_twice_waits_once_and_keeps_its_place(models: Path) -> None:
    first, _ = queued(models, "a", "b")
    store.queue.add(first)
    assert titles(models) == "ab"


def test_many_threads_that_add_the_same_runs_make_one_entry_each(models: Path) -> None:
    runs = [store.create(models, ExperimentSpec(), title) for title in "abcd"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store.queue.add, runs * 8))
    assert sorted(titles(models)) == ["a", "b", "c", "d"]


def test_a_new_run_that_is_cancelled_is_stopped_and_says_how_it_can_start(models: Path) -> None:
    (run,) = queued(models, "a")
    store.queue.cancel(run)
    state = store.read_state(run)
    assert (state.status, titles(models)) == (store.STOPPED, "")
    assert "Removed from the queue" in state.message


@pytest.mark.parametrize("status", [store.STOPPED, store.FAILED, store.INTERRUPTED])
def test_a_broken_off_run_that_waits_is_queued_and_cancelled_it_is_again_what_it_was(models: Path, status: str) -> None:
    run = add_run(models, status=status, message="Why it ended.")
    store.queue.add(run)
    assert store.read_state(run).status == store.QUEUED
    assert store.read_state(run).message == ""
    store.queue.cancel(run)
    assert (store.read_state(run).status, store.read_state(run).message) == (status, "Why it ended.")


def test_a_run_whose_process_died_can_wait_to_be_resumed(models: Path) -> None:
    run = add_run(models, **trained_by_the_dead())
    store.queue.add(run)
    assert store.read_state(run).status == store.QUEUED


def test_a_run_that_begins_between_the_look_and_the_click_is_not_cancelled(models: Path) -> None:
    (run,) = queued(models, "a")
    with run.lock:
        store.queue.cancel(run)
        assert run.queue_entry.exists()


def test_a_run_cannot_begin_while_it_is_moved_and_so_does_not_wait_for_a_second_time(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queued(models, "a", "b")
    ordered = store.queue.ordered
    begun: list[store.Run] = []

    def meanwhile(where: Path) -> list[tuple[float, store.Run]]:
        found = ordered(where)
        try:
            with second.lock:  # As training does, in the worst moment.
                store.queue.remove(second)
                begun.append(second)
        except Timeout:  # It has to wait until the entry is where it belongs.
            pass
        return found

    monkeypatch.setattr(store.queue, "ordered", meanwhile)
    store.queue.move(second, -1)
    monkeypatch.undo()
    assert (begun, store.queue.waiting(models)) == ([], (second, first))


def test_a_run_that_begins_this_moment_is_not_put_in_the_queue_again(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.queue, "MOMENT", 0.0)
    run = add_run(models, status=store.STOPPED)
    with run.lock, pytest.raises(BadInput, match="is training right now"):
        store.queue.add(run)
    assert not run.queue_entry.exists()


def test_a_new_run_that_could_not_be_queued_can_be_cancelled(models: Path) -> None:
    run = store.create(models, ExperimentSpec(), "a")
    store.queue.cancel(run)
    assert store.read_state(run).status == store.STOPPED


@pytest.mark.parametrize("change", [store.queue.cancel, lambda run: store.queue.move(run, 1), store.queue.postpone])
def test_a_deleted_run_does_not_come_back_as_an_empty_folder(
    models: Path, change: Callable[[store.Run], object]
) -> None:
    run, _ = queued(models, "a", "b")
    store.delete(run)
    change(run)
    assert not run.folder.exists()


def test_a_run_that_cannot_begin_goes_to_the_end(models: Path) -> None:
    first, *_ = queued(models, "a", "b", "c")
    store.queue.postpone(first)
    assert titles(models) == "bca"
    store.queue.postpone(add_run(models, "x"))
    assert titles(models) == "bca"


@pytest.mark.parametrize(
    ("state", "said"), [({"status": store.FINISHED}, "is finished"), (trained_here(), "is training right now")]
)
def test_what_needs_no_training_is_refused_with_a_reason(models: Path, state: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        store.queue.add(add_run(models, **state))
    assert titles(models) == ""


def test_a_run_with_a_damaged_spec_is_refused(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    (run.folder / "spec.json").write_text("{")
    with pytest.raises(BadInput, match="spec"):
        store.queue.add(run)


def test_a_new_run_whose_maker_died_before_it_was_queued_is_interrupted_and_can_be_resumed(models: Path) -> None:
    run = store.create(models, ExperimentSpec(), "a")
    assert store.read_state(run).status == store.QUEUED
    store.write_state(run, pid=os.getpid(), process_started=1.0)
    state = store.read_state(run)
    assert (state.status, "closed before" in state.message) == (store.INTERRUPTED, True)
    store.queue.add(run)
    assert store.read_state(run).status == store.QUEUED


def test_an_entry_whose_run_is_gone_is_left_out(models: Path) -> None:
    first, second = queued(models, "a", "b")
    (first.folder / "spec.json").unlink()
    assert store.queue.waiting(models) == (second,)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"place": "first"}', ""])
def test_a_damaged_entry_waits_at_the_end_and_spoils_no_other(models: Path, content: str) -> None:
    first, _ = queued(models, "a", "b")
    (models / "queue" / f"{first.id}.json").write_text(content)
    assert titles(models) == "ba"
    queued(models, "c")
    assert titles(models) == "bca"
    store.queue.move(first, -2)
    assert titles(models) == "abc"


def test_an_entry_is_plain_json_that_other_tools_can_read(models: Path) -> None:
    (run,) = queued(models, "a")
    assert json.loads((models / "queue" / f"{run.id}.json").read_text())["place"] == 1


def test_a_queued_run_keeps_what_it_waits_for_wherever_it_is_moved(models: Path) -> None:
    exported, resumed = (add_run(models, name, status=store.STOPPED) for name in ("a", "b"))
    store.queue.add(exported, "export")
    store.queue.add(resumed)
    store.queue.move(exported, 1)
    store.queue.postpone(exported)
    store.queue.postpone(resumed)
    assert titles(models) == "ab"
    assert [store.queue.task_of(run) for run in (exported, resumed)] == ["export", "train"]
    exported.queue_entry.write_text("{")
    assert store.queue.task_of(exported) == "train"
    store.queue.cancel(exported)
    assert store.read_state(exported).status == store.STOPPED
