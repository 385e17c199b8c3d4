"""Apache Airflow 3: every night the files of all workspaces, one task each, by note-importer's own environment.

A workspace is a profile in ``profiles.toml``. note-importer stands in an environment of its own, as Airflow brings some
130 packages. Where it stands and where the files lie is said by the variables below. docs/machines.md says more.
"""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

PROGRAM = os.environ.get("NOTES_PROGRAM", "/opt/note-importer/bin/note-importer")
PROFILES = os.environ.get("NOTE_IMPORTER_PROFILES", "/etc/note-importer/profiles.toml")
FILES = os.environ.get("NOTES_FILES", "s3://sales/{profile}/inbox/")
PAUSE = timedelta(seconds=int(os.environ.get("NOTES_PAUSE", "300")))  # before the same command is run again


@dag(
    schedule="0 2 * * *", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1, tags=["notes"]
)
def note_import() -> None:
    """One night."""

    @task
    def workspaces() -> list[str]:
        return sorted(tomllib.loads(Path(PROFILES).read_text(encoding="utf-8")))

    @task(pool="note_import", retries=12, retry_delay=PAUSE, map_index_template="{{ profile }}")
    def import_files(profile: str) -> dict[str, int]:
        """Import a workspace's files; how many rows ended in which way."""
        files = FILES.format(profile=profile)
        ended = subprocess.run(
            [PROGRAM, "run", files, "--profile", profile, "--yes", "--json", "--min-rows", "0"],
            env={**os.environ, "NOTE_IMPORTER_PROFILES": PROFILES}, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        told = json.loads(ended.stdout or "{}")
        why = [told.get("error", {}).get("text"), *(each["why"] for each in told.get("files", []))]
        said = "\n".join(filter(None, why)) or f"note-importer ended with {ended.returncode}"
        if ended.returncode in (2, 4):
            raise AirflowFailException(said)  # only a person can help: no retry
        if ended.returncode not in (0, 1):
            raise RuntimeError(said)  # the same command again
        counts: Counter[str] = Counter()
        for each in told["files"]:
            counts.update((each["report"] or {}).get("counts", {}))
        return dict(counts)

    import_files.expand(profile=workspaces())


note_import()
