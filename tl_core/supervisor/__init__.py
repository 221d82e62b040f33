"""The background thread of the dashboard: it keeps a training worker alive for each device, and ends them when the lab is closed.

It trains nothing and holds nothing that is not on the disk. Workers take runs from the queue by themselves, so a dashboard that dies
loses nothing, and the next one finds its workers at work.
"""

from tl_core.supervisor.supervisor import Supervisor
from tl_core.supervisor.workers import Worker, workers

__all__ = ["Supervisor", "Worker", "workers"]
