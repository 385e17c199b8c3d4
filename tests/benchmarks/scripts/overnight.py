"""The script one would leave to a night: pandas' groupby, 100 prospects a request, 20 requests a minute.

It writes each answer to a file as it comes, and when it is started again it goes on where it stopped. ``--repeat``
makes up to five attempts at a request, after any failure.
"""

import json
import sys
import time
from pathlib import Path

import pandas as pd
import requests

from tests.benchmarks.scripts.grouped import STATUS, VISIBILITY

PAUSE = 60 / 20


def send(session: requests.Session, url: str, body: dict[str, object], attempts: int) -> dict[str, str]:
    """Return each prospect's note ID, or no ID after the last attempt."""
    for _ in range(attempts):
        time.sleep(PAUSE)
        try:
            reply = session.post(f"{url}/notes", json=body, timeout=60)
            reply.raise_for_status()
            return {entry["prospectId"]: entry["noteId"] for entry in reply.json()["payload"]["results"]}
        except (requests.RequestException, ValueError) as error:
            print(error, file=sys.stderr)
    return {}


def main(source: Path, url: str, key: str, answers: Path, attempts: int) -> None:
    table = pd.read_csv(source, dtype=str)
    done: dict[str, str] = {}
    if answers.exists():
        for line in answers.read_text(encoding="utf-8").splitlines():
            done |= json.loads(line)
    session = requests.Session()
    session.headers["x-api-key"] = key
    for (content, visibility, status), group in table.groupby(["Note", "Visibility", "Status"], sort=False):
        people = [prospect for prospect in group["Prospect ID"] if prospect not in done]
        for start in range(0, len(people), 100):
            part = people[start : start + 100]
            body = {
                "content": content, "visibility": VISIBILITY[str(visibility)], "status": STATUS[str(status)],
                "prospectIds": part,
            }  # fmt: skip
            found = send(session, url, body, attempts)
            with answers.open("a", encoding="utf-8") as file:
                print(json.dumps({prospect: found.get(prospect, "") for prospect in part}), file=file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]), 5 if "--repeat" in sys.argv else 1)
