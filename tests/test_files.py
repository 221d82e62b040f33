"""A file is whole or not there, whatever fails while it is written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import Timeout

from tl_core.errors import BadInput
from tl_core.files import (
    TEMPORARY,
    digest_of,
    locked,
    read_json,
    sha256_of,
    write_bytes,
    write_json,
    write_with,
)

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def file(tmp_path):
    (tmp_path / "state.json").write_text("old")
    return tmp_path / "state.json"


def names(file):
    return sorted(path.name for path in file.parent.iterdir())


def test_a_file_is_replaced_and_nothing_stays_beside_it(file):
    write_bytes(file, b"new")
    assert file.read_bytes() == b"new"
    assert names(file) == ["state.json"]


def test_missing_folders_are_made(tmp_path):
    write_bytes(tmp_path / "a" / "b" / "c.bin", b"x")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"x"


def test_the_writer_gets_a_path_in_the_same_folder_with_the_same_suffix(file):
    given = []

    def write(path):
        given.append(path)
        path.write_bytes(b"new")

    write_with(file, write)
    (path,) = given
    assert (path.parent, path.suffix) == (file.parent, file.suffix)
    assert path.name.startswith(TEMPORARY)


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt(), ValueError("bad")])
def test_a_writer_that_fails_half_way_leaves_the_old_file_and_no_other(file, error):
    def fail(path):
        path.write_bytes(b"half")
        raise error

    with pytest.raises(type(error)):
        write_with(file, fail)
    assert file.read_text() == "old"
    assert names(file) == ["state.json"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_in_any_later_step_leaves_the_old_file_and_no_other(file, monkeypatch, call):
    def fail(*_):
        raise FULL

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[call], fail)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(file, b"new")
    assert file.read_text() == "old"
    assert names(file) == ["state.json"]


def test_a_full_disk_leaves_the_old_file(file):
    """A real limit: the system refuses to let the file grow."""
    code = (
        "import resource, signal, sys; from pathlib import Path; from tl_core.files import write_bytes\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_bytes(Path(sys.argv[1]), b'x' * 100_000)\n"
        "except OSError: sys.exit(7)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(file)], check=False).returncode == 7
    assert file.read_text() == "old"
    assert names(file) == ["state.json"]


def test_a_process_killed_while_it_writes_leaves_the_old_file(file):
    code = (
        "import sys, time; from pathlib import Path; from tl_core.files import write_with\n"
        "def slow(path):\n    path.write_bytes(b'half'); print('half', flush=True); time.sleep(60)\n"
        "write_with(Path(sys.argv[1]), slow)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert file.read_text() == "old"
    write_bytes(file, b"new")
    assert file.read_bytes() == b"new"


def test_a_reader_never_sees_half_a_file(tmp_path):
    file = tmp_path / "state.json"
    write_json(file, [0] * 1000)
    code = (
        "import sys; from pathlib import Path; from tl_core.files import write_json\n"
        "for number in range(150): write_json(Path(sys.argv[1]), [number] * 1000)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(file)])
    seen = set()
    while process.poll() is None:
        value = read_json(file)
        assert len(value) == 1000
        assert len(set(value)) == 1
        seen.add(value[0])
    assert process.returncode == 0
    assert len(seen) > 1


class TestJson:
    def test_comes_back_as_it_was(self, tmp_path):
        value = {"name": "caf\u00e9 \N{SNAKE}", "numbers": [1, 0.1, None, True], "nested": {"empty": {}}}
        write_json(tmp_path / "a.json", value)
        assert read_json(tmp_path / "a.json") == value

    @pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"loss": -float("inf")}])
    def test_refuses_what_is_no_number(self, file, value):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write_json(file, value)
        assert file.read_text() == "old"

    def test_refuses_what_it_cannot_hold(self, file):
        with pytest.raises(TypeError):
            write_json(file, {"path": file})
        assert file.read_text() == "old"

    @pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe"])
    def test_that_is_damaged_names_the_file_and_says_what_to_do(self, file, content):
        file.write_bytes(content)
        with pytest.raises(BadInput) as caught:
            read_json(file)
        assert str(file) in str(caught.value)
        assert "Restore it" in str(caught.value)


class TestSums:
    def test_a_sum_is_that_of_the_content(self, file):
        file.write_bytes(content := bytes(range(256)) * 5000)
        assert sha256_of(file) == hashlib.sha256(content).hexdigest()

    def test_one_flipped_bit_gives_another_sum(self, file):
        file.write_bytes(b"\0" * 1000)
        before = sha256_of(file)
        file.write_bytes(b"\0" * 500 + b"\1" + b"\0" * 499)
        assert sha256_of(file) != before

    def test_equal_values_have_equal_digests_whatever_the_order_of_their_keys(self):
        assert digest_of("a", {"x": 1, "y": [2, 3]}) == digest_of("a", {"y": [2, 3], "x": 1})
        assert len(digest_of("a")) == 20

    @pytest.mark.parametrize(
        "other", [("a", "b", "c"), ("ab", "c"), ("a", ["bc"]), ("a", "bc", None), (1, "bc"), ("a", "bd")]
    )
    def test_other_values_have_other_digests(self, other):
        assert digest_of(*other) != digest_of("a", "bc")

    def test_a_digest_is_the_same_in_every_process(self):
        code = "from tl_core.files import digest_of; print(digest_of('a', {'k': (1, 2.5, None)}))"
        said = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for seed in ("1", "2")
        }
        assert said == {digest_of("a", {"k": (1, 2.5, None)})}


class TestLocks:
    HOLD = (
        "import sys, time; from pathlib import Path; from tl_core.files import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(float(sys.argv[2]))"
    )

    def hold(self, path, seconds):
        process = subprocess.Popen([sys.executable, "-c", self.HOLD, str(path), str(seconds)], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"held\n"
        return process

    def test_are_held_against_other_processes(self, tmp_path):
        holder = self.hold(tmp_path / "thing", 60)
        try:
            with pytest.raises(Timeout), locked(tmp_path / "thing", timeout=0.1):
                pass
            with locked(tmp_path / "other", timeout=0.1):
                pass
        finally:
            holder.kill()
            holder.communicate()

    def test_are_waited_for(self, tmp_path):
        holder = self.hold(tmp_path / "thing", 0.3)
        start = time.monotonic()
        with locked(tmp_path / "thing"):
            waited = time.monotonic() - start
        holder.communicate()
        assert 0.1 < waited < 20

    def test_are_free_again_when_the_holder_is_killed(self, tmp_path):
        holder = self.hold(tmp_path / "thing", 60)
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        start = time.monotonic()
        with locked(tmp_path / "thing", timeout=5):
            assert time.monotonic() - start < 5

    def test_are_given_back_after_an_error(self, tmp_path):
        with pytest.raises(ZeroDivisionError), locked(tmp_path / "deep" / "thing"):
            1 / 0  # noqa: B018
        with locked(tmp_path / "deep" / "thing", timeout=0.1):
            pass


def test_json_files_end_in_a_line_end(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    text = (tmp_path / "a.json").read_text()
    assert text.endswith("}\n")
    assert json.loads(text) == {"a": 1}
