"""The commands that come before the first night, as a person types them."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from importer.importing.workspaces import unconfirmed
from importer.journal import Journal
from importer.journal.lock import held
from importer.settings import Settings
from importer.settings.secrets import KEY_VARIABLE
from tests.listening import http_ear
from tests.sandbox import Fault, Limit, Sandbox
from tests.test_cli import KEY, Ended, Terminal

pytestmark = pytest.mark.usefixtures("jumping")


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, box, capsys)


# -- doctor


def looked(type_: Terminal, *arguments: str) -> tuple[int, dict[str, str]]:
    """The exit status, and what was found: about → mark and text."""
    ended = type_("doctor", *arguments)
    found = re.findall(r"^  (ok|look|WRONG) +([\w ]+): ((?:.|\n {10})*)", ended.out, re.MULTILINE)
    return ended.status, {about: f"{mark} {' '.join(text.split())}" for mark, about, text in found}


def test_doctor_says_what_is_in_force_and_where_it_comes_from(type_: Terminal, profiles: Path) -> None:
    """The profile, the variable, or the command line; of the key only the place."""
    profiles.write_text('# mine\n[night]\ndefault-visibility = "private"\nrate = "15/min"\n', encoding="utf-8")
    ended = type_("doctor", "--profile", "night", "--batch-size", "3")
    assert ended.status == 0
    shown, source = dict[str, tuple[str, str]](), ""
    for line in ended.out.splitlines():
        if line.startswith("Set by "):
            source = line.removeprefix("Set by ").rstrip(":")
        elif source and line.startswith("  "):
            name, *value = line.split()
            shown.setdefault(name, (" ".join(value), source))
    where = f"the profile 'night' in {profiles}"
    assert ended.out.count(str(profiles)) == 1
    assert shown["default-visibility"] == ("private", where)
    assert shown["rate"] == ("15/min", where)
    assert shown["settle"] == ("0", "the environment variable NOTE_IMPORTER_SETTLE")
    assert shown["batch-size"] == ("3", "this command line")
    assert "max-notes" not in shown
    assert KEY not in ended.all


@pytest.mark.parametrize("wrong", ['rate = "fast"', "min-rosw = 3", "map = 3", "batch-size 3", "yes = 7"])
def test_an_entry_that_cant_be_used_is_an_error_with_its_file(type_: Terminal, profiles: Path, wrong: str) -> None:
    """Whatever is wrong with it: its value, its name, its form; and `doctor` finds those too that no run would."""
    profiles.write_text(f"[night]\n# a comment\n{wrong}\n", encoding="utf-8")
    ended = type_("doctor", "--profile", "night")
    assert ended.status == 2
    assert str(profiles) in ended.all
    assert type_.box.received == ()


def test_doctor_finds_all_well_with_one_call_that_only_reads(type_: Terminal, tmp_path: Path) -> None:
    """The key is accepted, the limit is said, the journal is there to be made; nothing was made or changed."""
    with Sandbox(limit=Limit.parse("20/1s:headers:429")) as box:
        type_.variables |= {"NOTE_IMPORTER_BASE_URL": box.url, KEY_VARIABLE: box.api_key}
        status, found = looked(type_)
        assert [call.method for call in box.received] == ["GET"]
    assert status == 0
    assert found["Key"].startswith(
        f"ok The key of profile 'default' comes from the environment variable {KEY_VARIABLE}. A scheduler may be"
    )
    assert found["Key accepted"].startswith("ok yes, by Saleshandy at http://127.0.0.1")
    assert found["Limit"] == "ok 19 calls left in this window"
    assert found["Clock"] == "ok agrees with the server's"
    assert found["Journal"].startswith("ok none yet. The first run creates it: ")
    assert found["Disk space"].startswith("ok ")
    assert found["Notifications"] == "ok no notifications. See --notify-file"
    assert [*tmp_path.iterdir()] == []


def test_doctor_says_that_the_journal_is_whole_and_whose(type_: Terminal) -> None:
    """With the latest run; and where an import is at work, that."""
    type_("run", type_.file("n.csv", "Prospect ID,Note,Visibility\nP1,x,Public\n"), "--yes")
    settings = Settings(base_url=type_.box.url, journal=type_.folder / "journal.sqlite")
    status, found = looked(type_)
    assert status == 0
    assert found["Journal"].startswith("ok whole, and default's own: ")
    assert "; 1 run of this profile at this address" in found["Journal"]
    with held(type_.folder / "journal.sqlite", str(settings.workspace)):
        status, found = looked(type_)
    assert status == 0
    assert found["Journal"].startswith("ok an import is running: ")


@pytest.mark.parametrize(
    ("faults", "key", "status", "words"),
    [
        ([], "wrong", 4, "WRONG no. The API does not accept the key"),
        (["500:GET@1"], "sandbox-key", 3, "WRONG not known: the API failed"),
        (["html-404:GET@1"], "sandbox-key", 4, "WRONG not known: the server at"),
        (["redirect:GET@1"], "sandbox-key", 4, "WRONG not known: the server at"),
        (["429:GET@1"], "sandbox-key", 1, "look not known: the account's limit is used up"),
    ],
)
def test_doctor_ends_as_a_run_would_that_met_the_same(
    type_: Terminal, faults: list[str], key: str, status: int, words: str
) -> None:
    """A key that is refused, an outage, another server, a limit that is used up."""
    with Sandbox(faults=[Fault.parse(fault) for fault in faults]) as box:
        type_.variables |= {"NOTE_IMPORTER_BASE_URL": box.url, KEY_VARIABLE: key}
        ended, found = looked(type_)
    assert (ended, found["Key accepted"][: len(words)]) == (status, words)


def test_doctor_says_how_far_the_clock_is_off(type_: Terminal) -> None:
    """A window of the night would open and close wrongly."""
    with Sandbox(clock_offset=-400) as box:
        type_.variables |= {"NOTE_IMPORTER_BASE_URL": box.url, KEY_VARIABLE: box.api_key}
        status, found = looked(type_)
    assert status == 1
    assert found["Clock"].startswith("look this machine's clock and the server's differ by 7 minutes")


def test_doctor_finds_a_journal_that_cant_be_used(type_: Terminal) -> None:
    """Damaged, or in a place where none can be made."""
    (type_.folder / "journal.sqlite").write_bytes(b"nonsense" * 100)
    status, found = looked(type_)
    assert (status, found["Journal"].split()[0]) == (4, "WRONG")
    status, found = looked(type_, "--journal", str(type_.folder / "journal.sqlite" / "below"))
    assert (status, found["Journal"].split()[0]) == (2, "WRONG")


def test_doctor_looks_whether_the_archive_is_there(type_: Terminal, profiles: Path) -> None:
    """The profile names it; a night would end with 2."""
    profiles.write_text('[night]\narchive = "done"\n', encoding="utf-8")
    status, found = looked(type_, "--profile", "night")
    assert (status, found["Archive"].split()[0]) == (2, "WRONG")
    (type_.folder / "done").mkdir()
    status, found = looked(type_, "--profile", "night")
    assert (status, found["Archive"]) == (0, "ok finished files go to done")


def test_doctor_looks_at_the_rest_without_a_key(type_: Terminal) -> None:
    """And warns of a key file that others can read."""
    del type_.variables[KEY_VARIABLE]
    status, found = looked(type_)
    assert status == 2
    assert found["Key"].startswith("WRONG No API key was given.")
    assert "Journal" in found
    assert "Key accepted" not in found
    file = type_.file("key.txt", "sandbox-key")
    file.chmod(0o644)
    if os.name == "posix":
        status, found = looked(type_, "--api-key-file", str(file))
        assert status == 1
        assert found["Key"].startswith("look Other users of this machine can read the API key")


def test_doctor_finds_a_disk_that_is_nearly_full(type_: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run might stop for want of room."""
    usage = shutil.disk_usage(type_.folder)._replace(free=50 * 2**20)
    monkeypatch.setattr("importer.operations.doctor.shutil.disk_usage", lambda _: usage)
    status, found = looked(type_)
    assert status == 3
    assert found["Disk space"].startswith("WRONG only 50 MB free in ")


@pytest.mark.slow
def test_doctor_sends_a_test_notification_when_asked(type_: Terminal) -> None:
    """To everyone who is notified; where it can't be sent, that is said."""
    with http_ear() as ear:
        type_.variables["NOTE_IMPORTER_NOTIFY_ADDRESSES"] = f"json://{ear.place}"
        assert looked(type_)[1]["Notifications"] == "ok 1 address. To try it: --test-notification"
        assert ear.calls == []
        status, found = looked(type_, "--test-notification")
        assert (status, found["Notifications"]) == (0, "ok the test was sent. Check that it arrived")
        assert "this is a test" in ear.calls[0].body
        type_.variables["NOTE_IMPORTER_NOTIFY_ADDRESSES"] += f" ping+http://{ear.place}/alive"
        status, found = looked(type_, "--test-notification")
        not_tried = "1 address was not tried, because the service would take a test for a run"
        assert (status, found["Notifications"]) == (0, f"ok the test was sent. Check that it arrived {not_tried}")
        assert len(ear.calls) == 2
    status, found = looked(type_, "--test-notification")
    assert (status, found["Notifications"].split()[0]) == (1, "look")


# -- init

NOWHERE = "http://127.0.0.1:1"


def answered(type_: Terminal, monkeypatch: pytest.MonkeyPatch, *answers: str) -> Ended:
    type_.variables["HTTPS_PROXY"] = NOWHERE  # the key is tried at once, and no call leaves the machine
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
    return type_("init")


def test_init_writes_a_profile_that_can_be_used_at_once(
    type_: Terminal, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commented, beside what stood there; key and addresses in files that only their owner can read, and not shown."""
    profiles.write_text("# mine\n[other]\nmin-rows = 3\n", encoding="utf-8")
    away = "https://notes.invalid/v1"
    hush = "json://127.0.0.1:1/hush"
    type_.variables["NOTE_IMPORTER_BASE_URL"] = away
    answers = ("night", "01:00-05:00", "my done", KEY, "", hush)
    ended = answered(type_, monkeypatch, *answers)
    assert ended.status == 0
    assert "hush" not in ended.all
    assert f"Workspace: night at {away}" in ended.all
    text = profiles.read_text(encoding="utf-8")
    assert 'max-invalid = "20%"' in text
    assert text.startswith("# mine\n[other]\nmin-rows = 3\n")
    assert "as in `" not in text
    assert KEY not in text
    for variable in ("NOTE_IMPORTER_BASE_URL", KEY_VARIABLE):
        del type_.variables[variable]
    lines = type_("doctor", "--profile", "night").out
    assert (type_.folder / "my done").is_dir()
    for shown in ("20%", away, "{name}.{date}.results.xlsx", str(type_.folder / "my done")):
        assert f"  {shown}\n" in lines
    assert f"comes from the file {profiles.with_name('night.key')}, named by" in " ".join(lines.split())
    for secret in (profiles.with_name("night.key"), profiles.with_name("night.notify")):
        assert os.name != "posix" or stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "note-importer schedule --profile night exports" in ended.out
    assert "01:00-05:00" in type_("schedule", "--profile", "night", ".", "--system", "cron").out
    settings = Settings(profile="night", base_url=away, journal=type_.folder / "journal.sqlite")
    with Journal.open(settings.journal) as journal:
        assert unconfirmed(journal, settings) is None
        assert unconfirmed(journal, replace(settings, profile="other"))


def test_init_confirms_the_workspace_in_the_journal_that_machines_share(
    type_: Terminal, url: str, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For all of them; where that can't be reached, nothing else is asked, and nothing is written."""
    away = "https://notes.invalid/v1"
    type_.variables |= {"NOTE_IMPORTER_JOURNAL": url, "NOTE_IMPORTER_BASE_URL": away}
    ended = answered(type_, monkeypatch, "night", "", "", KEY, "", "")
    assert ended.status == 0
    assert f"The workspace is confirmed in the journal {url}, for all machines" in " ".join(ended.out.split())
    with Journal.open(url) as journal:
        assert unconfirmed(journal, Settings(profile="night", base_url=away, journal=url)) is None
        assert unconfirmed(journal, Settings(profile="day", base_url=away, journal=url))
    type_.variables["NOTE_IMPORTER_JOURNAL"] = "postgresql://postgres@127.0.0.1:1/notes"
    ended = answered(type_, monkeypatch, "day")
    assert ended.status == 3
    assert "The journal" in " ".join(ended.err.split())
    assert "[day]" not in profiles.read_text(encoding="utf-8")


def test_init_tries_the_key_at_once_and_asks_for_another_or_keeps_it(
    type_: Terminal, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a call that only reads. The archive is beside the exports unless one says otherwise."""
    for name, given, kept in (("night", ("wrong", "worse", KEY), KEY), ("day", ("wrong", ""), "wrong")):
        before = len(type_.box.received)
        ended = answered(type_, monkeypatch, name, "", "", *given, "")
        assert ended.status == 0
        assert profiles.with_name(f"{name}.key").read_text(encoding="utf-8") == f"{kept}\n"
        calls = [call.method for call in type_.box.received[before:]]
        assert calls == ["GET"] * len([key for key in given if key])
        assert "Key accepted: no. The API does not accept the key" in " ".join(ended.all.split())
        assert ("Key accepted: yes" in ended.all) is (kept == KEY)
        assert (type_.folder / "done").is_dir()


def test_init_asks_again_until_an_answer_can_be_used(
    type_: Terminal, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is allowed; a profile that is there already is never replaced."""
    profiles.write_text("[night]\n", encoding="utf-8")
    answers = (
        "night",
        "https://x",
        "day",
        "noon",
        "-",
        "-",
        "two words",
        "",
        "slakc://x",
        "",
    )
    ended = answered(type_, monkeypatch, *answers)
    assert ended.status == 0
    for words in (
        "The profile 'night' already exists", "'https://x' can't be the name of a profile", "'noon' is not valid here",
        "This is not an API key", "not a valid notification address", "The API key is still missing",
    ):  # fmt: skip
        assert words in ended.all
    assert "between =" not in profiles.read_text(encoding="utf-8")
    assert "archive =" not in profiles.read_text(encoding="utf-8")


def test_init_that_cant_make_the_folder_for_finished_files_writes_nothing(
    type_: Terminal, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example because a file has its name."""
    type_.file("n.csv", "")
    ended = answered(type_, monkeypatch, "day", "", "n.csv/x", "", "")
    assert ended.status == 2
    assert "n.csv/x can't be created" in ended.all.replace("\\", "/")
    assert profiles.read_text(encoding="utf-8") == ""


def test_what_init_could_not_finish_can_be_finished_as_it_says(
    type_: Terminal, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that comes later has its place in a comment; an address is understood, its package is named."""
    ended = answered(type_, monkeypatch, "night", "", "", "", "slakc://hush", "json://127.0.0.1:1/hush")
    assert ended.status == 0
    assert "not a valid notification address" in ended.all
    assert "pip install apprise" not in ended.all
    file = profiles.with_name("night.key")
    assert str(file) in ended.all.replace("\n", "")
    file.write_text(KEY, encoding="utf-8")
    file.chmod(0o600)
    text = profiles.read_text(encoding="utf-8")
    assert "# api-key-file = " in text
    profiles.write_text(text.replace("# api-key-file = ", "api-key-file = "), encoding="utf-8")
    for variable in ("NOTE_IMPORTER_BASE_URL", KEY_VARIABLE):
        del type_.variables[variable]
    assert f"comes from the file {file}" in " ".join(type_("doctor", "--profile", "night").out.split())
    monkeypatch.setitem(sys.modules, "apprise", None)
    ended = answered(type_, monkeypatch, "day", "", "", "", "json://127.0.0.1:1/hush", "")
    assert (ended.status, "pip install apprise" in " ".join(ended.all.split())) == (0, True)


def test_init_that_is_broken_off_writes_nothing(
    type_: Terminal, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status is 2."""
    ended = answered(type_, monkeypatch, "night", "", "done")
    assert ended.status == 2
    assert ended.err.endswith("Nothing was sent.\n")
    assert profiles.read_text(encoding="utf-8") == ""
    assert [*profiles.parent.iterdir()] == [profiles]


# -- doctor --live

LIVE = "Te5tPr0sp"


def test_a_live_test_needs_somebody_who_agrees(type_: Terminal, box: Sandbox) -> None:
    """It says what it would leave behind; without a yes it calls nobody."""
    ended = type_("doctor", "--live", LIVE)
    assert ended.status == 2
    words = " ".join(ended.out.split())
    assert f"The note is created on the prospect {LIVE}, as default at {box.url}." in words
    assert "stays there as a draft, because the API can't delete notes." in words
    assert "nobody is at the terminal to agree to it. If you agree, add --yes." in words
    assert box.received == ()


@pytest.mark.usefixtures("jumping")
def test_a_live_test_says_what_it_saw(type_: Terminal, box: Sandbox) -> None:
    """As the other checks are told, and as a document; the key is in none of it."""
    ended = type_("doctor", "--live", LIVE, "--yes", "--json")
    assert ended.status == 0
    report = json.loads(ended.out)
    found = {finding["about"]: finding["text"] for finding in report["findings"]}
    assert {finding["exit_status"] for finding in report["findings"]} == {0}
    assert (found["Author"], found["Visibility"]) == ("avery.stone@example.com", "private")
    assert all(found[about].startswith("refused: ") for about in ("Unknown prospect", "Wrong key"))
    [note] = box.notes
    assert (note.prospect_id, note.visibility, note.status) == (LIVE, "2", "0")
    assert found["Left behind"] == f"the note {note.id}, a private draft."
    assert "versions" in report
    assert box.api_key not in ended.all
    again = type_("doctor", "--live", LIVE, "--yes")
    assert again.status == 2
    assert "The prospect has a draft, which the test's draft could replace." in " ".join(again.err.split())
    assert len(box.notes) == 1
