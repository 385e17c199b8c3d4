"""The first script one would write: pandas, and one POST a row."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import requests

VISIBILITY = {"Public": "1", "Private": "2"}
STATUS = {"Published": "1", "Draft": "0"}


def main(source: Path, url: str, results: Path) -> None:
    table = pd.read_excel(source, dtype=str)
    outcome = []
    for row in table.itertuples(index=False):
        body = {
            "content": row[1], "visibility": VISIBILITY[row[2]], "status": STATUS[row[3]], "prospectIds": [row[0]],
        }  # fmt: skip
        reply = requests.post(f"{url}/notes", json=body, timeout=60)
        outcome.append("created" if reply.ok else f"failed: {reply.status_code}")
    table["result"] = outcome
    table.to_excel(results, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
