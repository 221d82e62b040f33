"""Holding a run, as the process that trains it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import Timeout

from tl_core.errors import BadInput
from tl_core.store.run import Run


@contextmanager
def held(run: Run, wait: float = 0.0) -> Iterator[None]:
    """Holds a run: meanwhile nobody begins it, deletes it or writes a checkpoint.

    Args:
        wait: Seconds to wait for somebody who holds it for a moment only.

    Raises:
        BadInput: where a process trains it, or it was deleted.
    """
    if not run.folder.is_dir():  # Locking would make the folder again.
        raise BadInput.of("run", f"{run.id} was deleted")
    try:
        with run.lock.acquire(timeout=wait):
            yield
    except Timeout:
        raise BadInput.of("run", f"{run.id} is training right now", "Stop it first.") from None
