"""A real server answers only under the names it is allowed to have."""

from __future__ import annotations

import http.client

from pages.ui.charts.component import ROUTE
from tests.browser.lab import Lab

PATHS = ("/", "/run?run=x", "/_stcore/health", "/_stcore/host-config", ROUTE.path, "/component/x/y.js", "/changes")


def asked(lab: Lab, path: str, host: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", lab.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_rebound_name_gets_nothing_on_any_route(still_lab: Lab) -> None:
    for path in PATHS:
        status, content = asked(still_lab, path, f"rebound.example:{still_lab.port}")
        assert (status, b"<" in content) == (421, False), path


def test_every_name_of_this_machine_gets_the_page(still_lab: Lab) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        status, content = asked(still_lab, "/", f"{host}:{still_lab.port}")
        assert (status, b"<html" in content) == (200, True), host
