"""The commands as a person types them: what they print, what they send, and how they end."""

from __future__ import annotations

import os
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from importer import __version__
from importer.cli import cli, main
from importer.cli.watching import RunWatch
from importer.journal import Journal
from importer.journal.lock import held
from importer.settings import Settings
from importer.settings.secrets import KEY_VARIABLE
from tests.listening import http_ear
from tests.sandbox import Fault, Sandbox
from tests.test_terminal_gate import steering
from tests.truth import read_results

pytestmark = pytest.mark.usefixtures("jumping")

KEY = "sandbox-key"
HEAD = "Prospect ID,Note,Visibility\n"
COMMANDS = (
    "page",
    "run",
    "check",
    "history",
    "verify",
    "hide",
    "template",
    "login",
    "readings",
    "doctor",
    "init",
    "schedule",
    "journal",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything that was printed, as one line of single spaces: where lines break is the terminal's affair."""
        return " ".join((self.out + " " + self.err).split())


class Terminal:
    """Types commands in a folder of its own, against a sandbox; in this process, or in one of its own."""

    def __init__(self, folder: Path, box: Sandbox, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.box, self._capture = folder, box, capture
        self.variables = {
            "NOTE_IMPORTER_BASE_URL": box.url,
            "NOTE_IMPORTER_JOURNAL": str(folder / "journal.sqlite"),
            "NOTE_IMPORTER_SETTLE": "0",
            "NOTE_IMPORTER_READ_TIMEOUT": "10",
            "NOTE_IMPORTER_GIVE_UP_AFTER": "20",
            KEY_VARIABLE: KEY,
        }

    def __call__(self, *arguments: str | Path) -> Ended:
        """Run a command in this process."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            self._capture.readouterr()
            status = main([str(argument) for argument in arguments])
        ended = Ended(status, *self._capture.readouterr())
        _look_over(ended)
        return ended

    def process(self, *arguments: str | Path, given: bytes | None = None) -> Ended:
        """Run a command in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "importer", *map(str, arguments)],
            input=given, stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True, cwd=self.folder, env=self.environment, timeout=60, check=False,
        )  # fmt: skip
        ended = Ended(done.returncode, done.stdout.decode(), done.stderr.decode())
        _look_over(ended)
        return ended

    @property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONIOENCODING": "utf-8", **self.variables}

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    @property
    def posts(self) -> int:
        return sum(call.method == "POST" for call in self.box.received)


def _look_over(ended: Ended) -> None:
    """Whatever the command: no traceback, no fault of our own, no key, nothing that steers the terminal."""
    for text in (ended.out, ended.err):
        assert steering(text.replace("\r\n", "\n")) == []
        assert "Traceback" not in text
        assert "note-importer failed because of an error of its own" not in ended.all
        assert KEY not in text


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    folder = tmp_path / "a folder of mine"
    folder.mkdir()
    return Terminal(folder, box, capsys)


# -- help and version


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(type_: Terminal, command: str) -> None:
    """``--help`` is on standard output, ends well, and calls and sends nothing."""
    ended = type_(command, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: note-importer {command} ")
    assert type_(command, "-h") == ended
    assert type_.box.received == ()
    assert str(Path.home()) not in ended.out


def test_the_exit_statuses_are_explained() -> None:
    """In the program's help, and where a command's differ; each command is listed."""
    for name in COMMANDS:
        assert cli.commands[name].help
    whole = " ".join((cli.help or "").split())
    for words in (
        "0 every row delivered",
        "1 finished, some rows need your attention",
        "2 nothing was sent",
        "3 stopped",
        "4 stopped and needs your attention",
    ):
        assert words in whole
    for name in ("check", "verify", "hide"):
        assert "exit status" in (cli.commands[name].help or "").lower()
    assert set(cli.commands) == set(COMMANDS)


def test_the_version_is_said(type_: Terminal) -> None:
    """``--version``."""
    assert type_("--version").out == f"note-importer, version {__version__}\n"


# -- run


def test_run_delivers_and_says_what_became_of_the_rows(type_: Terminal) -> None:
    """As a process: the plan, the counts, where the results are; status 0, and no question without a terminal."""
    type_.file("my notes.csv", HEAD + "P1,hello,1\nP2,hello,Public\nP1,hello,1\nP3,bye,2\n")
    ended = type_.process("run", "my notes.csv")
    assert ended.status == 0
    assert "4 rows: 3 notes to deliver, 1 repeats an earlier row" in ended.out
    assert "3 notes in 2 requests." in ended.out
    assert re.search(r"^ +3  created +the note was created\r?$", ended.out, re.MULTILINE)
    assert "2 requests sent." in ended.out
    assert "To fix" not in ended.out
    assert "Results: my notes.results.xlsx" in ended.out
    assert (type_.folder / "my notes.results.xlsx").is_file()
    assert len(type_.box.notes) == 3


def test_standard_input_is_read_as_csv(type_: Terminal) -> None:
    """``-`` reads what is piped in, which nobody else could read; so it is with its results in the current folder."""
    ended = type_.process("run", "-", given=(HEAD + "P1,ünï,1\n").encode())
    assert ended.status == 0
    mode = (type_.folder / "standard input.results.xlsx").stat().st_mode
    assert os.name != "posix" or mode & 0o777 == 0o600  # elsewhere a file's rights are its folder's
    assert [note.sent_content for note in type_.box.notes] == ["ünï"]


def test_a_refused_key_ends_with_status_4(type_: Terminal) -> None:
    """What happened and what to do; the key isn't repeated, and every row is not sent."""
    type_.variables[KEY_VARIABLE] = "a-wrong-key"
    type_.file("n.csv", HEAD + "P1,x,1\nP2,y,1\n")
    ended = type_("run", "n.csv", "--results", "out.csv")
    assert ended.status == 4
    assert "Stopped before the end." in ended.out
    assert re.search(r"2  not sent +the row was not sent. See the reason. Do what the reason says", ended.out)
    assert "a-wrong-key" not in ended.all
    assert "run the same command again" not in ended.all.lower()
    rows = read_results(type_.folder / "out.csv")
    assert {(row["result"], row["reason"]) for row in rows} == {
        ("not sent", "the run stopped: The API does not accept the key: Invalid token")
    }


def test_an_address_where_the_api_is_not_is_to_be_corrected_first(type_: Terminal) -> None:
    """The same command alone won't do; after an outage it will."""
    type_.file("n.csv", HEAD + "P1,a,1\nP2,b,1\nP3,c,1\nP4,d,1\n")
    ended = type_("run", "n.csv", "--base-url", type_.box.url.replace("/v1", "/v7"))
    assert ended.status == 4
    assert "the row was not sent. See the reason. Do what the reason says" in ended.out


def test_the_lines_without_a_terminal_say_what_holds_it_up(type_: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, or 503s: the last problem, that it is tried again, and no key though the API repeats it."""
    monkeypatch.setattr(RunWatch, "_EVERY", 0.0)
    type_.file("n.csv", HEAD + "P1,x,1\n")
    type_.box.set_faults([Fault.parse("503:any")])
    for trouble in ("the API failed: ", f"127.0.0.1:{type_.box.port} could not be reached: "):
        ended = type_("run", "n.csv", "--give-up-after", "3")
        assert f"0 of 1 note: trying again: {trouble}" in ended.err
        assert re.search(rf"0 of 1 note: trying again in [123] s: {trouble}.*; the run stops in 0:0[0-3]\n", ended.err)
        assert f"The last problem was: {trouble}" in ended.all
        assert "The run waits at most 3 seconds (--give-up-after)." in ended.all
        type_.box.stop()
    type_.box.clear_faults()
    type_.box.start()
    ended = type_("run", "n.csv")
    assert ended.status == 0
    assert "1 of 1 note: created 1" in ended.err


# -- what can't be used: status 2, nothing sent


def test_a_key_may_stand_in_a_file_but_not_on_the_command_line(type_: Terminal) -> None:
    """No flag takes the key itself, where others on the machine could see it."""
    del type_.variables[KEY_VARIABLE]
    type_.file("n.csv", HEAD + "P1,x,1\n")
    type_.file("key.txt", f"{KEY}\n")
    assert type_("run", "n.csv", "--api-key-file", "key.txt").status == 0
    for flag in ("--key", "--api-key"):
        assert "No such option" in type_("run", "n.csv", flag, "abc").all
    options = {flag for name in COMMANDS for p in cli.commands[name].params for flag in p.opts}
    assert not [flag for flag in options if "key" in flag and flag != "--api-key-file"]


@pytest.mark.parametrize("command", ["run", "check", "history"])
def test_a_journal_that_is_none_of_ours_needs_a_person(type_: Terminal, command: str) -> None:
    """Status 4: what the journal knew is gone, and without it notes would be sent again."""
    file = type_.file("n.csv", HEAD + "P1,x,1\n")
    before = file.read_bytes()
    ended = type_(command, *(["n.csv"] if command != "history" else []), "--journal", "n.csv")
    assert ended.status == 4
    assert "is not a journal" in ended.err
    assert "run the same command again" not in ended.all.lower()
    assert type_.box.received == ()
    assert file.read_bytes() == before


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_that_isnt_there_is_said(type_: Terminal, command: str) -> None:
    """Missing, or for what takes one file, a folder."""
    ended = type_(command, "none.csv")
    assert (ended.status, ended.out) == (2, "")
    assert "There is no file or folder none.csv" in ended.all
    for name in ("nosuch/none.csv", "s3:/bucket/none.csv"):
        ended = type_(command, name)
        assert (ended.status, ended.out) == (2, "")
        assert f"There is no file or folder {name}" in ended.all.replace("\\", "/")
    assert ". is a folder" in type_("check", ".").err


# -- odd names and places


@pytest.mark.parametrize("name", ["Ünï çödé 名前 📒.csv", "a.b.results.csv", "'quoted' & (more)%20.csv"])
def test_file_names_of_every_kind_are_taken(type_: Terminal, name: str) -> None:
    """And what stands beside them is named after them."""
    type_.file(name, HEAD + "P1,x,1\n")
    ended = type_("run", name)
    assert ended.status == 0
    [results] = type_.folder.glob("*.results*.xlsx")
    assert ended.out.endswith(f"Results: {results.name}\n")
    assert type_("history").out.count(name) == 1


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are Unicode there")
def test_a_file_name_that_is_no_text_is_taken(type_: Terminal) -> None:
    """As on a disk that was written in Latin-1; it is shown as well as it can be."""
    name = os.fsdecode(b"caf\xe9.csv")
    type_.file(name, HEAD + "P1,x,1\n")
    ended = type_.process("run", name)
    assert ended.status == 0
    assert "Results: caf?.results.xlsx" in ended.out
    assert "caf?.csv" in type_("history").out


def test_a_terminal_that_knows_few_characters_gets_what_it_can_show(type_: Terminal) -> None:
    """What its encoding lacks is replaced, in heading and message alike."""
    type_.file("n.csv", "Prospect ID,Note,Visibility,名前\nP1,x,публично,b\n")
    type_.variables["PYTHONIOENCODING"] = "iso-8859-1"
    ended = type_.process("check", "n.csv")
    assert ended.status == 2
    assert "'??'" in ended.out
    assert "C2: '????????' is not a valid visibility" in ended.out


@pytest.mark.slow
def test_a_closed_pipe_ends_the_output_only(type_: Terminal) -> None:
    """``… | head -1`` doesn't keep a note from being delivered."""
    type_.file("n.csv", HEAD + "P1,x,1\n")
    command = [sys.executable, "-m", "importer", "run", "n.csv"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=type_.folder,
        env=type_.environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)
    assert len(type_.box.notes) == 1


@pytest.mark.skipif(os.name == "nt", reason="streams are closed by the shell")
@pytest.mark.slow
def test_no_streams_at_all_are_no_trouble(type_: Terminal) -> None:
    """A service that starts the program may close all three."""
    type_.file("n.csv", HEAD + "P1,x,1\n")
    command = [sys.executable, "-m", "importer", "run", "n.csv"]
    done = subprocess.run(
        ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *command], cwd=type_.folder, env=type_.environment, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert len(type_.box.notes) == 1


# -- check


def test_check_needs_no_key_and_no_network_and_writes_nothing(type_: Terminal) -> None:
    """It says what was understood, what is wrong, and what a run would need."""
    del type_.variables[KEY_VARIABLE]
    type_.variables["NOTE_IMPORTER_BASE_URL"] = "http://127.0.0.1:9/v1"
    type_.file(
        "n.csv",
        "Company,Prospect ID,Note,Visibility,Status\n"
        "A,P1,It’s  done,Public,\nB,P2,It's done,Private,Draft\nC,P3,R&D,1,\nD,P4,<b>x</b>,1,\n"
        "E,P5,,1,\nF,P1,It’s  done,1,\n",
    )
    before = sorted(path.name for path in type_.folder.iterdir())
    ended = type_("check", "n.csv")
    assert ended.status == 1
    for words in (
        "n.csv: CSV, headings in row 1, UTF-8",
        "prospect: column B 'Prospect ID'",
        "not used: 'Company'",
        "6 rows: 4 notes to deliver, 1 repeats an earlier row, 1 with problems",
        "4 notes in 4 requests.",
        "people: 4 public: 3 private: 1 drafts: 1",
        "Row 2, for P1 (public):",
        "C6: the note is empty",
    ):
        assert words in ended.all
    assert sorted(path.name for path in type_.folder.iterdir()) == before


def test_a_plan_says_what_counts_and_leaves_the_rest_to_those_who_ask(type_: Terminal) -> None:
    """What was understood, how many notes for how many people, how long; `check` shows notes of each visibility."""
    type_.file("n.csv", HEAD + "P1,for me,2\nP2,for me,2\nP2,for all,1\n")
    assert type_("run", "n.csv", "--yes").status == 0
    type_.file("m.csv", HEAD + "Q1,for me,2\nQ2,for me,2\nQ2,for all,1\n")
    for command in (["check"], ["run", "--yes"]):
        more = ["--again"] if command[0] == "run" else []
        for flags in ([], more):
            ended = type_(*command, "m.csv", "--rate", "9/min", *flags)
            assert "visibility: column C 'Visibility' (1 → public, 2 → private)" in ended.all
            assert "people: 2 public: 1 private: 2 (only the owner of the API key sees them) drafts: 0" in ended.all
            assert "3 notes in 2 requests." in ended.all
            assert "Estimated time" not in ended.all
            assert ("Row 2, for Q1 and 1 more prospect (private)" in ended.all) is (command == ["check"])


def test_problems_of_one_kind_are_told_together(type_: Terminal) -> None:
    """How many, with which values, and the first cells; a kind of one or two is told cell by cell."""
    lines = [f"P{i},{'' if i < 3 else 'x'},{('?', '!')[i > 36]}" for i in range(40)]
    type_.file("n.csv", HEAD + "\n".join([*lines, "a b,x,1", "P50,x,Pubic"]) + "\n")
    for command, status in (("check", 1), ("run", 1)):
        ended = type_(command, "n.csv")
        assert ended.status == status
        assert (
            "40 × … is not a valid visibility. Use Public (or 1) or Private (or 2),"
            " or say what it means: --value visibility:WORD=MEANING"
            " (found: '?' (37), '!' (3)): C2, C3, " in ended.all
        )
        assert (
            "3 × the note is empty. Write its text, or leave out the row: B2, B3, B4 A42: the prospect ID 'a b'"
            in ended.all
        )
        assert "C43: 'Pubic' is not a valid visibility. Did you mean Public? Use Public (or 1)" in ended.all
        assert (
            "C21 … and 20 more; correct" if command == "check" else "C6 … and 35 more; the results list them all"
        ) in ended.all


def test_check_tells_problems_by_kind(type_: Terminal) -> None:
    type_.file("n.csv", HEAD + "".join(f"P{i},=x,=cmd{i}\n" for i in range(50)) + "P,x,1\n")
    ended = type_("check", "n.csv")
    assert ended.status == 1
    assert "50 × … is not a valid visibility. Use Public (or 1) or Private (or 2)" in ended.all
    assert "(found: '=cmd0', '=cmd1'," in ended.all
    assert "and 46 other values): C2, C3, " in ended.all
    assert "C21" in ended.out
    assert "C22" not in ended.out
    assert "… and 30 more" in ended.all


# -- several files


def test_several_files_have_one_summary_and_the_worst_status(type_: Terminal) -> None:
    """Each has its plan and its report; what is wrong with one is said on standard error, and again at the end."""
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


# -- history and results


# -- verify


def test_verify_settles_what_could_not_be_read_back(type_: Terminal) -> None:
    """A lost answer whose note can't be looked up is unconfirmed; later it is found, and nothing is sent again."""
    type_.box.set_faults([Fault.parse("reset:after"), Fault.parse("404:GET")])
    type_.file("n.csv", HEAD + "P1,x,1\n")
    ended = type_("run", "n.csv", "--results", "out.csv")
    assert ended.status == 1
    assert "1 unconfirmed the note may or may not exist. Run `note-importer verify`" in ended.all
    assert [row["result"] for row in read_results(type_.folder / "out.csv")] == ["unconfirmed"]
    type_.box.clear_faults()
    ended = type_("verify")
    assert ended.status == 0
    assert "1 note found. It now counts as created." in ended.out
    assert type_("run", "n.csv").status == 0
    assert len(type_.box.notes) == 1
    assert type_("verify").out == "0 notes still unconfirmed.\n"


def test_commands_that_are_printed_work_as_printed(type_: Terminal, profiles: Path) -> None:
    """On the screen, in the Summary of the results and in the history they name the profile that is in force."""
    profiles.write_text("[night]\n", encoding="utf-8")
    type_.box.set_faults([Fault.parse("reset:after"), Fault.parse("404:GET")])
    type_.file("n.csv", HEAD + "P1,x,1\n")
    ended = type_("run", "n.csv", "--profile", "night", "--results", "out.xlsx")
    assert "the note may or may not exist. Run `note-importer verify --profile night`" in ended.all
    cells = [cell.value for row in openpyxl.load_workbook(type_.folder / "out.xlsx")["Summary"] for cell in row]
    assert any(str(cell).startswith("Run `note-importer verify --profile night`.") for cell in cells)
    assert "See `note-importer history --profile night`." in type_("hide", "no", "--profile", "night").all
    assert "verify`" in type_("run", "n.csv", "--results", "b.csv").all  # and without one, as ever


def summary(path: Path) -> list[tuple[str, str]]:
    sheet = openpyxl.load_workbook(path)["Summary"]
    return [(str(line[0]), str(line[1])) for line in sheet.iter_rows(min_col=2, max_col=3, values_only=True)]


# -- hide


def three_notes(type_: Terminal) -> None:
    type_.file("n.csv", HEAD + "P1,x,1\nP2,x,1\nP3,y,1\n")
    assert type_("run", "n.csv").status == 0


def test_hide_makes_private_drafts_and_says_that_they_still_exist(type_: Terminal) -> None:
    """Only those of that run; doing it twice changes nothing more."""
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
    """It reads the sheet as its kind is read, there or in the archive; without the sheet, only the IDs are known."""
    type_.file("n.csv", 'Prospect ID,Remark\nP1,x\nP2,x\nP3,"A long story,\nin two lines"\n')
    said = ("--map", "content=Remark", "--default-visibility", "public", "--export", "Calls")
    assert type_("run", "n.csv", *said).status == 0
    ids = {note.prospect_id: note.id for note in type_.box.notes}
    ended = type_("hide", "last")
    assert ended.status == 2
    assert f"row 2, prospect P1, note {ids['P1']}: x row 3, prospect P2, note {ids['P2']}: x row 4" in ended.all
    assert f"row 4, prospect P3, note {ids['P3']}: A long story, in two lines Hidden notes" in ended.all
    (type_.folder / "done").mkdir()
    (type_.folder / "n.csv").rename(type_.folder / "done" / "n.csv")
    ended, before = type_("hide", "last"), len(type_.box.received)
    assert f"prospect P1, note {ids['P1']} prospect P2, note {ids['P2']} prospect P3" in ended.all
    type_.variables["NOTE_IMPORTER_ARCHIVE"] = "done"
    assert f"row 2, prospect P1, note {ids['P1']}: x row 3" in type_("hide", "last").all
    assert len(type_.box.received) == before


def test_a_note_to_hide_is_named_by_its_email_and_its_text_however_it_was_found(type_: Terminal) -> None:
    """By the run, by the note's ID, and on the way back, with --yes, too. Each note's run names the sheet."""
    with Sandbox(any_email=True, api_key=KEY) as box:
        type_.variables["NOTE_IMPORTER_BASE_URL"] = box.url
        for name in ("a", "b"):
            type_.file(f"{name}.csv", f"Email,Note,Visibility\n{name}@example.com,Call {name},1\n")
            assert type_("run", f"{name}.csv").status == 0
        ids = [note.id for note in box.notes]
        named = ("hide", "--note", ids[0], "--note", ids[1])
        lines = [f"prospect {name}@example.com, note {note}: Call {name}" for name, note in zip("ab", ids, strict=True)]
        assert lines[1] in type_("hide", "last").all
        for how in ("--yes", "--undo"):
            said = type_(*named, how).all
            assert all(line in said for line in lines)


def test_last_is_the_last_run_of_the_workspace(type_: Terminal, profiles: Path) -> None:
    """Not another profile's, nor one that a person declined."""
    profiles.write_text("[other]\n", encoding="utf-8")
    three_notes(type_)
    type_.file("other.csv", HEAD + "P9,x,1\n")
    type_("run", "other.csv", "--profile", "other")
    workspace = Settings(base_url=type_.box.url).workspace
    with Journal.open(type_.folder / "journal.sqlite") as journal:
        declined = journal.runs.begin(workspace, "n.csv", "", 2e9, again=False)
        journal.runs.end(declined, "declined", {}, 2e9)
    assert "3 notes are now private drafts" in type_("hide", "last", "--yes").out
    assert {note.prospect_id for note in type_.box.notes if note.status == "0"} == {"P1", "P2", "P3"}


def test_hide_changes_nothing_where_nobody_can_be_asked(type_: Terminal) -> None:
    """Without ``--yes`` and without a terminal, status 2."""
    three_notes(type_)
    before = len(type_.box.received)
    ended = type_("hide", "last")
    assert ended.status == 2
    assert "Nothing was changed, because nobody is at the terminal to agree to it." in ended.out
    assert "add --yes." in ended.out
    assert len(type_.box.received) == before


def test_hide_that_was_stopped_goes_on(type_: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API fails for good in the middle: status 4; the same command hides the rest, and those only."""
    three_notes(type_)
    type_.box.add_fault(Fault.parse("400-token:PATCH@2-"))
    monkeypatch.setattr("importer.settings.WORKERS", 1)
    ended = type_("hide", "last", "--yes")
    assert ended.status == 4
    assert "Stopped before the end." in ended.out
    hidden = [note.prospect_id for note in type_.box.notes if note.status == "0"]
    assert len(hidden) == 1
    type_.box.clear_faults()
    before = len(type_.box.received)
    ended = type_("hide", "last", "--yes")
    assert ended.status == 0
    assert "2 notes are now private drafts" in ended.out
    assert {note.status for note in type_.box.notes} == {"0"}
    assert sum(call.method == "PATCH" for call in type_.box.received[before:]) == 2


def test_notes_that_the_api_wont_hide_are_named(type_: Terminal) -> None:
    """Status 1, with the API's words."""
    three_notes(type_)
    type_.box.add_fault(Fault.parse("422:PATCH@1"))
    ended = type_("hide", "last", "--yes")
    assert ended.status == 1
    assert "2 notes are now private drafts" in ended.out
    assert re.search(r"^  \w{8}: .*Unprocessable entity", ended.out, re.MULTILINE)


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
    assert ended.status == 1
    assert [(note.prospect_id, note.status) for note in type_.box.notes] == [
        ("P1", "1"), ("P2", "1"), ("P3", "1"), ("P1", "0"),
    ]  # fmt: skip
    assert f"knows no note {copy}" in type_("hide", "--note", copy, "--yes").all


def test_which_notes_to_hide_has_to_be_said(type_: Terminal) -> None:
    for command in (["hide"], ["hide", "last", "--note", "N1"]):
        ended = type_(*command)
        assert ended.status == 2
        assert "Name the notes to hide" in ended.err


def test_hide_knows_only_its_own_workspace(type_: Terminal, profiles: Path) -> None:
    """Another profile's run is refused with the way out; so is a run that isn't known."""
    profiles.write_text("[other]\n", encoding="utf-8")
    assert "has no run 'last'" in type_("hide", "last", "--yes").all
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
    assert {note.status for note in type_.box.notes} == {"1"}


# -- one at a time


def test_a_second_run_says_who_is_at_work_and_since_when(type_: Terminal) -> None:
    """Status 3, nothing sent; commands that only look are free to."""
    type_.file("n.csv", HEAD + "P1,x,1\n")
    type_.file("before.csv", HEAD + "P2,x,1\n")
    assert type_("run", "before.csv").status == 0  # there is something to hide
    before = type_.box.received
    workspace = Settings(base_url=type_.box.url).workspace
    with held(type_.folder / "journal.sqlite", str(workspace)):
        for command in (["run", "n.csv", "--give-up-after", "1"], ["verify"], ["hide", "last", "--yes"]):
            ended = type_(*command)
            assert ended.status == 3
            assert "import of this workspace is running: " in ended.all
            assert f"(process {os.getpid()}), since 2" in ended.all
            assert ("Waiting for another import of this workspace: " in ended.err) is (command[0] == "run")
        assert type_.box.received == before
        assert type_("history").status == 0
        assert type_("check", "n.csv").status == 0
    assert type_("run", "n.csv").status == 0


# -- template


def test_a_filled_in_template_is_imported_as_it_is(type_: Terminal) -> None:
    """Template, rows, run: no flag is needed."""
    ended = type_("template")
    assert ended.status == 0
    assert "note-importer check notes.xlsx" in ended.out
    path = type_.folder / "notes.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["Notes"]
    for number, line in enumerate(
        [("P1", None, "Hi\nthere", "Public", "Draft", "f1, f2"), ("P2", None, "Hi", "Private", None, None)], 2
    ):
        for column, value in enumerate(line, 1):
            sheet.cell(number, column, value)
    book.save(path)
    type_.box.know_attachments("f1", "f2")
    assert type_("check", path).status == 0
    assert type_("run", path).status == 0
    shown = [(n.prospect_id, n.content, n.visibility, n.status, n.attachment_ids) for n in type_.box.notes]
    assert sorted(shown) == [
        ("P1", "<p>Hi<br>there</p>", "1", "0", ("f1", "f2")),
        ("P2", "<p>Hi</p>", "2", "1", ()),
    ]
    filled = path.read_bytes()
    ended = type_("template")
    assert ended.status == 2
    assert "already exists" in ended.err
    assert path.read_bytes() == filled


# -- practice


def test_practice_needs_nothing_but_the_sheet(type_: Terminal, profiles: Path) -> None:
    """No key, no person; the journal isn't made, nobody is notified, and nothing is called."""
    type_.file("n.csv", HEAD + "P1,x,1\nP2,y,2\n")
    del type_.variables[KEY_VARIABLE]
    with http_ear() as ear:
        (who := type_.file("who.txt", f"json://{ear.place}/hook\n")).chmod(0o600)
        profiles.write_text(f"[default]\nnotify = \"always\"\nnotify-file = '{who}'\n", encoding="utf-8")
        ended = type_("run", "n.csv", "--practice")
        assert ear.calls == []
    assert ended.status == 0
    assert "2  created  the import would create the note" in ended.out
    assert "Results of practice: n.practice.xlsx" in ended.out
    assert {path.name for path in type_.folder.iterdir()} >= {"n.practice.xlsx"}
    assert not [*type_.folder.rglob("*.sqlite")]
    assert not type_.box.received
    refused = type_("run", "n.practice.xlsx")
    assert refused.status == 2


def test_practice_calls_no_address(type_: Terminal) -> None:
    """An address in the profile only names the workspace whose journal is read."""
    ended = type_("run", type_.file("n.csv", HEAD + "P1,x,1\n"), "--practice", "--base-url", "http://127.0.0.1:9/v1")
    assert ended.status == 2
    assert "Practice calls no address" in " ".join(ended.err.split())


# -- profiles and the environment


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's rights are its folder's")
def test_what_is_remembered_only_its_owner_can_read_and_no_planted_link_leads_it_astray(
    type_: Terminal, profiles: Path, tmp_path: Path
) -> None:
    """The file of profiles is made anew each time, in one step."""
    type_.file("n.csv", HEAD + "P1,x,1\n")
    (tmp_path / "theirs").touch(0o644)
    profiles.unlink()
    profiles.symlink_to(tmp_path / "theirs")
    assert type_("run", "n.csv", "--default-visibility", "private", "--export", "Calls").status == 0
    assert not profiles.is_symlink()
    assert profiles.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "theirs").read_text() == ""
    assert [path.name for path in profiles.parent.iterdir()] == [profiles.name]


def test_the_plan_says_where_to_and_as_which_profile(type_: Terminal, profiles: Path) -> None:
    """A mistyped profile would deliver everything again, so it says which others exist if the profile is new."""
    profiles.write_text("[night]\n[nigth]\n[third]\n", encoding="utf-8")
    type_.file("n.csv", HEAD + "P1,x,1\n")
    ended = type_("run", "n.csv", "--profile", "night")
    assert f"\nTo: {type_.box.url}, profile 'night'\n" in ended.out
    assert "Nobody has imported" not in ended.out
    words = (
        f"Note: Nobody has imported as profile 'nigth' at {type_.box.url} yet. Notes delivered there as 'night' are not"
        " known as 'nigth', and would be sent again."
    )
    guarded = "--guard-local-address"
    assert words in " ".join(type_("check", "n.csv", "--profile", "nigth", guarded).all.split())
    for profile in ("night", "nigth"):
        type_("run", "n.csv", "--profile", profile)
        assert "Nobody has imported" not in type_("check", "n.csv", "--profile", profile, guarded).out
    said = " ".join(type_("check", "n.csv", "--profile", "third", guarded).all.split())
    assert "as 'night', 'nigth' are not known" in said
    with Sandbox() as elsewhere:
        said = type_("check", "n.csv", "--profile", "third", guarded, "--base-url", elsewhere.url).out
        assert "Nobody has imported as profile 'third'" in said
        assert "'night'" not in said


def test_a_file_of_profiles_that_the_environment_names_must_exist(type_: Terminal) -> None:
    """Else its settings would silently not count; without the variable there need be none."""
    type_.file("n.csv", HEAD + "P1,x,1\n")
    type_.variables["NOTE_IMPORTER_PROFILES"] = "none.toml"
    for command in (["run", "n.csv"], ["check", "n.csv"], ["history"]):
        ended = type_(*command)
        assert (ended.status, ended.out) == (2, "")
        assert "NOTE_IMPORTER_PROFILES names the file none.toml, which does not exist." in ended.all
    assert type_.box.received == ()
    type_.variables.update({"NOTE_IMPORTER_PROFILES": "", "XDG_CONFIG_HOME": str(type_.folder)})
    assert type_("run", "n.csv").status == 0


PROFILED_KEY = "key-of-the-profile"


@pytest.fixture
def profiled(type_: Terminal, profiles: Path) -> Terminal:
    """A terminal at which the default profile names a file with a key that the sandbox doesn't accept."""
    file = type_.file("real.txt", PROFILED_KEY)
    file.chmod(0o600)
    profiles.write_text(f"[default]\napi-key-file = '{file}'\n", encoding="utf-8")
    type_.file("n.csv", HEAD + "P1,x,1\n")
    return type_


def accepted(box: Sandbox) -> bool:
    """Whether calls came, and all with the one key that the sandbox takes."""
    return bool(box.received) and all(call.status is not None and call.status < 300 for call in box.received)


def test_a_profiles_key_file_does_not_beat_the_key_in_the_environment(profiled: Terminal) -> None:
    """Whoever practises as the manual says, with the key before the command, sends that one and no other."""
    del profiled.variables["NOTE_IMPORTER_BASE_URL"]
    assert profiled("run", "n.csv", "--base-url", profiled.box.url).status == 0
    assert accepted(profiled.box)


@pytest.mark.parametrize("is_flag", [True, False])
def test_a_profiles_key_is_not_sent_to_an_address_that_stands_elsewhere(profiled: Terminal, is_flag: bool) -> None:
    """It is said what to do, and nothing reaches that address; nor does a blank variable count as a key."""
    profiled.variables[KEY_VARIABLE] = " "
    flags = []
    if is_flag:
        flags = ["--base-url", profiled.variables.pop("NOTE_IMPORTER_BASE_URL")]
    ended = profiled("run", "n.csv", *flags)
    assert (ended.status, ended.out) == (2, "")
    where = "--base-url" if is_flag else "the environment variable NOTE_IMPORTER_BASE_URL"
    assert (
        f"The address {profiled.box.url} was given by {where}, so the API key of the profile 'default' is not"
        in ended.all
    )
    assert f"put it into the environment variable {KEY_VARIABLE}, or name its file with" in ended.all
    assert "--api-key-file" in ended.all
    assert PROFILED_KEY not in ended.all
    assert profiled.box.received == ()


@pytest.mark.parametrize("is_in_the_environment", [True, False])
def test_a_profiles_key_is_sent_to_the_profiles_address(
    type_: Terminal, profiles: Path, is_in_the_environment: bool
) -> None:
    """That is what it is for, also if the environment names the same address."""
    del type_.variables[KEY_VARIABLE]
    if not is_in_the_environment:
        del type_.variables["NOTE_IMPORTER_BASE_URL"]
    key = type_.file("key.txt", KEY)
    profiles.write_text(f"[night]\nbase-url = '{type_.box.url}'\napi-key-file = '{key}'\n", encoding="utf-8")
    type_.file("n.csv", HEAD + "P1,x,1\n")
    assert type_("run", "n.csv", "--profile", "night").status == 0
    assert accepted(type_.box)


def test_the_key_in_the_environment_beats_a_key_file_there_and_a_flag_beats_both(profiled: Terminal) -> None:
    """A key before a single command is meant for that command, whatever the environment names at all times."""
    profiled.file("other.txt", "key-of-a-file")
    profiled.variables["NOTE_IMPORTER_API_KEY_FILE"] = "other.txt"
    assert profiled("run", "n.csv").status == 0
    assert accepted(profiled.box)
    profiled.variables[KEY_VARIABLE] = "key-of-the-environment"
    profiled.file("flag.txt", KEY)
    profiled.file("m.csv", HEAD + "P2,x,1\n")
    assert profiled("run", "m.csv", "--api-key-file", "flag.txt").status == 0
    assert accepted(profiled.box)
    del profiled.variables[KEY_VARIABLE]
    profiled.file("other.txt", KEY)
    profiled.file("l.csv", HEAD + "P3,x,1\n")
    assert profiled("run", "l.csv").status == 0
    assert accepted(profiled.box)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's mode says nothing of who can read it")
@pytest.mark.parametrize(("mode", "is_said"), [(0o600, False), (0o640, True)])
def test_a_key_file_that_others_can_read_is_said(type_: Terminal, mode: int, is_said: bool) -> None:
    """On standard error, with the way to close it; the run goes on."""
    type_.file("my key.txt", KEY).chmod(mode)
    type_.file("n.csv", HEAD + "P1,x,1\n")
    ended = type_("run", "n.csv", "--api-key-file", "my key.txt")
    assert ended.status == 0
    words = (
        "Warning: Other users of this machine can read the API key in my key.txt. Make the file private: chmod 600"
        " 'my key.txt'"
    )
    assert (" ".join(ended.err.split()) == words) is is_said
    assert bool(ended.err) is is_said


def test_an_unknown_profile_is_an_error_that_lists_those_that_exist(type_: Terminal, profiles: Path) -> None:
    """Else a slip would reach the live address, with nothing known of what was delivered."""
    text = f"top = 1\n[night]\nbase-url = '{type_.box.url}'\n[week]\n"
    profiles.write_text(text, encoding="utf-8")
    type_.file("n.csv", HEAD + "P1,x,1\n")
    for name in ("nite", "top level", ""):
        ended = type_("run", "n.csv", "--profile", name)
        assert (ended.status, ended.out) == (2, "")
        assert (
            f"There is no profile {name!r}. The profiles are: 'default', 'night', 'week'. Correct the name" in ended.all
        )
        assert str(profiles) in "".join(ended.err.split())
    type_.variables["NOTE_IMPORTER_PROFILE"] = "nite"
    assert "There is no profile 'nite'." in type_("history").all
    assert type_.box.received == ()
    assert profiles.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("scheme", ["HTTP", "http"])
def test_what_goes_to_this_machine_goes_to_no_proxy(type_: Terminal, scheme: str) -> None:
    """It isn't encrypted, so a proxy would see the key, however the address is spelled."""
    with recording_proxy() as (address, requests_seen):
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            type_.variables[variable] = address
        type_.file("n.csv", HEAD + "P1,x,1\n")
        ended = type_("run", "n.csv", "--base-url", type_.box.url.replace("http", scheme, 1))
    assert requests_seen == []
    assert ended.status == 0
    assert len(type_.box.notes) == 1


@contextmanager
def recording_proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that takes nothing on; its address, and what was asked of it."""
    seen: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline().decode())
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()
            thread.join()


# -- columns that were overlooked


# -- the journal and the key


def test_a_name_with_spaces_that_was_typed_without_quotes_is_recognised(type_: Terminal) -> None:
    """Also beside other files and flags, and by the commands that take one file."""
    type_.file("Q4 calls.csv", HEAD + "P1,x,1\n")
    for command in (("run", "--yes"), ("check",)):
        ended = type_(*command, "Q4", "calls.csv")
        assert ended.status == 2
        assert "There is a file Q4 calls.csv. A name with spaces needs quotation marks:" in ended.all
        assert '"Q4 calls.csv"' in ended.all
    assert "There is no file or folder Q4" in type_("run", "--yes", "Q4", "other.csv").all
    assert type_("check", "Q4 calls.csv").status == 0
