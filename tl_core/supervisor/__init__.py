"""The background thread of the dashboard: keeps a training worker alive per device, and stops them on shutdown.

It trains nothing and keeps no state that is not on disk. Workers take runs from the queue themselves, so a dashboard that dies
loses nothing, and the next one adopts its workers.
"""

from tl_core.supervisor.supervisor import Supervisor
from tl_core.supervisor.workers import Worker, workers

__all__ = ["Supervisor", "Worker", "workers"]
