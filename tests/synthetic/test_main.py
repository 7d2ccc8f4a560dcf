"""The command that remakes the sample tiles; that it does so is tested in tests/test_samples.py."""

import pytest

from imagery_diff.synthetic.__main__ import main


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]])
def test_anything_but_one_folder_gets_the_usage_and_writes_nothing(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert "usage: python -m imagery_diff.synthetic FOLDER" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
