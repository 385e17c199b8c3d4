"""Nothing that came from elsewhere can steer the terminal: not a file's name, its contents, nor what a server says."""

import ast
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from importer.cli.terminal import Gate, argument, gated, paragraph, say_line, with_flags
from importer.cli.watching import RunWatch
from importer.messages import SettingPart, as_argument, say, words
from importer.models import Progress, Role, Visibility
from importer.page.rendering import unquoted
from importer.rows.values import meaning
from importer.settings.kinds import columns, meanings
from importer.telling.rendering import visible
from tests.api.canned import Canned
from tests.typing_commands import Terminal, steering

pytestmark = pytest.mark.usefixtures("jumping")

SOURCE = Path(__file__).parent.parent / "importer"
# Clears the screen, sets the window's title, returns to the line's start, turns what follows round, breaks the line.
TITLE = "\x1b[2J\x1b]0;x\x07"
HOSTILE = f"a{TITLE}\rb\u202ec\u2028d\x9b31me\u2066f\x85g"


def reply(document: object, status: str = "201 Created", headers: bytes = b"") -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status.encode(), headers, len(body), body)


def made(note_id: str) -> bytes:
    return reply({"payload": {"results": [{"prospectId": "P1", "noteId": note_id, "success": True}]}})


def test_what_steers_is_written_out() -> None:
    assert visible("a\x1b[31mb\r\n\x7f\x9b\u202e") == r"a\x1b[31mb\x0d \x7f\x9b\u202e"
    every = "".join(map(chr, (*range(0x20000), *range(0xE0000, 0xE1000))))  # what lies between is writing
    assert steering(visible(every)) == []
    assert not set("\u061c\u200e\u200f\u206a") & set(visible(every))
    for text in ("Zoë — 日本 🎉", "می‌خواهم", "שלום", "क्‍ष", "👩‍👩‍👧", "e\u0301", "a\tb", r"C:\x1b", "½ ≤ “q”"):
        assert visible(text) == text


def test_lines_of_data_never_begin_a_line_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    say_line("x.csv\n9 created: y")
    paragraph("The API said: no\n9 created")
    paragraph("two\r\nlines", "Error: ")
    assert capsys.readouterr().out == ("x.csv 9 created: y\nThe API said: no\n  9 created\nError: two\n       lines\n")


def test_nothing_is_printed_past_the_gate() -> None:
    """No module but the gate's prints, asks, or takes hold of a stream; only the bar beside it writes."""
    past = re.compile(
        r"click\.(s?echo|confirm|prompt|echo_via_pager|pause|progressbar|get_\w+_stream)|print|tqdm\.write"
        r"|sys\.(__)?std(out|err)(__)?\.(write\w*|buffer.*|detach)|os\.write|traceback\.print_tb"
    )
    found = []
    for path in SOURCE.rglob("*.py"):
        if path.name in ("terminal.py", "demo.py"):  # the demo is a program of its own, and prints its own words
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and past.fullmatch(ast.unparse(node.func)):
                found.append(f"{path.name}:{node.lineno} {ast.unparse(node.func)}")
    assert found == []


def test_a_command_line_is_repeated_without_obeying_it(type_: Terminal) -> None:
    for arguments in (
        (HOSTILE,),
        ("run", f"--{HOSTILE}"),
        *(("run", flag, HOSTILE, "x.csv") for flag in ("--rate", "--map", "--profile")),
        ("check", f"{HOSTILE}.csv"),
        ("check", "x.csv", "--base-url", f"https://{HOSTILE}"),
        *((command, HOSTILE) for command in ("hide", "history")),
        ("template", f"{HOSTILE}/x.xlsx"),
    ):
        assert type_(*arguments).status in (2, 3, 4)


@pytest.mark.skipif(sys.platform == "win32", reason="such names can't be there")
def test_a_file_steers_nothing_by_its_name_or_contents(type_: Terminal, tmp_path: Path) -> None:
    name = f"n{TITLE}\n9 created\u202e.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "s\u202e\u2028t"  # type: ignore[union-attr]
    rows = [
        ("Prospect ID", "Note", "Visibility", "Odd\u202e\u2067\nX"),
        ("P1", "note\u202e one\u2028x", "1", "x"),
        ("P\u202e\x85x", "note two", "priv\u202eate\u2029", "y"),
    ]
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(tmp_path / name)
    for arguments in (["check", name], ["check", name, "--sheet", "z"]):
        ended = type_(*arguments)
        assert r"n\x1b[2J\x1b]0;x\x07 9 created\u202e.xlsx" in ended.all or "--sheet" in arguments
        assert not re.search(r"^9 created", ended.out + ended.err, re.MULTILINE)
        assert ended.status in (1, 2)
    with Canned(made(f"N{HOSTILE}")) as server:
        place = ("--base-url", server.url)
        type_("run", name, "--yes", *place)
        assert r"n\x1b[2J" in type_("history", *place).all
        type_("hide", "last", *place)
        type_("verify", *place)


@pytest.mark.parametrize(
    "said",
    [
        reply({}, "302 Found", b"Location: http://x\x1b[2J\x9b31m.example/\x07\r\n"),
        reply({"message": HOSTILE, "code": 1000}, "400 Bad Request"),
        reply({"message": HOSTILE}, "403 Forbidden"),
        reply({"message": HOSTILE}, "503 No\x1b[2J"),
        reply(HOSTILE, "404 \x1b[2J"),
        reply({"payload": {"results": [{"prospectId": HOSTILE, "noteId": HOSTILE, "success": HOSTILE}]}}),
        made(HOSTILE),
        b"\x1b[2J\x9b31m\r\n\r\n",
    ],
)
def test_a_server_steers_nothing(type_: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(RunWatch, "_EVERY", 0.0)
    (tmp_path / "n.csv").write_text("Prospect ID,Note,Visibility\nP1,x,1\n", encoding="utf-8")
    with Canned(said) as server:
        for arguments in (["run", "n.csv", "--yes"], ["hide", "last", "--yes"], ["verify"], ["history"]):
            assert type_(*arguments, "--base-url", server.url).all
        assert server.requests


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_moves_and_what_it_says_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "200")
    with gated(), RunWatch() as watch:
        watch.begin(2)
        watch.observe(Progress(2, 1, words(f"{TITLE}\r100% of 2\n")))
        watch.observe(Progress(2, 2))
    shown = screen.getvalue()
    assert r"\x1b[2J\x1b]0;x\x07\x0d100% of 2 " in shown
    assert {line[:4].strip() for line in shown.split("\r") if line} == {"0%", "1/2", "100%"}
    assert steering(shown.replace("\r", "")) == []


def test_other_libraries_print_through_the_gate_too() -> None:
    screen = Screen()
    gate = Gate(screen)
    print(HOSTILE, file=gate)
    gate.writelines(["x\x1b\n"])
    assert steering(screen.getvalue()) == []
    assert screen.getvalue().endswith("x\\x1b\n")
    assert not hasattr(gate, "buffer")
    with pytest.raises(io.UnsupportedOperation):
        gate.fileno()
    with pytest.raises(TypeError):
        gate.write(b"")  # type: ignore[arg-type]


CELLS = [
    "x $(touch HACKED) y", 'a"; touch HACKED; "b', "a'; touch HACKED; 'b", "it's $(touch HACKED)",
    'a\\"; touch HACKED; \\"b', "${IFS}touch${IFS}HACKED", "x `touch HACKED` y", "one\ntouch HACKED\ntwo",
    "Great! $5", "trailing \\", 'say "hi"', "Team only", "Prospect's mood; touch HACKED & x | y > z",
]  # fmt: skip


def offered(setting: str, value: str) -> str:
    """A setting as a message offers it at a terminal."""
    return with_flags(say("names", names=(SettingPart(setting, value),)))


def words_in_sh(text: str, folder: Path) -> list[str]:
    """The words that a shell makes of a text that is pasted; nothing may have run beside that."""
    ended = subprocess.run(
        ["sh", "-c", f"printf '%s\\0' {text}"], capture_output=True, text=True, check=True, cwd=folder, timeout=20
    )
    assert [*folder.iterdir()] == []
    return ended.stdout.split("\0")[:-1]


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
@pytest.mark.parametrize("cell", CELLS)
def test_an_offered_flag_is_one_word_in_a_shell_and_runs_nothing(cell: str, tmp_path: Path) -> None:
    flag, value = words_in_sh(
        offered("value", meaning(Role.VISIBILITY, as_argument(cell), Visibility.PRIVATE)), tmp_path
    )
    assert (flag, value) == ("--value", f"visibility:{cell}=Private")
    assert meanings(value)[Role.VISIBILITY, None] == {cell: Visibility.PRIVATE}
    _, value = words_in_sh(offered("map", f"content={as_argument(cell)}"), tmp_path)
    assert columns(value) == {Role.CONTENT: (cell,)}
    assert words_in_sh(argument(cell), tmp_path) == [cell]
    assert unquoted(as_argument(cell)) == cell
