"""What can be had at best: read, group, send with 8 Sessions, journal, write; and none of the importer's care.

No check of values, no retry, no pacing, no resuming. One fsync for what a round sends, one thread that does the rest.
"""

from __future__ import annotations

import csv
import queue
import sqlite3
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import requests
from python_calamine import load_workbook
from xlsxwriter.workbook import Workbook

_VISIBILITY = {"Public": "1", "Private": "2"}
_STATUS = {"Published": "1", "Draft": "0"}
_Job = tuple[int, str, str, str, list[int], list[str]]  # number, content, visibility, status, rows, prospects


def _read(path: Path) -> list[list[str]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))
    return [[str(cell) for cell in row] for row in load_workbook(str(path)).get_sheet_by_index(0).iter_rows()]


def _jobs(table: list[list[str]], size: int) -> Iterator[_Job]:
    groups: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, (_, content, visibility, status) in enumerate(table):
        groups[content, visibility, status].append(i)
    number = 0
    for (content, visibility, status), members in groups.items():
        for start in range(0, len(members), size):
            rows = members[start : start + size]
            number += 1
            prospects = [table[i][0] for i in rows]
            yield number, content, _VISIBILITY[visibility], _STATUS[status], rows, prospects


def _work(url: str, jobs: queue.SimpleQueue[_Job | None], done: queue.SimpleQueue[tuple[_Job, list[str]]]) -> None:
    session = requests.Session()
    session.trust_env = False
    while (job := jobs.get()) is not None:
        _, content, visibility, status, _, prospects = job
        body = {"content": content, "visibility": visibility, "status": status, "prospectIds": prospects}
        reply = session.post(f"{url}/notes", json=body, timeout=60)
        ids = {result["prospectId"]: result["noteId"] for result in reply.json()["payload"]["results"]}
        done.put((job, [ids[prospect] for prospect in prospects]))


def _send(url: str, table: list[list[str]], journal: sqlite3.Connection, workers: int, size: int) -> list[str]:
    note_ids = [""] * len(table)
    jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[_Job, list[str]]] = queue.SimpleQueue()
    for _ in range(workers):
        threading.Thread(target=_work, args=(url, jobs, done), daemon=True).start()
    todo = _jobs(table, size)
    in_flight = 0
    answered: list[tuple[_Job, list[str]]] = []
    while True:
        new = [job for _, job in zip(range(workers + 2 - in_flight), todo, strict=False)]
        journal.execute("BEGIN IMMEDIATE")
        for (number, _, _, _, rows, prospects), ids in answered:
            journal.executemany(
                "UPDATE deliveries SET state = 'created', note_id = ? WHERE request = ? AND prospect = ?",
                [(note_id, number, prospect) for note_id, prospect in zip(ids, prospects, strict=True)],
            )
            for i, note_id in zip(rows, ids, strict=True):
                note_ids[i] = note_id
        for number, _, _, _, _, prospects in new:
            journal.executemany(
                "INSERT INTO deliveries VALUES (?, ?, 'sending', NULL)", [(number, prospect) for prospect in prospects]
            )
        journal.execute("COMMIT")
        for job in new:
            jobs.put(job)
        in_flight += len(new)
        if not in_flight:
            break
        answered = [done.get()]
        while not done.empty():
            answered.append(done.get())
        in_flight -= len(answered)
    for _ in range(workers):
        jobs.put(None)
    return note_ids


def _write(path: Path, headings: list[str], table: list[list[str]], note_ids: list[str]) -> None:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*headings, "result", "note_id", "reason", "row"])
            writer.writerows(
                [*row, "created", note_id, "", i]
                for i, (row, note_id) in enumerate(zip(table, note_ids, strict=True), 2)
            )
        return
    book = Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    for column, heading in enumerate([*headings, "result", "note_id", "reason", "row"]):
        sheet.write_string(0, column, heading)
    for i, (row, note_id) in enumerate(zip(table, note_ids, strict=True), 1):
        for column, text in enumerate(row):
            sheet.write_string(i, column, text)
        sheet.write_string(i, 4, "created")
        sheet.write_string(i, 5, note_id)
        sheet.write_string(i, 6, "")
        sheet.write_number(i, 7, i + 1)
    book.close()


def main(source: Path, url: str, results: Path, workers: int = 8, size: int = 100) -> None:
    headings, *table = _read(source)
    journal = sqlite3.connect(results.with_suffix(".sqlite"), isolation_level=None)
    journal.execute("PRAGMA journal_mode = WAL")
    journal.execute("PRAGMA synchronous = FULL")
    journal.execute(
        "CREATE TABLE deliveries (request INTEGER, prospect TEXT, state TEXT, note_id TEXT,"
        " PRIMARY KEY (request, prospect)) WITHOUT ROWID"
    )
    _write(results, headings, table, _send(url, table, journal, workers, size))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
