"""A careful script: pandas' groupby, 100 prospects a request, one Session, ``to_excel``."""

import os
import sys
from pathlib import Path

import pandas as pd
import requests

VISIBILITY, STATUS = {"Public": "1", "Private": "2"}, {"Published": "1", "Draft": "0"}


def main(source: Path, url: str, results: Path) -> None:
    table = pd.read_excel(source, dtype=str)
    table["result"] = table["note_id"] = ""
    session = requests.Session()
    session.headers["x-api-key"] = os.environ["SALESHANDY_API_KEY"]
    for key, group in table.groupby(["Note", "Visibility", "Status"], sort=False):
        content, visibility, status = map(str, key)
        for start in range(0, len(group), 100):
            part = group.iloc[start : start + 100]
            body = {
                "content": content, "visibility": VISIBILITY[visibility], "status": STATUS[status],
                "prospectIds": part["Prospect ID"].tolist(),
            }  # fmt: skip
            reply = session.post(f"{url}/notes", json=body, timeout=60)
            if not reply.ok:
                table.loc[part.index, "result"] = f"failed: {reply.status_code}"
                continue
            ids = {result["prospectId"]: result["noteId"] for result in reply.json()["payload"]["results"]}
            table.loc[part.index, "result"] = "created"
            table.loc[part.index, "note_id"] = part["Prospect ID"].map(ids)
    table.to_excel(results, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
