"""Downloads a file of weights: whole or not at all, and quick to say that it cannot.

`keras.utils.get_file` writes straight into the cache, waits without limit, and leaves a file whose sum is wrong where
the next run finds it; hence this module.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from tl_core import files
from tl_core.backbones.table import BACKBONES, DEFAULT, Backbone
from tl_core.backbones.weights import address, location, md5_of
from tl_core.errors import RunFailed

CONNECT_SECONDS = 15.0
SILENCE_SECONDS = 10.0
SLOW_AFTER_SECONDS = 20.0
SLOWEST_BYTES_PER_SECOND = 10_000
CHUNK = 1 << 16

Report = Callable[[int, int], None]
"""Told the bytes received and the bytes expected (0 where the server does not say)."""


def obtain(backbone: Backbone, report: Report | None = None) -> Path:
    """The file of a backbone's weights, downloaded if it is not there or is broken.

    Raises RunFailed with the file to put where, its address, and a backbone that needs no download.
    """
    file = backbone.weights
    path = location(file)
    if path.is_file() and file.md5 in ("", md5_of(path)):
        return path
    url = address(file)
    try:
        download(url, path, file.md5, report)
    # ValueError: an address that is none, or a wrong sum.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RunFailed(_advice(backbone, path, url, str(error) or type(error).__name__)) from error
    return path


def download(url: str, path: Path, md5: str = "", report: Report | None = None) -> None:
    """Puts what is at an address into a file, which appears only when it is whole.

    Raises OSError, HTTPException or ValueError where the server cannot be reached within 15 s, is silent for 10 s, is
    slower than 10 kB/s, stops early, or sends something with another MD5 sum.
    """

    def fetch(temporary: Path) -> None:
        _receive(url, temporary, report)
        if md5 and (found := md5_of(temporary)) != md5:
            raise ValueError(f"what came is broken (its MD5 sum is {found}, not {md5})")

    files.write_with(path, fetch)


def _receive(url: str, path: Path, report: Report | None) -> None:
    begun, received = time.monotonic(), 0
    with _open(url) as response, path.open("wb") as file:
        expected = int(response.headers.get("Content-Length") or 0)
        while chunk := response.read1(CHUNK):
            file.write(chunk)
            received += len(chunk)
            seconds = time.monotonic() - begun
            if seconds > SLOW_AFTER_SECONDS and received < SLOWEST_BYTES_PER_SECOND * seconds:
                raise TimeoutError(f"the server is too slow ({received:,} bytes in {seconds:.0f} s)")
            if report is not None:
                report(received, expected)
    if expected and received != expected:
        raise ConnectionError(f"it stopped after {received:,} of {expected:,} bytes")


def _open(url: str) -> Any:
    """The server's answer. Looking up a name and trying each of its addresses have no limit of their own: a thread has."""
    answers: Queue[Any] = Queue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=SILENCE_SECONDS))
        except (OSError, http.client.HTTPException, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=CONNECT_SECONDS)
    except Empty:
        raise TimeoutError(f"the server did not answer within {CONNECT_SECONDS:.0f} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _advice(backbone: Backbone, path: Path, url: str, reason: str) -> str:
    file = backbone.weights
    sentence = f"the ImageNet weights of {backbone.title} are not here and could not be downloaded from {url}: {reason}"
    return (
        f"{sentence.rstrip('.')}. Put that file ({file.megabytes:.0f} MB) at {path}, "
        f"or choose {BACKBONES[DEFAULT].name}, whose weights need no download."
    )
