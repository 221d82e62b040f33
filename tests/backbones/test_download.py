"""A download is whole or not there, and fails at once with what to do."""

from __future__ import annotations

import hashlib
import io
import socket
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.backbones.conftest import Server
from tl_core.backbones import BACKBONES, Backbone, download
from tl_core.backbones.availability import status
from tl_core.backbones.weights import location
from tl_core.errors import RunFailed


def _weights() -> bytes:
    """A file of HDF5 with one array."""
    made = io.BytesIO()
    with h5py.File(made, "w") as file:
        file["kernel"] = np.arange(25_000, dtype=np.float32)
    return made.getvalue()


CONTENT = _weights()


@pytest.fixture
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backbone:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    checksum = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    vgg = BACKBONES["VGG16"]
    return replace(vgg, weights=replace(vgg.weights, file="planted.h5", checksum=checksum))


def nothing_left(row: Backbone) -> bool:
    return not any(location(row.weights).parent.iterdir())


def test_a_file_that_is_served_whole_arrives_and_is_not_asked_for_again(row: Backbone, server: Server) -> None:
    server.files["planted.h5"] = CONTENT
    seen: list[tuple[int, int]] = []
    path = download.obtain(row, lambda received, expected: seen.append((received, expected)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert download.obtain(row) == path
    assert server.requests == ["/planted.h5"]


def test_a_planted_file_needs_no_server(row: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_WEIGHTS_URL", "http://127.0.0.1:9")
    path = location(row.weights)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert download.obtain(row) == path


@pytest.mark.parametrize("checksum", [True, False], ids=["with_a_sum", "without_a_sum"])
def test_a_download_that_stops_early_leaves_nothing(row: Backbone, server: Server, checksum: bool) -> None:
    row = row if checksum else replace(row, weights=replace(row.weights, checksum=""))
    server.files["planted.h5"], server.cut = CONTENT, 5000
    with pytest.raises(RunFailed, match=f"stopped after 5,000 of {len(CONTENT):,} bytes"):
        download.obtain(row)
    assert nothing_left(row)


def test_a_download_with_another_sum_leaves_nothing(row: Backbone, server: Server) -> None:
    server.files["planted.h5"] = CONTENT[::-1]
    with pytest.raises(RunFailed, match="its MD5 is"):
        download.obtain(row)
    assert nothing_left(row)


@pytest.mark.parametrize("there", [b"", CONTENT[:100], CONTENT[:-1], b"<html>"], ids=["empty", "start", "most", "page"])
@pytest.mark.parametrize("checksum", [True, False], ids=["with_a_sum", "without_a_sum"])
def test_a_broken_file_in_the_cache_is_not_present_and_is_replaced(
    row: Backbone, server: Server, checksum: bool, there: bytes
) -> None:
    row = row if checksum else replace(row, weights=replace(row.weights, checksum=""))
    server.files["planted.h5"] = CONTENT
    path = location(row.weights)
    path.parent.mkdir(parents=True)
    path.write_bytes(there)
    assert not status(row).present
    assert download.obtain(row).read_bytes() == CONTENT
    assert status(row).present


def test_a_server_without_the_file_says_what_to_put_where_and_what_to_pick_instead(
    row: Backbone, server: Server
) -> None:
    with pytest.raises(RunFailed) as error:
        download.obtain(row)
    for part in ("404", f"{server.url}/planted.h5", str(location(row.weights)), "EfficientNetLite0"):
        assert part in str(error.value)


def test_no_server_at_all_fails_at_once(row: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("TL_WEIGHTS_URL", f"http://127.0.0.1:{port}")
    begun = time.monotonic()
    with pytest.raises(RunFailed, match="refused"):
        download.obtain(row)
    assert time.monotonic() - begun < 20  # A server that says nothing is waited for far longer.


def test_a_server_that_accepts_and_says_nothing_does_not_hang_the_run(
    row: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("TL_WEIGHTS_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(RunFailed, match="did not answer"):
            download.obtain(row)


def test_a_trickle_is_given_up(row: Backbone, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SLOW_AFTER_SECONDS", 0.3)
    server.files["planted.h5"], server.pause = CONTENT[:200], 0.05
    with pytest.raises(RunFailed, match="too slow"):
        download.obtain(row)
    assert nothing_left(row)


def test_an_address_that_is_none_is_named(row: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_WEIGHTS_URL", "not-an-address")
    with pytest.raises(RunFailed, match=r"not-an-address/planted\.h5"):
        download.obtain(row)


def test_a_file_is_checked_by_the_kind_of_sum_that_keras_publishes_for_it(tmp_path: Path) -> None:
    path = tmp_path / "planted.h5"
    path.write_bytes(CONTENT)
    for kind in (hashlib.md5(CONTENT, usedforsecurity=False), hashlib.sha256(CONTENT)):
        download.download(path.as_uri(), tmp_path / "received.h5", kind.hexdigest())
        with pytest.raises(ValueError, match="damaged"):
            download.download(path.as_uri(), tmp_path / "received.h5", kind.hexdigest()[::-1])
