"""The screens, asked for without a browser: what they hold, what they refuse, and how they say it."""

from __future__ import annotations

import multiprocessing
import re
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient

import importer
from importer import messages
from importer.cli.terminal import TERMINAL
from importer.errors import FirstRun
from importer.importing.preview import Preview
from importer.markup import visible
from importer.messages import SettingPart, as_argument, render, say
from importer.models import Progress, Result
from importer.page import jobs, reading
from importer.page.jobs import Job
from importer.page.rendering import element, text, words
from importer.page.screens import Parts, for_page
from importer.page.serving import PageServer
from importer.page.state import State
from importer.results.presentation import MEANINGS
from importer.settings import SETTINGS, Settings
from importer.settings.secrets import KEY_VARIABLE
from importer.telling.rendering import time_left
from tests.page.conftest import HEAD, OURS, told_of, write
from tests.sandbox import Limit, Sandbox
from tests.sandbox.state import DEFAULT_KEY
from tests.test_messages import FORMS, PLURAL, all_said, parts_of

ROOT = Path(importer.__file__).parent
HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}</script>"


class Visitor(requests.Session):
    """A browser without JavaScript, which has opened the page; ``box`` is the server that it sends to, if known."""

    box: Sandbox
    patience = 30.0
    """Seconds that reading or sending a file may take."""

    def __init__(self, server: PageServer) -> None:
        super().__init__()
        self.trust_env = False
        self.origin = f"http://127.0.0.1:{server.port}"
        self.headers["Origin"] = self.origin
        opened = self.get(server.address, timeout=30)
        home = re.search(r'url=(/\S+)/"', opened.text)
        assert home, opened.text
        self.base = self.origin + home[1]

    def see(self, address: str) -> requests.Response:
        """A screen, once it has stopped to say that a file is read or sent."""
        for _ in range(int(self.patience / 0.05)):
            answer = self.get(self.base + address if address.startswith("/") else address, timeout=60)
            if "data-poll" not in answer.text:
                return answer
            time.sleep(0.05)
        raise AssertionError(answer.text)

    def drop(self, path: Path, name: str = "") -> requests.Response:
        """Hand a file over, and see what is said of it."""
        with path.open("rb") as file:
            answer = self.post(f"{self.base}/file", files={"file": (name or path.name, file)}, timeout=60)
        return answer if answer.status_code == 400 else self.see(answer.url)

    def choose(self, checked: requests.Response, *answers: str, **fields: str) -> requests.Response:
        """Press a button of the Check screen that answers a question, and see the screen that follows."""
        address = checked.url.partition("?")[0]
        data = {"seen": seen_on(checked.text), "answer": answers, **fields}
        answer = self.post(f"{address}/choose", data=data, timeout=60)
        return answer if answer.status_code >= 400 else self.see(answer.url)

    def agree(self, checked: requests.Response, **fields: str) -> requests.Response:
        """Press the button on the screen that asks."""
        asked = self.see(f"{checked.url.partition('?')[0]}/confirm")
        action = re.search(r'<form method="post" action="([^"]+/send[^"]*)"', asked.text)
        assert action, asked.text
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text))
        hidden |= dict(re.findall(r'<input type="checkbox" name="([^"]+)" value="([^"]*)"', asked.text))
        to = self.origin + action[1].replace("&amp;", "&")
        return self.post(to, data={**hidden, **fields}, timeout=60)


def seen_on(screen: str) -> str:
    """The digest that a screen's forms hold."""
    return str(re.findall(r'name="seen" value="([^"]*)"', screen)[0])


@pytest.fixture
def visitor(server: PageServer) -> Iterator[Visitor]:
    """With a page of the test's own."""
    with Visitor(server) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def _guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    folder = tmp_path_factory.mktemp("guest")
    with Sandbox() as box:
        settings = Settings(base_url=box.url, journal=folder / "journal.sqlite", settle=0)
        with PageServer(told_of(settings), folder=folder / "uploads") as server, Visitor(server) as visitor:
            visitor.box = box
            yield visitor
            for job in server.stop_jobs(messages.words("The tests are over.")):
                job.listener.join(30)


@pytest.fixture
def guest(_guest: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """A visitor of a page that several tests share, since its processes take long to begin."""
    monkeypatch.setenv(KEY_VARIABLE, DEFAULT_KEY)
    return _guest


@pytest.mark.slow
def test_nothing_of_a_file_becomes_a_part_of_a_page(guest: Visitor, tmp_path: Path) -> None:
    """Headings, cells, words that nobody knows, reasons of the API and the file's own name are text."""
    head = ("Prospect ID", "Note", "Visibility", HOSTILE)
    rows = [("p1", HOSTILE, "Public", HOSTILE), ("INVALID" + HOSTILE, "a", "Public", ""), ("p3", "b", HOSTILE, "")]
    seen = guest.drop(write(tmp_path / "n.csv", rows, head), "'><b>n&.csv")
    asked = guest.see(f"{seen.url}/confirm")
    ended = guest.see(guest.agree(seen).url)
    for screen in (seen, asked, ended):
        assert screen.status_code == 200
        assert "onerror=alert(1)&gt;" in screen.text or screen is asked
        for part in ("<img", "49<", "<b>", "</script>\"'"):
            assert part not in screen.text.replace("</script>\n", "").replace("defer></script>", "")
    assert "n&amp;.csv" in seen.text


@pytest.mark.slow
def test_people_who_are_not_in_saleshandy_yet_can_be_taken_as_a_list(guest: Visitor, tmp_path: Path) -> None:
    """For Saleshandy's own prospect importer; the screen says what to do with it."""
    rows = [("Ada Adams <ada@example.com>", "Hello", "Public", "Adams Ltd"), ("p1", "Hello", "Public", "")]
    sheet = write(tmp_path / "people.csv", rows, ("Email", "Note", "Visibility", "Company"))
    ended = guest.see(guest.agree(guest.drop(sheet)).url)
    assert "People who are not in Saleshandy yet" in ended.text
    assert "Then import it again. Only their notes are sent then." in unescape(ended.text)
    link = re.search(r'href="([^"]+people.csv)"[^>]*>Download list of people<', ended.text)
    assert link
    taken = guest.get(guest.origin + link[1], timeout=30)
    assert "filename=people.people.csv" in taken.headers["Content-Disposition"]
    assert taken.content.decode("utf-8-sig").splitlines()[1:] == ["ada@example.com,Adams Ltd"]


def test_without_a_key_all_can_be_looked_at_and_nothing_sent(settings: Settings, tmp_path: Path) -> None:
    """The first screen says so and leads to the key's field; the screen that would ask says how to give one."""
    with PageServer(told_of(settings), folder=tmp_path / "uploads") as server, Visitor(server) as visitor:
        first = visitor.see("/")
        assert "There is no usable API key yet. You can check a file without a key." in first.text
        assert re.search(r'href="[^"]*/settings#key">Enter the key</a>', first.text)
        seen = visitor.drop(write(tmp_path / "n.csv", [("p1", "Hello", "Public")]))
        assert "Ready: 1 note to send." in seen.text
        asked = visitor.see(f"{seen.url}/confirm")
        assert "No API key was given." in asked.text
        assert "Nothing can be sent yet: there is no usable key." in asked.text
        assert "Nothing is sent until you press the button." not in asked.text
        assert "Enter it under Settings" in asked.text
        assert "Send 1 note</button>" not in asked.text
        form = {"workspace": str(settings.workspace)}
        assert visitor.post(f"{seen.url}/send", data=form, timeout=30).status_code == 400


@pytest.mark.slow
def test_one_file_is_sent_at_a_time_and_a_second_is_told_so(
    visitor: Visitor, server: PageServer, box: Sandbox, tmp_path: Path
) -> None:
    """409, in words, with the way to the run that is under way; no GET stops it, a POST does."""
    box.set_limit(Limit.parse("1/15s:headers:429"))
    seen = visitor.drop(write(tmp_path / "n.csv", [(f"p{i}", f"Note {i}", "Public") for i in range(4)]))
    under_way = visitor.agree(seen)
    assert visitor.agree(seen).url == under_way.url, "whoever presses twice has said it once"
    other = visitor.drop(write(tmp_path / "m.csv", [("p9", "Hello", "Public")]))
    again = visitor.agree(other)
    assert again.status_code == 409
    assert "Sending n.csv. Wait until that is done." in again.text
    assert visitor.get(f"{under_way.url}/stop", timeout=30).status_code == 405
    assert server.parts.jobs.under_way
    stopped = visitor.see(visitor.post(f"{under_way.url}/stop", timeout=30).url)
    assert "You pressed Stop." in stopped.text
    assert "Send the rest" in stopped.text
    assert not server.parts.jobs.under_way


def test_choices_are_kept_in_the_profile_once_the_file_is_sent(guest: Visitor, profiles: Path, tmp_path: Path) -> None:
    """What was chosen, and nothing else; not before."""
    head = ("Prospect ID", "Comments of ours", "Visibility")
    seen = guest.drop(write(tmp_path / "n.csv", [("p1", "Hello", "Public")], head))
    assert "1 thing to decide" in seen.text
    chosen = guest.choose(seen, "map content=Comments of ours")
    assert "Ready: 1 note to send." in chosen.text
    assert profiles.read_text(encoding="utf-8") == ""
    assert "When you send, your choices are kept in the profile “default”" in chosen.text
    guest.see(guest.agree(chosen).url)
    (kept,) = tomllib.loads(profiles.read_text(encoding="utf-8"))["default"]["readings"]
    assert (kept["name"], kept["headings"], kept["map"]) == ("n", [*head], {"content": "Comments of ours"})
    later = guest.drop(write(tmp_path / "m.csv", [("p2", "Hello", "Public")], head))
    assert "Ready: 1 note to send." in later.text
    assert "As answered on" in later.text
    assert "your choices are kept" not in later.text


def test_an_answer_that_is_no_choice_here_is_an_error(guest: Visitor, tmp_path: Path) -> None:
    """A misspelt choice never silently doesn't count, and none reaches a setting that can't be chosen here."""
    seen = guest.drop(write(tmp_path / "n.csv", [("nochoice1", "No choice", "Public")]))
    for answer in ("shet x", "base-url http://127.0.0.1:1/v1", "again true", "header-row 0", "profile x"):
        assert guest.choose(seen, answer).status_code == 400, answer
    assert "Ready: 1 note to send." in guest.see(seen.url).text


def test_a_first_import_needs_a_persons_word_on_the_workspace(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the form said: without the tick nothing is sent."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "n.csv", [("p1", "Hello", "Public")])
    elsewhere = replace(settings, base_url="https://api.example.test/v1")
    with pytest.raises(FirstRun, match="tick the box before you send"):
        jobs.Send(elsewhere, tmp_path, "n.csv").do(None)  # type: ignore[arg-type]


def test_the_rest_of_a_file_with_emails_is_what_the_screen_says(
    friend: FlaskClient, parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier run found of the emails counts there, as it does when the rest is sent."""
    monkeypatch.chdir(tmp_path)  # and back
    rows = [(f"jo{i}@example.com", f"Hello {i}", "Public") for i in range(5)]
    path = write(tmp_path / "n.csv", rows, ("Email", "Note", "Visibility"))
    upload = parts.uploads.add("n.csv", lambda to: to.write_bytes(path.read_bytes()))
    parts.reading.look = lambda upload, _, settings, *__, **___: reading.check(  # type: ignore[method-assign]
        upload.folder, upload.name, settings, upload.folder / "rows.db"
    )
    with Sandbox(any_email=True) as box:
        monkeypatch.setenv(KEY_VARIABLE, box.api_key)
        parts.current = told_of(Settings(base_url=box.url, journal=tmp_path / "journal.sqlite", settle=0))
        for first, said in ((2, "up to 2 notes"), (None, "3 notes")):
            upload.state = State((("first", str(first)),) if first else ())
            monkeypatch.delenv(KEY_VARIABLE)
            without_key = friend.get(f"/file/{upload.id}", base_url=OURS).text
            monkeypatch.setenv(KEY_VARIABLE, box.api_key)
            assert ("are not recognised, and count as notes to send" in without_key) and "Enter the key" in without_key
            assert "are not recognised" not in friend.get(f"/file/{upload.id}", base_url=OURS).text
            asked = friend.get(f"/file/{upload.id}/confirm", base_url=OURS).text
            assert f"Send {said}?" in asked
            digest = re.search(r'name="digest" value="([^"]*)"', asked)
            assert digest
            settings = replace(for_page(parts.current.with_key(), upload), first=first)
            task = jobs.Send(settings, upload.folder, upload.name, digest=digest[1], is_meant=True)
            theirs, ours = multiprocessing.Pipe()
            with theirs, ours:
                task.do(jobs.Word(theirs))
        assert len(box.notes) == 5


def test_useless_files_are_explained_and_can_be_forgotten(guest: Visitor, tmp_path: Path) -> None:
    for name, content in (("empty.csv", b""), ("photo.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(2000))):
        (tmp_path / name).write_bytes(content)
        seen = unescape(guest.drop(tmp_path / name).text)
        assert "This file can't be used as it is. Nothing was sent." in seen and name in seen
        assert f"Forget {name}" in seen


@pytest.mark.slow
def test_a_file_that_is_dropped_again_is_read_as_it_was_sent(guest: Visitor, tmp_path: Path) -> None:
    """Otherwise its delivered notes would be sent again with another text."""
    head = ("Prospect ID", "Date", "Note")
    path = write(tmp_path / "again.csv", [("again1", "2026-11-01", "Hello")], head)
    checked = guest.choose(guest.drop(path), "map content={Date}: {Note}", "default-visibility private")
    guest.see(guest.agree(checked).url)
    again = guest.drop(path)
    assert again.url == checked.url
    assert "1 note, none of them to deliver" in again.text
    assert [note.sent_content for note in guest.box.notes if note.prospect_id == "again1"] == ["2026-11-01: Hello"]


def test_a_run_under_way_says_in_words_how_far_it_is_and_what_holds_it_up(
    friend: FlaskClient, parts: Parts, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what another process says about trouble, with its numbers."""
    trouble = say("trouble.again-in", seconds=1_200, why=say("trouble.limit", seconds=1_500))
    progress = Progress(2_000, 1_234, trouble, {Result.CREATED: 1_234, Result.NOT_SENT: 1})
    task, (connection, other) = jobs.Send(settings, tmp_path, "n.csv"), multiprocessing.Pipe()
    process, began = multiprocessing.get_context("spawn").Process(), time.monotonic()
    upload = parts.uploads.add("n.csv", lambda path: path.write_bytes(b""))
    job = Job("0" * 32, task, upload, 2_000, began, process, connection, progress)
    monkeypatch.setattr(parts.jobs, "get", lambda _: job)
    with connection, other:
        shown = friend.get(f"/job/{job.id}", base_url=OURS).text
    for said in ("1,234 of 2,000 notes", "created 1,234, not sent 1", "1,500 s", "<title>61 % · Sending n.csv"):
        assert said in shown


def test_three_of_the_first_five_are_shown(guest: Visitor, tmp_path: Path) -> None:
    """Afterwards the run says that it held back the rest, and wasn't stopped."""
    rows = [(f"f{i}", f"Note {i}", "Public", "Draft" if i == 1 else "") for i in range(7)]
    seen = guest.drop(write(tmp_path / "n.csv", rows, (*HEAD, "Status")))
    address = seen.url.removeprefix(guest.base)
    asked = guest.see(f"{address}/confirm")
    assert "7 notes are public. Everyone in the team will see those that are published." in asked.text
    assert "1 note is a draft: it is not published. Saleshandy's documentation does not say" in unescape(asked.text)
    to = f"{seen.url}/choose"
    ticks = dict(re.findall(r'<input type="checkbox" name="(is-[^"]+)" value="([^"]*)" required>', asked.text))
    five = {"seen": seen_on(asked.text), "answer": "first 5"}
    first = guest.see(guest.post(to, data=five, timeout=60).url)
    for i in range(7):
        assert (f"Note {i}" in first.text) is (i < 3)
    hidden = dict(re.findall(r'name="(digest|workspace|seen)" value="([^"]*)"', first.text))
    ended = guest.see(guest.post(f"{seen.url}/send", data={**hidden, **ticks}, timeout=60).url)
    assert "held back by “Send the first 5”" in ended.text
    runs = guest.see("/runs").text
    assert "some notes were held back" in runs
    run = guest.see(re.findall(r'/runs/[^"]+', runs.partition("<tbody>")[2])[0])
    assert "Some notes were held back." in run.text


def test_first_notes_of_a_visibility_need_a_persons_word(
    settings: Settings, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the form said: without the tick nothing is sent; the next time none is needed."""
    monkeypatch.chdir(tmp_path)
    for number, (visibility, is_asked) in enumerate([("Private", True), ("Public", True), ("Private", False)]):
        write(tmp_path / "n.csv", [(f"p{number}", "Hello", visibility)])
        found = reading.check(tmp_path, "n.csv", settings, tmp_path / "rows.db")
        assert isinstance(found, Preview)
        assert bool(found.never_sent) is is_asked
        task = jobs.Send(settings, tmp_path, "n.csv", digest=found.digest)
        theirs, ours = multiprocessing.Pipe()
        with theirs, ours:
            if is_asked:
                with pytest.raises(FirstRun, match="who will see them"):
                    task.do(jobs.Word(theirs))
                assert len(box.notes) == number
            replace(task, is_meant=is_asked).do(jobs.Word(theirs))
    assert [note.visibility for note in box.notes] == ["2", "1", "2"]


# -- words ------------------------------------------------------------------------------------------------------


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
    """And one without a field as what it is; a command is a button."""
    assert words(say("names", names=(setting,))) == here
    assert words(MEANINGS[Result.UNCONFIRMED].next) == "press “Look up unconfirmed notes”"


def test_the_parts_of_a_text_are_escaped_unless_they_are_markup() -> None:
    assert text("page.reading.status", file="<b>&.csv").startswith("&lt;b&gt;&amp;.csv is being read")
    named = text("page.key.continue-with", file=element("bdi", "<i>"))
    assert named == "Continue with <bdi>&lt;i&gt;</bdi>"
    assert element("a", say("page.continue"), href='/?a="&b') == '<a href="/?a=&#34;&amp;b">Continue</a>'
    assert text("page.problem.wait", job=say("page.job.sending", file="<b>")).startswith("Sending &lt;b&gt;.")


def test_how_long_the_rest_takes_is_said_without_saying_left_twice() -> None:
    """Its place on the page says that."""
    left = time_left(Progress(3, 1, seconds_left=62.0))
    assert words(left) == "about 1:02"
    assert render(left, TERMINAL) == "about 1:02 left"


@pytest.mark.slow
def test_a_file_is_practised_without_a_key_and_its_results_are_no_run(
    guest: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Check screen offers it. The screen and the results say that nothing was sent; the file can still be sent."""
    monkeypatch.delenv(KEY_VARIABLE)
    checked = guest.drop(write(tmp_path / "practised.csv", [("p1", "a", "Public"), ("p2", "a", "Private")]))
    received, runs = len(guest.box.received), guest.see("/runs").text
    action = re.search(r'action="([^"]+/practise[^"]*)"', checked.text)
    assert action, checked.text
    data = {"seen": seen_on(checked.text)}
    ended = guest.see(guest.post(guest.origin + unescape(action[1]), data=data, timeout=60).url)
    shown = unescape(ended.text)
    assert "<h1>Practice: practised.csv</h1>" in shown
    assert "Nothing was sent. If Saleshandy knows every prospect and accepts every note, the import" in shown
    assert "the import would create the note" in shown
    results = guest.get(ended.url + "/results", timeout=60)
    assert "practised.practice.xlsx" in results.headers["Content-Disposition"]
    (tmp_path / "results.xlsx").write_bytes(results.content)
    assert "contains the results of practice" in guest.drop(tmp_path / "results.xlsx").text
    assert len(guest.box.received) == received
    assert guest.see("/runs").text == runs
    assert re.search(r"practised\.csv</bdi></a>\n<span[^>]*>[-\d]+ [:\d]+, not sent", guest.see("/").text)


@pytest.mark.slow
def test_dates_and_authors_are_offered_with_the_first_notes_both_ways(guest: Visitor, tmp_path: Path) -> None:
    """One button puts them before the text; the screen then says how many requests there are, and how they read."""
    sheet = tmp_path / "calls.csv"
    lines = "AbCdEfGh1,1.11.2026,Ada & Co,Left voicemail,Public\nAbCdEfGh1,2.11.2026,,Left voicemail,Public\n"
    sheet.write_text(f"Prospect ID,Date,Assigned,Comments,Visibility\n{lines}", encoding="utf-8")
    checked = guest.drop(sheet)
    assert "The notes don't use 'Date' and 'Assigned'. Which notes do you want to send?" in unescape(checked.text)
    for sample in ("2026-11-01, Ada & Co: Left voicemail", "2026-11-02, Left voicemail"):
        assert f"<bdi>{sample}</bdi>" in unescape(checked.text)
    [template] = re.findall(r'<button name="answer" value="([^"]+)">Put them before the text</button>', checked.text)
    composed = guest.choose(checked, unescape(template))
    assert "Which notes do you want to send?" not in unescape(composed.text)
    assert "2 notes in 2 requests." in composed.text
    guest.see(guest.agree(composed).url)
    assert {visible(note.content) for note in guest.box.notes} >= {
        "2026-11-01, Ada & Co: Left voicemail", "2026-11-02, Left voicemail",
    }  # fmt: skip
