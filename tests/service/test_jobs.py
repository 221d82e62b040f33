"""A search that goes on by itself: what is said of it, and how it ends."""

from __future__ import annotations

import threading
import time

import pytest

from tl_core.errors import RunFailed
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.results.lr_range_test import Finding
from tl_core.service import WAITING, Search, Stand, jobs
from tl_core.service.jobs import CANCELLED, LEFT

FOUND = Finding("head", (1e-4, 1e-3), (2.0, 1.0), (2.0, 1.0), (), None, 1e-3, 1e-4, False, 10)


def endless(progress: ProgressCallback) -> Finding:
    while True:
        time.sleep(0.01)
        progress(Activity(Stage.LR_RANGE_TEST), 1, 100)


def test_what_was_found_is_there_once_it_is_over() -> None:
    search = Search(lambda _progress: FOUND)
    assert search.join(5)
    assert search.look().found == FOUND
    assert search.look().is_over


def test_it_says_what_it_does_and_how_long_that_takes_and_never_goes_back() -> None:
    seen: list[Stand] = []
    watched = threading.Event()

    def find(progress: ProgressCallback) -> Finding:
        watched.wait(5)
        for activity, done, total in [
            (WAITING, 0, 0),
            (Activity(Stage.WAITING, part="run_range_test"), 0, 0),
            (Activity(Stage.BUILDING), 0, 1),
            (Activity(Stage.FEATURES), 3, 32),
            (Activity(Stage.LR_RANGE_TEST), 10, 100),
            (Activity(Stage.LR_RANGE_TEST), 20, 100),
        ]:
            progress(activity, done, total)
            seen.append(search.look())
            time.sleep(0.05)
        return FOUND

    search = Search(find)
    watched.set()
    assert search.join(5)
    assert [(stand.activity, stand.done, stand.total) for stand in seen] == [
        (None, 0, 0),
        (Activity(Stage.WAITING, part="run_range_test"), 0, 0),
        (Activity(Stage.BUILDING), 0, 1),
        (Activity(Stage.FEATURES), 3, 32),
        (Activity(Stage.LR_RANGE_TEST), 10, 100),
        (Activity(Stage.LR_RANGE_TEST), 20, 100),
    ]
    shares = [stand.share for stand in seen]
    assert shares == sorted(shares)
    assert [stand.left is None for stand in seen] == [True] * 5 + [False]
    assert seen[5].left == pytest.approx(8 * 0.05, rel=0.5)


def test_a_cancelled_one_ends_within_a_second_and_says_why_at_once() -> None:
    search = Search(endless)
    assert not search.look().is_over
    search.cancel()
    assert search.look().problem == CANCELLED
    assert search.join(1)
    assert search.look().problem == CANCELLED


def test_one_whose_page_was_left_ends_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ABANDONED", 0.2)
    search = Search(endless)
    assert search.join(2)
    assert search.look().problem == LEFT


def test_one_that_is_looked_at_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ABANDONED", 0.3)
    search = Search(endless)
    for _ in range(10):
        time.sleep(0.05)
        assert not search.look().is_over
    search.cancel()
    assert search.join(1)


@pytest.mark.parametrize(("error", "said"), [(RunFailed("Too slow."), "Too slow."), (KeyError("x"), "KeyError: 'x'")])
def test_one_that_fails_says_why(error: Exception, said: str) -> None:
    def fail(_progress: ProgressCallback) -> Finding:
        raise error

    search = Search(fail)
    assert search.join(5)
    assert search.look().problem.startswith("No learning rate was found: ")
    assert said in search.look().problem
