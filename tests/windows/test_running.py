"""The program in Windows' Python, under wine: paths, drives, code pages, files that are open, kills, the page."""

import csv
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest

from tests.sandbox import Limit, Sandbox
from tests.truth import Line, check, write_sheet
from tests.windows.conftest import KEY, PATIENCE, PYTHON, Wait, Windows, as_windows, page_of

KILLS = 10  # of each of the two seeds
LAUNCHER = (PYTHON, as_windows(Path(__file__).with_name("launcher.py")))


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(api_key=KEY) as box:
        yield box


def arrived(box: Sandbox) -> Counter[tuple[str, str]]:
    return Counter((note.prospect_id, note.sent_content) for note in box.notes)


def once(lines: list[Line]) -> Counter[tuple[str, str]]:
    return Counter((line.delivery[0], line.delivery[1]) for line in lines)


LINES = [Line(f"P{row}", f"Spoke to Müller about row {row}") for row in range(12)]


def test_a_sheet_on_a_drive_is_imported_once_from_any_folder(windows: Windows, box: Sandbox, tmp_path: Path) -> None:
    (folder := tmp_path / "drive" / "Vertrieb & Söhne (Köln)").mkdir(parents=True)
    windows.drive("d", folder.parent)
    write_sheet(folder / "Kontakte März.csv", LINES)
    sheet = rf"D:\{folder.name}\Kontakte März.csv"
    said = windows.run("run", sheet, "--yes", "--base-url", box.url)
    assert "12 created" in said
    assert arrived(box) == once(LINES)
    workbook = openpyxl.load_workbook(folder / "Kontakte März.results.xlsx")
    assert workbook.sheetnames[0]
    journals = [*windows.home.glob("AppData/Local/note-importer/**/*.sqlite")]
    assert len(journals) == 1
    (elsewhere := windows.home / "Eigene Dateien").mkdir()
    (elsewhere / "again.csv").write_bytes((folder / "Kontakte März.csv").read_bytes())
    assert "12 already imported" in windows.run("run", r"Eigene Dateien\again.csv", "--yes", "--base-url", box.url)
    assert arrived(box) == once(LINES)


@pytest.mark.parametrize(("locale", "page"), [("ja_JP.UTF-8", "cp932"), ("el_GR.UTF-8", "cp1253")])
def test_another_code_page_changes_nothing_but_what_a_pipe_shows(
    windows: Windows, box: Sandbox, tmp_path: Path, locale: str, page: str
) -> None:
    """Sheets, profiles, results and the journal are UTF-8 anywhere; a character that the code page lacks becomes ?."""
    lines = [Line("P1", "Zażółć gęślą jaźń 日本 ελληνικά"), Line("P2", "naïve ✓")]
    sheet = write_sheet(tmp_path / "n.csv", lines)
    (profiles := tmp_path / "profiles.toml").write_text(f'["naïve"]\n[night]\nbase-url = "{box.url}"', encoding="utf-8")
    said = windows.run(
        "run", as_windows(sheet), "--yes", "--profile", "night", "--results", as_windows(tmp_path / "results.csv"),
        encoding=page, variables={"LC_ALL": locale, "NOTE_IMPORTER_PROFILES": as_windows(profiles)},
    )  # fmt: skip
    assert "2 created" in said
    assert arrived(box) == once(lines)
    results = list(csv.reader((tmp_path / "results.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row[1] for row in results[1:]] == [line.note for line in lines]


def test_of_two_imports_one_is_told_who_is_at_work(windows: Windows, box: Sandbox, tmp_path: Path, wait: Wait) -> None:
    """The lock is Windows', and goes with its process, even if that is killed."""
    box.set_limit(Limit.parse("1/15s:headers:429"))
    sheet = as_windows(write_sheet(tmp_path / "n.csv", LINES))
    words = ("run", sheet, "--yes", "--base-url", box.url, "--batch-size", 1)
    first = windows.start(*words, by=LAUNCHER)
    wait(lambda: len(box.notes) > 0, first)
    said = windows.run(*words, "--give-up-after", 1, status=3)
    assert "Another import" in said, said
    windows.killed(first)
    box.set_limit(None)
    windows.run(*words)
    assert arrived(box) == once(LINES)


@contextmanager
def held_open(windows: Windows, path: str, how: str) -> Iterator[None]:
    holding = f"import sys; file = open(sys.argv[1], {how!r}); print('open', flush=True); sys.stdin.readline()"
    holder = windows.start(path, by=(PYTHON, "-c", holding))
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"open"
    yield
    holder.communicate(b"\n", timeout=PATIENCE)


def test_a_finished_file_moves_to_an_archive_on_another_drive(windows: Windows, box: Sandbox, tmp_path: Path) -> None:
    """Windows renames nothing across drives, and moves no file that is open: that one stays where it is."""
    for letter, name in (("d", "here"), ("e", "there")):
        (tmp_path / name).mkdir()
        windows.drive(letter, tmp_path / name)
    write_sheet(tmp_path / "here" / "n.csv", LINES)
    words = ("--yes", "--base-url", box.url, "--archive", "E:\\")
    windows.run("run", "D:\\n.csv", *words)
    assert {path.name for path in (tmp_path / "there").iterdir()} == {"n.csv", "n.results.xlsx"}
    assert [*(tmp_path / "here").iterdir()] == []
    write_sheet(tmp_path / "here" / "m.csv", LINES)
    with held_open(windows, "D:\\m.csv", "rb"):
        assert "by hand" in windows.run("run", "D:\\m.csv", *words, status=1)
    assert (tmp_path / "here" / "m.csv").is_file()
    assert arrived(box) == once(LINES)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_often_nothing_is_twice(windows: Windows, box: Sandbox, tmp_path: Path, wait: Wait, seed: int) -> None:
    """By TerminateProcess, at any moment; the same command goes on."""
    chance = random.Random(seed)
    lines = [Line(f"P{row}", f"Row {row}") for row in range(6 * KILLS)]
    sheet, results = write_sheet(tmp_path / "n.csv", lines), tmp_path / "results.csv"
    words = [
        "run", as_windows(sheet), "--yes", "--base-url", box.url, "--results", as_windows(results),
        "--batch-size", 1, "--settle", "0.2", "--read-timeout", 5,
    ]  # fmt: skip
    box.latency = 0.1
    for _ in range(KILLS):
        process = windows.start(*words, by=LAUNCHER)
        enough = len(box.notes) + chance.randint(1, 4)
        wait(lambda enough=enough: len(box.notes) >= enough, process)  # type: ignore[misc]
        said, _ = windows.killed(process)  # under wine, its exit status isn't always that of TerminateProcess
        assert "Results:" not in said, said
    box.latency = 0
    windows.run(*words)
    assert arrived(box) == once(lines)
    assert set(check(lines, results, box)) <= {"created", "already imported"}


def test_the_page_starts_checks_and_sends_a_file(windows: Windows, box: Sandbox, tmp_path: Path, wait: Wait) -> None:
    sheet = write_sheet(tmp_path / "Köln.csv", LINES)
    process = windows.start("page", "--no-browser", "--base-url", box.url)
    with page_of(process, wait) as person:
        assert "12" in person.drops(sheet)
        [link] = set(re.findall(r'href="([^"]+/results)"', person.sends()))
        assert "K%C3%B6ln.results.xlsx" in person.gets(link).headers["Content-Disposition"]
    assert arrived(box) == once(LINES)
