"""The rooms and the arrows between them, read from the source: house rules that no reviewer has to remember."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "imagery_diff"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("numpy", "rasterio", "shapely", "matplotlib", "scipy", "skimage", "pyproj", "click")

LEVELS = {
    "errors": 0,
    "memory": 0,
    "shipped": 1,
    "params": 1,
    "threads": 1,
    "grid": 2,
    "scene": 2,
    "aoi": 2,
    "result": 2,
    "result_series": 2,
    "geometry": 2,
    "mark": 2,
    "licences": 1,
    "samples": 2,
    "read": 3,
    "method": 3,
    "write": 3,
    "synthetic": 3,
    "archive_schema": 1,
    "archive_values": 3,
    "archive_revisions": 3,
    "archive_file": 4,
    "archive": 4.5,
    "archive_export": 5,
    "finished": 4,
    "exporting_layers": 5,
    "exporting_images": 5,
    "exporting_qgis": 6,
    "exporting_stac": 6,
    "exporting_share": 6,
    "overcast": 4,
    "pair_rules": 4,
    "pair_scenes": 5,
    "pair_register": 6,
    "pair_result": 5,
    "pair_told": 6,
    "pair_masked": 6,
    "pair_moving": 6,
    "pair_match": 6,
    "pair_fit": 6,
    "location": 3,
    "pair_evidence": 7,
    "pair_regions": 8,
    "pair_classes": 8,
    "pair_ghosts": 8,
    "pair_optics": 4,
    "pair_find": 9,
    "pair_activity": 10,
    "pair_again": 10,
    "pair_contrast": 11,
    "pair_places": 11,
    "pair_missed": 12,
    "pair": 13,
    "fitting": 13,
    "inspection": 13,
    "placing": 13,
    "single": 14,
    "series_looks": 14,
    "series_trials": 14,
    "series_history": 15,
    "series_heaps": 15,
    "series_states": 15,
    "series_chances": 16,
    "series_against": 16,
    "series_lasting": 17,
    "series_tracks": 16,
    "series_trains": 16,
    "series_events": 17,
    "series_pairs": 17,
    "series_colours": 17,
    "series_ais": 17,
    "series": 18,
    "detectability": 14,
    "scoring_pair": 14,
    "scoring": 14,
    "verify_inputs": 4,
    "verify_findings": 4,
    "review_books": 7,
    "review_edits": 8,
    "review": 8,
    "figures_series": 7,
    "figures": 8,
    "verify_rerun": 18.2,
    "exporting_aligned": 18.3,
    "exporting": 18.4,
    "verify": 18.5,
    "cli": 19,
    "__main__": 20,
    "__init__": 20,
}
"""Room -> height; an arrow may lead to a lower room, or within a room. Nouns may know each other."""
DELEGATES = {"credit", "__repr__", "_repr_html_", "to_geojson", "plot", "explore", "save"}
OF_A_SERIES = {"credit", "__repr__", "_repr_html_", "observations", "event_rows", "plot", "explore", "save"}
"""Methods of ``Comparison`` that hand over to ``write`` in one line: the listed exception."""


def name_of(path):
    return str(path.relative_to(TOP))


def room_of(path):
    # `python -m imagery_diff.synthetic` is an entry of its own: it stands above every room, as the command line does.
    if path.name == "__main__.py":
        return "__main__"
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def running_imports(tree):
    """Yield (module, name or None, enclosing function or None) of every import that runs, not of those for types."""

    def visit(node, function):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                yield from ((alias.name, None, function) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, "relative imports hide the arrow"
                yield from ((child.module, alias.name, function) for alias in child.names)
            inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            yield from visit(child, inside)

    yield from visit(tree, None)


def arrows(path):
    """Yield (room pointed at, enclosing function) of every import of our own."""
    for module, name, function in running_imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = module.split(".")
        if parts[0] == "imagery_diff":
            room = parts[1] if len(parts) > 1 else name if name in LEVELS else "__init__"
            yield room, function


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_arrow_leads_downwards(path):
    room = room_of(path)
    assert room in LEVELS, f"a new room '{room}': give it its height in LEVELS and a line in ARCHITECTURE.md"
    for target, function in arrows(path):
        if room in {"result", "result_series"} and target == "write":
            assert function in DELEGATES | OF_A_SERIES, f"{function} is no listed delegate to write"
            continue
        # `from imagery_diff import __version__` loads nothing.
        allowed = target in {room, "__init__"} or LEVELS[target] < LEVELS[room]
        nouns = LEVELS[target] == LEVELS[room] == LEVELS["grid"]
        assert allowed or nouns, f"{name_of(path)} imports imagery_diff.{target}"


@pytest.mark.parametrize(("module", "names"), [("result", DELEGATES), ("result_series", OF_A_SERIES)])
def test_the_listed_delegates_are_one_import_and_one_line(module, names):
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    methods = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name in names]
    assert {m.name for m in methods} == names
    for method in methods:
        body = [s for s in method.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
        assert [type(s) for s in body] == [ast.ImportFrom, ast.Return], method.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_click_and_printing_and_exit_codes_belong_to_the_command_line(path):
    if room_of(path) in {"cli", "__main__"}:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not {m for m, _, _ in running_imports(tree) if m.split(".")[0] in {"click", "click_default_group"}}
    called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    assert not called & {"print", "sys.exit", "exit", "os._exit"}


@pytest.mark.parametrize("path", [m for m in MODULES if room_of(m) == "method"], ids=name_of)
def test_the_method_knows_no_file_no_clock_no_environment(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {m for m, _, _ in running_imports(tree)}
    worldly = {
        "os",
        "sys",
        "io",
        "pathlib",
        "time",
        "datetime",
        "random",
        "tempfile",
        "logging",
        "subprocess",
        "rasterio",
    }
    assert not modules & worldly
    # Of rasterio, arrays in and arrays out.
    assert {m for m in modules if m.startswith("rasterio.")} <= {"rasterio.enums", "rasterio.warp", "rasterio.features"}
    called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    assert not called & {"open", "print", "input", "np.load", "np.save"}
    assert not [c for c in called if c.startswith("np.random")]


def map_of_rooms():
    """Return the paths in the fenced block of ARCHITECTURE.md, folders with their final slash."""
    blocks = re.findall(
        r"^```[a-z]*\n(.*?)^```", (TOP / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    lines = [line.split()[0] for block in blocks for line in block.splitlines() if line.startswith("imagery_diff/")]
    assert lines, "ARCHITECTURE.md holds no map"
    return lines


def test_everything_on_the_map_exists_and_stands_there_once():
    rooms = map_of_rooms()
    assert len(set(rooms)) == len(rooms)
    missing = [r for r in rooms if not ((TOP / r).is_dir() if r.endswith("/") else (TOP / r).is_file())]
    assert missing == []


def test_every_module_is_on_the_map():
    rooms = set(map_of_rooms())
    # A folder whose members are listed must list them all; one without stands for its members.
    opened = {f"{Path(r).parent}/" for r in rooms if not r.endswith("/")}
    for path in MODULES:
        name, folder = name_of(path), f"{path.parent.relative_to(TOP)}/"
        if path.name == "__init__.py" and path.parent != PACKAGE:
            assert folder in rooms, f"{folder} is not on the map"
        elif folder in opened:
            assert name in rooms, f"{name} is not on the map"
        else:
            assert folder in rooms, f"{name} is not on the map, nor is its folder"


def loaded_by(code):
    """Return the heavy libraries that a fresh interpreter holds after running a line."""
    probe = f"{code}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=TOP)
    return ast.literal_eval(run.stdout)


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import imagery_diff; imagery_diff.__version__; dir(imagery_diff)") == []


def test_every_public_name_is_there_on_first_use():
    import imagery_diff

    for name in imagery_diff.__all__:
        assert getattr(imagery_diff, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = imagery_diff.no_such_name
