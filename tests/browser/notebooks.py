"""An executed notebook, and a JupyterLab that shows it: all on this machine, in folders of their own."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.browser.conftest import LEAFLET

TOP = Path(__file__).resolve().parents[2]
_BY_HAND = f"""import sys

sys.path.insert(0, {str(TOP)!r})
from tests.write.timelines import make_timeline

make_timeline(simulated=True)"""
CELLS = (
    'from imagery_diff import compare, load_aoi, samples\n\ncompare(load_aoi("najin"), *samples.pair("stack_appears"))',
    _BY_HAND,
    f'from tests.write.conftest import make_result\n\nmake_result(simulated=True).explore(leaflet="{LEAFLET}")',
)
FOREIGN = '<i id="probe" style="filter:blur(1px);color:#ff0000" onclick="alert(1)">foreign</i>'
"""What JupyterLab takes out of a notebook that it does not trust: whether it did so is asked of this."""
_DIRECTORIES = (
    *("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR"),
    *("JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR", "HOME"),
)
_START_S, _STOP_S = 60, 30


def executed(folder):
    """Run a notebook that shows a comparison and a series, and write it down with its outputs."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    path = folder / "shown.ipynb"
    nbformat.write(notebook, path)
    return path


@contextlib.contextmanager
def jupyterlab(folder, root):
    """Start JupyterLab on a free port of this machine, yield its address and its token, and shut it down."""
    token = secrets.token_hex(16)
    places = {name: str(folder / name) for name in _DIRECTORIES}
    set_theme(folder, "JupyterLab Light")
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
        *("--ServerApp.port=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"),
        *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        "--LabApp.extension_manager=readonly",
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=os.environ | places, cwd=root, stdout=log, stderr=log)
        try:
            address = _address(folder / "JUPYTER_RUNTIME_DIR", server, folder / "log")
            yield address, token
            asked = urllib.request.Request(
                f"{address}api/shutdown", method="POST", headers={"Authorization": f"token {token}"}
            )
            with urllib.request.urlopen(asked, timeout=_STOP_S):
                pass
            assert server.wait(_STOP_S) == 0
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()


def set_theme(folder, theme):
    """Write the settings of a user who was here before: no question about news, and a theme."""
    settings = folder / "JUPYTERLAB_SETTINGS_DIR" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false"}))
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))


def _address(runtime, server, log):
    """Wait until the server wrote down where it is."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text()
        for path in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # half written
                return json.loads(path.read_text())["url"]
        time.sleep(0.1)
    raise TimeoutError(log.read_text())
