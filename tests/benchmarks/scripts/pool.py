"""The same with a pool of 8: one POST a row, several at once."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import requests

from tests.benchmarks.scripts.one_by_one import STATUS, VISIBILITY


def main(source: Path, url: str, results: Path) -> None:
    table = pd.read_excel(source, dtype=str)

    def post(row: tuple[str, ...]) -> str:
        body = {
            "content": row[1], "visibility": VISIBILITY[row[2]], "status": STATUS[row[3]], "prospectIds": [row[0]],
        }  # fmt: skip
        reply = requests.post(f"{url}/notes", json=body, timeout=60)
        return "created" if reply.ok else f"failed: {reply.status_code}"

    with ThreadPoolExecutor(8) as pool:
        table["result"] = list(pool.map(post, table.itertuples(index=False, name=None)))
    table.to_excel(results, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
