"""The clients of this process: one for each models folder and name, made at first use and ended together."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tl_core.service.client import Client

_clients: dict[tuple[Path, str], Client] = {}
_making = threading.Lock()


def client_of(models: Path, name: str, **options: Any) -> Client:
    """The client of that name.

    Args:
        options: Those of `Client`, where it is made.
    """
    models = models.absolute()
    with _making:
        if (models, name) not in _clients:
            _clients[models, name] = Client(models, name=name, **options)
        return _clients[models, name]


def stop_all() -> None:
    """Ends all workers of this process."""
    with _making:
        clients = list(_clients.values())
        _clients.clear()
    for client in clients:
        client.stop()
