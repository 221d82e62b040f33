"""The client, against workers of a few lines that behave and misbehave as asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tl_core import service
from tl_core.errors import BadInput, RunFailed
from tl_core.records import Activity, Stage
from tl_core.service.client import Client
from tl_core.supervisor.workers import LOG_BYTES

PRETENDED = textwrap.dedent(
    """
    import json, os, queue, sys, threading, time
    waiting, cancelled = queue.SimpleQueue(), set()
    def read():
        for line in sys.stdin:
            message = json.loads(line)
            cancelled.add(message["cancel"]) if "cancel" in message else waiting.put(message)
        os._exit(0)
    threading.Thread(target=read, daemon=True).start()
    while True:
        message = waiting.get()
        request, given = message["request"], message["arguments"]
        answer = {"id": message["id"], "result": {"pid": os.getpid(), **given}}
        if request == "die":
            print("these were my last words", file=sys.stderr, flush=True)
            os._exit(3)
        if request == "count":
            for number in range(1, given["to"] + 1):
                if message["id"] in cancelled:
                    break
                print(json.dumps({"id": message["id"], "progress": [{"stage": "training"}, number, given["to"]]}), flush=True)
                time.sleep(0.01)
            answer["result"] = number
        if request in ("sleep", "run_range_test"):
            time.sleep(given["seconds"])
        if request == "refuse":
            problem = {"path": "epoch", "message": "gone", "remedy": "Choose another."}
            answer = {"id": message["id"], "error": {"kind": "bad input", "problems": [problem]}}
        if request == "retire":
            answer["last"] = True
        if request == "environment":
            answer["result"] = {name: os.environ.get(name) for name in given["names"]}
        print(json.dumps(answer), flush=True)
        if request == "retire":
            break
    """
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path, (sys.executable, "-c", PRETENDED))
    yield made
    made.stop()


def test_it_starts_at_the_first_request_and_stays(client: Client) -> None:
    assert client.pid is None
    first = client.ask("say", 20, word="ä")
    assert first["word"] == "ä"
    assert first["pid"] == client.pid != os.getpid()
    assert client.ask("say", 20)["pid"] == first["pid"]


def test_starting_twice_starts_one(client: Client) -> None:
    client.start()
    pid = client.pid
    client.start()
    assert client.ask("say", 20)["pid"] == pid


def test_starting_one_that_is_at_work_waits_for_nothing(client: Client) -> None:
    client.ask("say", 20)
    busy = threading.Thread(target=lambda: client.ask("sleep", 20, seconds=2.0))
    busy.start()
    time.sleep(0.3)
    client.start()
    assert busy.is_alive()
    busy.join()


def test_one_that_dies_at_work_is_said_so_and_the_next_request_starts_another(client: Client) -> None:
    before = client.ask("say", 20)["pid"]
    with pytest.raises(RunFailed, match="ended during the request") as raised:
        client.ask("die", 20)
    log = Path(str(raised.value).rpartition(" ")[2].rstrip("."))
    assert "these were my last words" in log.read_text()
    assert client.ask("say", 20)["pid"] != before


def test_one_that_is_killed_between_two_requests_is_not_noticed_by_who_asks(client: Client) -> None:
    before = client.ask("say", 20)["pid"]
    process = psutil.Process(before)
    process.kill()
    process.wait(5)
    assert client.ask("say", 20)["pid"] != before


def test_one_that_takes_too_long_is_ended_and_its_late_answer_is_nobodys(client: Client) -> None:
    before = client.ask("say", 20)["pid"]
    with pytest.raises(RunFailed, match="took too long"):
        client.ask("sleep", 0.3, seconds=60)
    assert not psutil.pid_exists(before)
    assert client.ask("say", 20, word="next")["word"] == "next"


def test_who_waits_behind_another_request_for_too_long_is_told_and_does_not_end_it(client: Client) -> None:
    client.ask("say", 20)
    answers: list[object] = []
    busy = threading.Thread(target=lambda: answers.append(client.ask("sleep", 20, seconds=1.0)["seconds"]))
    busy.start()
    time.sleep(0.2)
    with pytest.raises(RunFailed, match="busy with other requests"):
        client.ask("say", 0.2)
    busy.join()
    assert answers == [1.0]


def test_many_threads_each_get_their_own_answer(client: Client) -> None:
    answers: dict[int, int] = {}

    def ask(number: int) -> None:
        answers[number] = client.ask("say", 30, number=number)["number"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number for number in range(24)}


def test_requests_are_answered_in_the_order_in_which_they_came(client: Client) -> None:
    """Those who wait look for progress now and then; that costs none of them their place."""
    client.ask("say", 20)
    answered: list[str] = []

    def ask(name: str, seconds: float) -> None:
        client.ask("sleep", 20, seconds=seconds)
        answered.append(name)

    threads = []
    for name, seconds, pause in (("busy", 0.8, 0.1), ("first", 0.1, 0.15), ("second", 0.1, 0.0)):
        threads.append(threading.Thread(target=ask, args=(name, seconds)))
        threads[-1].start()
        time.sleep(pause)
    for thread in threads:
        thread.join()
    assert answered == ["busy", "first", "second"]


def test_a_place_that_was_taken_first_is_served_first_whoever_asks_first(client: Client) -> None:
    client.ask("say", 20)
    places, answered = [client.line_up() for _ in range(3)], list[int]()

    def ask(number: int) -> None:
        client.ask("sleep", 20, place=places[number], seconds=0.02)
        answered.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in (2, 1, 0)]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert answered == [0, 1, 2]


def test_bad_input_arrives_with_its_problems(client: Client) -> None:
    with pytest.raises(BadInput) as raised:
        client.ask("refuse", 20)
    assert [problem.path for problem in raised.value.problems] == ["epoch"]
    assert raised.value.problems[0].remedy == "Choose another."


def test_a_worn_out_worker_answers_and_is_replaced(client: Client) -> None:
    first = client.ask("retire", 20)["pid"]
    assert client.pid is None
    assert client.ask("say", 20)["pid"] != first


def test_it_sees_no_gpu_and_computes_with_one_thread(client: Client) -> None:
    names = ["CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"]
    assert client.ask("environment", 20, names=names) == dict(zip(names, ["", "1", "1"], strict=True))


def test_stopping_ends_it_and_may_be_done_twice(client: Client) -> None:
    pid = client.ask("say", 20)["pid"]
    client.stop()
    client.stop()
    assert not psutil.pid_exists(pid)


def test_a_log_that_has_grown_long_is_begun_anew(client: Client, tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    log = tmp_path / "workers" / "service-cpu.log"
    log.write_bytes(b"x" * (LOG_BYTES + 1))
    client.ask("say", 20)
    assert log.stat().st_size < LOG_BYTES


def test_a_worker_that_cannot_start_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match="Its log is"):
        Client(tmp_path, (sys.executable, "-c", "raise SystemExit('no such thing')")).ask("say", 20)


ORPHANED = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from tl_core.service.client import Client
    client = Client(Path(sys.argv[1]), (sys.executable, "-c", sys.argv[2]))
    print(client.ask("say", 20)["pid"], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """
)


def test_it_ends_when_the_dashboard_is_killed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ORPHANED, str(tmp_path), PRETENDED],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    until = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)


def test_asking_about_the_worker_starts_none(tmp_path: Path) -> None:
    assert service.pid(tmp_path) is None
    service.stop()


def test_a_long_request_says_how_far_it_is_and_then_answers(client: Client) -> None:
    seen: list[tuple[Activity, int, int]] = []
    assert client.ask("count", 20, progress=lambda *said: seen.append(said), to=3) == 3
    assert seen == [(Activity(Stage.TRAINING), number, 3) for number in (1, 2, 3)]
    assert client.ask("count", 20, to=2) == 2


class Gone(BaseException):
    """What ends a page that is left, which is no Exception."""


def leave(*_: object) -> None:
    raise Gone


def test_who_goes_away_cancels_the_request_and_the_next_is_answered_at_once(client: Client) -> None:
    def leave_soon(_activity: Activity, done: int, _total: int) -> None:
        if done == 2:
            raise Gone

    pid = client.ask("say", 20)["pid"]
    began = time.monotonic()
    with pytest.raises(Gone):
        client.ask("count", 60, progress=leave_soon, to=10_000)
    assert client.ask("say", 20, word="next") == {"pid": pid, "word": "next"}
    assert time.monotonic() - began < 10


def test_who_waits_for_a_silent_worker_may_go_away_before_it_answers(client: Client) -> None:
    client.ask("say", 20)
    began = time.monotonic()
    with pytest.raises(Gone):
        client.ask("sleep", 60, progress=leave, seconds=30.0)
    assert time.monotonic() - began < 15


@pytest.fixture
def search(client: Client) -> Iterator[threading.Thread]:
    """A search of a second and a half that is under way."""
    client.ask("say", 20)
    thread = threading.Thread(target=lambda: client.ask("run_range_test", 20, seconds=1.5))
    thread.start()
    time.sleep(0.2)
    yield thread
    thread.join()


@pytest.mark.usefixtures("search")
def test_who_waits_behind_a_search_is_told_so_and_then_answered(client: Client) -> None:
    seen: list[Activity] = []
    assert client.ask("say", 20, progress=lambda activity, *_: seen.append(activity), word="mine")["word"] == "mine"
    assert seen[:2] == [Activity(Stage.WAITING, part="run_range_test")] * 2


def test_who_waits_behind_another_may_go_away_before_it_ends_and_harms_nobody(
    client: Client, search: threading.Thread
) -> None:
    with pytest.raises(Gone):
        client.ask("say", 60, progress=leave)
    assert search.is_alive()
    assert client.ask("say", 20, word="next")["word"] == "next"


@pytest.fixture
def brief(tmp_path: Path) -> Iterator[Client]:
    """A client whose workers answer one request each."""
    made = Client(tmp_path, (sys.executable, "-c", PRETENDED), kept=False, name="search")
    yield made
    made.stop()


def test_a_worker_that_is_not_kept_ends_with_its_request(brief: Client, tmp_path: Path) -> None:
    first = brief.ask("say", 20)["pid"]
    assert brief.pid is None
    assert not psutil.pid_exists(first)
    assert brief.ask("say", 20)["pid"] != first
    assert (tmp_path / "workers" / "service-search.log").exists()


def test_a_worker_that_is_not_kept_is_killed_where_nobody_waits_for_it(brief: Client) -> None:
    pids: list[int | None] = []

    def leave_at_work(*_: object) -> None:
        pids.append(brief.pid)
        raise Gone

    began = time.monotonic()
    with pytest.raises(Gone):
        brief.ask("sleep", 60, progress=leave_at_work, seconds=30.0)
    assert time.monotonic() - began < 15
    assert pids[0] and not psutil.pid_exists(pids[0])
    assert brief.ask("say", 20, word="next")["word"] == "next"


SKIPPING = textwrap.dedent(
    """
    import time
    from pathlib import Path
    from tl_core.worker.service import answered, listened, say, taken_over
    done = []
    def work(models, seconds):
        time.sleep(seconds)
        done.append(seconds)
        return done
    questions, answers = taken_over()
    for message in listened(questions)[0]:
        say(answers, answered(Path(), message, {"work": work}))
    """
)


def test_what_nobody_waits_for_any_more_is_not_begun(tmp_path: Path) -> None:
    client = Client(tmp_path, (sys.executable, "-c", SKIPPING))
    client.ask("work", 20, seconds=0.0)
    for seconds in (1.5, 1.6, 1.7):  # As a slider does that is drawn along: each makes the picture before it needless.
        with pytest.raises(Gone):
            client.ask("work", 20, progress=leave, seconds=seconds)
    assert client.ask("work", 20, seconds=0.1) == [0.0, 1.5, 0.1]
    client.stop()
