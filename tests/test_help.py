"""What help says: commands in the order of use, settings in groups, and what was meant by a slip."""

import shlex
from pathlib import Path

import pytest

from importer.cli import cli, main
from importer.cli.options import COMMANDS
from importer.settings import SETTINGS

FIRST = {name: example for examples in COMMANDS.values() for name, example in examples.items()}


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(arguments)
    told = capsys.readouterr()
    return told.out + told.err


def test_the_common_commands_stand_in_the_order_of_use_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(FIRST) <= set(cli.commands)
    text = said(capsys, "--help")
    assert text.index("  template") < text.index("  check") < text.index("  run") < text.index("  history")
    assert all(f"$ {example}\n" in text for example in FIRST.values())
    first, more = text.split("\nMore:\n")
    assert all(f"\n  {name} " in first for name in FIRST)
    assert all(f"  {name} " in more for name in set(cli.commands) - set(FIRST))
    assert max(map(len, text.splitlines())) < 80


@pytest.mark.parametrize("name", FIRST)
def test_an_example_is_understood_by_the_program(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its command and its flags exist, and it has what it needs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exports").mkdir()
    program, command, *arguments = shlex.split(FIRST[name])
    assert (program, command) == ("note-importer", name)
    cli.commands[name].make_context(name, arguments, parent=cli.make_context(program, [name]))


def test_the_help_of_a_command_shows_what_most_people_need(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "run", "-h").replace("\n", " ")
    shown = [name for name in SETTINGS if f" --{name} " in text]
    assert shown == [name for name, setting in SETTINGS.items() if setting.is_common]
    assert len(shown) <= 19
    assert "--help-all" in text
    assert "--help-all" not in said(capsys, "schedule", "-h")
    assert main(["schedule", "--help-all", "."]) == 2


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["contacts.xlsx"], "Did you mean run? note-importer run contacts.xlsx"),
        (["my notes.csv", "--yes"], 'Did you mean run? note-importer run "my notes.csv" --yes'),
        (["{folder}"], "Did you mean run? note-importer run"),
        (["chek"], "Did you mean 'check'?"),
        (["verify", "--yes"], "note-importer verify does not use --yes. Leave it out."),
        (["run", "n.csv", "--min-row", "3"], "'--min-rows'"),
    ],
)
def test_a_slip_is_told_what_was_meant(
    typed: list[str], meant: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(folder=tmp_path) for word in typed]) == 2
    assert meant in " ".join(capsys.readouterr().err.split())
