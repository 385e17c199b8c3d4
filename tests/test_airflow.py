"""The sample DAG under a real Airflow, in the environment that `make airflow` makes; skipped where there is none."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.sandbox import Fault, Sandbox

ROOT = Path(__file__).parent.parent
AIRFLOW = ROOT / ".venv-airflow" / ("Scripts" if os.name == "nt" else "bin") / "airflow"
HEAD = "prospect,note,visibility\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AIRFLOW.exists(), reason="there is no .venv-airflow: `make airflow` makes it"),
]


def test_a_night_of_workspaces_each_ends_as_its_exit_status_says(tmp_path: Path) -> None:
    home, inbox = tmp_path / "airflow", tmp_path / "inbox"
    with ExitStack() as stack:
        boxes = {name: stack.enter_context(Sandbox()) for name in ("good", "needy", "refused", "limited")}
        # It asks to wait for longer than a run is willing to. The run's other note is kept back until that is clear.
        boxes["limited"].add_fault(Fault.parse("429=5000:before@1"))
        profiles = []
        for name, box in boxes.items():
            (inbox / name).mkdir(parents=True)
            (inbox / name / "notes.csv").write_text(f"{HEAD}P-1,hello,private\nP-2,{name},private\n")
            os.utime(inbox / name / "notes.csv", (0, 0))
            key = tmp_path / f"{name}.key"
            key.write_text("another-key" if name == "refused" else box.api_key)
            key.chmod(0o600)
            profiles += [f"[{name}]", f'base-url = "{box.url}"', f"api-key-file = {json.dumps(str(key))}"]
        (inbox / "needy" / "more.csv").write_text(f"{HEAD}P-3,,private\n")
        os.utime(inbox / "needy" / "more.csv", (0, 0))
        (tmp_path / "profiles.toml").write_text("\n".join(profiles))
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "samples" / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "SCARF_ANALYTICS": "false",
            "NOTES_PAUSE": "1",
            "NOTES_PROGRAM": str(Path(sys.executable).with_name("note-importer")),
            "NOTES_FILES": str(inbox / "{profile}"),
            "NOTE_IMPORTER_PROFILES": str(tmp_path / "profiles.toml"),
            "NOTE_IMPORTER_JOURNAL": str(tmp_path / "journal.sqlite"),
        }

        def airflow(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [str(AIRFLOW), *arguments], env=environment, capture_output=True, text=True, timeout=250, check=False
            )

        assert airflow("db", "migrate").returncode == 0
        assert airflow("pools", "set", "note_import", "2", "imports at once").returncode == 0
        ended = airflow("dags", "test", "note_import")
        said = ended.stdout + ended.stderr
        with closing(sqlite3.connect(home / "airflow.db")) as database:
            tasks = dict(
                database.execute(
                    "SELECT map_index, state || ' ' || try_number FROM task_instance WHERE task_id = 'import_files'"
                )
            )
            results = dict(
                database.execute(
                    "SELECT map_index, value FROM xcom WHERE task_id = 'import_files' AND key = 'return_value'"
                )
            )
    names = sorted(boxes)
    ends = {names[index]: end for index, end in tasks.items()}
    assert ends == {"good": "success 1", "limited": "success 2", "needy": "success 1", "refused": "failed 1"}, said[
        -9000:
    ]
    counts = {names[index]: json.loads(value) for index, value in results.items()}
    assert counts == {"good": {"created": 2}, "limited": {"created": 2}, "needy": {"created": 2, "invalid": 1}}
    assert {name: len(box.notes) for name, box in boxes.items()} == {"good": 2, "limited": 2, "needy": 2, "refused": 0}
    assert "does not accept the key" in said
    assert "another-key" not in said
