"""The screens, asked for without a browser: what they hold, what they refuse, and how they say it."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import importer
from importer.messages import SettingPart, as_argument, say
from importer.models import Result
from importer.page import reading
from importer.page.rendering import PAGE, element, text, words
from importer.page.serving import PageServer
from importer.results.layout import MEANINGS
from importer.settings import SETTINGS, Settings
from importer.settings.secrets import KEY_VARIABLE
from tests.page.conftest import HEAD, served, write
from tests.page.person import Form, Person, visiting
from tests.sandbox import Limit, Sandbox
from tests.sandbox.state import DEFAULT_KEY
from tests.test_messages import FORMS, PLURAL, all_said, parts_of

ROOT = Path(importer.__file__).parent
HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}</script>"


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory, readers: reading.Readers) -> Iterator[tuple[Sandbox, Person]]:
    """A sandbox, and somebody on a page that several tests share."""
    folder = tmp_path_factory.mktemp("guest")
    with Sandbox(api_key=DEFAULT_KEY) as box:
        settings = Settings(base_url=box.url, key=box.api_key, journal=folder / "journal.sqlite", settle=0)
        with served(settings, folder / "uploads", readers) as server, visiting(server.guard.address) as person:
            yield box, person


@pytest.fixture
def guest(guests: tuple[Sandbox, Person], monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv(KEY_VARIABLE, DEFAULT_KEY)
    return guests[1]


def test_without_a_key_all_can_be_looked_at_and_nothing_sent(
    person: Person, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    first = person.sees("/")
    assert "There is no usable API key yet. You can check a file without a key." in first
    assert re.search(r'href="[^"]*/settings#key">Enter the key</a>', first)
    assert "Ready: 1 note to send." in person.drops(write(tmp_path / "n.csv", [("p1", "Hello", "Public")]))
    asked = person.sees("confirm")
    assert "No API key was given." in asked
    assert "Nothing can be sent yet: there is no usable key." in asked
    assert "Nothing is sent until you press the button." not in asked
    assert "Enter it under Settings" in asked
    assert "Send 1 note</button>" not in asked
    person.posts("send", workspace=str(settings.workspace), status=400)


@pytest.mark.slow
def test_one_file_is_sent_at_a_time_and_a_second_is_told_so(server: PageServer, box: Sandbox, tmp_path: Path) -> None:
    box.set_limit(Limit.parse("1/15s:headers:429"))
    with visiting(server.guard.address) as person:
        person.drops(write(tmp_path / "n.csv", [(f"p{i}", f"Note {i}", "Public") for i in range(4)]))
        job = person.begins()
        assert person.begins() == job, "whoever presses twice has said it once"
        person.drops(write(tmp_path / "m.csv", [("p9", "Hello", "Public")]))
        person.sees("confirm")
        assert "Sending n.csv. Wait until that is done." in person.posts("send", status=409, **person.ticks)
        assert person.gets(f"{job}/stop").status == 405
        assert server.parts.jobs.under_way
        stopped = person.posts(f"{job}/stop")
        assert "You pressed Stop." in stopped and "Send the rest" in stopped
    assert not server.parts.jobs.under_way


def test_choices_are_kept_in_the_profile_once_the_file_is_sent(guest: Person, profiles: Path, tmp_path: Path) -> None:
    head = ("Prospect ID", "Comments of ours", "Visibility")
    assert "1 thing to decide" in guest.drops(write(tmp_path / "n.csv", [("p1", "Hello", "Public")], head))
    chosen = guest.posts("choose", answer="map content=Comments of ours")
    assert "Ready: 1 note to send." in chosen
    assert profiles.read_text(encoding="utf-8") == ""
    assert "When you send, your choices are kept in the profile “default”" in chosen
    guest.sends()
    (kept,) = tomllib.loads(profiles.read_text(encoding="utf-8"))["default"]["readings"]
    assert (kept["name"], kept["headings"], kept["map"]) == ("n", [*head], {"content": "Comments of ours"})
    later = guest.drops(write(tmp_path / "m.csv", [("p2", "Hello", "Public")], head))
    assert "Ready: 1 note to send." in later
    assert "As answered on" in later
    assert Form(guest).row("B Comments of ours").endswith("as last time")
    assert "your choices are kept" not in later


def test_an_answer_that_is_no_choice_here_is_an_error(person: Person, tmp_path: Path) -> None:
    """A misspelt choice never silently doesn't count, and none reaches a setting that can't be chosen here."""
    person.drops(write(tmp_path / "n.csv", [("p1", "No choice", "Public")]))
    for answer in ("shet x", "base-url http://127.0.0.1:1/v1", "again true", "header-row 0", "profile x"):
        person.sees()
        person.posts("choose", answer=answer, status=400)
    assert "Ready: 1 note to send." in person.sees()


@pytest.mark.slow
def test_a_file_dropped_again_is_read_as_sent(guest: Person, guests: tuple[Sandbox, Person], tmp_path: Path) -> None:
    """Otherwise its delivered notes would be sent again with another text."""
    path = write(tmp_path / "again.csv", [("again1", "2026-11-01", "Hello")], ("Prospect ID", "Date", "Note"))
    guest.drops(path)
    file = guest.file
    guest.posts("choose", answer=["map content={Date}: {Note}", "default-visibility private"])
    guest.sends()
    assert "1 row; expected result: 1 already imported." in guest.drops(path)
    assert guest.file == file
    assert [note.sent_content for note in guests[0].notes if note.prospect_id == "again1"] == ["2026-11-01: Hello"]


def test_three_notes_are_shown(guest: Person, tmp_path: Path) -> None:
    rows = [(f"f{i}", f"Note {i}", "Public", "Draft" if i == 1 else "") for i in range(7)]
    guest.drops(write(tmp_path / "n.csv", rows, (*HEAD, "Status")))
    asked = guest.sees("confirm")
    assert "7 notes are public. Everyone in the team will see those that are published." in asked
    assert "1 note is a draft: it is not published. Saleshandy's documentation does not say" in asked
    for i in range(7):
        assert (f"Note {i}" in asked) is (i < 3)


@pytest.mark.slow
def test_a_file_is_practised_without_a_key_and_its_results_are_no_run(
    guest: Person, guests: tuple[Sandbox, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    received, runs = len(guests[0].received), guest.sees("/runs")
    guest.drops(write(tmp_path / "practised.csv", [("p1", "a", "Public"), ("p2", "a", "Private")]))
    shown = guest.posts("practise")
    assert "<h1>Practice: practised.csv</h1>" in shown
    assert "Nothing was sent. If Saleshandy knows every prospect and accepts every note, the import" in shown
    assert "the import would create the note" in shown and "sent." not in shown.partition("Nothing was sent.")[2]
    results = guest.gets(f"{guest.answer.address}/results")
    assert "practised.practice.xlsx" in results.headers["Content-Disposition"]
    (tmp_path / "results.xlsx").write_bytes(results.content)
    assert "contains the results of practice" in guest.drops(tmp_path / "results.xlsx")
    assert (len(guests[0].received), guest.sees("/runs")) == (received, runs)
    assert re.search(r"practised\.csv</bdi></a>\n<span[^>]*>[-\d]+ [:\d]+, not sent", guest.sees("/"))


OF_TERMINAL = {"questions.answer", "opening.folder", "notice.run-to-fix", "notice.may-be-wrong-file"}
"""Kinds that only the terminal shows, though a command says them."""


def texts_for_people() -> set[str]:
    """What the page shows of every message but those of the command line."""
    elsewhere = {kind for path, kind, *_ in all_said() if path.relative_to(ROOT).parts[0] != "cli"}
    found = set()
    for kind in FORMS.keys() - ({kind for _, kind, *_ in all_said()} - elsewhere) - OF_TERMINAL:
        names = set().union(*map(parts_of, FORMS[kind]))
        parts = dict.fromkeys(names - {"n"}, "X")
        for number in (1, 2) if kind in PLURAL else (1,):
            found.add(words(say(kind, **parts, n=number)))
    return found


def test_no_text_names_a_flag_or_asks_for_a_command_that_a_button_does() -> None:
    """Settings are called as their fields are; what the page does itself is not sent to a terminal."""
    texts = texts_for_people()
    assert len(texts) > 500
    flags = re.compile(rf"--({'|'.join(SETTINGS)})\b")
    wrong = [
        said
        for said in texts
        if flags.search(said)
        or "same command" in said
        or (re.search(r"note-importer (verify|check|run)\b", said) and "FILE" not in said and "--help" not in said)
    ]
    assert wrong == []
    for template in (ROOT / "page" / "templates").glob("*.html"):
        assert not flags.search(template.read_text(encoding="utf-8")), template


@pytest.mark.parametrize(
    ("setting", "here"),
    [
        (SettingPart("map", 'content="Call summary"'), "“Text of the note: Call summary”"),
        (SettingPart("value", 'visibility:"Team only"=Private'), "“Team only means Private”"),
        (SettingPart("ignore", as_argument("It's $5")), "“It's $5: not imported”"),
        (SettingPart("value", "status:Old="), "“Old means skip its rows”"),
        (SettingPart("header-row"), "“Header row”"),
        (SettingPart("in-doubt", "send-hidden"), "“Send again”"),
        (SettingPart("content", "html"), "the setting “content = html” of the profile"),
        (SettingPart("rate", "20/1s"), "“Rate limit: 20/1s” under Settings"),
        (SettingPart("archive", "done"), "the setting “archive = done” of the profile"),
    ],
)
def test_a_setting_is_called_as_its_field_is(setting: SettingPart, here: str) -> None:
    assert words(say("names", names=(setting,))) == here
    assert words(MEANINGS[Result.UNCONFIRMED].next) == "press “Look up unconfirmed notes”"


def test_the_parts_of_a_text_are_escaped_unless_they_are_markup() -> None:
    assert text("page.reading.status", file="<b>&.csv").startswith("&lt;b&gt;&amp;.csv is being read")
    named = text("page.key.continue-with", file=element("bdi", "<i>"))
    assert named == "Continue with <bdi>&lt;i&gt;</bdi>"
    assert element("a", say("page.continue"), href='/?a="&b') == '<a href="/?a=&#34;&amp;b">Continue</a>'
    assert text("page.problem.wait", job=say("page.job.sending", file="<b>")).startswith("Sending &lt;b&gt;.")


@pytest.mark.parametrize(("value", "shown"), [("key=HEADING", "“Columns: Key"), ("content=SUBHEADING", "SUBHEADING”")])
def test_only_a_placeholder_for_a_heading_stands_for_the_drop_down_of_its_column(value: str, shown: str) -> None:
    assert shown in PAGE.setting("map", value)
