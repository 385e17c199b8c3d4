"""Codes count under plain headings alone; under others a code, a yes and a no are asked about, as the heading says."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.fields import WORDED
from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.messages import render
from importer.models import Role, Status, Visibility
from importer.rows.words import speaks
from importer.settings import Settings
from tests.rendered import answers_of, told


def loaded(
    folder: Path, heading: str, *words: str, role: Role = Role.VISIBILITY, values: tuple[str, ...] = ()
) -> Loaded:
    """A sheet with these words under this heading; every row has a note of its own."""
    path = folder / "n.csv"
    head, beside = ("Prospect ID,Note", "") if role is Role.VISIBILITY else ("Prospect ID,Note,Visibility", ",Private")
    lines = [f'P{i},Note {i}{beside},"{word}"' for i, word in enumerate(words)]
    path.write_text("\n".join([f'{head},"{heading}"', *lines]) + "\n", encoding="utf-8")
    with load(path, Settings(mapping={role: (heading,)}, values=values)) as found:  # type: ignore[arg-type]
        return found


@pytest.mark.parametrize(
    ("heading", "word"),
    [
        *(
            ("IsPrivate", word)
            for word in ("1", "2", "0", "TRUE", "false", "x", "ja", "OUI", "No", "sì", "１", "Maybe")
        ),
        *((heading, "1") for heading in ("Private note", "Confidential", "Shared With", "Shared?", "Public", "Access")),
    ],
)
def test_what_depends_on_the_heading_is_a_question_even_in_a_single_row(
    tmp_path: Path, heading: str, word: str
) -> None:
    """The API's code for public stood under IsPrivate, and the confidential note went out."""
    found = loaded(tmp_path, heading, word, "Private")
    assert [note.visibility for note in found.rows.notes] == [Visibility.PRIVATE]
    [question] = found.rows.questions
    assert question.samples == [word]
    for meant in ("Private", "Public"):
        assert f"visibility:{word}={meant}" in answers_of(question)["value"]
    [[problem]] = found.rows.problems.values()
    assert "--value visibility:WORD=MEANING" in told(problem)
    assert "Under this heading" in told(problem)


@pytest.mark.parametrize("heading", ["visibility", " NOTE_visibility ", "Who can see it?", "Sichtbarkeit", "Visibilité",
                                     "Visibilidad", "Visibilidade", "Visibilità", "Quién puede verlo"])  # fmt: skip
def test_under_a_plain_heading_codes_count(tmp_path: Path, heading: str) -> None:
    """Matched whole, whatever its case and signs."""
    found = loaded(tmp_path, heading, "1", "2")
    assert [note.visibility for note in found.rows.notes] == [Visibility.PUBLIC, Visibility.PRIVATE]
    assert found.rows.questions == []


@pytest.mark.parametrize("heading", ["IsPrivate", "Not shared", "Internal/External"])
def test_a_word_that_names_a_visibility_means_it_everywhere(tmp_path: Path, heading: str) -> None:
    """And a slip is told with the word that was meant."""
    found = loaded(tmp_path, heading, "Public", "Private", "Only me", "Nur ich", "Pubic")
    assert [note.visibility.name for note in found.rows.notes] == ["PUBLIC", *["PRIVATE"] * 3]
    assert found.rows.questions == []
    [[problem]] = found.rows.problems.values()
    assert "Did you mean Public?" in told(problem)


@pytest.mark.parametrize(
    ("heading", "yes"),
    [("IsPrivate", "Private"), ("Private note", "Private"), ("Confidential", "Private"), ("is_internal", "Private"),
     ("Only me", "Private"), ("Vertraulich", "Private"), ("Nur ich", "Private"), ("Privé", "Private"),
     ("Confidentiel", "Private"), ("Privado", "Private"), ("Confidencial", "Private"), ("Interno", "Private"),
     ("Riservato", "Private"), ("Privata", "Private"), ("Public", "Public"), ("Shared with team", "Public"),
     ("Everyone", "Public"), ("Öffentlich", "Public"), ("Geteilt", "Public"), ("Partagé", "Public"),
     ("Équipe", "Public"), ("Compartido", "Public"), ("Público", "Public"), ("Compartilhado", "Public"),
     ("Condiviso", "Public"), ("Pubblica", "Public"), ("Tutti", "Public"), ("Not shared", ""), ("Nicht öffentlich", ""),
     ("Non partagé", ""), ("Unshared", ""), ("No compartido", ""), ("Não público", ""), ("Internal/External", ""),
     ("Public or private", ""), ("Access", ""), ("International", "")],
)  # fmt: skip
def test_the_heading_says_which_reading_is_offered_first(tmp_path: Path, heading: str, yes: str) -> None:
    """A negation, or both at once, offers none; the choices themselves never change places."""
    no = {"Private": "Public", "Public": "Private", "": ""}[yes]
    found = loaded(tmp_path, heading, "1", "Nein")
    for question, likely in zip(found.rows.questions, (yes, no), strict=True):
        word = question.samples[0]
        meant = [choice.value for choice in question.choices[:2]]
        assert meant == [f"visibility:{word}=Private", f"visibility:{word}=Public"]
        assert [choice.value for choice in question.choices if choice.is_likely] == [
            f"visibility:{word}={value}" for value in (likely,) if value
        ]
        assert ("suggests" in render(question.asks)) is bool(likely)
        end = (f"suggests {likely}.",) if likely else (" row)", " rows)")
        assert render(question.asks).endswith(end)
        first = render(question.text).split("\n")[1]
        assert first.startswith(f"--value visibility:{word}={likely or 'Private'}  ")


@pytest.mark.parametrize(
    ("heading", "word"), [("IsDraft", "1"), ("Published", "0"), ("Entwurf", "nein"), ("Done", "Yes"), ("Done", "1")]
)
def test_a_code_publishes_no_draft(tmp_path: Path, heading: str, word: str) -> None:
    """IsDraft = 1 is no published note."""
    found = loaded(tmp_path, heading, word, "Draft", role=Role.STATUS)
    assert [note.status for note in found.rows.notes] == [Status.DRAFT]
    [question] = found.rows.questions
    assert question.samples == [word]
    assert ("suggests" in render(question.asks)) is (heading != "Done")


def test_plain_headings_are_known_ones_and_speak_of_their_role() -> None:
    """A column under one has the role by itself."""
    for role, field in WORDED.items():
        assert set(field.plain_headings) <= set(field.headings)
        assert all(speaks(role, heading) for heading in field.plain_headings)


@pytest.mark.parametrize(
    "heading",
    [
        "Team Lead",
        "ISVISIBLEINSELFSERVICE",
        "International",
        "All-hands attended",
        "Done",
        "Owner ID",
        "Personal email",
    ],
)
def test_many_headings_do_not_speak_of_a_visibility(heading: str) -> None:
    """A yes under them is nobody's question."""
    assert not speaks(Role.VISIBILITY, heading)
