"""What the README and the documents that it leads to say is so."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from importer.api.proxy import proxy_for
from importer.cli import cli
from importer.delivery.outcomes import Outcomes
from importer.errors import (
    BadSettings,
    Blocked,
    KeyRefused,
    NotPermitted,
    Redirected,
    UnclearColumns,
    UnreadableFile,
    UnusableJournal,
    WrongAddress,
    WrongCall,
    WrongJournal,
)
from importer.fields import FIELDS
from importer.importing.api_context import policy
from importer.importing.report import Report
from importer.messages import render, say
from importer.models import Result, Role
from importer.reading import Limits
from importer.resultsfile import protected
from importer.rows.columns import find
from importer.settings import BATCH_SIZE, GIVE_UP, SETTINGS, Settings, readings
from importer.settings.address import LIVE
from tests import house
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

ROOT = Path(__file__).parent.parent
_NUMBERS = {8: "eight", 9: "nine"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def text_of(name: str) -> str:
    """A document of docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def table(first_heading: str, text: str = README) -> list[list[str]]:
    """The rows of the table whose header begins so."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_readme_is_short_and_leads_to_every_document() -> None:
    """Whoever has it finds each document; those for developers by way of CONTRIBUTING.md."""
    assert len(README.splitlines()) <= 120
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    linked = {*re.findall(r"\]\(docs/([\w-]+\.md)", README + contributing)}
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")}


def test_a_quarter_of_the_code_makes_sure_that_each_note_arrives_once() -> None:
    assert "A quarter of the program's code" in README
    lines = house.rooms()
    delivering = sum(lines[room] for room in ("grouping", "delivery", "journal", "calls", "api"))
    assert 0.2 <= delivering / lines.total() <= 0.3


def test_make_demo_and_make_test_are_the_two_commands_of_a_clone() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"In a clone, `make demo` [^`]+ and `make test` ", README.replace("\n", " "))
    assert re.search(r"^demo:", makefile, re.MULTILINE)
    assert re.search(r"^test:", makefile, re.MULTILINE)


def test_the_five_steps_are_those_of_the_page() -> None:
    """In their order, by the names that the page gives them."""
    steps = re.findall(r"^\d\. \*\*(.+)\.\*\*", README, re.MULTILINE)
    assert steps == [render(say(f"page.steps.{step}")) for step in ("choose", "check", "confirm", "send", "results")]


def test_the_five_commands_are_told_of_in_their_order() -> None:
    [block] = blocks("", README)
    shown = re.findall(r"^note-importer (\w+)", block, re.MULTILINE)
    assert len(shown) == 5
    assert [row[0].strip("`") for row in table("command")] == shown


def test_the_headings_in_the_table_are_found() -> None:
    for row in table("column", text_of("spreadsheets.md")):
        if row[0].split()[0] not in set(Role):
            continue
        role = Role(row[0].split()[0])
        for heading in row[1].split(", "):
            others = {Role.PROSPECT: "Prospect ID", Role.CONTENT: "Note", Role.VISIBILITY: "Visibility"}
            headings = [heading, *(word for other, word in others.items() if other is not role)]
            assert find(headings, Settings()).columns[role] == 0


def test_the_values_in_the_table_are_understood() -> None:
    rows = {row[0].split()[0]: row[2] for row in table("column", text_of("spreadsheets.md")) if len(row) == 3}
    for word in re.findall(r"[\w ]+", rows["visibility"].replace(" or ", ",")):
        allowed = [word for words in FIELDS[Role.VISIBILITY].words.values() for word in words]
        assert not word.strip() or word.strip() in allowed
    for word in re.findall(r"[\w ]+", rows["status"].partition(";")[0].replace(" or ", ",")):
        assert not word.strip() or any(word.strip() in words for words in FIELDS[Role.STATUS].words.values())


def test_the_results_columns_and_words_are_those_of_the_program() -> None:
    assert f"[{_NUMBERS[len(Result)]} words]" in text_of("importing.md")
    assert [row[0].strip("`") for row in table("`result` | means")] == [result.value for result in Result]


def test_the_exit_statuses_are_those_that_rows_end_with() -> None:
    assert [row[0] for row in table("exit status")] == ["0", "1", "2", "3", "4"]
    report = Report("", {}, 0, Path(), None, None)
    for status, others in enumerate(
        ((Result.DUPLICATE, Result.ALREADY_IMPORTED), (Result.REJECTED, Result.INVALID, Result.UNCONFIRMED))
    ):
        for result in others:
            outcomes = Outcomes(1)
            outcomes.settle([0], result)
            assert replace(report, to_fix=int(outcomes.to_fix().sum())).exit_status == status
    assert replace(report, counts={Result.CREATED: 3, Result.NOT_SENT: 1}).exit_status == 3
    assert {
        error.exit_status
        for error in (KeyRefused, NotPermitted, WrongCall, WrongAddress, Redirected, Blocked, WrongJournal)
    } == {4}
    assert {error.exit_status for error in (BadSettings, UnreadableFile, UnclearColumns, UnusableJournal)} == {2}


def test_the_profile_that_is_shown_holds_only_settings() -> None:
    profile = tomllib.loads(blocks("toml", text_of("installing.md"))[0])["night"]
    assert set(profile) <= set(SETTINGS)
    (entry,) = tomllib.loads(blocks("toml", text_of("exports.md"))[0])["night"]["readings"]
    assert readings.from_entry(entry).columns.keys() == {Role.CONTENT, Role.VISIBILITY}


def test_a_proxys_password_is_written_as_the_text_says(monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of("security.md").replace("\n", " ")
    line = re.search(r"In a proxy's name and password, write ((?:`.` )+)as ((?:`%\w\w` ?)+)", text)
    assert line
    signs, codes = line[1].replace("`", "").split(), re.findall(r"%\w\w", line[2])
    assert [unquote(code) for code in codes] == signs
    example = re.search(r"`(http://name:\S+)`", text)
    assert example
    for name in ("https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", example[1])
    found = proxy_for(LIVE)
    assert found is not None
    assert (found.user, found.password, found.place) == ("name", "pass/word", "proxy.example:3128")


def test_the_formula_that_is_shown_is_guarded_as_shown() -> None:
    shown = re.search(r"`(hello;=\S+)` becomes `(\S+)`", text_of("importing.md").replace("\n", " "))
    assert shown
    assert protected(shown[1]) == shown[2]


def test_the_python_that_is_shown_imports_a_file(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands, but for the key and for where the API is."""
    monkeypatch.chdir(tmp_path)
    write_sheet(tmp_path / "contacts.xlsx", [Line("P1", "Called back"), Line("P2", "Called back")])
    shown, told = (
        blocks("python", text_of("installing.md"))[0],
        f"key={box.api_key!r}, base_url={box.url!r}, journal='journal.sqlite'",
    )
    assert 'key="…"' in shown
    exec(compile(shown.replace('key="…"', told), "installing.md", "exec"), {})
    assert {(note.prospect_id, note.sent_content) for note in box.notes} == {
        ("P1", "Called back"),
        ("P2", "Called back"),
    }
    assert (tmp_path / "contacts.results.xlsx").exists()
    assert "2 notes to send; undecided: ()" in capsys.readouterr().out


def test_the_python_that_is_shown_is_what_the_type_checker_sees() -> None:
    """It stands in a file of its own, too, where `make check` finds it."""
    example = (ROOT / "tests" / "python_example.py").read_text(encoding="utf-8")
    assert example == blocks("python", text_of("installing.md"))[0]


def test_the_numbers_that_are_named_are_the_defaults() -> None:
    limits, settings, told = Limits(), Settings(), text_of("spreadsheets.md").replace("\n", " ")
    assert f"{limits.rows:,} rows of {limits.columns:,} columns" in told
    assert f"a cell may hold {limits.cell_characters:,} characters" in told
    assert f"may have {limits.file_bytes >> 30} GiB, unpack to {limits.unpacked_bytes >> 30} GiB" in told
    assert f"`--read-timeout` ({settings.read_timeout:.0f} seconds)" in text_of("risks.md")
    assert f"`--settle` ({settings.settle:.0f} seconds" in text_of("risks.md")
    assert f"`--give-up-after` ({GIVE_UP:.0f} seconds)" in text_of("every-night.md")
    assert f"One request holds {BATCH_SIZE} prospects" in told


def test_how_long_reading_back_waits_is_told_as_it_is() -> None:
    settings, told = Settings(), text_of("risks.md").replace("\n", " ")
    lag = policy(settings).lag
    assert lag == 60.0
    assert f"another minute ({lag / settings.settle:.0f} times `--settle`)" in told


def test_every_setting_of_the_commands_has_a_help_text() -> None:
    for command in cli.commands.values():
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help
