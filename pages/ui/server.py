"""What the web server adds round the app: owner cookie, security headers, health, fonts."""

import secrets
import sys
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analysis.paths import assets_dir
from pages.ui.owner import OWNER_COOKIE, is_owner_id

_YEAR = 365 * 24 * 3600

# Streamlit's front end compiles chart code and sets styles in line; nothing may come from
# another host.
_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "frame-ancestors 'self'",
        "base-uri 'self'",
        "form-action 'self'",
    ]
)
SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}


class PageHeaders:
    """ASGI middleware: security headers on every answer, an owner cookie on a first page visit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cookie = _new_cookie(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if cookie is not None:
                    headers.append("Set-Cookie", cookie)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _new_cookie(scope: Scope) -> str | None:
    """The cookie for a page visit that brings none; None for anything else."""
    headers = Headers(scope=scope)
    if scope["method"] != "GET" or "text/html" not in headers.get("accept", ""):
        return None
    try:
        held = SimpleCookie(headers.get("cookie", "")).get(OWNER_COOKIE)
    except CookieError:
        held = None
    if held is not None and is_owner_id(held.value):
        return None
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return (
        f"{OWNER_COOKIE}={secrets.token_hex(16)}; Path=/; Max-Age={_YEAR}; "
        f"HttpOnly; SameSite=Lax{secure}"
    )


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok", "torch_loaded": "torch" in sys.modules})


def middleware() -> list[Middleware]:
    """The middleware of the app."""
    return [Middleware(PageHeaders)]


def routes() -> list[BaseRoute]:
    """The routes of the app beside Streamlit's own."""
    fonts = StaticFiles(directory=assets_dir() / "fonts")
    return [Route("/healthz", _health), Mount("/assets/fonts", fonts)]
