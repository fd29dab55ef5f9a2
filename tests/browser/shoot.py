"""Pictures of all pages in a folder: `python -m tests.browser.shoot OUT [options]`.

Starts the app over `--home` (a data directory; an empty one shows the demo), or uses `--url`.
`--pages` takes paths with parameters: `--pages overview,layers?layer=head`.
"""

import argparse
import re
import tempfile
from contextlib import nullcontext
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.serving import launch, serving, wait_charts, wait_drawn

PAGES = ("overview", "model", "layers", "sensitivity", "recipe", "score", "runs")
HEIGHTS = {1440: 900, 390: 844}


def main() -> None:
    """Read the options and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pages", default=",".join(PAGES))
    parser.add_argument("--widths", default="1440,390")
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--fold", action="store_true", help="only what shows without scrolling")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = options.home or Path(scratch)
        server = nullcontext(options.url) if options.url else serving(home)
        with server as url, sync_playwright() as playwright:
            browser = launch(playwright)
            for width in map(int, options.widths.split(",")):
                for theme in options.themes.split(","):
                    _shoot_all(browser, url, options, width, theme)
            browser.close()


def _shoot_all(
    browser: Browser, url: str, options: argparse.Namespace, width: int, theme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS.get(width, 900)},
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=width < 600,
    )
    for address in options.pages.split(","):
        page = context.new_page()
        page.on("pageerror", lambda error: print("  page error:", error))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((url, url.replace("http", "ws"), "data:", "blob:"))
                else print("  outside request:", request.url)
            ),
        )
        path = "" if address == "overview" else address.removeprefix("overview")
        page.goto(f"{url}/{path}")
        wait_drawn(page)
        wait_charts(page)
        page.wait_for_timeout(700)
        wide = page.evaluate(_OVERFLOW)
        if wide:
            print(f"  sideways scroll of {wide} px on {address} at {width}")
        if not options.fold:
            _grow(page, width)
        name = re.sub(r"[^a-z0-9]+", "-", address.lower()).strip("-")
        target = options.out / f"{name}-{width}-{theme}.png"
        page.screenshot(path=target)
        print(target)
        page.close()
    context.close()


_OVERFLOW = """() => {
    const main = document.querySelector('[data-testid="stMain"]');
    return main ? Math.max(0, main.scrollWidth - main.clientWidth) : 0;
}"""


def _grow(page: Page, width: int) -> None:
    """Make the window as tall as the page, since Streamlit scrolls inside it."""
    height = page.evaluate(
        """() => document.querySelector('[data-testid="stMain"]').scrollHeight"""
    )
    page.set_viewport_size({"width": width, "height": min(max(height, 600), 6000)})
    page.wait_for_timeout(600)


if __name__ == "__main__":
    main()
