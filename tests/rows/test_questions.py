"""Questions offer what can be meant, and nothing that certainly is something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.importing.loading import load
from importer.messages import render
from importer.models import Role
from importer.settings import Settings
from tests.exports import EXPORTS, Export

TEXT = "Spoke about the annual plan and she wants an offer"


def asked(path: Path, role: Role, **said: object) -> tuple[str, list[str]]:
    """The question about a role, and the columns that it offers."""
    with load(path, Settings(**said)) as loaded:  # type: ignore[arg-type]
        [question] = [one for one in loaded.questions if role in one.roles]
        return render(question.asks), [choice.value for choice in question.choices if choice.setting == "map"]


def test_a_heading_of_a_record_or_a_date_is_offered_for_no_prospect_and_no_visibility(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text(f"Record,Create Date,Who,Note,Shared?\n8PvBmrB7P7,Public,8PvBmrB7P8,{TEXT},Public\n")
    for role in (Role.PROSPECT, Role.VISIBILITY):
        offered = asked(path, role)[1]
        assert offered
        assert not {f"{role}=Record", f"{role}=Create Date"} & {*offered}


def test_where_no_column_can_say_it_the_question_is_who_may_see_the_notes(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text(f"Prospect ID,Town,Note\n8PvBmrB7P7,Graz,{TEXT}\n")
    assert asked(path, Role.VISIBILITY) == ("Who may see these notes?", [])


@pytest.mark.parametrize("export", [one for one in EXPORTS if one.program == "close"], ids=lambda one: one.name)
def test_ids_of_another_program_are_offered_for_no_prospect(export: Export, tmp_path: Path) -> None:
    offered = asked(export.write(tmp_path), Role.PROSPECT, mapping={Role.PROSPECT: ("Slip",)})[1]
    assert not [value for value in offered if value in ("prospect=lead_id", "prospect=contact_id", "prospect=id")]


def test_hubspots_record_id_of_a_note_is_that_records_id(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    for heading, is_offered in (("Note body", True), ("Notes", False)):
        path.write_text(f"Record ID,Email,{heading},Visibility\n151000123456,jo@example.com,{TEXT},Public\n")
        with load(path, Settings(mapping={Role.CONTENT: (heading,)})) as loaded:
            remarks = " ".join(map(render, loaded.rows.remarks))
        assert ('--map record="Record ID"' in remarks) is is_offered
