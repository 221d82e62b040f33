"""Explorations: questions about an experiment that are answered in seconds without a run, such as a depth probe.

Each is a folder, written by its worker alone and readable by any process:

explorations/<id>/asked.json     the kind, the experiment and the options; never changed
                  state.json     its status; replaced atomically
                  progress.json  what it is doing; while it runs
                  result.json    the result, also so far
                  stop           a request to stop
"""

from tl_core.explorations.folder import (
    ENDED,
    Asked,
    Exploration,
    ExplorationState,
    answering,
    asked_of_others,
    asks,
    clear_progress,
    create,
    delete,
    explorations,
    get,
    has_result,
    kind_of,
    known,
    latest,
    read_asked,
    read_progress,
    read_result,
    read_state,
    request_stop,
    stamp,
    stop_requested,
    write_progress,
    write_result,
    write_state,
)
from tl_core.explorations.kinds import KINDS, Kind

__all__ = [
    "ENDED",
    "KINDS",
    "Asked",
    "Exploration",
    "ExplorationState",
    "Kind",
    "answering",
    "asked_of_others",
    "asks",
    "clear_progress",
    "create",
    "delete",
    "explorations",
    "get",
    "has_result",
    "kind_of",
    "known",
    "latest",
    "read_asked",
    "read_progress",
    "read_result",
    "read_state",
    "request_stop",
    "stamp",
    "stop_requested",
    "write_progress",
    "write_result",
    "write_state",
]
