"""The most memory that a piece of work takes, measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import psutil

if sys.platform != "win32":
    import resource

MEGABYTE = 1_000_000


def peak_of(code: str, *arguments: str | Path) -> int:
    """Run a program whose last line is its peak by ``print_peak``; return that, in bytes."""
    program = f"import sys\nfrom tests.memory import print_peak\n{code}\nprint_peak()\n"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def print_peak() -> None:
    """Print the most memory that this process ever held, as each system tells it."""
    status = Path("/proc/self/status")
    if sys.platform == "win32":
        peak = psutil.Process().memory_info().peak_wset
    elif status.exists():  # what getrusage tells on Linux may be that of the process that started this one
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        peak = int(line.split()[1]) * 1024
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(peak)
