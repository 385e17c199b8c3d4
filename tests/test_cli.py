"""The commands as a person types them: what they print, what they send, and how they end."""

import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from importer import __version__
from importer.cli import cli, main
from importer.journal import Journal
from importer.settings.secrets import KEY_VARIABLE
from tests import systems
from tests.listening import http_ear
from tests.sandbox import Fault
from tests.typing_commands import KEY, Terminal

pytestmark = pytest.mark.usefixtures("jumping")

HEAD = "Prospect ID,Note,Visibility\n"


@pytest.mark.parametrize("command", cli.commands)
def test_every_command_explains_itself(type_: Terminal, command: str) -> None:
    ended = type_(command, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: note-importer {command} ")
    assert type_(command, "-h") == ended
    assert type_.box.received == ()
    assert str(Path.home()) not in ended.out


def test_the_version_and_the_exit_statuses_are_said(type_: Terminal) -> None:
    assert type_("--version").out == f"note-importer, version {__version__}\n"
    for name in ("check", "verify", "hide"):
        assert "exit status" in (cli.commands[name].help or "").lower()


def test_run_delivers_and_says_what_became_of_the_rows(type_: Terminal) -> None:
    type_.file("my notes.csv", HEAD + "P1,hello,1\nP2,hello,Public\nP1,hello,1\nP3,bye,2\n")
    ended = type_.process("run", "my notes.csv")
    assert ended.status == 0
    assert "4 rows; expected results: 3 created, 1 duplicate." in ended.out
    assert "3 notes in 2 requests." in ended.out
    assert re.search(r"^ +3  created +the note was created\r?$", ended.out, re.MULTILINE)
    assert "2 requests sent." in ended.out
    assert "To fix" not in ended.out
    assert "Results: my notes.results.xlsx" in ended.out
    assert (type_.folder / "my notes.results.xlsx").is_file()
    assert len(type_.box.notes) == 3


def test_standard_input_is_read_as_csv(type_: Terminal) -> None:
    ended = type_.process("run", "-", given=(HEAD + "P1,ünï,1\n").encode())
    assert ended.status == 0
    mode = (type_.folder / "standard input.results.xlsx").stat().st_mode
    assert os.name != "posix" or mode & 0o777 == 0o600  # elsewhere a file's rights are its folder's
    assert [note.sent_content for note in type_.box.notes] == ["ünï"]


def test_no_flag_takes_the_key_itself(type_: Terminal) -> None:
    """Others on the machine could see it there."""
    for flag in ("--key", "--api-key"):
        assert "No such option" in type_("run", "n.csv", flag, "abc").all
    options = {flag for command in cli.commands.values() for p in command.params for flag in p.opts}
    assert not [flag for flag in options if "key" in flag and flag != "--api-key-file"]


NO_TEXT = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are Unicode there")


@pytest.mark.parametrize(
    "name",
    [
        "'Ünï' & (çödé)%20 名前 📒.results.csv",
        pytest.param(os.fsdecode(b"caf\xe9.csv"), marks=NO_TEXT, id="Latin-1"),
    ],
)
def test_file_names_of_every_kind_are_taken(type_: Terminal, name: str) -> None:
    type_.file(name, HEAD + "P1,x,1\n")
    ended = type_.process("run", name)
    assert ended.status == 0
    [results] = type_.folder.glob("*.results*.xlsx")
    assert ended.out.rstrip().endswith(f"Results: {results.name.encode(errors='replace').decode()}")
    assert type_("history").out.count(name.encode(errors="replace").decode()) == 1


def test_a_terminal_that_knows_few_characters_gets_what_it_can_show(type_: Terminal) -> None:
    type_.file("n.csv", "Prospect ID,Note,Visibility,名前\nP1,x,публично,b\n")
    type_.variables["PYTHONIOENCODING"] = "iso-8859-1"
    ended = type_.process("check", "n.csv")
    assert ended.status == 2
    assert "'??'" in ended.out
    assert "C2: '????????' is not a valid visibility" in ended.out


@pytest.mark.skipif(os.name == "nt", reason="streams are closed by the shell")
@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", "| true"])
@pytest.mark.slow
def test_a_closed_pipe_or_no_streams_at_all_keep_no_note_from_being_delivered(type_: Terminal, streams: str) -> None:
    """``… | head -1``, or a service that starts the program with all three closed."""
    type_.file("n.csv", HEAD + "P1,x,1\n")
    done = subprocess.run(
        ["sh", "-c", f'{{ "$@"; echo $? >status; }} {streams}', "sh", sys.executable, "-m", "importer", "run", "n.csv"],
        stdin=subprocess.DEVNULL, capture_output=True, cwd=type_.folder, env=type_.environment, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stderr, (type_.folder / "status").read_text()) == (b"", "0\n")
    assert len(type_.box.notes) == 1


def test_check_needs_no_key_and_no_network_and_writes_nothing(type_: Terminal) -> None:
    del type_.variables[KEY_VARIABLE]
    type_.variables["NOTE_IMPORTER_BASE_URL"] = "http://127.0.0.1:9/v1"
    rows = ("It’s  done,Public,", "It's done,Private,Draft", "R&D,1,", "<b>x</b>,1,", ",1,")
    text = "".join(f"A,P{number},{row}\n" for number, row in enumerate(rows, 1))
    type_.file("n.csv", f"Company,Prospect ID,Note,Visibility,Status\n{text}A,P1,{rows[0]}\n")
    before = sorted(path.name for path in type_.folder.iterdir())
    ended = type_("check", "n.csv")
    assert ended.status == 1
    for words in (
        "n.csv: CSV, headings in row 1, UTF-8", "prospect: column B 'Prospect ID'", "not used: 'Company'",
        "6 rows; expected results: 4 created, 1 duplicate, 1 invalid.", "4 notes in 4 requests.",
        "people: 4 public: 3 (all team", "Row 2, for P1 (public):", "C6: the note is empty",
    ):  # fmt: skip
        assert words in ended.all
    assert sorted(path.name for path in type_.folder.iterdir()) == before


def test_several_files_have_one_summary_and_the_worst_status(type_: Terminal) -> None:
    folder = type_.folder / "exports"
    folder.mkdir()
    for name, text in (("a.csv", HEAD + "P1,x,1\n"), ("b.csv", HEAD), ("c.csv", HEAD + "P1,x,1\nP2,x,1\n")):
        os.utime(type_.file(f"exports/{name}", text), (1, 1))
    ended = type_("run", "exports", "--yes")
    assert ended.status == 2
    assert ended.err.lstrip().startswith(f"{Path('exports', 'b.csv')}: not imported.\nError: ")
    assert "b.csv has 0 rows below its headings. At least 1 is required." in " ".join(ended.err.split())
    assert "--min-rows 0" in ended.err
    summary = ended.out[ended.out.index("3 files: 2 imported, 1 not imported") :]
    assert re.search(r"a\.csv +imported: 1 created; results: .*a\.results\.xlsx", summary)
    assert re.search(r"b\.csv +not imported: .*b\.csv has 0 rows below its headings", summary)
    assert re.search(r"c\.csv +imported: 1 created, 1 already imported", summary)
    assert re.search(r"2 +created .*\n +1 +already imported", summary)
    assert len(type_.box.notes) == 2


def test_commands_that_are_printed_work_as_printed(type_: Terminal, profiles: Path) -> None:
    profiles.write_text("[night]\n", encoding="utf-8")
    type_.box.set_faults([Fault.parse("reset:after"), Fault.parse("404:GET")])
    type_.file("n.csv", HEAD + "P1,x,1\n")
    ended = type_("run", "n.csv", "--profile", "night", "--results", "out.xlsx")
    assert "the note may or may not exist. Run `note-importer verify --profile night`" in ended.all
    cells = [cell.value for row in openpyxl.load_workbook(type_.folder / "out.xlsx")["Summary"] for cell in row]
    assert any(str(cell).startswith("Run `note-importer verify --profile night`.") for cell in cells)
    assert "See `note-importer history --profile night`." in type_("hide", "no", "--profile", "night").all
    assert "verify`" in type_("run", "n.csv", "--results", "b.csv").all  # and without one, as ever


def three_notes(type_: Terminal) -> None:
    type_.file("n.csv", HEAD + "P1,x,1\nP2,x,1\nP3,y,1\n")
    assert type_("run", "n.csv").status == 0


def test_hide_makes_private_drafts_and_says_that_they_still_exist(type_: Terminal) -> None:
    three_notes(type_)
    type_.file("other.csv", HEAD + "P9,x,1\n")
    run = type_("history").out.split()[0]
    type_("run", "other.csv")
    ended = type_("hide", run, "--yes")
    assert ended.status == 0
    assert "3 notes would become private drafts:" in ended.out
    assert "the API can't delete notes" in ended.all
    assert "3 notes are now private drafts. They still exist" in ended.all
    assert "asks before it sends the rows of hidden notes again" in ended.all
    assert {note.prospect_id: (note.visibility, note.status) for note in type_.box.notes} == {
        "P1": ("2", "0"), "P2": ("2", "0"), "P3": ("2", "0"), "P9": ("1", "1"),
    }  # fmt: skip
    before = len(type_.box.received)
    assert type_("hide", run, "--yes").status == 0
    assert len(type_.box.received) == before


def test_hide_names_the_rows_and_the_texts_of_the_sheet_if_it_is_there(type_: Terminal, profiles: Path) -> None:
    type_.file("n.csv", 'Prospect ID,Remark\nP1,x\nP2,x\nP3,"A long story,\nin two lines"\n')
    said = ("--map", "content=Remark", "--default-visibility", "public", "--export", "Calls")
    assert type_("run", "n.csv", *said).status == 0
    ids = {note.prospect_id: note.id for note in type_.box.notes}
    ended = type_("hide", "last")
    assert ended.status == 2
    assert "Nothing was changed, because nobody is at the terminal to agree to it." in ended.all
    assert "add --yes." in ended.all
    assert f"row 2, prospect P1, note {ids['P1']}: x row 3, prospect P2, note {ids['P2']}: x row 4" in ended.all
    assert f"row 4, prospect P3, note {ids['P3']}: A long story, in two lines Hidden notes" in ended.all
    (type_.folder / "done").mkdir()
    (type_.folder / "n.csv").rename(type_.folder / "done" / "n.csv")
    ended, before = type_("hide", "last"), len(type_.box.received)
    assert f"prospect P1, note {ids['P1']} prospect P2, note {ids['P2']} prospect P3" in ended.all
    type_.variables["NOTE_IMPORTER_ARCHIVE"] = "done"
    assert f"row 2, prospect P1, note {ids['P1']}: x row 3" in type_("hide", "last").all
    assert len(type_.box.received) == before


def test_hide_reads_a_file_with_the_flags_of_its_run(type_: Terminal) -> None:
    (type_.folder / "files").mkdir()
    (type_.folder / "files" / "a.txt").write_text("A", encoding="utf-8")
    type_.file("n.csv", "Prospect ID,Remark,Visibility,Attachments\nP1,x,1,a.txt\n")
    said = ("--map", "content=Remark", "--attachments", "files", "--yes")
    assert [type_(*command, "n.csv", *said).status for command in (["run"], ["hide", "--file"])] == [0, 0]
    assert [note.status for note in type_.box.notes] == ["0"]


def test_hide_that_was_stopped_goes_on(type_: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API fails for good in the middle: status 4; the same command hides the rest, and those only."""
    three_notes(type_)
    type_.box.add_fault(Fault.parse("400-token:PATCH@2-"))
    monkeypatch.setattr("importer.settings.WORKERS", 1)
    ended = type_("hide", "last", "--yes")
    assert (ended.status, "Stopped before the end." in ended.out) == (4, True)
    assert sum(note.status == "0" for note in type_.box.notes) == 1
    type_.box.clear_faults()
    before = len(type_.box.received)
    assert "2 notes are now private drafts" in type_("hide", "last", "--yes").out
    assert {note.status for note in type_.box.notes} == {"0"}
    assert sum(call.method == "PATCH" for call in type_.box.received[before:]) == 2


def test_a_copy_of_a_note_is_hidden_by_its_id_and_nothing_else_is(type_: Terminal) -> None:
    """The row's own note stays, and its row needs nobody any more. Neither is an ID that nobody knows hidden."""
    three_notes(type_)
    with Journal.open(type_.folder / "journal.sqlite") as journal:
        [run] = journal.runs.listed()
        one, two, _ = sorted(journal.deliveries.created_by(run), key=lambda known: known.prospect)
        journal.deliveries.checked(one.name, [type_.box.write("P1", "x")])
        journal.deliveries.checked(two.name, ["gone"])
    assert type_("run", "n.csv").status == 1
    copy = type_.box.notes[-1].id
    ended = type_("hide", "--note", copy, "--note", "gone", "--yes")
    assert "2 notes would become private drafts:" in ended.out
    assert ended.status == 1, "the API's words are shown of the one that is not there"
    assert re.search(r"^  gone: .*\w", ended.out, re.MULTILINE)
    assert "".join(note.status for note in type_.box.notes) == "1110"
    assert f"knows no note {copy}" in type_("hide", "--note", copy, "--yes").all


def test_hide_knows_only_its_own_workspace(type_: Terminal, profiles: Path) -> None:
    profiles.write_text("[other]\n", encoding="utf-8")
    assert "There is no journal at" in type_("hide", "last", "--yes").all
    for arguments in ((), ("last", "--note", "N1")):
        ended = type_("hide", *arguments)
        assert (ended.status, "Name the notes to hide" in ended.err) == (2, True)
    three_notes(type_)
    run = type_("history").out.split()[0]
    for name, words in (
        (run, "belongs to the workspace 'default at "),
        ("last", "has no runs of the workspace 'other at "),
    ):
        ended = type_("hide", name, "--yes", "--profile", "other")
        assert ended.status == 2
        assert words in ended.all
        assert "--profile" in ended.all
    assert {note.visibility for note in type_.box.notes} == {"1"}


def test_practice_needs_no_key_notifies_nobody_and_calls_no_address(type_: Terminal) -> None:
    type_.file("n.csv", HEAD + "P1,x,1\nP2,y,2\n")
    del type_.variables[KEY_VARIABLE]
    with http_ear() as ear:
        type_.variables["NOTE_IMPORTER_NOTIFY_ADDRESSES"] = f"always+json://{ear.place}/hook"
        ended = type_("run", "n.csv", "--practice")
        assert ear.calls == []
    assert ended.status == 0
    assert "2  created  the import would create the note" in ended.out
    assert "Results: n.practice.xlsx" in ended.out and "requests sent" not in ended.out
    assert type_.box.received == ()
    ended = type_("run", "n.csv", "--practice", "--base-url", "http://127.0.0.1:9/v1")
    assert (ended.status, "Practice calls no address" in ended.all) == (2, True)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's rights are its folder's")
def test_what_is_remembered_only_its_owner_can_read_and_no_planted_link_leads_it_astray(
    type_: Terminal, profiles: Path, tmp_path: Path
) -> None:
    type_.file("n.csv", HEAD + "P1,x,1\n")
    (tmp_path / "theirs").touch(0o644)
    profiles.unlink()
    profiles.symlink_to(tmp_path / "theirs")
    assert type_("run", "n.csv", "--default-visibility", "private", "--export", "Calls").status == 0
    assert not profiles.is_symlink()
    assert profiles.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "theirs").read_text() == ""
    assert [path.name for path in profiles.parent.iterdir()] == [profiles.name]


def test_a_file_of_profiles_that_the_environment_names_must_exist(type_: Terminal) -> None:
    """Else its settings would silently not count; without the variable there need be none."""
    type_.variables["NOTE_IMPORTER_PROFILES"] = "none.toml"
    for command in (["run", "n.csv"], ["check", "n.csv"], ["history"]):
        ended = type_(*command)
        assert (ended.status, ended.out) == (2, "")
        assert "NOTE_IMPORTER_PROFILES names the file none.toml, which does not exist." in ended.all
    type_.variables.update({"NOTE_IMPORTER_PROFILES": "", "XDG_CONFIG_HOME": str(type_.folder)})
    assert type_("history").status == 0


PROFILED_KEY = "key-of-the-profile"


@pytest.mark.parametrize("is_flag", [True, False])
def test_a_profiles_key_is_not_sent_to_an_address_that_stands_elsewhere(
    type_: Terminal, profiles: Path, is_flag: bool
) -> None:
    """It is said what to do, and nothing reaches that address; nor does a blank variable count as a key."""
    file = type_.file("real.txt", PROFILED_KEY)
    profiles.write_text(f"[default]\napi-key-file = '{file}'\n", encoding="utf-8")
    type_.file("n.csv", HEAD + "P1,x,1\n")
    type_.variables[KEY_VARIABLE] = " "
    flags = ["--base-url", type_.variables.pop("NOTE_IMPORTER_BASE_URL")] if is_flag else []
    ended = type_("run", "n.csv", *flags)
    assert (ended.status, ended.out) == (2, "")
    where = "--base-url" if is_flag else "the environment variable NOTE_IMPORTER_BASE_URL"
    assert f"The address {type_.box.url} was given by {where}, so the API key of the profile 'default' is" in ended.all
    assert f"put it into the environment variable {KEY_VARIABLE}, or name its file with --api-key-file" in ended.all
    assert PROFILED_KEY not in ended.all
    assert type_.box.received == ()


def test_a_key_counts_more_the_nearer_it_stands_to_the_command(type_: Terminal, profiles: Path) -> None:
    address = type_.variables.pop("NOTE_IMPORTER_BASE_URL")
    right, wrong = type_.file("right", KEY), type_.file("wrong", "no-key")
    profiles.write_text(f"[default]\nbase-url = '{address}'\napi-key-file = '{wrong}'\n", encoding="utf-8")
    type_.file("n.csv", HEAD + "P1,x,1\n")
    for variables, flags in (
        ({"NOTE_IMPORTER_API_KEY_FILE": str(right), KEY_VARIABLE: ""}, []),
        ({"NOTE_IMPORTER_API_KEY_FILE": str(wrong), KEY_VARIABLE: KEY}, []),
        ({KEY_VARIABLE: "no-key"}, ["--api-key-file", str(right)]),
    ):
        type_.variables |= variables
        assert type_("run", "n.csv", *flags).status == 0
    assert {call.status for call in type_.box.received} <= {200, 201}


def test_what_goes_to_this_machine_goes_to_no_proxy(type_: Terminal) -> None:
    """It isn't encrypted, so a proxy would see the key, however the address is spelled."""
    type_.file("n.csv", HEAD + "P1,x,1\n")
    with http_ear() as proxy:
        type_.variables |= dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), f"http://{proxy.place}")
        assert type_("run", "n.csv", "--base-url", type_.box.url.replace("http", "HTTP", 1)).status == 0
        assert proxy.calls == []


def test_an_unknown_profile_is_an_error_that_lists_those_that_exist(type_: Terminal, profiles: Path) -> None:
    """Else a slip would reach the live address, with nothing known of what was delivered."""
    profiles.write_text(f"top = 1\n[night]\nbase-url = '{type_.box.url}'\n[week]\n", encoding="utf-8")
    for name in ("nite", "top level", ""):
        ended = type_("run", "n.csv", "--profile", name)
        assert (ended.status, ended.out) == (2, "")
        assert f"There is no profile {name!r}. The profiles are: 'default', 'night', 'week'. Correct the" in ended.all
        assert str(profiles) in "".join(ended.err.split())
    type_.variables["NOTE_IMPORTER_PROFILE"] = "nite"
    assert "There is no profile 'nite'." in type_("history").all


def test_a_name_with_spaces_that_was_typed_without_quotes_is_recognised(type_: Terminal) -> None:
    type_.file("Q4 calls.csv", HEAD + "P1,x,1\n")
    for command in (("run", "--yes"), ("check",)):
        ended = type_(*command, "Q4", "calls.csv")
        assert ended.status == 2
        assert "There is a file Q4 calls.csv. A name with spaces needs quotation marks:" in ended.all
        assert '"Q4 calls.csv"' in ended.all
    assert "There is no file or folder Q4" in type_("run", "--yes", "Q4", "other.csv").all
    many = [f"{n:0200}.csv" for n in range(2)]
    assert "There is no file or folder" in type_("run", "--yes", *many).all, "however long the names are together"
    assert "the name is empty" in type_("run", "--yes", "").all, "no name is not the name of this folder"


@systems.posix
def test_a_folder_that_was_deleted_is_no_error_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    assert main(["template", "contacts.xlsx"]) == 3
    assert "the command in was deleted" in " ".join(capsys.readouterr().err.split())
