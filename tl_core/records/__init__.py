"""Typed records that runs store and processes exchange. Sentences are made from them only for display."""

from tl_core.records.epochs import EpochRecord, best, rank, upgraded
from tl_core.records.progress import Activity, Progress, ProgressCallback, Stage, unwatched
from tl_core.records.state import EarlyStop, Environment, ForkOrigin, PlannedPhase, RunState, Status
from tl_core.records.values import MALFORMED, from_json, typed, types_of

__all__ = [
    "MALFORMED",
    "Activity",
    "EarlyStop",
    "Environment",
    "EpochRecord",
    "ForkOrigin",
    "PlannedPhase",
    "Progress",
    "ProgressCallback",
    "RunState",
    "Stage",
    "Status",
    "best",
    "from_json",
    "rank",
    "typed",
    "types_of",
    "unwatched",
    "upgraded",
]
