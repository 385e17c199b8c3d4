"""Questions offer what can be meant, and nothing that certainly is something else."""

from __future__ import annotations

from pathlib import Path

from importer.importing.loading import load
from importer.messages import render
from importer.models import Role
from importer.settings import Settings

TEXT = "Spoke about the annual plan and she wants an offer"


def asked(path: Path, role: Role, **said: object) -> tuple[str, list[str]]:
    """The question about a role, and the columns that it offers."""
    with load(path, Settings(**said)) as loaded:  # type: ignore[arg-type]
        [question] = [one for one in loaded.questions if role in one.roles]
        return render(question.asks), [choice.value for choice in question.choices if choice.setting == "map"]


def test_where_no_column_can_say_it_the_question_is_who_may_see_the_notes(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text(f"Prospect ID,Town,Note\n8PvBmrB7P7,Graz,{TEXT}\n")
    assert asked(path, Role.VISIBILITY) == ("Who may see these notes?", [])


def test_hubspots_record_id_of_a_note_is_that_records_id(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    for heading, is_offered in (("Note body", True), ("Notes", False)):
        path.write_text(f"Record ID,Email,{heading},Visibility\n151000123456,jo@example.com,{TEXT},Public\n")
        with load(path, Settings(mapping={Role.CONTENT: (heading,)})) as loaded:
            remarks = " ".join(map(render, loaded.rows.remarks))
        assert ('--map record="Record ID"' in remarks) is is_offered
