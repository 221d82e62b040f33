"""Downloads a weights file, completely or not at all, and fails quickly.

`keras.utils.get_file` writes directly into the cache, waits without limit, and leaves a file with a wrong checksum where
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
from tl_core.backbones.checksums import algorithm, checksum_of, matches
from tl_core.backbones.row import Backbone
from tl_core.backbones.table import BACKBONES, DEFAULT
from tl_core.backbones.weights import Weights, address, location
from tl_core.errors import RunFailed
from tl_core.text import data_size

CONNECT_SECONDS = 15.0
SILENCE_SECONDS = 10.0
SLOW_AFTER_SECONDS = 20.0
SLOWEST_BYTES_PER_SECOND = 10_000
CHUNK = 1 << 16

Report = Callable[[int, int], None]
"""Called with the bytes received and the bytes expected (0 if unknown)."""


def obtain(backbone: Backbone, report: Report | None = None) -> Path:
    """The weights file of a backbone, downloaded if it is missing or damaged.

    Raises RunFailed with the address, where to put the file, and a backbone that needs no download.
    """
    file = backbone.weights
    path = location(file)
    if Weights("imagenet", path).present and matches(path, file.checksum):
        return path
    url = address(file)
    try:
        download(url, path, file.checksum, report)
    # ValueError: an invalid address, or a wrong checksum.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RunFailed(_advice(backbone, path, url, str(error) or type(error).__name__)) from error
    return path


def download(url: str, path: Path, checksum: str = "", report: Report | None = None) -> None:
    """Downloads a file, which appears only when it is complete.

    Raises OSError, HTTPException or ValueError if the server cannot be reached within 15 s, sends nothing for 10 s, is
    slower than 10 kB/s, stops early, or sends a file with another checksum.
    """

    def fetch(temporary: Path) -> None:
        _receive(url, temporary, report)
        if not matches(temporary, checksum):
            found = checksum_of(temporary, checksum)
            raise ValueError(f"the received file is damaged (its {algorithm(checksum)} is {found}, not {checksum})")

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
    """The server's response. Name resolution and connection attempts have no time limit of their own, so a thread makes them."""
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
    sentence = f"the ImageNet weights of {backbone.title} are missing and could not be downloaded from {url}: {reason}"
    return (
        f"{sentence.rstrip('.')}. Put that file ({data_size(1e6 * file.megabytes)}) at {path}, "
        f"or choose {BACKBONES[DEFAULT].name}, whose weights need no download."
    )
