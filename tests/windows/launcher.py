"""Run the program in Windows' Python, and end it with TerminateProcess when a line comes on standard input."""

import os
import subprocess
import sys
import threading


def _end_when_told(process: "subprocess.Popen[bytes]") -> None:
    if sys.stdin.readline():
        process.terminate()  # on Windows, this is TerminateProcess


if __name__ == "__main__":
    started = subprocess.Popen([sys.executable, "-P", "-m", "importer", *sys.argv[1:]], stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_when_told, args=(started,), daemon=True).start()
    os._exit(started.wait())
