"""Only requests for an allowed host get an answer, on every route.

A site elsewhere can give its own name the address of this machine (DNS rebinding); its scripts would then read every answer as their own site's.
Streamlit compares the host with `server.allowedHosts` for its web socket alone.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

MISDIRECTED = 421
"""The status of a request for a host that a server is not responsible for (RFC 9110, section 15.5.20)."""

REFUSED = """This server does not answer requests for the host in your browser's address.
If it is a name of this machine, start the dashboard with it: --server.allowedHosts NAME (once for each name).
"""
"""Says neither which hosts are allowed nor what was asked for."""


class AllowedHosts:
    """ASGI middleware that answers only where the host of a request is in `server.allowedHosts`; ports do not matter."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or is_host_allowed(Headers(scope=scope).get("host")):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(code=1008)(scope, receive, send)
        else:
            await PlainTextResponse(REFUSED, MISDIRECTED)(scope, receive, send)
