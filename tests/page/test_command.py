"""The command that opens the page: what it prints, and how Ctrl-C ends it."""

import ast
import contextlib
import importlib.util
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import openpyxl
import psutil
import pytest
import requests
from playwright.sync_api import Browser

from importer.cli import main
from importer.settings.secrets import KEY_VARIABLE
from tests.page.conftest import write
from tests.page.person import visiting
from tests.sandbox import Limit, Sandbox


class Program:
    """``note-importer page``, started as a person starts it, with its lines as they come."""

    def __init__(self, *arguments: str, browser: Path | None = None, **environment: str) -> None:
        arguments = arguments if browser else ("--no-browser", *arguments)
        environment |= {"BROWSER": str(browser)} if browser else {}
        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # on Windows, so that only it is interrupted
        self.process = subprocess.Popen(
            [sys.executable, "-m", "importer", "page", *arguments], env={**os.environ, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", creationflags=flags,
            start_new_session=sys.platform != "win32",
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.said = ""

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                self.lines.put(line)

    def until(self, words: str) -> str:
        """Everything up to the line with these words."""
        while words not in self.said:
            self.said += self.lines.get(timeout=120)
        return self.said

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends it to every process that was started from it."""
        if sys.platform == "win32":
            self.process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            os.killpg(self.process.pid, signal.SIGINT)

    def opens(self) -> str:
        return str(re.findall(r"http://\S+/start/\S+", self.until("Keep this window open"))[0])

    def ended(self) -> int:
        status = self.process.wait(120)
        self._reader.join(30)
        while not self.lines.empty():
            self.said += self.lines.get()
        return status


@contextmanager
def started(box: Sandbox, folder: Path, browser: Path | None = None) -> Iterator[Program]:
    """The program, for this sandbox, with a journal and a data folder in this folder."""
    running = Program(
        "--base-url", box.url, "--journal", str(folder / "journal.sqlite"), browser=browser,
        XDG_DATA_HOME=str(folder / "data"), **{KEY_VARIABLE: box.api_key},
    )  # fmt: skip
    try:
        yield running
    finally:
        running.process.kill()
        running.ended()


@pytest.mark.slow
def test_no_process_of_the_page_imports_a_module_from_the_current_folder(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("note-importer" + (".exe" if os.name == "nt" else ""))
    command = [str(program)] if program.exists() else [sys.executable, "-P", "-m", "importer"]
    (folder := tmp_path / "downloads").mkdir()
    planted = f"open({str(tmp_path / 'was imported')!r}, 'w').close()\nraise SystemExit(1)\n"
    for module in ("multiprocessing", "pickle", "socket", "selectors"):
        (folder / f"{module}.py").write_text(planted, encoding="utf-8")
    settings = {"HOME": str(tmp_path), "NOTE_IMPORTER_BASE_URL": "http://127.0.0.1:9", KEY_VARIABLE: "k-123456789"}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | settings
    with subprocess.Popen(
        [*command, "page", "--no-browser"], cwd=folder, env=environment, stdout=subprocess.PIPE
    ) as page:
        try:
            until = time.monotonic() + 120
            while not (tmp_path / "was imported").exists() and not _has_a_ready_process(page.pid):
                assert page.poll() is None and time.monotonic() < until
                time.sleep(0.05)
        finally:
            page.terminate()
    assert not (tmp_path / "was imported").exists()


def _has_a_ready_process(program: int) -> bool:
    """Whether a process that reads files has loaded its modules: it starts a thread then."""
    with contextlib.suppress(psutil.Error):
        return any(child.num_threads() > 1 for child in psutil.Process(program).children(recursive=True))
    return False


def test_without_its_part_it_tells_of_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Most need no page, so that what it needs is an extra."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert main(["page"]) == 2
    assert "pip install 'note-importer[page]'" in " ".join(capsys.readouterr().err.split())


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    """A program that takes the browser's place, and only records its arguments beside itself."""
    if os.name != "posix":
        pytest.skip("webbrowser starts a script in BROWSER on POSIX systems only")
    path = tmp_path / "starter"
    path.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "open(__file__ + '.variables', 'w').write(repr([*os.environ]))\n"
        "open(__file__ + '.said', 'w').write(repr(sys.argv[1:]))\n"
    )
    path.chmod(0o700)
    return path


@pytest.mark.slow
def test_the_browser_opens_a_private_file_that_leads_on_and_is_gone_at_the_end(
    starter: Path, browser: Browser, box: Sandbox, tmp_path: Path
) -> None:
    with started(box, tmp_path, starter) as program:
        program.until("Keep this window open")
        (address,) = ast.literal_eval((tmp_path / "starter.said").read_text())
        assert address.startswith("file:///")
        file = Path(url2pathname(urlsplit(address).path))
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        led = re.findall(r"/start/([\w-]+)", file.read_text(encoding="utf-8"))
        assert led
        assert led[0] not in address
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(address)
            page.get_by_role("heading", name="Choose a spreadsheet").wait_for()
            page.reload()
            page.get_by_role("heading", name="Choose a spreadsheet").wait_for()
        assert led[0] not in file.read_text(encoding="utf-8"), "that address is used up"
        program.interrupt()
        assert program.ended() == 0
        assert not file.exists()
        assert "http" not in program.said.replace(box.url, ""), "it was opened, so that nothing needs to be printed"


@pytest.mark.slow
def test_where_no_browser_comes_the_address_is_printed(starter: Path, box: Sandbox, tmp_path: Path) -> None:
    with started(box, tmp_path, starter) as program:
        address = re.findall(r"http://\S+/start/\S+", program.until("/start/"))[0]
        assert requests.get(address, timeout=30).ok
        assert requests.get(address, timeout=30).status_code == 403
        program.interrupt()
        assert program.ended() == 0
        variables = ast.literal_eval((tmp_path / "starter.variables").read_text())
        assert "PATH" in variables
        assert [name for name in variables if name.startswith(("SALESHANDY", "NOTE_IMPORTER"))] == []
        (opened,) = ast.literal_eval((tmp_path / "starter.said").read_text())
        assert not Path(url2pathname(urlsplit(opened).path)).exists()


@pytest.mark.slow
def test_ctrl_c_ends_a_run_in_good_order_and_then_the_program(box: Sandbox, tmp_path: Path) -> None:
    box.set_limit(Limit.parse("1/15s:headers:429"))
    with started(box, tmp_path) as program:
        address = program.opens()
        with visiting(address) as person:
            assert requests.get(address, timeout=30).status_code == 403
            person.drops(write(tmp_path / "n.csv", [(f"p{i}", f"Note {i}", "Public") for i in range(6)]))
            person.begins()
            while not box.notes:
                time.sleep(0.05)
        program.interrupt()
        assert program.ended() == 3
    assert "Traceback" not in program.said
    assert "Warning" not in program.said, "nothing of Python's own is told at the end"
    assert "Stopped before the end. You asked the program to end (Ctrl-C)." in " ".join(program.said.split())
    results = Path(re.findall(r"Results: (.+)", program.said)[0].strip())
    rows = [row[3] for row in openpyxl.load_workbook(results)["Results"].iter_rows(min_row=2, values_only=True)]
    assert (rows.count("created"), rows.count("not sent")) == (len(box.notes), 6 - len(box.notes))
    with pytest.raises(requests.ConnectionError):
        requests.get(address.partition("/start/")[0], timeout=10)
    assert (program.said.count(box.api_key), program.said.count(address.rpartition("/")[2])) == (0, 1)


@pytest.mark.slow
def test_quit_on_the_page_ends_the_program(box: Sandbox, profiles: Path, tmp_path: Path) -> None:
    profiles.write_text("[spring]\n", encoding="utf-8")
    data = {"XDG_DATA_HOME": str(tmp_path / "data"), "NOTE_IMPORTER_PROFILE": "spring"}
    program = Program("--base-url", box.url, "--journal", str(tmp_path / "journal.sqlite"), browser=None, **data)
    with visiting(program.opens()) as person:
        assert "You entered it here" in person.posts("/settings/key", of=f"spring at {box.url}", key="geheim-4711")
        assert "note-importer has stopped" in person.posts("/quit")
        assert person.gets("/static/page.css").status == 200, "the last page has its style"
    assert program.ended() == 0
    assert "geheim" not in program.said
    assert program.said.endswith("or Quit on the page.\n"), "nothing is left for the system to complain of"
    assert [call.method for call in box.received] == ["GET"], "the key was tried"
