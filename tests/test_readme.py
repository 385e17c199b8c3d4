"""What the README says is so."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from importer.api.proxy import proxy_for
from importer.cli import cli
from importer.commands.calling import policy
from importer.commands.report import exit_status
from importer.delivery.replication_lag import ReplicationLag
from importer.errors import (
    BadSettings,
    Blocked,
    KeyRefused,
    Redirected,
    UnclearColumns,
    UnreadableFile,
    UnusableJournal,
    WrongAddress,
    WrongJournal,
)
from importer.fields import FIELDS
from importer.models import Result, Role
from importer.reading import Limits
from importer.resultsfile import COLUMNS, protected
from importer.rows.columns import find
from importer.sandbox import Sandbox
from importer.settings import BATCH_SIZE, LIVE, SETTINGS, Settings
from tests.truth import Line, write_sheet

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LIMITS = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def table(first_heading: str) -> list[list[str]]:
    """The rows of the table whose header begins so."""
    lines = README.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def commands() -> list[list[str]]:
    """Every command line in which the README runs the program."""
    found = re.findall(r"(?:^|`|\s)(note-importer [^`\n]+)", README)
    return [shlex.split(line.replace("…", "FILE"))[1:] for line in found]


def test_make_demo_and_make_test_are_the_two_commands_of_a_fresh_machine() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [block.strip() for block in blocks("")][:2] == ["make demo", "make test"]
    assert re.search(r"^demo:", makefile, re.MULTILINE)
    assert re.search(r"^test:", makefile, re.MULTILINE)


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_every_command_line_is_understood_by_the_program(arguments: list[str]) -> None:
    if arguments == ["--version"]:
        return
    command = cli.commands[arguments[0]]
    if isinstance(command, click.Group):
        command = command.commands[arguments[1]]
    flags = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    flags = {flag for flag in flags if flag.startswith("-")}
    for argument in arguments[1:]:
        if argument.startswith("--"):
            assert argument.partition("=")[0] in flags


def test_every_flag_that_the_text_names_exists() -> None:
    known = {flag for command in cli.commands.values() for parameter in command.params for flag in parameter.opts}
    for flag in set(re.findall(r"`(--[a-z-]+)", README)):
        assert flag in known | {"--version", "--help-all"}


def test_the_headings_in_the_table_are_found() -> None:
    for row in table("column"):
        if row[0].split()[0] not in set(Role):
            continue
        role = Role(row[0].split()[0])
        for heading in row[1].split(", "):
            others = {Role.PROSPECT: "Prospect ID", Role.CONTENT: "Note", Role.VISIBILITY: "Visibility"}
            headings = [heading, *(word for other, word in others.items() if other is not role)]
            assert find(headings, Settings()).columns[role] == 0


def test_the_values_in_the_table_are_understood() -> None:
    rows = {row[0].split()[0]: row[2] for row in table("column") if len(row) == 3}
    for word in re.findall(r"[\w ]+", rows["visibility"].replace(" or ", ",")):
        allowed = [word for words in FIELDS[Role.VISIBILITY].words.values() for word in words]
        assert not word.strip() or word.strip() in allowed
    for word in re.findall(r"[\w ]+", rows["status"].partition(";")[0].replace(" or ", ",")):
        assert not word.strip() or any(word.strip() in words for words in FIELDS[Role.STATUS].words.values())


def test_the_results_columns_and_words_are_those_of_the_program() -> None:
    assert [row[0].strip("`") for row in table("column | holds")] == [column.heading for column in COLUMNS]
    assert [row[0].strip("`") for row in table("`result` | means")] == [result.value for result in Result]


def test_the_exit_statuses_are_those_that_rows_end_with() -> None:
    assert [row[0] for row in table("exit status")] == ["0", "1", "2", "3", "4"]
    assert exit_status({Result.CREATED: 3, Result.DUPLICATE: 1, Result.ALREADY_IMPORTED: 1}) == 0
    for result in (Result.REJECTED, Result.INVALID, Result.UNCONFIRMED):
        assert exit_status({Result.CREATED: 3, result: 1}) == 1
    assert exit_status({Result.CREATED: 3, Result.NOT_SENT: 1}) == 3
    assert {error.exit_status for error in (KeyRefused, WrongAddress, Redirected, Blocked, WrongJournal)} == {4}
    assert {error.exit_status for error in (BadSettings, UnreadableFile, UnclearColumns, UnusableJournal)} == {2}


def test_the_profile_that_is_shown_holds_only_settings() -> None:
    profile = tomllib.loads(blocks("toml")[0])["night"]
    assert set(profile) <= set(SETTINGS)
    assert set(profile["map"]) <= {role.value for role in Role}


def test_a_proxys_password_is_written_as_the_text_says(monkeypatch: pytest.MonkeyPatch) -> None:
    line = re.search(r"In them, write ((?:`.` )+)(?:as|\n)[^%]*((?:`%\w\w` ?)+)", README)
    assert line
    signs, codes = line[1].replace("`", "").split(), re.findall(r"%\w\w", line[2])
    assert [unquote(code) for code in codes] == signs
    example = re.search(r"`(http://name:\S+)`", README)
    assert example
    for name in ("https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", example[1])
    found = proxy_for(LIVE)
    assert found is not None
    assert (found.user, found.password, found.place) == ("name", "pass/word", "proxy.example:3128")


def test_the_formula_that_is_shown_is_guarded_as_shown() -> None:
    shown = re.search(r"`(hello;=\S+)` becomes `(\S+)`", README.replace("\n", " "))
    assert shown
    assert protected(shown[1]) == shown[2]


def test_the_python_that_is_shown_imports_a_file(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands, but for the key and for where the API is."""
    monkeypatch.chdir(tmp_path)
    write_sheet(tmp_path / "contacts.xlsx", [Line("P1", "Called back"), Line("P2", "Called back")])
    shown, told = blocks("python")[0], f"key={box.api_key!r}, base_url={box.url!r}, journal='journal.sqlite'"
    assert 'key="…"' in shown
    exec(compile(shown.replace('key="…"', told), "README.md", "exec"), {})
    assert {(note.prospect_id, note.sent_content) for note in box.notes} == {
        ("P1", "Called back"),
        ("P2", "Called back"),
    }
    assert (tmp_path / "contacts.results.xlsx").exists()
    assert "2 notes to send; undecided: ()" in capsys.readouterr().out


def test_the_python_that_is_shown_is_what_the_type_checker_sees() -> None:
    """It stands in a file of its own, too, where `make check` finds it."""
    assert (ROOT / "tests" / "readme_example.py").read_text(encoding="utf-8") == blocks("python")[0]


def test_the_numbers_that_are_named_are_the_defaults() -> None:
    limits, settings = Limits(), Settings()
    assert f"{limits.rows:,} rows of {limits.columns:,} columns" in LIMITS
    assert f"a cell may hold {limits.cell_characters:,} characters" in LIMITS
    assert f"reading may take {limits.seconds:.0f} seconds" in LIMITS.replace("\n", " ")
    assert f"may have {limits.file_bytes >> 30} GiB, unpack to {limits.unpacked_bytes >> 30} GiB" in LIMITS
    assert f"`--read-timeout` ({settings.read_timeout:.0f} seconds)" in README
    assert f"`--settle` ({settings.settle:.0f} seconds" in README
    assert f"`--give-up-after` ({settings.give_up:.0f} seconds)" in README
    assert f"{BATCH_SIZE} is what the API's own lists" in LIMITS


def test_how_long_reading_back_waits_is_told_as_it_is() -> None:
    """Where reading's lag was never measured: what the settings come to."""
    settings = Settings()
    assumed = policy(settings).assumed_lag
    assert assumed == 60.0
    assert f"or after a minute ({assumed / settings.settle:.0f} times `--settle`)" in README.replace("\n", " ")
    measured = ReplicationLag(assumed, learned=1.0)
    assert measured.margin == 2.0
    assert "after twice the time by which it was seen to lag" in README.replace("\n", " ")
    assert ReplicationLag(assumed, learned=100.0).margin == 200.0


def test_every_setting_of_the_commands_has_a_help_text() -> None:
    for command in cli.commands.values():
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help
