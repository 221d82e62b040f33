"""What the server waits for with all that its first visitor does not need: the processor is that page's until then."""

from __future__ import annotations

from threading import Event

drawn = Event()
"""Set once a page was drawn since the server began."""
