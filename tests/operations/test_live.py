"""A live test says what the service does with one private note on one prospect, and leaves it there as a draft."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from importer.api import NotesApi, NotesPage, Reply
from importer.api.saleshandy import SALESHANDY
from importer.errors import BadSettings, CallRefused, Stopped
from importer.journal import Journal
from importer.messages import render
from importer.models import Visibility
from importer.operations import live
from importer.operations.doctor import Check
from importer.settings import Settings
from tests.jumping import Jumping, jumping
from tests.sandbox import Fault, Sandbox

TEST, OTHER = "Te5tPr0sp", "0therPr0sp"
EMAIL = "live.test@example.com"
AUTHOR = {"firstName": "Avery", "lastName": "Stone", "email": "Live.Author@example.com"}
AS_EXPECTED = {
    "Creating a note": "status 201, note ",
    "Reading it back": "it was shown less than a second after it was created.",
    "Text": "a reader sees the same text.", "Visibility": "private", "Status": "published",
    "Author": "live.author@example.com",
    "Date": "less than a second off this computer's clock.",
    "Changing it": "the note became a draft, with another text, which keeps its markup.",
    "Left behind": "the note ",
}  # fmt: skip


class Service:
    """A service, and what a live test saw of it."""

    def __init__(self, box: Sandbox, settings: Settings, clock: Jumping) -> None:
        self.box, self.settings, self.clock = box, replace(settings, base_url=box.url, key=box.api_key), clock
        self.checks: list[Check] = []

    def seen(self, prospect: str = TEST, **more: Any) -> dict[str, str]:
        """What was seen: about → text. All that was left is private, and on the one prospect."""
        for check in live.examine(prospect, self.settings, sleep=self.clock.jump, clock=self.clock, **more):
            self.checks.append(check)
        assert {(note.prospect_id, note.visibility) for note in self.box.notes} <= {(TEST, "2")}
        assert len(self.box.notes) <= 1
        assert len(self.box.received) <= 20
        posts = [call.body for call in self.box.received if call.method == "POST"]
        assert {body["visibility"] for body in posts if body} <= {"2"}
        assert [body["prospectIds"] for body in posts if body] in ([[TEST]], [])
        return {check.about: render(check.text) for check in self.checks}

    @property
    def otherwise(self) -> dict[str, int]:
        return {check.about: check.exit_status for check in self.checks if check.exit_status}


@pytest.fixture
def service(settings: Settings) -> Callable[..., Any]:
    @contextmanager
    def open_(*faults: str, **rules: Any) -> Iterator[Service]:
        usual = {"author": AUTHOR, "prospects": {TEST: EMAIL, OTHER: "jo.berg@example.com"}}
        with jumping() as clock, Sandbox(faults=map(Fault.parse, faults), **{**usual, **rules}) as box:
            yield Service(box, settings, clock)

    return open_


Open = Callable[..., Any]


@pytest.mark.parametrize("prospect", [TEST, EMAIL])
def test_nothing_is_otherwise_if_all_is_as_known(service: Open, prospect: str) -> None:
    with service() as usual:
        seen = usual.seen(prospect)
        [note] = usual.box.notes
    assert usual.otherwise == {}
    assert list(seen) == list(AS_EXPECTED)
    for about, text in AS_EXPECTED.items():
        assert seen[about].startswith(text), about
    assert (note.status, note.visibility) == ("0", "2")
    assert note.sent_content.startswith("<p>note-importer test, may be ignored. <b>")
    assert note.id in seen["Creating a note"]
    assert note.id in seen["Left behind"]
    assert [call for call in usual.box.received if call.status >= 400] == []


HABITS: dict[str, tuple[tuple[str, ...], dict[str, Any], dict[str, int], dict[str, str]]] = {
    "no authors": ((), {"author": {}}, {"Author": 1}, {"Author": "not told, or unknown."}),
    "reads half a minute late": (("lag=20",), {}, {}, {"Reading it back": "it was shown 30 seconds after"}),
    "reads hours late": (
        ("lag=9999",), {}, {"Reading it back": 1, "Left behind": 1},
        {"Reading it back": "it was not shown within 60 seconds", "Left behind": "the private note "},
    ),
    "no entry per prospect": (("missing-all:after@1",), {}, {"Creating a note": 3}, {"Left behind": "the note "}),
    "emoji dropped": (("rewrite=emoji",), {}, {"Text": 1}, {"Text": "a reader sees another text: <p>note-importer"}),
    "spaces folded": (("rewrite=spaces",), {}, {}, {}),
    "dates far behind": ((), {"notes_behind": 900.0}, {"Date": 1}, {"Date": "15 minutes off"}),
    "a lost answer": (("500:after@1",), {}, {"Creating a note": 3}, {"Creating a note": "no note was confirmed"}),
    "a lost answer, and reads that lag": (
        ("500:after@1", "lag=9999"), {}, {"Creating a note": 3, "Reading it back": 1, "Left behind": 1},
        {"Left behind": "a private note that may or may not exist."},
    ),
    "a refusal": (("422@1",), {}, {"Creating a note": 3}, {"Left behind": "nothing."}),
    "no change": (("422:PATCH",), {}, {"Changing it": 1, "Left behind": 1}, {"Left behind": "the private note "}),
}  # fmt: skip


@pytest.mark.parametrize("habit", HABITS)
def test_each_habit_is_seen_and_no_other(service: Open, habit: str) -> None:
    faults, rules, otherwise, texts = HABITS[habit]
    with service(*faults, **rules) as odd:
        seen = odd.seen()
    assert odd.otherwise == otherwise
    for about, text in texts.items():
        assert seen[about].startswith(text), seen[about]


class AllPublic:
    def __init__(self, api: NotesApi) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        reply = self._api.find(prospect, skip, take)
        if reply.value is None:
            return reply
        notes = tuple(replace(note, visibility=Visibility.PUBLIC) for note in reply.value.notes)
        return replace(reply, value=replace(reply.value, notes=notes))


def test_a_note_that_comes_back_as_public_needs_a_person_and_becomes_a_draft_all_the_same(service: Open) -> None:
    vendor = replace(SALESHANDY, connect=lambda *args, **more: AllPublic(SALESHANDY.connect(*args, **more)))
    with service() as odd:
        seen = odd.seen(vendor=vendor)
        [note] = odd.box.notes
    assert seen["Visibility"] == "public"
    assert odd.otherwise == {"Visibility": 4}
    assert note.status == "0"


def test_what_cant_begin_creates_nothing(service: Open) -> None:
    with service(prospects={TEST: EMAIL, OTHER: EMAIL}) as usual:
        for prospect, words in (
            ("no prospect", r"can't be read: Invalid prospect Id\. Nothing was created"),
            ("nobody@example.com", "0 prospects"),
            (EMAIL, "2 prospects"),
        ):
            with pytest.raises(BadSettings, match=words):
                usual.seen(prospect)
    with service() as usual:
        usual.settings = replace(usual.settings, key="another-key")
        with pytest.raises(CallRefused):
            usual.seen()
    with service("503:GET") as away, pytest.raises(Stopped, match="A call got no clear answer"):
        away.seen()
    with service() as usual:
        usual.seen()
        with pytest.raises(BadSettings, match="has a draft"):
            [*live.examine(TEST, usual.settings)]
        assert len(usual.box.notes) == 1


def test_whoever_asks_it_to_stop_hears_what_is_left(service: Open) -> None:
    with service("lag=9999") as slow:
        seen = slow.seen(stop=lambda: "Ctrl-C." if len(slow.box.received) > 2 else None)
    assert seen["Reading it back"] == "Ctrl-C."
    assert slow.otherwise["Reading it back"] == 3
    assert len(slow.box.received) == 3
    assert seen["Left behind"].startswith("the private note ")


@pytest.mark.parametrize(("updates_text", "is_kept"), [(False, True), (True, False)])
def test_the_journal_remembers_whether_a_changed_text_keeps_its_markup(
    service: Open, settings: Settings, updates_text: bool, is_kept: bool
) -> None:
    with service(updates_text=updates_text) as usual:
        usual.seen()
        assert not Journal.exists(usual.settings.journal)
        Journal.open(usual.settings.journal).close()
    with service(updates_text=updates_text) as usual:
        seen = usual.seen()
        with Journal.open(usual.settings.journal) as journal:
            assert journal.learned(usual.settings.workspace).all() == {"keeps markup": is_kept}
    assert ("keeps" in seen["Changing it"]) is is_kept
