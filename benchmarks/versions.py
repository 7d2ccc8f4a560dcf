"""Run the quick tests with the oldest libraries that pyproject.toml allows, and with the newest there are.

    python benchmarks/versions.py [lowest] [newest]

Each set gets a fresh environment. Prints what was installed and how the tests ended. Takes several minutes.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def lowest() -> list[str]:
    """Return every dependency pinned to its lower bound; a library's own dependencies are left to pip."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["vector"]]
    return [re.sub(r">=", "==", w) for w in wanted]


def run(name: str, pins: list[str]) -> int:
    """Build an environment, install, test; return pytest's exit code."""
    with tempfile.TemporaryDirectory() as scratch:
        # Tests that drop to an unprivileged uid must still read the environment.
        Path(scratch).chmod(0o755)
        python = Path(scratch) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *pins, "-e", f"{TOP}[test]"], check=True)
        print(f"--- {name}")
        subprocess.run([python, "-m", "pip", "list", "--format=freeze"], check=True)
        # Old libraries warn of what newer ones below them have deprecated; that is theirs, not ours.
        quiet = ["-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning"] if pins else []
        tests = [python, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *quiet]
        return subprocess.run(tests, cwd=TOP, check=False).returncode


def main() -> None:
    """Run the sets asked for; both without an argument."""
    asked = sys.argv[1:] or ["lowest", "newest"]
    codes = [run(name, lowest() if name == "lowest" else []) for name in asked]
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
