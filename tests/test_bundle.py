"""A bundle for somebody who helps has facts of everything, and nothing of anybody; whatever is broken, it is made."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import platform
import socket
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest

from importer.commands import bundle
from importer.commands.bundle_facts import Word, plain
from importer.errors import BadSettings
from importer.journal import Journal
from importer.journal.lock import held
from importer.messages import Message, say, words
from importer.models import Workspace
from importer.sandbox import Fault, Sandbox
from importer.settings import KEY_VARIABLE, Settings, keystore
from tests.test_cli import Ended, Terminal

pytestmark = pytest.mark.usefixtures("jumping")

DOCUMENTS = ("system", "settings", "checks", "journal", "log", "sheet")
HEAD = "Prospect ID,Note,Visibility\n"


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, box, capsys)


def texts_in(file: Path) -> dict[str, str]:
    """Each file's text by its name."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def facts_in(file: Path) -> dict[str, Any]:
    """Each document by its name."""
    return {
        name.removesuffix(".json"): json.loads(text) for name, text in texts_in(file).items() if name.endswith(".json")
    }


def bundled(type_: Terminal, *arguments: str | Path) -> tuple[Ended, dict[str, Any]]:
    """What `doctor` printed, and the documents of a new bundle."""
    target = type_.folder / f"b{len([*type_.folder.glob('b*.zip')])}.zip"
    ended = type_("doctor", *arguments, "--bundle", target)
    return ended, facts_in(target)


# -- what leaks nothing


class Marks:
    """Texts that stand nowhere else, one for each place in which they are planted."""

    def __init__(self) -> None:
        self.by_place: dict[str, str] = {}

    def __call__(self, place: str, text: str = "") -> str:
        """The mark of a place: letters and digits, or a text that is given."""
        return self.by_place.setdefault(place, text or f"Zq{len(self.by_place):02}{place}Xw")

    def found_in(self, file: Path, but: tuple[str, ...] = ()) -> list[tuple[str, str]]:
        """Place of a mark, and the file of the bundle in which it is: as it is, in other letters, or encoded."""
        found = []
        raw = file.read_bytes().decode("latin-1")
        for name, text in {"the zip file": raw, **texts_in(file)}.items():
            for place, mark in self.by_place.items():
                if place not in but and any(way in text or way.lower() in text.lower() for way in ways_of(mark)):
                    found.append((place, name))
        return found


def ways_of(mark: str) -> Iterator[str]:
    """The mark, escaped for URLs and for JSON, in hexadecimal digits, and in base64 at each offset."""
    yield from (mark, quote(mark, safe=""), json.dumps(mark)[1:-1], mark.encode().hex())
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + mark.encode()).decode()
        yield whole[4 if offset else 0 : -4]


def test_a_mark_is_found_however_it_is_written(tmp_path: Path) -> None:
    """The search itself."""
    marks = Marks()
    mark = marks("cell", "Zq-München+1@example.com")
    for number, text in enumerate(
        (mark, mark.upper(), quote(mark), json.dumps(mark), mark.encode().hex(), *_in_base64(mark)),
    ):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.json", f"a {text} b")
        assert ("cell", "a.json") in marks.found_in(tmp_path / f"{number}.zip"), text


def _in_base64(mark: str) -> list[str]:
    return [base64.b64encode(f"{before}{mark} and more".encode()).decode() for before in ("", "a", "ab")]


@pytest.fixture
def marks() -> Marks:
    return Marks()


class Customer:
    """A person's machine, with a mark in every place that might get into a bundle."""

    def __init__(self, type_: Terminal, marks: Marks, profiles: Path, patch: pytest.MonkeyPatch) -> None:
        self.type_, self.marks = type_, marks
        self.folder = type_.folder / marks("folder")
        self.folder.mkdir()
        type_.folder = self.folder
        self.profile = marks("profile")
        self.box = type_.box
        self._machine(patch)
        self._profile(profiles)
        self.sheet = self._sheet()

    def _machine(self, patch: pytest.MonkeyPatch) -> None:
        """Home, user and host; variables; secrets in the environment and in files."""
        marks, home = self.marks, self.folder / self.marks("home")
        home.mkdir()
        patch.setattr(platform, "node", lambda: marks("host"))
        patch.setattr(socket, "gethostname", lambda: marks("host"))
        secret = marks("password")
        self.type_.variables |= {
            **dict.fromkeys(("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(home)),
            **dict.fromkeys(("USER", "LOGNAME", "USERNAME"), marks("user")),
            **{name: f"http://{marks('proxyuser')}:{secret}@127.0.0.1:9" for name in ("HTTPS_PROXY", "HTTP_PROXY")},
            "PGPASSWORD": secret,
            "SOMETHING_ELSE": marks("variable"),
            "NOTE_IMPORTER_DEBUG": "1",
            "NOTE_IMPORTER_NOTIFY_ADDRESSES": f"json://{marks('address')}@127.0.0.1:9/{secret}",
            "NOTE_IMPORTER_JOURNAL": str(self.folder / f"{marks('journal')}.sqlite"),
            KEY_VARIABLE: self.box.api_key,
        }

    def _profile(self, profiles: Path) -> None:
        """Each setting that holds a text; and a kind of export."""
        marks, folder = self.marks, self.folder.as_posix()
        for name in ("archive", "attachments"):
            (self.folder / marks(name)).mkdir()
        key_file, people = self.folder / marks("keyfile"), self.folder / marks("notifyfile")
        key_file.write_text(self.box.api_key, encoding="utf-8")
        people.write_text(f"json://127.0.0.1:9/{marks('recipient')}\n", encoding="utf-8")
        for file in (key_file, people):
            file.chmod(0o600)
        profiles.write_text(
            f"""
            [{self.profile}]
            key-column = "{marks("keyheading")}"
            ignore = ["{marks("ignored")}"]
            sheet = "{marks("sheet")}"
            log-file = "{folder}/{marks("log")}"
            archive = "{folder}/{marks("archive")}"
            attachments = "{folder}/{marks("attachments")}"
            attachments-are = "ids"
            results-name = "{{name}}{marks("results")}.csv"
            unknown-emails = "{folder}/{marks("unknown")}.csv"
            api-key-file = "{key_file.as_posix()}"
            notify-file = "{people.as_posix()}"
            [{self.profile}.map]
            content = "[{{{marks("about")}}}: ]{{{marks("text")}}}"
            visibility = "{marks("seen")}"
            [{self.profile}.values.visibility."{marks("seen")}"]
            {marks("word")} = "Private"
            [[{self.profile}.exports]]
            name = "{marks("export")}"
            headings = ["{marks("exportheading")}", "Note"]
            answered = 2026-03-01
            [{self.profile}.exports.map]
            content = "{marks("exportheading")}"
            """.replace("            ", ""),
            encoding="utf-8",
        )

    def _sheet(self) -> Path:
        """A workbook with marks in headings, in cells that are right, and in cells that are wrong."""
        marks = self.marks
        book = openpyxl.Workbook()
        sheet = book.create_sheet(marks("sheet"), 0)
        book.remove(book["Sheet"])
        book.create_sheet(marks("othersheet")).append([marks("othercell")])
        headings = ("Prospect ID", "Email", "about", "text", "seen", "keyheading", "ignored", "unused")
        sheet.append([heading if heading[0].isupper() else marks(heading) for heading in headings])
        email, private = f"{marks('email')}@example.com", marks("word")
        long = f"{marks('refused')} {'long ' * 40}"
        for prospect, address, text, word in (
            (marks("prospect", "Pr7sp3ctQx"), email, marks("note"), private),
            (marks("second", "Sec7ndPrQx"), email, long, private),
            (f"INVALID{marks('nobody')}"[:10], email, marks("tonobody"), private),
            (f"!{marks('badid')} {marks('inid')}", marks("bademail"), marks("invalid"), marks("badword")),
            ("", "", marks("nameless"), "Public"),
        ):
            row = [
                prospect,
                address,
                marks("cell"),
                text,
                word,
                marks("key"),
                marks("ignoredcell"),
                marks("digits", "4815162342108"),
            ]
            sheet.append(row)
        path = self.folder / f"{marks('file')}.xlsx"
        book.save(path)
        return path

    def import_(self, *arguments: str) -> Ended:
        """Import the sheet, which is put back from the archive."""
        content = self.sheet.read_bytes()
        ended = self.type_("run", *self.named, "--yes", "--notify", "never", "--workers", "1", *arguments)
        self.sheet.write_bytes(content)
        return ended

    @property
    def named(self) -> tuple[str, ...]:
        """The sheet, the profile, and the meaning of a word."""
        return str(self.sheet), "--profile", self.profile, "--value", f"visibility:{self.marks('badword')}="

    @property
    def kept(self) -> str:
        """All that the program has written into files: the journal, the log, what lies beside them."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix not in (".xlsx", ".zip")]
        return "\n".join(path.read_bytes().decode("latin-1") for path in files)


@pytest.fixture
def customer(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    marks: Marks,
    profiles: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Customer]:
    with Sandbox(
        api_key=marks("secretkey"), max_content=120, faults=[Fault.parse(f"errors={marks('apiword')}:any")]
    ) as box:
        yield Customer(Terminal(tmp_path, box, capsys), marks, profiles, monkeypatch)


def test_nothing_of_the_customers_is_in_it(customer: Customer, marks: Marks) -> None:
    """Of notes, people, files, machine, key, addresses, words; in no letters and no encoding; but the facts are."""
    ended = customer.import_()
    assert ended.status == 1, ended.all
    for note in customer.box.notes:
        marks(f"note{note.id}", note.id)
    assert len(customer.box.notes) >= 1
    customer.type_.variables[KEY_VARIABLE] = marks("otherkey")
    wrong = customer.folder / marks("wrongkey")
    wrong.write_text(marks("otherkey"), encoding="utf-8")
    assert customer.import_("--api-key-file", str(wrong), "--again").status == 4
    _plant_in_journal(customer, marks)
    log = customer.folder / marks("log")
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{marks('line')}\n2026-03-01T02:00:05+01:00 INFO    {marks('event')}  rows=1\n")
        file.write(
            "2026-03-01T02:00:05+01:00 INFO    run begun  rows=240 notes={0} run={0} error={0} cause={0} why={0} {0}=1"
            ' version={0} file="a rows={0}" command={0}\n'.format(marks("detail"))
        )
    for place in ("apiword", "file", "line", "ended", "reason", "kind"):
        assert marks(place) in customer.kept, place

    target = customer.folder / f"{marks('bundle')}.zip"
    ended = customer.type_("doctor", *customer.named, "--bundle", target)
    assert "Nothing was sent. Look into it before you share it." in ended.all
    assert marks.found_in(target) == []
    _look_at_facts(facts_in(target))

    shown = customer.folder / "headings.zip"
    customer.type_("doctor", *customer.named, "--bundle", shown, "--with-headings")
    headings = ("about", "text", "seen", "keyheading", "ignored", "unused")
    assert marks.found_in(shown, but=headings) == []
    assert {(place, "sheet.json") for place in headings} == {*marks.found_in(shown)}


def _plant_in_journal(customer: Customer, marks: Marks) -> None:
    """What an earlier version, or a hand, may have left there."""
    of_others = json.dumps([marks("kind"), {"text": marks("part"), marks("partname"): 1}])
    reminder = [say("live.otherwise", text=words(marks("reminder"))).as_json(), [marks("remindkind"), {}]]
    with contextlib.closing(sqlite3.connect(customer.type_.variables["NOTE_IMPORTER_JOURNAL"])) as journal, journal:
        for statement, *values in (
            ("UPDATE runs SET ended = ? WHERE id = 2", marks("ended")),
            ("UPDATE deliveries SET reason = ? WHERE state = 'created'", marks("reason")),
            ("UPDATE deliveries SET reason = ?, sample = ? WHERE state = 'rejected'", of_others, marks("sample")),
            ("INSERT OR REPLACE INTO learned (workspace, reminder) VALUES (1, ?)", json.dumps(reminder)),
            (
                "INSERT INTO runs (name, workspace, file, fingerprint, occurrence, started_at, counts)"
                " VALUES (?, 1, ?, ?, ?, 1.8e9, ?)",
                marks("runname"),
                f"a.{marks('ending')}",
                marks("fingerprint"),
                marks("occurrence"),
                json.dumps({marks("result"): 1, "codec": marks("codec")}),
            ),
        ):
            journal.execute(statement, values)


def _look_at_facts(facts: Mapping[str, Any]) -> None:
    """What whoever helps needs is there."""
    assert {*facts} == {*DOCUMENTS}
    assert facts["system"]["python"].endswith(platform.python_version())
    assert facts["system"]["packages"]["requests"]
    settings = facts["settings"]["settings"]
    assert settings["attachments-are"] == {"value": "ids", "from": "profile"}
    assert settings["settle"] == {"value": 0.0, "from": "environment"}
    assert settings["map"] == {"value": {"entries": 2}, "from": "profile"}
    assert settings["workers"] == {"value": 8, "from": "default"}
    assert (facts["settings"]["address"], facts["settings"]["exports"]) == ("this machine", 1)
    kinds = {check["about"]: check["text"]["kinds"] for check in facts["checks"]["checks"]}
    assert kinds["Journal"] == ["doctor.journal", "doctor.runs"]

    journal = facts["journal"]
    assert (journal["integrity"], journal["rows"]["runs"]) == ("whole", 3)
    groups = [(group["state"], group["number"]) for group in journal["deliveries"]["groups"]]
    assert sorted(groups) == [("created", 1), ("rejected", 1), ("unconfirmed", 1)]
    planted, later, earlier = journal["runs"]["latest"]
    assert (planted["run"], planted["type"], planted["rows"]) == (None, "other", {})
    assert (earlier["ended"], later["ended"]) == ("finished", "other")
    assert earlier["rows"] == {"created": 1, "rejected": 2, "invalid": 1, "skipped": 1}
    assert (earlier["is_again"], later["is_again"], earlier["type"]) == (False, True, ".xlsx")
    assert earlier["file"] == later["file"] != planted["file"]

    events = {(event["event"], event.get("run", earlier["run"])): event for event in facts["log"]["events"]}
    assert events["run finished", earlier["run"]]["rejected"] == 2
    assert events["run stopped", later["run"]]["error"].split("+")[0] == "stopped.wrong-address"
    assert events["request failed", earlier["run"]]["cause"] == "foreign"
    forged = facts["log"]["events"][-1]
    assert {name: forged[name] for name in forged if name not in ("at", "level", "event")} == {"rows": 240, "error": ""}
    assert facts["log"]["other_lines"] >= 3

    sheet = facts["sheet"]
    assert sheet["format"] == {"kinds": ["format.xlsx"]}
    roles = {column["role"]: column["column"] for column in sheet["columns"] if column["role"]}
    assert roles == {"prospect": "A", "email": "B", "content": "D", "visibility": "E", "key": "F"}
    assert sheet["columns"][7]["types"] == {"number": 1}
    assert sheet["problems"] == [{"column": "B", "kinds": ["email.blank"], "cells": 1}]
    assert sheet["meanings"]["visibility"] == {"private": 1, "left out": 1, "public": 1}
    assert (sheet["is_composed"], sheet["rows"], sheet["sheets"], sheet["sheet"]) == (True, 5, 2, 1)


def test_a_text_is_written_only_if_it_is_marked_as_a_word() -> None:
    """So what somebody adds to the facts can't leak by mistake; of a message there are its known kinds and counts."""
    message = Message("doctor.runs", (("row", 9), ("time", words("a name")), ("of", Message("a.name", (("n", 7),)))))
    facts = {"a": "a name", "b": [Path("a name"), Word("word")], "c": message, "d": None, "e": 1.5, "f": object()}
    assert plain(facts) == {
        "a": "…",
        "b": ["…", "word"],
        "c": {"kinds": ["doctor.runs", "words"], "numbers": {"n": 7}},
        "d": None,
        "e": 1.5,
        "f": "…",
    }


@pytest.mark.usefixtures("store")
def test_an_address_with_a_secret_in_it_leaks_nothing(type_: Terminal, marks: Marks) -> None:
    """A path that only the customer knows, a host behind a proxy, a database; a key from the key store."""
    del type_.variables[KEY_VARIABLE]
    url = f"{type_.box.url}/{marks('path')}"
    keystore.keep(Workspace("default", url), marks("storedkey"))
    ended, _ = bundled(type_, "--base-url", url)
    assert "system's key store" in ended.all
    secret = f"{marks('proxyuser')}:{marks('password')}"
    type_.variables |= {"HTTPS_PROXY": f"http://{secret}@127.0.0.1:9", KEY_VARIABLE: marks("key")}
    bundled(type_, "--base-url", f"https://{marks('host', 'zqhost77.invalid')}/{marks('path')}")
    unreached = f"postgresql://{marks('dbuser')}@127.0.0.1:9/{marks('database')}"
    ended, facts = bundled(type_, "--journal", unreached)
    assert ended.status >= 2
    assert facts["settings"]["journal"] == "PostgreSQL"
    assert facts["journal"]["unreadable"] in ("UnusableJournal", "JournalFailed")
    bundles = sorted(type_.folder.glob("b*.zip"))
    assert len(bundles) == 3
    assert [found for made in bundles for found in marks.found_in(made)] == []
    assert {facts_in(made)["settings"]["address"] for made in bundles} == {"this machine", "another"}


# -- what is broken


def test_without_a_journal_and_a_log_it_is_made(type_: Terminal) -> None:
    """Before the first run. No journal is created for it, and one call is made, which only reads."""
    ended, facts = bundled(type_)
    assert ended.status == 0, ended.out
    assert facts["journal"] == {"integrity": "no journal yet"}
    assert facts["log"] == {"events": [], "other_lines": 0}
    assert {*facts} == {*DOCUMENTS} - {"sheet"}
    assert [call.method for call in type_.box.received] == ["GET"]
    assert [path.name for path in type_.folder.iterdir()] == ["b0.zip"]


def test_a_run_that_broke_off_is_told_also_while_another_one_works(type_: Terminal) -> None:
    """The lock is no obstacle, and the checks say that it is held."""
    type_("run", type_.file("n.csv", f"{HEAD}P1,x,Public\n"), "--yes")
    settings, place = Settings(base_url=type_.box.url), type_.folder / "journal.sqlite"
    with Journal.open(place) as journal:
        journal.runs.begin(settings.workspace, "n.csv", "f" * 64, 1.8e9, again=False)
    with held(place, str(settings.workspace)):
        ended, facts = bundled(type_)
    assert ended.status == 0, ended.out
    assert [run["ended"] for run in facts["journal"]["runs"]["latest"]] == ["still running, or broken off", "finished"]
    assert any("doctor.import-at-work" in check["text"]["kinds"] for check in facts["checks"]["checks"])


def test_of_a_damaged_journal_it_says_that_it_is_damaged(type_: Terminal) -> None:
    """The rest is there; the screen and the list name the file with the gap; the status is that of the check."""
    (type_.folder / "journal.sqlite").write_bytes(b"nonsense" * 100)
    ended, facts = bundled(type_)
    assert ended.status == 4
    assert facts["journal"]["unreadable"] == "WrongJournal"
    assert facts["journal"]["message"]["kinds"] == ["sqlite.is-damaged"]
    assert facts["settings"]["settings"]["workers"]["value"] == 8
    assert "latest runs. Some of it could not be read; the file says why." in ended.all
    assert (
        "latest runs. Some of it could not be read; the file says why."
        in texts_in(type_.folder / "b0.zip")["README.txt"]
    )


def test_a_table_that_cant_be_read_leaves_the_others(type_: Terminal) -> None:
    """Damage that opening the journal doesn't show."""
    type_("run", type_.file("n.csv", f"{HEAD}P1,x,Public\n"), "--yes")
    with contextlib.closing(sqlite3.connect(type_.folder / "journal.sqlite")) as journal, journal:
        journal.execute("INSERT OR REPLACE INTO learned (workspace, reminder) VALUES (1, 'no JSON')")
        journal.execute("ALTER TABLE deliveries RENAME COLUMN reason TO reasons")
    _, facts = bundled(type_)
    assert facts["journal"]["deliveries"]["unreadable"] == "JournalFailed"
    assert facts["journal"]["learned"]["unreadable"] == "JSONDecodeError"
    assert len(facts["journal"]["runs"]["latest"]) == 1


def test_a_journal_in_postgresql_is_counted_too(type_: Terminal, url: str) -> None:
    type_.variables["NOTE_IMPORTER_JOURNAL"] = url
    type_("run", type_.file("n.csv", f"{HEAD}P1,x,Public\nINVALID1,y,Public\n"), "--yes")
    ended, facts = bundled(type_)
    assert ended.status == 0, ended.out
    assert facts["settings"]["journal"] == "PostgreSQL"
    groups = {group["state"]: group["number"] for group in facts["journal"]["deliveries"]["groups"]}
    assert groups == {"created": 1, "rejected": 1}
    assert facts["journal"]["runs"]["latest"][0]["rows"] == {"created": 1, "rejected": 1}
    assert url not in json.dumps(facts)


def test_a_sheet_that_cant_be_read_is_told_and_the_bundle_is_made(type_: Terminal) -> None:
    """The screen says why, in full; the bundle only which kind of error it is."""
    ended, facts = bundled(type_, "nowhere.xlsx")
    assert ended.status == 2
    assert "The sheet could not be read: There is no file or folder nowhere.xlsx." in ended.all
    assert facts["sheet"]["message"]["kinds"] == ["files.none"]
    unclear, facts = bundled(type_, type_.file("n.csv", "Who,What\nP1,x\n"))
    assert unclear.status == 0
    assert facts["sheet"]["questions"]
    assert "nowhere" not in json.dumps(facts)


# -- where it goes


def test_what_is_there_already_is_never_replaced(type_: Terminal) -> None:
    """It is refused before any call; and so is another ending, and a folder that isn't there."""
    there = type_.file("b.zip", "mine")
    ended = type_("doctor", "--bundle", "b.zip")
    assert (ended.status, there.read_text(encoding="utf-8")) == (2, "mine")
    assert "b.zip already exists and was not changed. Choose another name." in ended.err
    assert type_("doctor", "--bundle", "b.txt").status == 2
    assert type_("doctor", "--bundle", "nowhere/b.zip").status == 2
    assert type_.box.received == ()
    assert [path.name for path in type_.folder.iterdir()] == ["b.zip"]


def test_a_file_that_appears_meanwhile_stays(type_: Terminal) -> None:
    """Whatever the checks before said; and no temporary file is left."""
    there = type_.file("b.zip", "mine")
    with pytest.raises(BadSettings, match="already exists"):
        bundle.write(there, bundle.Source(Settings(base_url=type_.box.url, journal=type_.folder / "j.sqlite"), {}, ()))
    assert [path.read_text(encoding="utf-8") for path in type_.folder.iterdir()] == ["mine"]


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems show this by a file's mode")
def test_only_its_owner_can_read_it(type_: Terminal) -> None:
    bundled(type_)
    assert (type_.folder / "b0.zip").stat().st_mode & 0o777 == 0o600


def test_it_lists_what_is_in_it_on_the_screen_and_in_the_bundle(type_: Terminal) -> None:
    """Each file with what it holds; with headings only if they are asked for, and that is said."""
    sheet = type_.file("n.csv", f"{HEAD}P1,x,Public\n")
    for number, arguments in enumerate(((), ("--with-headings",))):
        ended, facts = bundled(type_, sheet, *arguments)
        texts = texts_in(type_.folder / f"b{number}.zip")
        assert {*texts} == {*(f"{name}.json" for name in DOCUMENTS), "README.txt"}
        for name in texts:
            assert f"{name}: " in ended.all
            assert name == "README.txt" or f"{name}: " in texts["README.txt"]
        for said in (ended.all, texts["README.txt"]):
            assert ("It holds the sheet's headings." in said) is bool(arguments)
        assert [column.get("heading") for column in facts["sheet"]["columns"]] == (
            ["Prospect ID", "Note", "Visibility"] if arguments else [None] * 3
        )
        assert "Nothing was sent. Look into it before you share it." in ended.all


@pytest.mark.parametrize(
    "arguments",
    [["n.csv"], ["--with-headings"], ["--bundle", "b.zip", "--with-headings"], ["--live", "P1", "--bundle", "b.zip"]],
)
def test_flags_that_belong_to_a_bundle_are_not_ignored(type_: Terminal, arguments: list[str]) -> None:
    assert type_("doctor", *arguments).status == 2
    assert type_.box.received == ()


def test_each_line_that_the_program_logs_is_known(type_: Terminal) -> None:
    """A new event or detail has to be added to those that a bundle knows, or left out on purpose."""
    type_.variables["NOTE_IMPORTER_LOG_FILE"] = str(type_.folder / "a.log")
    sheet = type_.file("n.csv", "Email,Note,Visibility\njo@example.com,x,Public\n")
    type_("run", sheet, "--yes")
    type_("verify")
    type_("check", "nowhere.csv")
    type_("run", "nowhere.csv")
    lines = (type_.folder / "a.log").read_text(encoding="utf-8").splitlines()
    _, facts = bundled(type_)
    assert facts["log"]["other_lines"] == 0
    assert len(facts["log"]["events"]) == len(lines) >= 10
    errors = [event["error"] for event in facts["log"]["events"] if "error" in event]
    assert errors == ["files.none"] * 3
