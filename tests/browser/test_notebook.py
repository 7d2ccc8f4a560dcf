"""What a notebook's cell shows where notebooks are read: a page of nbconvert, a sandboxed frame, JupyterLab."""

import html
import re

import nbformat
import pytest
from jinja2 import DictLoader
from nbconvert import HTMLExporter

from tests.browser.notebooks import FOREIGN, TOP, executed, jupyterlab, set_theme
from tests.write.conftest import make_result
from tests.write.timelines import make_timeline

pytestmark = pytest.mark.slow

SWIPE = "div[style*='resize']"
PAGE = (TOP / "docs" / "how-to" / "notebook.md").read_text(encoding="utf-8")
OFFLINE = re.search(r"```jinja\n(.*?)```", PAGE, re.DOTALL).group(1)
"""The page without the scripts that nbconvert's own fetches, as it is documented."""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory, leaflet):  # noqa: ARG001 - one cell needs it
    return executed(tmp_path_factory.mktemp("notebook"))


def swiped(page, cell):
    """Draw the corner by the mouse; by how much the line moved, and whether another picture is to be seen."""
    left = cell.locator(SWIPE)
    left.evaluate("element => element.scrollIntoView({block: 'end'})")
    box = left.bounding_box()
    shown = seen(page, box)
    x, y = box["x"] + box["width"] - 8, box["y"] + box["height"] - 5
    for _ in range(10):
        drawn(page, x, y, -60)
        if left.bounding_box()["width"] != box["width"]:
            break
        # A frame of another origin is a process of its own, and takes the mouse a moment after it was painted.
        page.wait_for_timeout(300)
    return box["width"] - left.bounding_box()["width"], seen(page, box) != shown


def drawn(page, x, y, by):
    """Draw by the browser's own protocol: playwright's mouse waits for a script, which a page may have switched off."""
    session = page.context.new_cdp_session(page)
    hand = [("mouseMoved", 0, 0), ("mousePressed", 0, 1), *(("mouseMoved", by * k / 5, 1) for k in range(1, 6))]
    for kind, moved, pressed in [*hand, ("mouseReleased", by, 0)]:
        event = {"type": kind, "x": x + moved, "y": y, "button": "left" if kind != "mouseMoved" or pressed else "none"}
        session.send("Input.dispatchMouseEvent", event | {"buttons": pressed, "clickCount": int(kind != "mouseMoved")})


def seen(page, box):
    """Take a picture of a part of the page, by the same protocol for the same reason."""
    x, y = page.evaluate("[scrollX, scrollY]")
    clip = {"x": box["x"] + x, "y": box["y"] + y, "width": box["width"], "height": box["height"], "scale": 1}
    session = page.context.new_cdp_session(page)
    return session.send("Page.captureScreenshot", {"clip": clip})["data"]


def check_comparison(page, cell):
    """Hold it against what a comparison shows: both dates, the corner that is drawn, the sentences."""
    sizes = cell.locator("img").evaluate_all("all => all.map(i => [i.naturalWidth, i.naturalHeight, i.complete])")
    assert len(sizes) == 2
    assert all(complete and min(width, height) > 100 for width, height, complete in sizes)
    moved, other = swiped(page, cell)
    assert moved == pytest.approx(60, abs=5)
    assert other
    words = cell.inner_text()
    for sentence in ("container-like object appeared", "Not reviewed by a person", "RENDERED, NOT A SATELLITE IMAGE"):
        assert sentence in words


def check_series(cell):
    """Hold it against what a series shows: the calendar, and its sentences."""
    width, height = cell.locator("img").evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert min(width, height) > 100
    words = cell.text_content()
    for sentence in ("2 changes of state seen", "Not reviewed by a person", "RENDERED, NOT A SATELLITE IMAGE"):
        assert sentence in words


def check_map(cell):
    """Hold it against what a map to explore shows, which folium puts into a frame."""
    cell.evaluate("cell => cell.scrollIntoView()")
    frame = cell.frame_locator("iframe")
    frame.locator("path.leaflet-interactive").first.wait_for()
    assert frame.locator("img.leaflet-image-layer").evaluate("image => image.naturalWidth") > 100
    assert "Not reviewed by a person." in frame.locator(".told").inner_text()


def converted(notebook, **options):
    page, _ = HTMLExporter(**options).from_notebook_node(nbformat.read(notebook, as_version=4))
    return page


def offline(notebook):
    return converted(
        notebook, extra_loaders=[DictLoader({"offline.html.j2": OFFLINE})], template_file="offline.html.j2"
    )


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("make", [offline, lambda notebook: converted(notebook, template_name="basic")])
def test_a_page_of_nbconvert_shows_it_and_asks_for_nothing(notebook, tmp_path, open_page, make, script):
    path = tmp_path / "shown.html"
    path.write_text(make(notebook), encoding="utf-8")
    page = open_page(path, script=script)
    cells = page.locator(".jp-OutputArea-output, .output_html")
    cells = [cell for cell in cells.all() if cell.locator("img").count()]
    check_comparison(page, cells[0])
    check_series(cells[1])


def test_nbconverts_own_page_shows_it_where_its_scripts_cannot_be_had(notebook, tmp_path, browser):
    path = tmp_path / "shown.html"
    path.write_text(converted(notebook), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    asked = []
    context.route(re.compile("^http"), lambda route: (asked.append(route.request.url), route.abort()))
    try:
        page = context.new_page()
        page.goto(path.resolve().as_uri())
        check_comparison(page, page.locator(".jp-OutputArea-output").first)
        check_series(page.locator(".jp-OutputArea-output").nth(1))
    finally:
        context.close()
    # nbconvert's template asks for these, and nothing of ours does.
    assert asked
    assert all(re.search("/(require|mathjax|mermaid)", url) for url in asked)


@pytest.mark.parametrize("made", [lambda: make_result(count=2, simulated=True), lambda: make_timeline(simulated=True)])
def test_it_stands_in_a_sandboxed_frame_that_may_fetch_nothing(tmp_path, open_page, made):
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    inside = f'<meta charset=utf-8><meta http-equiv="Content-Security-Policy" content="{policy}">{made()._repr_html_()}'
    path = tmp_path / "frame.html"
    frame = f'<iframe title="A cell" sandbox="allow-scripts" width=1200 height=900 srcdoc="{html.escape(inside)}">'
    path.write_text(f"<!doctype html><meta charset=utf-8><title>Outside</title>{frame}</iframe>", encoding="utf-8")
    page = open_page(path)
    cell = page.frame_locator("iframe").locator("body")
    assert cell.evaluate("() => self.origin") == "null"
    cell.locator("img").first.wait_for()
    assert all(width > 100 for width in cell.locator("img").evaluate_all("all => all.map(i => i.naturalWidth)"))
    assert "Not reviewed by a person" in cell.inner_text()
    if cell.locator(SWIPE).count():
        moved, other = swiped(page, cell)
        assert moved == pytest.approx(60, abs=5)
        assert other


@pytest.fixture(scope="module")
def lab(notebook, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    opened = nbformat.read(notebook, as_version=4)
    opened.cells[0].outputs.append(nbformat.v4.new_output("display_data", data={"text/html": FOREIGN}))
    # Nothing here was run by this JupyterLab, nor signed: it is not trusted.
    nbformat.write(opened, notebook.parent / "elsewhere.ipynb")
    for cell in opened.cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(opened, notebook.parent / "fresh.ipynb")
    with jupyterlab(folder, notebook.parent) as (address, token):
        yield folder, address, token


@pytest.fixture
def open_lab(browser, lab):
    """Open a notebook in JupyterLab; nothing may leave the machine, and no page may throw."""
    folder, address, token = lab
    contexts, faults = [], []

    def opened(name, *, width=1440, theme="JupyterLab Light"):
        set_theme(folder, theme)
        context = browser.new_context(viewport={"width": width, "height": 1000}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        own = (address, address.replace("http", "ws", 1), "data:", "blob:")
        page.on("console", lambda m: faults.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("request", lambda r: None if r.url.startswith(own) else faults.append(f"asked for {r.url[:200]}"))
        page.goto(f"{address}lab/tree/{name}?token={token}&reset")
        # Before its kernel is there a notebook drops what it is asked to run.
        page.get_by_text("(ipykernel) | Idle").wait_for(timeout=60_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def outputs(page):
    return page.locator(".jp-OutputArea-output.jp-RenderedHTML")


def styles_of(cell):
    return cell.evaluate("cell => [...cell.querySelectorAll('[style]')].map(e => [e.tagName, e.getAttribute('style')])")


def test_jupyterlab_shows_a_notebook_that_it_does_not_trust(open_lab, notebook):
    page = open_lab("elsewhere.ipynb")
    cell = outputs(page).first
    # It did take out what it does not know of a foreign output, so what is left of ours is what it lets stand.
    foreign = outputs(page).nth(1).inner_html()
    assert "foreign" in foreign
    assert not re.search("onclick|filter|id=.probe", foreign.replace("data-jupyter-id", ""))
    stored = nbformat.read(notebook, as_version=4).cells
    for ours, number in ((0, 0), (1, 2)):
        told = stored[ours].outputs[0]["data"]["text/html"]
        wanted = re.findall(r"""<(\w+)[^>]*? style=["']([^"']*)["']""", told)
        assert wanted
        assert [(tag.lower(), style) for tag, style in styles_of(outputs(page).nth(number))] == wanted
    check_comparison(page, cell)
    check_series(outputs(page).nth(2))
    # folium's own words for where its frame was taken out.
    last = outputs(page).nth(3)
    assert "Trusted" in last.text_content()
    assert last.locator("path").count() == 0


@pytest.mark.parametrize(("theme", "width"), [("JupyterLab Dark", 768)])
def test_jupyterlab_shows_what_was_run_there(open_lab, theme, width):
    page = open_lab("fresh.ipynb", theme=theme, width=width)
    assert page.evaluate("document.body.dataset.jpThemeName") == theme
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    outputs(page).nth(1).locator("img").wait_for(timeout=60_000)
    check_comparison(page, outputs(page).first)
    check_series(outputs(page).nth(1))
    check_map(outputs(page).nth(2))


def test_python_of_the_page_runs(tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert blocks
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        exec(compile(block, "notebook.md", "exec"), names)  # noqa: S102 - our own text
    assert "Not reviewed by a person" in names["result"]._repr_html_()
