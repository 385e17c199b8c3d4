"""Settings, the key, samples and Quit, without a browser: what goes in, what is kept, what never comes out."""

from pathlib import Path
from typing import Any

import pytest

from importer.errors import BadSettings, NoKey
from importer.messages import say
from importer.models import Visibility
from importer.page.current_settings import CurrentSettings
from importer.page.jobs import Ended
from importer.page.rendering import EDITED
from importer.page.screens import Parts, for_page
from importer.page.uploads import FIELDS
from importer.settings import SETTINGS
from importer.settings.secrets import KEY_VARIABLE
from importer.texts import TEXTS
from tests.keystores import InMemory
from tests.page.conftest import SECRET, write
from tests.page.person import HOME, Person
from tests.sandbox import Fault, Sandbox

KEY = "geheim-4711"


@pytest.fixture
def of(parts: Parts) -> str:
    return str(parts.current.settings().workspace)


def types(person: Person, of: str, key: str, **more: Any) -> str:
    person.answer = person.presses("/settings/key", of=of, key=key, **more)
    return person.html


def test_a_key_that_is_typed_goes_in_and_never_out(
    person: Person, parts: Parts, of: str, profiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.delenv(KEY_VARIABLE)
    profiles.write_text("[night]\n", encoding="utf-8")
    assert "There is no key yet" in person.sees("/settings")
    assert "no usable API key" in person.sees("/")
    answers = [person.presses("/settings/key", of=of, key=f" {KEY} ")]
    assert parts.current.with_key().key == KEY
    assert ">Choose a spreadsheet</a>" in person.sees("/settings?done=key&where=key")
    assert "no usable API key" not in person.sees("/")
    answers += [person.gets(path) for path in ("/", "/runs", "/settings", "/settings?done=key")]
    answers += [person.presses("/settings/change", of="default", rate="many"), person.presses("/settings/new", name="")]
    answers += [person.presses("/quit")]
    assert "You entered it here" in person.sees("/settings")
    person.posts("/settings/profile", name="night")
    with pytest.raises(NoKey):
        parts.current.with_key()
    person.posts("/settings/profile", name="default")
    assert parts.current.with_key().key == KEY
    answers.append(person.presses("/settings/key/forget", of=of))
    with pytest.raises(NoKey):
        parts.current.with_key()
    assert [answer for answer in answers if KEY in answer.text + str(answer.headers)] == []
    current = capfd.readouterr()
    assert KEY not in current.out + current.err + repr(parts.current.settings())
    for folder in (tmp_path, profiles.parent):
        for file in folder.rglob("*"):
            assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_what_can_be_no_key_is_not_taken_nor_shown(person: Person, parts: Parts, of: str) -> None:
    shown = person.posts("/settings/key", of=of, key="two words of it")
    assert "an API key is one word of plain characters" in shown
    assert "two words" not in shown
    for other in ("", "night at https://api.example.test/v1"):
        person.posts("/settings/key", of=other, key=KEY, status=409)
    assert parts.current.with_key().key == SECRET


def test_once_a_key_is_typed_one_goes_on_with_the_sheet(person: Person, parts: Parts, of: str) -> None:
    upload = parts.uploads.add("n.csv", lambda path: path.write_text("Prospect ID,Note,Visibility\n"))
    parts.uploads.add("later.csv", lambda path: path.write_text("Prospect ID,Note,Visibility,State\n"))
    assert "Continue with" not in person.sees("/settings?where=key")
    person.sees(f"/settings?file={upload.id}")
    assert person.fields["file"] == upload.id
    back = f'href="{HOME}/file/{upload.id}/confirm">Continue with <bdi>n.csv</bdi>'
    for key in (KEY, "another"):
        after = types(person, of, key, file=upload.id)
        assert back in after
        assert "later.csv" not in after


def test_a_key_is_tried_when_it_is_typed(person: Person, parts: Parts, of: str, box: Sandbox) -> None:
    wrong = types(person, of, KEY)
    assert [call.method for call in box.received] == ["GET"]
    assert KEY not in wrong
    assert 'id="key-trouble"><strong class="trouble">no. The API does not accept the key' in wrong
    assert parts.current.with_key().key == KEY
    right = types(person, of, box.api_key)
    assert "Saleshandy accepts the key." in right
    assert "key-trouble" not in right
    box.add_fault(Fault.parse("reset:GET@1"))
    unknown = types(person, of, f"{KEY}x")
    assert 'id="key-trouble"><strong class="trouble">not known: ' in unknown


def test_a_key_is_kept_in_the_systems_store_only_where_that_is_ticked(
    person: Person, parts: Parts, of: str, store: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    assert "has not accepted" in types(person, of, KEY)
    assert store.held == {}
    types(person, of, KEY, keep="yes")
    assert store.held == {("note-importer", of): KEY}
    assert "It is stored in the system's key store." in person.sees("/settings?done=kept")
    person.posts("/settings/key/forget", of=of)
    assert store.held == {}, "what was typed to be stored is deleted in both places"
    with pytest.raises(NoKey):
        parts.current.with_key()
    store.held["note-importer", of] = "stored-before"
    types(person, of, KEY)
    shown = person.posts("/settings/key/forget", of=of)
    assert parts.current.with_key().key == "stored-before", "a key that was typed for now takes no other along"
    shown = person.sees("/settings")
    assert "comes from the system's key store" in shown and "Delete this key</button>" in shown
    person.posts("/settings/key/forget", of=of)
    assert store.held == {}


def test_defaults_are_changed_together_or_not_at_all(person: Person, parts: Parts, profiles: Path) -> None:
    written = '# ours\n[default]\nbatch-size = 3  # by trial\nrate = "20/1s"  # not too fast\n'
    profiles.write_text(written, encoding="utf-8")
    shown = person.posts("/settings/change", of="default", rate="<b>", between="noon")
    assert "Nothing was saved" in shown
    assert "'noon' is not valid here" in shown
    assert 'value="noon"' in shown
    assert "<b>" not in person.answer.text
    assert profiles.read_text(encoding="utf-8") == written
    person.posts("/settings/change", of="night", rate="5/1s", status=409)  # said of another profile
    person.posts("/settings/change", of="default", rate="20/1s", between="")
    assert profiles.read_text(encoding="utf-8") == written, "nothing was changed"
    person.posts("/settings/change", of="default", rate="", between="22:00-06:00", default_visibility="private")
    assert parts.current.settings().default_visibility is Visibility.PRIVATE
    assert profiles.read_text(encoding="utf-8") == (
        '# ours\n[default]\nbatch-size = 3  # by trial\ndefault-visibility = "private"\nbetween = "22:00-06:00"\n'
    )


def test_whatever_could_lead_the_key_or_files_elsewhere_is_changed_by_hand_only(
    person: Person, parts: Parts, profiles: Path, tmp_path: Path
) -> None:
    """A session that somebody took over can't change it."""
    text = f'[default]\nattachments = "{profiles.parent.as_posix()}"\n'
    profiles.write_text(text, encoding="utf-8")
    before, shown = parts.current.settings(), person.sees("/settings")
    for name in SETTINGS.keys() - {*EDITED}:
        person.posts("/settings/change", of="default", **dict[str, Any]({name: str(tmp_path)}))
        assert f'name="{name}"' not in shown.replace('name="profile"', "")
    assert parts.current.settings() == before
    assert profiles.read_text(encoding="utf-8") == text
    assert str(profiles) in shown
    assert [name for name in EDITED if f'<label for="set-{name}">' not in shown] == []


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_key_goes_only_to_the_address_that_it_was_given_for(
    place: str, person: Person, parts: Parts, box: Sandbox, profiles: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """At another, that of another profile or of a line that was changed since, it is typed anew."""
    said: dict[str, object] = {"journal": str(tmp_path / "journal.sqlite")}
    if place == "environment":
        monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    else:
        (tmp_path / "key.txt").write_text(box.api_key, encoding="utf-8")
        said["api-key-file"] = str(tmp_path / "key.txt")
    with Sandbox(api_key=box.api_key) as other:
        profiles.write_text(f'[default]\nbase-url = "{box.url}"\n[night]\nbase-url = "{other.url}"\n')
        current = parts.current = CurrentSettings(said, [*SETTINGS])
        assert current.with_key().key == box.api_key
        person.posts("/settings/profile", name="night")
        shown = person.sees("/settings")
        assert "was given for" in shown
        assert f"it is not sent to {other.url}. Enter the key for that address" in shown
        with pytest.raises(BadSettings, match="was given for"):
            current.with_key()
        profiles.write_text(f'[night]\nbase-url = "{box.url}"\n')
        assert current.with_key().key == box.api_key
        profiles.write_text(f'[night]\nbase-url = "{other.url}"\n')
        with pytest.raises(BadSettings, match="was given for"):
            current.with_key()
        assert not other.received
        typed = person.posts("/settings/key", of=f"night at {other.url}", key=box.api_key)
        assert "Saleshandy accepts the key." in typed and other.received


def test_an_unreadable_profile_is_told_and_another_can_be_chosen(person: Person, parts: Parts, profiles: Path) -> None:
    profiles.write_text("[default]\nbatch-sise = 3\n[night]\n", encoding="utf-8")
    assert f'href="{HOME}/settings">Open Settings' in person.sees("/")
    shown = person.sees("/settings")
    assert "Did you mean 'batch-size'" in shown and "<option>night</option>" in shown
    person.posts("/settings/profile", name="night")
    assert parts.current.settings().profile == "night"


def test_a_reading_is_shown_and_forgotten(person: Person, profiles: Path) -> None:
    profiles.write_text(
        '[default]\nbatch-size = 3\n\n[[default.readings]]\nname = "<i>Calls"\nanswered = 2026-11-03\n'
        'headings = ["Prospect ID", "Full Comments", "Who"]\nmap = { content = "Full Comments" }\n'
        'value = { visibility = { Who = { "Team only" = "Private" } } }\nignore = ["Phase"]\n',
        encoding="utf-8",
    )
    person.sees("/settings")
    for text in ("&lt;i&gt;Calls", "Text of the note: Full Comments", "Team only means Private", "Phase"):
        assert text in person.answer.text
    for other in ("Phase", "batch-size", ""):
        assert person.presses("/settings/reading", of="default", reading=other).status == 400
    person.posts("/settings/reading", of="default", reading="<i>Calls")
    assert profiles.read_text(encoding="utf-8").strip() == "[default]\nbatch-size = 3"


def test_places_are_seen_from_the_program(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the folder of the file that is read or sent, where each would have its own."""
    monkeypatch.chdir(tmp_path)
    server = "postgresql://db.example.test/notes"
    for journal, place in (("other.sqlite", tmp_path / "other.sqlite"), (server, server)):
        parts.current._said["journal"] = journal
        assert for_page(parts.current.settings()).journal == place
    parts.current._said["attachments"] = "leaflets"
    assert for_page(parts.current.settings()).attachments == tmp_path / "leaflets"


def test_a_sample_is_practised_and_never_sent(
    person: Person, parts: Parts, of: str, box: Sandbox, tmp_path: Path
) -> None:
    assert person.presses("/sample", sample="9").status == 404
    sample = person.posts("/sample", sample="1-webinar-followup.csv")
    person.file = person.answer.address
    assert "1-webinar-followup.csv" in sample and "/practise" in sample and 'value="confirm"' not in sample
    assert person.gets("confirm").address == person.file, "there is nothing to confirm"
    refused = person.posts("send", status=409, workspace=of)
    assert "You can practise with it, but not send it." in refused
    person.sees(person.file)
    assert ">Nothing was sent. If Saleshandy knows every prospect" in person.posts("practise")
    [job] = parts.jobs
    job.ended = Ended(3, say("page.job.broke-off"))
    assert ">Nothing was sent.</p>" in person.sees(person.answer.address), "practice records no deliveries"
    assert not box.received
    own = person.drops(write(tmp_path / "own.csv", [("P1", "a", "Public")]))
    assert "/practise" in own and 'value="confirm"' in own
    assert person.gets("confirm").address.endswith("/confirm")


def test_every_setting_of_the_form_has_a_name_and_a_help_without_flags_or_statuses(person: Person) -> None:
    """Who reads it types no commands. A message that names a setting would otherwise show the name of the text."""
    shown = person.sees("/settings")
    assert [text for text in ("exit status", "`", "--") if text in shown] == []
    assert [name for name in (*FIELDS, *EDITED) if f"setting.{name}.label" not in TEXTS] == []
