"""Headers, owner cookie, health and fonts, without Streamlit behind them."""

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from pages.ui.owner import OWNER_COOKIE, is_owner_id
from pages.ui.server import SECURITY_HEADERS, middleware, routes

PAGE = {"accept": "text/html,application/xhtml+xml"}


class Client:
    """Asks an app in this process; each request comes from a browser without cookies."""

    def __init__(self, app: Starlette) -> None:
        self.transport = httpx.ASGITransport(app=app)

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            base = "http://testserver"
            async with httpx.AsyncClient(transport=self.transport, base_url=base) as client:
                return await client.get(path, headers=headers)

        return anyio.run(ask)


@pytest.fixture
def client() -> Client:
    async def page(_request):
        return HTMLResponse("<html></html>")

    return Client(Starlette(routes=[*routes(), Route("/", page)], middleware=middleware()))


def test_a_first_visit_gets_an_owner_that_scripts_cannot_read(client):
    cookie = client.get("/", headers=PAGE).headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == OWNER_COOKIE
    assert is_owner_id(rest.split(";")[0])
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_two_visitors_get_different_owners(client):
    first = client.get("/", headers=PAGE).headers["set-cookie"]
    assert client.get("/", headers=PAGE).headers["set-cookie"] != first


def test_an_owner_is_kept(client):
    headers = {**PAGE, "cookie": f"{OWNER_COOKIE}={'a' * 32}"}
    assert "set-cookie" not in client.get("/", headers=headers).headers


@pytest.mark.parametrize("value", ["local", "shared", "*", "", "A" * 32, "a" * 31, "a" * 33])
def test_an_owner_that_was_made_up_is_replaced(client, value):
    headers = {**PAGE, "cookie": f"{OWNER_COOKIE}={value}"}
    assert is_owner_id(
        client.get("/", headers=headers).headers["set-cookie"].split("=")[1].split(";")[0]
    )


def test_only_pages_hand_out_owners(client):
    assert "set-cookie" not in client.get("/healthz").headers


def test_the_cookie_is_secure_behind_https(client):
    answer = client.get("https://testserver/", headers=PAGE)
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing"])
def test_every_answer_has_the_security_headers(client, path):
    held = client.get(path).headers
    assert {name: held[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_nothing_may_come_from_another_host():
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "http" not in policy
    assert "*" not in policy


def test_health_says_that_it_lives_and_whether_torch_is_there(client):
    answer = client.get("/healthz").json()
    assert answer["status"] == "ok"
    assert isinstance(answer["torch_loaded"], bool)


def test_the_font_is_served_and_nothing_beside_its_folder(client):
    assert client.get("/assets/fonts/inter-latin-wght-normal.woff2").content[:4] == b"wOF2"
    assert client.get("/assets/fonts/../icon.svg").status_code == 404
    assert client.get("/assets/fonts/%2e%2e/icon.svg").status_code == 404
