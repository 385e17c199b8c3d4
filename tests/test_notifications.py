"""Whoever is to be notified hears how a run ended, over real connections; and nothing of the sheet leaves the house."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from importer.cli import main
from importer.errors import BadSettings, ImporterError, UnclearColumns
from importer.importing.batch import Batch, FileEnded
from importer.importing.loading import load
from importer.journal.machine import held
from importer.messages import Cell, Quoted, SettingPart, say, words
from importer.settings import Settings
from importer.settings.secrets import ADDRESSES_VARIABLE, KEY_VARIABLE
from importer.telling import notifications
from tests.listening import Ear, http_ear
from tests.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("jumping")

GOOD = "Prospect ID,Note,Visibility\nP1,Hello,Public\n"
BAD = GOOD + "INVALIDsecret1,A secret2 note,Private\nP3,Other,secret3\nP4,,Public\n"


@pytest.fixture
def ear() -> Iterator[Ear]:
    with http_ear() as ear:
        yield ear


Run = Callable[..., int]


@pytest.fixture
def run(desk: None) -> Run:
    """Import a sheet with the command line, in a folder of the test's own."""

    def run(sheet: str, *arguments: str, addresses: str = "") -> int:
        Path("night.csv").write_text(sheet, encoding="utf-8")
        Path("notify.txt").write_text(f"# who is told\n\n{addresses}\n", encoding="utf-8")
        Path("notify.txt").chmod(0o600)
        told = ["--notify-file", "notify.txt"] if addresses else []
        return main(["run", "night.csv", "--yes", *told, *arguments])

    return run


def test_a_problem_is_told_with_counts_kinds_results_and_what_to_do(run: Run, ear: Ear, box: Sandbox) -> None:
    assert run(BAD, addresses=f"json://{ear.place}/hook") == 1
    [call] = ear.calls
    told = call.json
    assert told["title"] == "note-importer: 3 rows need your attention (night.csv)"
    assert told["type"] == "warning"
    for part in (
        "night.csv: imported (",
        "rejected: 1 × the API did not accept the prospect and gave no reason",
        "invalid: 1 × the note is empty. Write its text, or leave out the row; 1 × … is not a valid visibility.",
        f"Results: {Path('night.results.xlsx').absolute()}",
        '3 rows need your attention. See the "To fix" sheet in the results.',
        "exit status 1.",
    ):
        assert part in told["message"]
    assert "secret" not in call.body
    assert box.api_key not in call.body


def test_what_went_well_is_told_only_where_that_is_wanted(run: Run, ear: Ear) -> None:
    addresses = f"json://{ear.place}/hook\nalways+json://{ear.place}/all\nping+http://{ear.place}/alive?a=b\nping-fail+http://{ear.place}/fail"
    assert run(GOOD, addresses=addresses) == 0
    assert ear.paths() == [("POST", "/all"), ("GET", "/alive?a=b")]


def test_a_run_that_did_not_come_to_its_end_is_told_and_fails_the_switch(
    run: Run, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "another-key")
    addresses = f"json://{ear.place}/hook\nping+http://{ear.place}/alive\nping-fail+http://{ear.place}/fail"
    assert run(GOOD, "--log-file", "a.log", addresses=addresses) == 4
    assert ear.paths() == [("POST", "/hook"), ("GET", "/fail")]
    assert Path("a.log").read_text(encoding="utf-8").count("notification sent") == 2
    assert ear.place not in Path("a.log").read_text(encoding="utf-8")
    told = ear.told[0]
    assert told["title"] == "note-importer: stopped, needs your attention (night.csv)"
    assert "Stopped before the end. The API does not accept the key" in told["message"]
    assert "Invalid token" not in told["message"]
    assert "another-key" not in told["message"]


@pytest.mark.parametrize(
    ("sheet", "arguments", "why", "to_do"),
    [
        (
            GOOD + "P2,Hi,secretly\n" * 5, [], "A question about the sheet has to be answered",
            'To be asked at a terminal, once for all sheets of this kind: `note-importer run "night.csv"`',
        ),
        (
            BAD, ["--max-invalid", "20%"],
            "2 of the 4 rows in night.csv have problems, or name a prospect that the workspace does not have.",
            "To see problems of cells: `note-importer check FILE`",
        ),
    ],
)  # fmt: skip
def test_a_run_that_sends_nothing_is_told(
    sheet: str, arguments: list[str], why: str, to_do: str, run: Run, ear: Ear, box: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(ADDRESSES_VARIABLE, f"json://{ear.place}/hook ping-fail+http://{ear.place}/fail")
    assert run(sheet, *arguments) == 2
    assert ear.paths() == [("POST", "/hook"), ("GET", "/fail")]
    told = ear.told[0]["message"]
    assert f"night.csv: not imported. {why}" in told
    assert to_do in told
    assert "secret" not in told
    assert box.received == ()


def test_words_of_the_api_and_cells_never_leave_though_other_parts_would() -> None:
    secret, setting = Quoted("secret"), SettingPart("map", "content=secret", is_from_sheet=True)
    of_sheet = say("names", names=((setting,),))
    for part in (say("api.key-refused", words=secret), say("names", names=(Cell("secret"),)), words(secret), of_sheet):
        error = BadSettings(say("settings.invalid", setting=SettingPart("archive"), reason=part))
        told = notifications.notification(Batch("night", [FileEnded.failed(Path("n.csv"), error)]))
        assert "secret" not in told.body
        assert "…" in told.body


def test_the_worst_comes_first_and_what_is_good_is_a_number(
    run: Run, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("a", GOOD), ("b", GOOD.replace("P1", "P2")), ("c", BAD), ("d", ""), ("e", "")):
        Path(f"{name}.csv").write_text(text, encoding="utf-8")
    others = [f"{name}.csv" for name in "abcde"]
    assert run(GOOD.replace("P1", "P9"), *others, addresses=f"json://{ear.place}/hook") == 2
    message = ear.told[0]["message"]
    assert ear.told[0]["title"] == "note-importer: not imported (2 of 6 files)"
    assert re.findall(r"^(.)\.csv: ", message, re.MULTILINE) == ["d", "e", "c"]
    assert "3 files need nothing. 3 rows: created 3" in message
    assert "a.csv" not in message


def test_where_another_import_is_at_work_nothing_is_begun_and_a_switch_hears_of_that_one(
    run: Run, ear: Ear, box: Sandbox
) -> None:
    addresses = f"json://{ear.place}/hook\nping+http://{ear.place}/alive\nping-fail+http://{ear.place}/fail"
    assert run(GOOD) == 0
    with held(Path("journal.sqlite"), str(Settings(base_url=box.url).workspace)):
        assert run(GOOD + "P9,new,Public\n", "--give-up-after", "1", addresses=addresses) == 3
    assert ear.paths() == [("POST", "/hook")]
    assert "night.csv: not begun. Another import of this workspace is running: " in ear.told[0]["message"]


def test_a_fault_of_our_own_is_told(run: Run, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.telling.report_messages.report", lambda _: 1 / 0)
    assert run(GOOD, addresses=f"json://{ear.place}/hook") == 3
    said = "night.csv: stopped before its end. An internal error of note-importer."
    assert said in ear.told[0]["message"]
    assert "division" not in ear.calls[0].body


def test_files_before_an_end_at_once_are_told(run: Run, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that nobody is asked, about the file between, doesn't make it deaf to the system."""

    def loading(file: Path, *more: Any) -> Any:
        if file.name == "unclear.csv":
            raise UnclearColumns("?")
        if file.name == "last.csv":
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)  # as the timer does, 26 seconds later
        return load(file, *more)

    monkeypatch.setattr("importer.importing.run.load", loading)
    assert run(GOOD, "unclear.csv", "last.csv", addresses=f"json://{ear.place}/hook") == 3
    assert re.search("1 file needs nothing.*created 1", (message := ear.told[0]["message"]))
    assert "(SIGTERM)" in message


@pytest.mark.skipif(os.name != "posix", reason="Windows takes no such names")
def test_a_files_name_is_one_line_of_text_that_mentions_nobody(run: Run, ear: Ear) -> None:
    names = ("@everyone.csv", "<!channel> @here.csv", "a\nExit status 0.\u202e.csv", os.fsdecode(b"caf\xe9.csv"))
    for name in names:
        Path(name).write_text(BAD, encoding="utf-8")
    assert run(BAD, *names, addresses=f"json://{ear.place}/hook") == 1
    [told] = ear.told
    assert not set("@<>\u202e") & set(told["title"] + told["message"])
    assert told["message"].encode(), "no half of a character is left in it"
    assert not any(line.startswith("Exit status 0") for line in told["message"].splitlines())
    for shown in ("＠everyone.csv", "‹!channel› ＠here.csv", "a Exit status 0.\\u202e.csv", "caf?.csv"):
        assert f"{shown}: imported" in told["message"]


def test_one_that_fails_is_said_and_fails_nothing(
    run: Run, ear: Ear, box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses = (
        f"always+json://name:hidden1@{ear.place}/404/hidden2\nalways+json://127.0.0.1:1/hidden3\nping+http://127.0.0.1:1/hidden4\n"
        f"ping+http://{ear.place}/500/hidden5\nping+http://{ear.place}/alive"
    )
    assert run(GOOD, addresses=addresses) == 0
    assert len(box.notes) == 1
    assert ear.paths() == [("POST", "/404/hidden2"), ("GET", "/alive"), ("GET", "/500/hidden5")]
    shown = capsys.readouterr()
    said = " ".join(shown.err.split())
    for line, why in (
        (3, "JSON replied with 404"), (4, "JSON could not be reached, or did not accept it"),
        (5, "the notification address could not be reached"), (6, "it replied with 500"),
    ):  # fmt: skip
        assert f"A notification could not be sent (line {line} of notify.txt): {why}." in said
    assert "hidden" not in shown.out + shown.err


def test_no_reply_leads_anywhere_else_and_no_password_goes_along(
    run: Run, ear: Ear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password hidden\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    addresses = f"always+json://{ear.place}/302/hook\nping+http://{ear.place}/302/alive\nping+http://{ear.place}/alive"
    assert run(GOOD, addresses=addresses) == 0
    assert ear.paths() == [("POST", "/302/hook"), ("GET", "/alive"), ("GET", "/302/alive")]
    assert [call.headers for call in ear.calls if "Authorization" in call.headers] == []
    assert "it replied with 302" in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_a_reply_that_drips_in_is_given_up(
    run: Run, ear: Ear, box: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importer.telling.notifications._SECONDS", 5.0)
    addresses = (
        f"always+json://{ear.place}/drip/hidden\nping+http://{ear.place}/drip/hidden\nping+http://{ear.place}/alive"
    )
    assert run(GOOD, addresses=addresses) == 0
    assert len(box.notes) == 1
    shown = capsys.readouterr()
    for line in (3, 4):
        failed = f"could not be sent (line {line} of notify.txt): it did not reply within 5 seconds."
        assert failed in " ".join(shown.err.split())
    assert "hidden" not in shown.out + shown.err
    assert ("GET", "/alive") in ear.paths()


def test_an_address_that_is_none_stops_everything(
    run: Run, ear: Ear, box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip would otherwise be noticed on the night on which nobody hears of anything."""
    assert run(GOOD, addresses=f"json://{ear.place}/hook\nslakc://hidden/hidden") == 2
    shown = capsys.readouterr()
    assert "The address on line 4 of notify.txt is not a valid notification address." in " ".join(shown.err.split())
    assert "hidden" not in shown.out + shown.err
    assert ear.calls == []
    assert box.received == ()


def all_under(error: type[ImporterError]) -> list[type[ImporterError]]:
    return [error, *(below for found in error.__subclasses__() for below in all_under(found))]


def test_every_error_has_a_kind_of_its_own() -> None:
    kinds = [error.kind for error in {*all_under(ImporterError)}]
    assert len(set(kinds)) == len(kinds)
