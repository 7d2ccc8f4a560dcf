"""Debian's Chromium, headless, driven by playwright; nothing is downloaded."""

import os
import shutil
from pathlib import Path

import pytest

LEAFLET = Path("/usr/share/javascript/leaflet")
ARGUMENTS = (
    "--no-sandbox",  # as root Chromium starts no other way; the pages are our own
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser():
    path = os.environ.get("IMAGERY_DIFF_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        # In CI a missing browser is a fault of CI, never a reason to pass.
        if os.environ.get("CI"):
            pytest.fail("no Chromium is installed; .ci/run installs Debian's")
        pytest.skip("no Chromium: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra test")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def leaflet():
    if not (LEAFLET / "leaflet.js").is_file():
        # In CI it is there, or CI is at fault.
        if os.environ.get("CI"):
            pytest.fail("no Leaflet is installed; .ci/run installs Debian's")
        pytest.skip("no Leaflet: apt-get install libjs-leaflet")
    return LEAFLET


@pytest.fixture
def open_page(browser):
    """Open a file; whatever the page logs, throws or asks for is collected, and must be nothing at the end."""
    contexts, faults = [], []

    def opened(path, *, width=1440, height=900, script=True, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            color_scheme=scheme,
            # Else the page is still scrolling smoothly while a test asks where something stands.
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        address = path.resolve().as_uri()
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        inside = (address, "data:", "about:srcdoc")
        page.on(
            "request",
            lambda request: None if request.url.startswith(inside) else faults.append(f"asked for {request.url[:200]}"),
        )
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
