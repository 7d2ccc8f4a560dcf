"""The page on other tools: its commands run, and what they write is what the page says."""

import re
import shlex
from pathlib import Path

from click.testing import CliRunner
from pyarrow import parquet
from rio_cogeo import cog_validate

from imagery_diff.cli import main
from tests.write.test_geoparquet import faults

TOP = Path(__file__).resolve().parents[1]
PAGE = (TOP / "docs" / "how-to" / "other_tools.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_commands_of_the_page_run_and_write_what_it_says(tmp_path, monkeypatch, capsys):
    (tmp_path / "sample_tiles").symlink_to(TOP / "sample_tiles")
    monkeypatch.chdir(tmp_path)
    for command in "".join(blocks("sh")).splitlines():
        name, *words = shlex.split(command)
        assert name == "imagery-diff"
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.stderr
    for of in ("comparison", "timeline"):
        files = re.findall(r"`(\w+\.parquet)`", re.search(rf"\| a {of} \|(.*)\|", PAGE)[1])
        folder = Path({"comparison": "najin_pair_export", "timeline": "najin_series_export"}[of])
        assert sorted(p.name for p in folder.glob("*.parquet")) == sorted(files)
        for file in files:
            assert faults((folder / file).read_bytes()) == []
            assert set(parquet.read_table(folder / file)["simulated"].to_pylist()) <= {True}
    for file in re.findall(r"`(\w+_aligned\.tif)`", PAGE):
        assert cog_validate(Path("najin_images", file), strict=True) == (True, [], [])
    of_series = CliRunner().invoke(main, shlex.split("export najin_series --images --inputs sample_tiles"))
    assert (of_series.exit_code, of_series.stderr.count("\n")) == (1, 1)
    assert parquet.read_table("najin_series_export/observations.parquet").num_rows
    for code in blocks("python"):
        exec(compile(code, "other_tools.md", "exec"), {})  # noqa: S102 - our own text
    assert "RENDERED, NOT A SATELLITE IMAGE" in capsys.readouterr().out
