"""Runs on disk: a run is a folder, written only by its worker, readable by any process.

runs/<id>/spec.json       the experiment; never changed
          state.json      status and progress (`RunState`); replaced atomically
          metrics.jsonl   one line per epoch; appended
          val_losses.f32  loss of every validation image, one row per epoch (float32)
          progress.json   its current stage (`Progress`); while it trains
          checkpoints/    see engine/training/checkpoints.py
          export/         the best epoch as a .keras file with its signature
          report/         data, validation and test reports
          log.txt         events, and the traceback of every error
          notes.json      title, tags and note
          adjust.json, adjustments.json   live changes; see live_changes.py
          start.json, start.npz           the initial weights of a fork; see fork_start.py
          stop            a request to stop, removed when it is met
          run.lock        held by the process that trains it
queue/<id>.json           a queued run
ahead.json                the experiment set up on the Train page
"""

from tl_core.store import changes, prefetch, queue
from tl_core.store.metrics import append_metrics, best, most_accurate, own, read_metrics
from tl_core.store.notes import Notes, read_notes, title_of, write_notes
from tl_core.store.processes import is_alive, this_process
from tl_core.store.progress import (
    clear_progress,
    read_progress,
    seconds_left,
    stage_seconds_left,
    write_progress,
)
from tl_core.store.run import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    STATUSES,
    STOPPED,
    Run,
    cache_folder,
    create,
    find,
    get,
    known,
    models_folder,
    read_spec,
    runs,
)
from tl_core.store.state import (
    delete,
    forget_stop,
    read_state,
    request_stop,
    stop_requested,
    stored_status,
    write_state,
)

__all__ = [
    "FAILED",
    "FINISHED",
    "INTERRUPTED",
    "QUEUED",
    "RUNNING",
    "STATUSES",
    "STOPPED",
    "Notes",
    "Run",
    "append_metrics",
    "best",
    "cache_folder",
    "changes",
    "clear_progress",
    "create",
    "delete",
    "find",
    "forget_stop",
    "get",
    "is_alive",
    "known",
    "models_folder",
    "most_accurate",
    "own",
    "prefetch",
    "queue",
    "read_metrics",
    "read_notes",
    "read_progress",
    "read_spec",
    "read_state",
    "request_stop",
    "runs",
    "seconds_left",
    "stage_seconds_left",
    "stop_requested",
    "stored_status",
    "this_process",
    "title_of",
    "write_notes",
    "write_progress",
    "write_state",
]
