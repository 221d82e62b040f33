"""Runs on disk: a run is a folder, written only by its worker, readable by any process.

runs/<id>/spec.json       the experiment; never changed
          state.json      status and progress (`RunState`); replaced atomically
          metrics.jsonl   one line per epoch; appended; see epochs.py
          val_outputs.bin, train_eval_outputs.bin   prediction and loss of every validation image, and of the clean training subset,
                          one row per epoch; see outputs.py and output_file.py
          test_outputs.bin   the same of every test image and the exported epoch; see tested_outputs.py
          progress.json   its current stage (`Progress`); while it trains
          checkpoints/    see engine/training/checkpoints.py
          export/         the best epoch as a .keras file with its signature
          report/         data, validation and test reports; the keys of the images of outputs (see image_keys.py)
          log.txt         events, and the traceback of every error
          notes.json      title, tags and note
          sweep.json      of a trial: see tl_core/sweeps/folder.py
          adjust.json, adjustments.json   live changes; see live_changes.py
          start.json, start.npz           the initial weights of a fork; see fork_start.py
          stop            a request to stop, removed when it is met
          reserve         takes room on the disk until the run has ended, for the reason if the disk is full
          run.lock        held by the process that trains it
queue/<id>.json           a queued run
ahead.json                the experiment set up on the Train page
"""

from tl_core.store import changes, prefetch, queue
from tl_core.store.epochs import EpochReader, Epochs, read_epochs
from tl_core.store.figures import EpochFigures, RunFigures, leaders, read_figures, run_figures, validation_images
from tl_core.store.image_keys import read_image_keys
from tl_core.store.notes import Notes, name_of, read_notes, title_of, write_notes
from tl_core.store.output_file import EVALUATED_SPLITS, EvaluatedSplit, OutputSplit
from tl_core.store.outputs import Outputs, OutputsReader, outputs_written, read_epoch_outputs, read_outputs
from tl_core.store.processes import is_alive, this_process
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
    classes_of,
    create,
    find_run,
    get_run,
    known,
    models_folder,
    read_spec,
    reserve,
    runs,
    writable_cache,
)
from tl_core.store.state import (
    clear_progress,
    delete,
    ended_state,
    forget_stop,
    read_progress,
    read_state,
    request_stop,
    seconds_left,
    stage_seconds_left,
    stop_reason,
    stop_requested,
    stored_status,
    write_last_state,
    write_progress,
    write_state,
)
from tl_core.store.steps import cumulative_steps
from tl_core.store.tested_outputs import read_test_outputs

__all__ = [
    "EVALUATED_SPLITS",
    "FAILED",
    "FINISHED",
    "INTERRUPTED",
    "QUEUED",
    "RUNNING",
    "STATUSES",
    "STOPPED",
    "EpochFigures",
    "EpochReader",
    "Epochs",
    "EvaluatedSplit",
    "Notes",
    "OutputSplit",
    "Outputs",
    "OutputsReader",
    "Run",
    "RunFigures",
    "cache_folder",
    "changes",
    "classes_of",
    "clear_progress",
    "create",
    "cumulative_steps",
    "delete",
    "ended_state",
    "find_run",
    "forget_stop",
    "get_run",
    "is_alive",
    "known",
    "leaders",
    "models_folder",
    "name_of",
    "outputs_written",
    "prefetch",
    "queue",
    "read_epoch_outputs",
    "read_epochs",
    "read_figures",
    "read_image_keys",
    "read_notes",
    "read_outputs",
    "read_progress",
    "read_spec",
    "read_state",
    "read_test_outputs",
    "request_stop",
    "reserve",
    "run_figures",
    "runs",
    "seconds_left",
    "stage_seconds_left",
    "stop_reason",
    "stop_requested",
    "stored_status",
    "this_process",
    "title_of",
    "validation_images",
    "writable_cache",
    "write_last_state",
    "write_notes",
    "write_progress",
    "write_state",
]
