"""The real service worker: a process with Keras in it, asked as the dashboard asks it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.engine.conftest import small_spec
from tl_core import service, store
from tl_core.errors import BadInput, RunFailed
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.results.lr_range_test import Finding
from tl_core.service.client import Client
from tl_core.supervisor.workers import workers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A models folder with one finished run, and its service worker."""
    models = tmp_path_factory.mktemp("models")
    code = (
        "import sys; from pathlib import Path; from tl_core import store\n"
        "from tests.engine.conftest import quiet, small_spec\n"
        "from tl_core.engine.training.lifecycle import train\n"
        "models = Path(sys.argv[1]); train(store.create(models, small_spec()), models, quiet)"
    )
    # Trained in a process of its own: this one shall do without Keras, as the dashboard does.
    subprocess.run([sys.executable, "-c", code, str(models)], check=True, timeout=300)
    service.start(models)
    yield models
    service.stop()


@pytest.fixture
def run(home: Path) -> store.Run:
    return store.runs(home)[0]


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Two readable pictures and between them a file that is none."""
    files = [tmp_path / "a.png", tmp_path / "b.jpg", tmp_path / "c.jpg"]
    Image.new("RGB", (30, 40), "white").save(files[0])
    files[1].write_text("no picture")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)).save(files[2])
    return files


def test_it_previews_predicts_and_exports(home: Path, run: store.Run, pictures: list[Path]) -> None:
    shown = service.preview(home, small_spec(augment={"rotation": 10}))
    assert [Image.open(io.BytesIO(view)).size for view in (shown.original, *shown.views)] == [(32, 32)] * 10
    predicted = service.predict(home, run.id, None, pictures, top=3)
    assert [name for name, _ in predicted.predictions] == [str(pictures[0]), str(pictures[2])]
    assert [name for name, _ in predicted.skipped] == [str(pictures[1])]
    assert all(len(scores) == 3 for _, scores in predicted.predictions)
    assert predicted.output == "softmax"
    assert predicted.epoch == store.read_state(run).exported_epoch
    assert len(predicted.classes) == 10
    assert service.exported(home, run.id, 1).stat().st_size > 1_000_000


def searching_below(pid: int) -> list[psutil.Process]:
    """The processes of searches that a process has started."""
    return [one for one in psutil.Process(pid).children() if "tl_core.worker.job" in one.cmdline()]


@pytest.mark.long
def test_a_preview_is_answered_during_a_search_and_a_cancelled_search_is_gone_within_a_second(home: Path) -> None:
    service.preview(home, small_spec())
    at_work = threading.Event()

    def find(progress: ProgressCallback) -> Finding:
        def tell(activity: Activity, done: int, total: int) -> None:
            if activity != service.WAITING:
                at_work.set()
            progress(activity, done, total)

        return service.run_range_test(home, small_spec("from-scratch"), tell)

    search = service.Search(find)
    while not at_work.wait(0.2):
        assert not search.look().is_over  # A search ends if it is not looked at.
    (process,) = searching_below(os.getpid())
    assert service.preview(home, small_spec(), 3).class_name == "3"
    assert not search.look().is_over
    search.cancel()
    assert search.join(10)  # It would go on for minutes.
    assert not process.is_running()
    # Nothing of it is in the way of the next.
    seen: list[Activity] = []
    runs = store.runs(home)
    found = service.run_range_test(home, small_spec(), lambda activity, _done, _total: seen.append(activity))
    assert len(found.rates) == len(found.smoothed) >= 15
    assert found.settings.keys() == {"train.learning_rate"}
    assert Activity(Stage.LR_RANGE_TEST) in seen
    assert store.runs(home) == runs
    assert searching_below(os.getpid()) == []


def test_what_is_wrong_with_a_request_is_said_and_the_next_is_answered(home: Path, run: store.Run) -> None:
    with pytest.raises(BadInput, match="there is no run"):
        service.predict(home, "../elsewhere", None, [])
    with pytest.raises(BadInput, match="has no learning rate"):
        service.run_range_test(home, small_spec(head__classifier="logistic-regression"))
    with pytest.raises(BadInput) as raised:
        service.preview(home, small_spec(data__source="folder:nowhere"))
    assert raised.value.problems[0].path == "data.source"
    assert service.predict(home, run.id, 1, []).predictions == ()


def test_two_threads_at_once_each_get_their_own(home: Path, run: store.Run, pictures: list[Path]) -> None:
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        if number % 2:
            found[number] = service.predict(home, run.id, None, [pictures[0]]).predictions[0][0]
        else:
            found[number] = service.preview(home, small_spec(), number).class_name

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: str(pictures[0]) if number % 2 else str(number) for number in range(8)}


@pytest.mark.long
def test_it_is_listed_among_the_workers_and_leaves_the_processor_to_training(home: Path) -> None:
    service.preview(home, small_spec())
    (worker,) = [worker for worker in workers(home) if worker.kind == "service"]
    assert worker.pid == service.pid(home)
    assert worker.state == "idle"
    assert psutil.Process(worker.pid).nice() > psutil.Process().nice()


def test_asking_it_loads_no_framework_here(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tl_core import service\n"
        "from tl_core.experiment.spec import ExperimentSpec\n"
        "shown = service.preview(Path(sys.argv[1]), ExperimentSpec().with_values({'data.source': 'digits'}))\n"
        "service.stop(); assert shown.original\n"
        "print([name for name in ('keras', 'tensorflow', 'sklearn', 'openvino') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "[]\n"


@pytest.mark.long
def test_one_killed_in_the_middle_of_a_request_is_a_sentence_and_another_takes_over(
    home: Path, run: store.Run, pictures: list[Path]
) -> None:
    service.preview(home, small_spec())
    pid = service.pid(home)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # So that the request is surely under way.
    threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(RunFailed, match="ended during the request"):
        service.predict(home, run.id, None, pictures)
    assert len(service.predict(home, run.id, None, pictures).predictions) == 2
    assert service.pid(home) not in (None, pid)


NOISY = textwrap.dedent(
    """
    import os, subprocess, sys
    from pathlib import Path
    from tl_core.worker import service

    def noisy(models, word):
        print("a library says something")
        sys.stdout.write('{"id": 1, "result": "forged"}\\n')
        sys.stdout.flush()
        os.write(1, b"and from C as well\\n")
        subprocess.run(["echo", "and a child"], check=True)
        return {"word": word, "read": sys.stdin.read()}

    service.REQUESTS["noisy"] = noisy
    service.load, service._is_worn_out = lambda modules: None, lambda: False
    service.main(Path(sys.argv[1]))
    """
)


def test_what_libraries_print_and_unforeseen_errors_go_to_the_log_and_not_among_the_answers(tmp_path: Path) -> None:
    client = Client(tmp_path, (sys.executable, "-c", NOISY, str(tmp_path)))
    for word in ("one", "two"):
        assert client.ask("noisy", 60, word=word) == {"word": word, "read": ""}
    with pytest.raises(RunFailed, match="KeyError"):
        client.ask("no such request", 60)
    client.stop()
    said = (tmp_path / "workers" / "service-cpu.log").read_text()
    for words in ("a library says something", "and from C as well", "and a child"):
        assert said.count(words) == 2
    assert "Traceback" in said


STUCK = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from tl_core.worker import service
    service.load, service._is_worn_out = lambda modules: None, lambda: False
    service.REQUESTS |= {"ready": lambda models: True, "stuck": lambda models: time.sleep(300)}
    service.main(Path(sys.argv[1]))
    """
)


@pytest.mark.parametrize("at_work", [False, True], ids=["idle", "at work"])
def test_it_ends_within_seconds_of_its_input_being_closed(tmp_path: Path, at_work: bool) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", STUCK, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdin is not None and worker.stdout is not None
    with worker, worker.stdin as requests:
        requests.write(b'{"id": 1, "request": "ready", "arguments": {}}\n')
        requests.flush()
        assert b"true" in worker.stdout.readline()
        if at_work:
            requests.write(b'{"id": 2, "request": "stuck", "arguments": {}}\n')
            requests.flush()
            time.sleep(0.5)
        requests.close()
        assert worker.wait(timeout=15) == 0
