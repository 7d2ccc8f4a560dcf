"""CPU seconds that starting costs: bare Python, the help, the list of AOIs, and rasterio's own command for comparison.

    python benchmarks/start.py

Asked: --help and aois list at most 0.15 s of CPU more than bare Python. Each command runs eleven times in turn with
the others; the median of user plus system time of the child is shown.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 11
BIN = Path(sys.executable).parent
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import imagery_diff'": [sys.executable, "-c", "import imagery_diff"],
    "imagery-diff --help": [str(BIN / "imagery-diff"), "--help"],
    "imagery-diff aois list": [str(BIN / "imagery-diff"), "aois", "list"],
    "rio --help": [str(BIN / "rio"), "--help"],
}


def cpu_seconds(command: list[str]) -> float:
    """User plus system time of one run of a command."""
    with Path(os.devnull).open("w") as null:
        process = subprocess.Popen(command, stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure in turn, so that a busy moment of the machine meets every command alike."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            times[name].append(cpu_seconds(command))
    bare = statistics.median(times["python -c pass"])
    print(f"{'command':34} CPU s   more than bare Python")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:34} {middle:.3f}   {middle - bare:+.3f}")


if __name__ == "__main__":
    main()
