"""One server and one Chromium for the browser tests; each test has a context of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.serving import launch, serving


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data directory of the server."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """Where the app answers."""
    with serving(home) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a new visitor; script errors and requests to elsewhere fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    problems: list[str] = []
    own = (address, address.replace("http", "ws"), "data:", "blob:")
    opened.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    opened.on(
        "request",
        lambda request: (
            None if request.url.startswith(own) else problems.append(f"request: {request.url}")
        ),
    )
    yield opened
    context.close()
    assert problems == []
