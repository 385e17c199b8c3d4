"""Words of their own: what a person said they mean counts; what nobody knows is a question, or a problem."""

from pathlib import Path
from typing import Any

import pytest

from importer.errors import BadSettings
from importer.fields import WORDED
from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.messages import render
from importer.models import Role, Status, Visibility
from importer.rows.words import MOST_WORDS, speaks
from importer.settings import Origin, Settings
from tests.rendered import answers_of, told
from tests.truth import write_csv


def loaded(folder: Path, *words: str, role: str = "Visibility", **settings: object) -> Loaded:
    """A sheet with these words in one column; every row has a note of its own."""
    given: Any = {"default_visibility": None if role == "Visibility" else Visibility.PRIVATE, **settings}
    rows = [(f"P{i}", f"Note {i}", word) for i, word in enumerate(words)]
    with load(write_csv(folder / "n.csv", ("Prospect ID", "Note", role), *rows), Settings(**given)) as found:
        return found


def problems(found: Loaded) -> list[str]:
    return [told(problem) for row in found.rows.problems.values() for problem in row]


@pytest.mark.parametrize(
    ("word", "value"),
    [*((spelling, "Team only=Private") for spelling in ("Team only", "team  ONLY", " Team_only ", "Team\u00a0only")),
     ("Everyone", "everyone=Private")],
)  # fmt: skip
def test_a_word_that_was_given_a_meaning_has_it(tmp_path: Path, word: str, value: str) -> None:
    found = loaded(tmp_path, word, "Public", values=[f"visibility:{value}"])
    assert [note.visibility for note in found.rows.notes] == [Visibility.PRIVATE, Visibility.PUBLIC]
    assert found.rows.questions == []


def test_a_word_that_stands_for_nothing_leaves_its_rows_out(tmp_path: Path) -> None:
    found = loaded(tmp_path, "Secret", "Secret", "1", values=["visibility:Secret="])
    assert [render(reason) for reason in found.rows.skipped.values()] == [
        "you said (--value) that rows with 'Secret' as the visibility are left out"
    ] * 2
    assert (problems(found), found.rows.questions) == ([], [])


@pytest.mark.parametrize(
    ("line", "row_is_skipped"),
    [("n/a,,Secret", True), ("P1,Note,Secret,more,cells", False), ("P1,Note,Secrets", False)],
)
def test_a_row_is_left_out_if_its_word_certainly_stands_in_its_column(
    tmp_path: Path, line: str, *, row_is_skipped: bool
) -> None:
    path = tmp_path / "n.csv"
    path.write_text(f"Prospect ID,Note,Visibility\n{line}\nP2,Note,1\n", encoding="utf-8")
    with load(path, Settings(values=["visibility:Secret="])) as found:  # type: ignore[arg-type]
        assert (bool(found.rows.skipped), bool(found.rows.problems)) == (row_is_skipped, not row_is_skipped)
        assert len(found.rows.notes) == 1


def test_two_meanings_for_one_word_are_refused(tmp_path: Path) -> None:
    """The later one doesn't silently count: it might be the public one."""
    with pytest.raises(BadSettings, match="'yes' has two meanings as the visibility"):
        loaded(tmp_path, "Yes", values=["visibility:Yes=Private", "visibility:yes=Public"])


def test_nothing_is_mapped_without_a_word(tmp_path: Path) -> None:
    found = loaded(tmp_path, "Team only", "Public", "team only", "Yes", "Team only", "Yes")
    assert [note.visibility for note in found.rows.notes] == [Visibility.PUBLIC]
    first, second = found.rows.questions
    assert (first.samples, first.count, first.column, first.roles) == (["Team only"], 3, 2, [Role.VISIBILITY])
    assert (second.samples, second.count) == (["Yes"], 2)
    assert render(first.asks) == "What does 'Team only' mean as the visibility? (3 rows)"
    for setting in ('--value "visibility:Team only=Public"', '--value "visibility:Team only=Private"'):
        assert setting in render(first.text)
    assert answers_of(first) == {
        "value": [f"visibility:Team only={value}" for value in ("Private", "Public", "")], "ignore": ["Visibility"],
    }  # fmt: skip


def test_a_word_in_a_single_row_is_a_problem_that_names_the_setting(tmp_path: Path) -> None:
    found = loaded(tmp_path, "Public", "Yes", "Private")
    assert found.rows.questions == []
    assert problems(found) == [
        "C3: 'Yes' is not a valid visibility. Use Public (or 1) or Private (or 2)."
        " Or say what it means: --value visibility:WORD=MEANING"
    ]


def test_a_column_of_many_unknown_words_is_rather_another_column(tmp_path: Path) -> None:
    names = [f"Jo Miller {i}" for i in range(MOST_WORDS + 1)]
    [question] = loaded(tmp_path, *names, *names).rows.questions
    assert question.samples == names[:1]
    assert answers_of(question)["ignore"] == ["Visibility"]


def test_a_column_without_a_known_word_may_be_something_else(tmp_path: Path) -> None:
    found = loaded(tmp_path, "Open", "Won", "Lost", role="Status")
    assert [question.samples for question in found.rows.questions] == [["Open"], ["Won"], ["Lost"]]
    assert ("ignore", "Status") in [(choice.setting, choice.value) for choice in found.rows.questions[0].choices]
    assert render(found.rows.questions[0].text).endswith(
        "\n--ignore Status  no: column C does not tell the status of notes. Ignore the column"
    )
    assert loaded(tmp_path, "Open", "Won", "", "Draft", role="Status").rows.questions == []
    mapping: dict[str, Any] = {"mapping": {"status": "Status"}}
    assert loaded(tmp_path, "Open", "Won", role="Status", **mapping).rows.questions == []
    own: dict[str, Any] = {"values": ["status:open=Draft"]}
    assert loaded(tmp_path, "Open", "Won", role="Status", **own).rows.questions == []
    answered = loaded(tmp_path, "Open", "Won", role="Status", **own, origin=Origin(frozenset({"value"})))
    assert [question.samples for question in answered.rows.questions] == [["Won"]]


def under(folder: Path, heading: str, *words: str, role: Role = Role.VISIBILITY) -> Loaded:
    default = None if role is Role.VISIBILITY else Visibility.PRIVATE
    return loaded(folder, *words, role=heading, mapping={role: (heading,)}, default_visibility=default)


@pytest.mark.parametrize(
    ("heading", "word"),
    [*(("IsPrivate", word) for word in ("1", "2", "0", "TRUE", "false", "x", "ja", "OUI", "No", "sì", "１", "Maybe")),
     *(("Access", word) for word in ("Team", "Équipe", "Equipo")),  # which isn't everybody
     *((heading, "1") for heading in ("Private note", "Confidential", "Shared With", "Shared?", "Public", "Access"))],
)  # fmt: skip
def test_what_depends_on_the_heading_is_a_question_even_in_a_single_row(
    tmp_path: Path, heading: str, word: str
) -> None:
    found = under(tmp_path, heading, word, "Private")
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
    found = under(tmp_path, heading, "1", "2")
    assert [note.visibility for note in found.rows.notes] == [Visibility.PUBLIC, Visibility.PRIVATE]
    assert found.rows.questions == []


@pytest.mark.parametrize("heading", ["IsPrivate", "Not shared", "Internal/External"])
def test_a_word_that_names_a_visibility_means_it_everywhere(tmp_path: Path, heading: str) -> None:
    found = under(tmp_path, heading, "Public", "Private", "Only me", "Nur ich", "Pubic")
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
    no = {"Private": "Public", "Public": "Private", "": ""}[yes]
    found = under(tmp_path, heading, "1", "Nein")
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
    found = under(tmp_path, heading, word, "Draft", role=Role.STATUS)
    assert [note.status for note in found.rows.notes] == [Status.DRAFT]
    [question] = found.rows.questions
    assert question.samples == [word]
    assert ("suggests" in render(question.asks)) is (heading != "Done")


def test_plain_headings_speak_of_their_role_and_many_others_of_no_visibility() -> None:
    for role, field in WORDED.items():
        assert all(speaks(role, heading) for heading in field.headings)
    others = "Team Lead, ISVISIBLEINSELFSERVICE, International, All-hands attended, Done, Owner ID, Personal email"
    assert [heading for heading in others.split(", ") if speaks(Role.VISIBILITY, heading)] == []
