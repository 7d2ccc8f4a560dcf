"""What the documents say is what the code does: commands run, tables are as printed, names exist."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from imagery_diff.cli import main

TOP = Path(__file__).resolve().parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")


def printed_tables():
    """Return command and text of every block of the README that shows what a command prints."""
    return re.findall(r"<!-- table: imagery-diff (.*?) -->\n```text\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("words", "shown"), printed_tables())
def test_tables_in_the_readme_are_as_printed(words, shown, tmp_path):
    words = [str(TOP / w) if w.startswith("sample_tiles/") else w for w in shlex.split(words)]
    result = CliRunner().invoke(main, [*words, "-o", str(tmp_path / "out")])
    assert result.exit_code == 0
    assert result.stdout == shown


def test_the_commands_of_custody_run_in_their_order(tmp_path, monkeypatch):
    page = (TOP / "docs" / "explanation" / "custody.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert len(lines) == 4
    (tmp_path / "sample_tiles").symlink_to(TOP / "sample_tiles")
    monkeypatch.chdir(tmp_path)
    for line in lines:
        name, *words = shlex.split(line)
        assert name == "imagery-diff"
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
    assert '"fault": false' in result.stdout


def test_the_readme_shows_a_table():
    assert printed_tables()


def test_python_in_the_readme_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - our own text
    assert "container-like object" in capsys.readouterr().out


def test_the_readme_holds_the_two_commands_that_ci_takes():
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv ")]
    assert len(lines) == 2
    assert "imagery-diff najin" in lines[0]
    assert "pytest" in lines[1]


@pytest.mark.parametrize("page", sorted(TOP.glob("docs/**/*.md")) + sorted(TOP.glob("*.md")), ids=lambda p: p.name)
def test_files_named_in_the_documents_exist(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:docs|aois|notebooks|tests|sample_tiles|imagery_diff|benchmarks|\.ci)/[\w./-]*\w)`", text)
    linked = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)\)", text)
    missing = [n for n in named if not (TOP / n).exists()]
    missing += [n for n in linked if not (page.parent / n).exists()]
    assert not missing


@pytest.mark.parametrize(("module", "page"), [("pair", "method"), ("series", "timeline")])
def test_headings_of_the_explanation_are_the_numbered_comments_of_the_story(module, page):
    story = (TOP / "imagery_diff" / f"{module}.py").read_text(encoding="utf-8")
    method = (TOP / "docs" / "explanation" / f"{page}.md").read_text(encoding="utf-8")
    comments = re.findall(r"^ {4,8}# (\d+\. .*)$", story, re.MULTILINE)
    assert comments
    assert comments == re.findall(r"^## (\d+\. .*)$", method, re.MULTILINE)


def test_no_path_of_a_machine_and_no_package_host_is_written_down():
    ours = [p for p in TOP.rglob("*") if p.suffix in {".py", ".md", ".toml", ".json", ".txt", ".geojson", ".ipynb"}]
    ours = [p for p in ours if not {".venv", ".git", "dist", "build"} & set(p.relative_to(TOP).parts)]
    # Built from pieces, so that this file does not find itself.
    words = ["/wo" + "rk/", "/ro" + "ot/", "pypi." + "org", "registry." + "npmjs", "deb." + "debian"]
    found = [f"{p.name}: {w}" for p in ours for w in words if w in p.read_text(encoding="utf-8", errors="replace")]
    assert not found
