"""What people ask of a run that somebody may be training: to stop, to vanish."""

from __future__ import annotations

import os
import secrets
import shutil

from tl_core.files import TEMPORARY
from tl_core.store import entries
from tl_core.store.run import RUNNING, Run
from tl_core.store.run_lock import held
from tl_core.store.state import read_state


def request_stop(run: Run) -> None:
    """Asks whoever trains a run to stop after the batch in flight. Where nobody does, nothing happens."""
    if read_state(run)["status"] == RUNNING:
        (run.folder / "stop").touch()


def stop_requested(run: Run) -> bool:
    return os.path.exists(f"{run.folder}/stop")  # noqa: PTH110 (looked for ten times a second)


def forget_stop(run: Run) -> None:
    """A request is for the process that trains now; whoever begins or ends clears it."""
    (run.folder / "stop").unlink(missing_ok=True)


def delete(run: Run) -> None:
    """Removes a run with all it holds. It is gone at once or not at all: its folder is renamed, then emptied.

    Raises:
        BadInput: where a process is training it, or it is gone already.
    """
    with held(run):
        entries.remove(run)
        doomed = run.folder.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{run.id}")
        run.folder.rename(doomed)
    shutil.rmtree(doomed)
