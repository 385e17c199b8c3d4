"""A worker as a scheduler's: runs the commands that come in, one a line, and says how each ended."""

from __future__ import annotations

import json
import subprocess
import sys

for line in sys.stdin:
    name, command = json.loads(line)
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    print(json.dumps([name, ended.returncode, ended.stdout + ended.stderr]), flush=True)
