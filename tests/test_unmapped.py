"""A column that nobody named makes no note more visible or more published than it says; asserted on what was sent."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from importer.cli import main
from tests.sandbox import Sandbox
from tests.truth import write_csv

pytestmark = pytest.mark.usefixtures("desk")


def run(columns: Mapping[str, Sequence[str]], *flags: str, name: str = "sheet.csv") -> int:
    rows = max(map(len, columns.values()))
    ids = [f"{name[0]}P{number}" for number in range(rows)]
    write_csv(Path(name), ["Prospect ID", *columns], *zip(ids, *columns.values(), strict=True))
    return main(["run", name, "--yes", *flags])


@pytest.mark.parametrize(
    ("used", "other"),
    [
        (("Shared With", "Everyone"), ("Private Note", "TRUE")),
        (("Sichtbarkeit", "Öffentlich"), ("Vertraulich", "Ja")),
        *((("Visibility", "Public"), other) for other in (
            ("Private?", "Yes"), ("Note visibility (new)", "Private"), ("Shared?", "No"), ("is_private", "1.0"),
            ("Visibility group", "Item owner"), ("Restricted to", "Legal"), ("Hide from team", "x"),
            ("Show to team", "No"), ("Scope", "12"), ("Stage", "confidential"),
        )),
        *((("Visibility", "Public"), ("Tags", text)) for text in (
            "pricing; Private", "#intro, #private", "[private] call", "HR - confidential", "Private: hi", "a & privé",
        )),
        *((("Visibility", "Public"), (heading, "TRUE")) for heading in ("Deleted", "Archived")),
        *((("Status", "Published"), (heading, "No")) for heading in ("Approved", "Send?")),
        (("Status", "Published"), ("Draft", "Yes")),
        (("Status", ""), ("IsDraft", "✔️")),
    ],
)  # fmt: skip
def test_a_second_column_that_says_less_is_asked_about(
    box: Sandbox, capsys: pytest.CaptureFixture[str], used: tuple[str, str], other: tuple[str, str]
) -> None:
    columns = {"Note": ["Hello"], used[0]: [used[1]], other[0]: [other[1]]}
    columns |= {"Visibility": ["Private"]} if used[0] == "Status" else {}
    assert run(columns) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "it may be more restrictive than the" in said
    assert box.notes == ()
    assert run(columns, "--ignore", other[0]) == 0
    assert len(box.notes) == 1


def test_of_two_columns_that_say_who_sees_a_note_the_least_visible_counts_for_each_row(
    box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {
        "Note": list("ABCDEFG"),
        "Visibility": ["Public"] * 6 + ["Private"],
        "Confidential": ["Yes", "No", "", "n/a", "", "No", "No"],
        "Shared?": ["Yes", "Yes", "x", "Yes", "", "No", "Yes"],
    }
    assert run(columns, "--map", "visibility=Visibility, Confidential, Shared?") == 0
    private = {note.sent_content for note in box.notes if note.visibility == "2"}
    assert private == {"A", "D", "E", "F", "G"}
    said = " ".join(capsys.readouterr().out.split())
    assert "'Confidential', also says who may see a note: it makes 2 notes private that would be public." in said
    assert "'Shared?', also says who may see a note: it makes 2 notes private that would be public." in said


@pytest.mark.parametrize(
    ("columns", "flags", "sent"),
    [
        # a meaning that names no column counts in the first, and only a heading says what Yes means in the other
        ({"Shared": ["Yes"] * 3, "Restricted": ["Yes", "No", "Some"]},
         ["--map", "visibility=Shared, Restricted", "--value", "visibility:Yes=Public",
          "--value", "visibility:Some=Public"], "21 11 21"),
        # of tags, only those with a word for private restrict
        ({"Visibility": ["Public"] * 4, "Tags": ["pricing; private", "for the C-suite, privé", "pricing, call", ""]},
         ["--map", "visibility=Visibility, Tags"], "21 21 11 11"),
        ({"Visibility": ["Public"] * 4, "Tags": ["pricing (private)", '["a","private"]', "a、#private!", "a private"]},
         ["--map", "visibility=Visibility, Tags"], "21 21 21 21"),
        # a meaning that names no column counts in each if it says less, or leaves rows out
        ({"Visibility": ["Public"] * 4, "Note Visibility": ["Shared", "Skip", "Public", ""], "Tags": ["", "", "", "7"]},
         ["--map", "visibility=Visibility, Note Visibility, Tags", "--value", "visibility:Shared=Private",
          "--value", "visibility:Skip=", "--value", "visibility:7=Private"], "21 11 21"),
        ({"Visibility": ["Public"], "Status": ["Published"], "Note Status": ["Live"]},
         ["--map", "status=Status, Note Status", "--value", "status:Live=Draft"], "10"),
        # of two columns of statuses, a draft counts
        ({"Visibility": ["Public"] * 2, "Status": ["Published", ""], "Draft": ["Yes", ""]},
         ["--map", "status=Status, Draft"], "10 11"),
        # a blank in a column of checkmarks is no published note, unless the checkmarks are for drafts
        *(({"Visibility": ["Private"] * 2, heading: ["x", ""]},
           ["--map", f"status={heading}", "--value", f"status:x={means}"], sent)
          for heading, means, sent in (("Done", "Published", "21 20"), ("Is a draft", "Draft", "20 21"))),
    ],
)  # fmt: skip
def test_each_row_is_as_visible_and_as_published_as_its_columns_say(
    box: Sandbox, columns: Mapping[str, Sequence[str]], flags: Sequence[str], sent: str
) -> None:
    assert run({"Note": list("ABCD")[: len(next(iter(columns.values())))], **columns}, *flags) == 0
    found = sorted(box.notes, key=lambda note: note.sent_content)
    assert [note.visibility + note.status for note in found] == sent.split()


@pytest.mark.parametrize(
    ("used", "other"),
    [
        (("Visibility", "Private"), ("Confidential", "Yes")),
        (("Visibility", "Public"), ("Shared?", "Yes")),
        (("Visibility", "Public"), ("Published on", "2026-11-27")),
        (("Visibility", "Public"), ("Shared on", "27 November 2026")),
        (("Visibility", "Public"), ("Private Email", "jo@example.com")),
        (("Visibility", "Public"), ("Shared folder", "https://example.com/a")),
        (("Visibility", "Public"), ("Owner", "Dana Diaz")),
        (("Visibility", "Public"), ("Department", "Legal")),
        (("Visibility", "Public"), ("IsDeleted", "FALSE")),
        (("Visibility", "Public"), ("Tags", "price-sensitive: d'interne, privately owned, non-private")),
    ],
)
def test_a_second_column_that_says_no_less_is_nobodys_question(
    box: Sandbox, used: tuple[str, str], other: tuple[str, str]
) -> None:
    assert run({"Note": ["Hello"], used[0]: [used[1]], other[0]: [other[1]]}) == 0
    assert len(box.notes) == 1


@pytest.mark.parametrize(
    ("heading", "words"),
    [("Private", ["Yes", "No", "n/a"]), ("Visibility", ["Private", "Restricted"]), ("Entwurf", ["Ja", "offen"]),
     ("Vertrouwelijk", ["ja", "nee"]), ("公開範囲", ["非公開", ""]), ("Embargo until", ["2027-01-01", "1 May 2027"]),
     *((heading, ["soon"]) for heading in ("Review", "Released", "Publier", "Veröffentlichen", "Note state"))],
)  # fmt: skip
def test_a_few_unknown_words_do_not_silence_a_column_that_its_heading_speaks_for(
    box: Sandbox, profiles: Path, heading: str, words: list[str]
) -> None:
    profiles.write_text(
        '[default]\ndefault-visibility = "public"\nignore = ["Visibility", "Entwurf"]\n', encoding="utf-8"
    )
    assert run({"Note": ["Hello"] * len(words), heading: words}) == 2
    assert box.notes == ()


def test_a_column_that_was_named_by_its_letter_is_remembered_by_its_heading(box: Sandbox, profiles: Path) -> None:
    columns = {"Call summary": ["Hello"], "Visibility": ["Public"]}
    assert run(columns, "--map", "content=B", "--export", "Calls") == 0
    assert 'content = "Call summary"' in profiles.read_text(encoding="utf-8")
    other = {"Town": ["Graz"], "Call summary": ["Hello again"], "Visibility": ["Public"]}
    assert run(other, name="other.csv") == 0
    assert run({"Internal comment": ["Secret"], **other}, name="third.csv") == 2  # a text: is it the same kind?
    assert sorted(note.sent_content for note in box.notes) == ["Hello", "Hello again"]


def test_what_a_second_column_says_is_asked_about_and_remembered(box: Sandbox, profiles: Path) -> None:
    columns = {"Note": ["A"], "Visibility": ["Public"], "Note visibility (new)": ["Shared"]}
    assert run(columns, "--value", "visibility:Shared=Private") == 2
    flags = ["--map", "visibility=Visibility, Note visibility (new)", "--export", "Calls"]
    assert run(columns, *flags, "--value", "visibility:Shared=Private") == 0
    assert run(columns, name="other.csv") == 0
    assert [note.visibility for note in box.notes] == ["2", "2"]


def test_what_is_not_understood_is_not_remembered(box: Sandbox, profiles: Path) -> None:
    columns = {"Note": ["Hello"], "Visibility": ["Private"], "State": ["CA"]}
    assert run(columns, "--map", "visibility=State", "--export", "Calls") == 2
    assert profiles.read_text(encoding="utf-8") == ""
    assert run(columns) == 0
