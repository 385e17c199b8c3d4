"""Settings, the key, samples and Quit, without a browser: what goes in, what is kept, what never comes out."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import unescape
from pathlib import Path

import keyring
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from importer.errors import BadSettings, NoKey
from importer.messages import say
from importer.models import Visibility
from importer.page.current_settings import CurrentSettings
from importer.page.rendering import EDITED, words
from importer.page.screens import Parts, for_page
from importer.page.serving import PageServer
from importer.page.state import FIELDS
from importer.settings import SETTINGS
from importer.settings.secrets import KEY_VARIABLE
from importer.texts import TEXTS
from tests.keystores import InMemory, Locked
from tests.page.conftest import HOME, OURS, SECRET
from tests.page.test_site import Visitor
from tests.sandbox import Fault, Sandbox

KEY = "geheim-4711"
SCREENS = ("/", "/runs", "/settings")
Post = Callable[..., TestResponse]


@pytest.fixture
def post(friend: FlaskClient) -> Post:
    """What a form of the page sends."""

    def send(path: str, **fields: str) -> TestResponse:
        return friend.post(path, base_url=OURS, headers={"Origin": OURS}, data=fields)

    return send


def seen(friend: FlaskClient, path: str) -> str:
    return friend.get(path, base_url=OURS).text


def of(parts: Parts) -> str:
    return str(parts.current.settings().workspace)


# -- the key ----------------------------------------------------------------------------------------------------


def test_a_key_that_is_typed_goes_in_and_never_out(
    post: Post, friend: FlaskClient, parts: Parts, profiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """It counts, for its workspace alone; no answer, no header, no file, no output holds it; then it is forgotten."""
    monkeypatch.delenv(KEY_VARIABLE)
    profiles.write_text("[night]\n", encoding="utf-8")
    assert "There is no key yet" in seen(friend, "/settings")
    assert "no usable API key" in seen(friend, "/")
    answers = [post("/settings/key", of=of(parts), key=f" {KEY} ")]
    assert parts.current.with_key().key == KEY
    assert ">Choose a spreadsheet</a>" in seen(friend, "/settings?done=key&where=key")
    assert "no usable API key" not in seen(friend, "/")
    answers += [friend.get(path, base_url=OURS) for path in (*SCREENS, "/settings?done=key")]
    answers += [post("/settings/change", of="default", rate="many"), post("/settings/new", name=""), post("/quit")]
    assert "You entered it here" in seen(friend, "/settings")
    post("/settings/profile", name="night")
    with pytest.raises(NoKey):
        parts.current.with_key()
    post("/settings/profile", name="default")
    assert parts.current.with_key().key == KEY
    answers.append(post("/settings/key/forget", of=of(parts)))
    with pytest.raises(NoKey):
        parts.current.with_key()
    for answer in answers:
        assert KEY not in answer.text + str(answer.headers)
    current = capfd.readouterr()
    assert KEY not in current.out + current.err + repr(parts.current.settings())
    for folder in (tmp_path, profiles.parent):
        for file in folder.rglob("*"):
            assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_what_can_be_no_key_is_not_taken_nor_shown(post: Post, parts: Parts) -> None:
    """The field says so, and is empty again."""
    answer = post("/settings/key", of=of(parts), key="two words of it")
    assert "an API key is one word of plain characters" in answer.text
    assert "two words" not in answer.text
    assert parts.current.with_key().key == SECRET


def test_once_a_key_is_typed_the_sheet_from_which_one_came_is_gone_on_with(
    post: Post, friend: FlaskClient, parts: Parts
) -> None:
    """Not with a file that was dropped later; a wrong key leads back to it, too."""
    upload = parts.uploads.add("n.csv", lambda path: path.write_text("Prospect ID,Note,Visibility\n"))
    parts.uploads.add("later.csv", lambda path: path.write_text("Prospect ID,Note,Visibility,State\n"))
    assert "Continue with" not in seen(friend, "/settings?where=key")
    form = seen(friend, f"/settings?file={upload.id}")
    assert f'<input type="hidden" name="file" value="{upload.id}">' in form
    back = f'href="{HOME}/file/{upload.id}/confirm">Continue with <bdi>n.csv</bdi>'
    for key in (KEY, "another"):
        after = post("/settings/key", of=of(parts), key=key, file=upload.id).text
        assert back in unescape(after)
        assert "later.csv" not in after


def test_a_key_is_tried_when_it_is_typed(post: Post, friend: FlaskClient, parts: Parts, box: Sandbox) -> None:
    """By one call that only reads. If the API is away, the key is held, and the page says that nothing is known."""

    def types(key: str) -> str:
        answer = post("/settings/key", of=of(parts), key=key)
        return seen(friend, answer.headers["Location"]) if answer.status_code == 303 else answer.text

    wrong = types(KEY)
    assert [call.method for call in box.received] == ["GET"]
    assert KEY not in wrong
    assert 'id="key-trouble"><strong class="trouble">no. The API does not accept the key' in wrong
    assert parts.current.with_key().key == KEY
    right = types(box.api_key)
    assert "Saleshandy accepts the key." in right
    assert "key-trouble" not in right
    box.add_fault(Fault.parse("reset:GET@1"))
    assert 'id="key-trouble"><strong class="trouble">not known: ' in types(f"{KEY}x")


def test_a_key_that_the_api_refused_is_looked_at_under_settings() -> None:
    """Not in an environment that nobody here knows."""
    refused = words(say("api.key-refused", words="no"))
    assert "You can enter another under Settings." in refused
    assert "SALESHANDY_API_KEY" not in refused


def test_a_key_is_kept_in_the_systems_store_only_where_that_is_ticked(
    post: Post, friend: FlaskClient, parts: Parts, store: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And can be taken out of it."""
    monkeypatch.delenv(KEY_VARIABLE)
    assert "has not accepted" in post("/settings/key", of=of(parts), key=KEY).text
    assert store.held == {}
    post("/settings/key", of=of(parts), key=KEY, keep="yes")
    assert store.held == {("note-importer", of(parts)): KEY}
    assert "It is stored in the system&#39;s key store." in seen(friend, "/settings?done=kept")
    post("/settings/key/forget", of=of(parts))
    assert store.held == {}, "what was typed to be stored is deleted in both places"
    with pytest.raises(NoKey):
        parts.current.with_key()
    store.held["note-importer", of(parts)] = "stored-before"
    post("/settings/key", of=of(parts), key=KEY)
    post("/settings/key/forget", of=of(parts))
    assert parts.current.with_key().key == "stored-before", "a key that was typed for now takes no other along"
    assert "comes from the system&#39;s key store" in seen(friend, "/settings")
    assert "Delete this key</button>" in seen(friend, "/settings")
    post("/settings/key/forget", of=of(parts))
    assert store.held == {}


def test_a_store_that_does_not_answer_matters_only_where_the_key_would_come_from_it(
    post: Post, friend: FlaskClient, store: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says is said then; with a key from elsewhere it isn't asked for."""
    keyring.set_keyring(Locked())
    page = seen(friend, "/settings")
    assert "comes from the environment variable" in page
    assert "Delete this key" not in page
    monkeypatch.delenv(KEY_VARIABLE)
    assert "the collection is locked" in seen(friend, "/settings")


def test_a_key_is_for_the_workspace_that_the_screen_showed(post: Post, parts: Parts) -> None:
    """Where another tab has gone on to another address since, it is not taken."""
    for other in ("", "night at https://api.example.test/v1"):
        assert post("/settings/key", of=other, key=KEY).status_code == 409
    assert parts.current.with_key().key == SECRET


# -- profiles ---------------------------------------------------------------------------------------------------


def test_defaults_are_changed_together_or_not_at_all(post: Post, parts: Parts, profiles: Path) -> None:
    """What is wrong stands beside its field, with what was typed; the file is as it was."""
    written = '# ours\n[default]\nbatch-size = 3  # by trial\nrate = "20/1s"  # not too fast\n'
    profiles.write_text(written, encoding="utf-8")
    answer = post("/settings/change", of="default", rate="<b>", between="noon")
    assert "Nothing was saved" in answer.text
    assert "&#39;noon&#39; is not valid here" in answer.text
    assert 'value="noon"' in answer.text
    assert "<b>" not in answer.text
    assert profiles.read_text(encoding="utf-8") == written
    assert post("/settings/change", of="night", rate="5/1s").status_code == 409, "said of another profile"
    assert post("/settings/change", of="default", rate="20/1s", between="").status_code == 303
    assert profiles.read_text(encoding="utf-8") == written, "nothing was changed"
    changed = {"rate": "", "between": "22:00-06:00", "default-visibility": "private"}
    assert post("/settings/change", of="default", **changed).status_code == 303
    assert parts.current.settings().default_visibility is Visibility.PRIVATE
    assert profiles.read_text(encoding="utf-8") == (
        '# ours\n[default]\nbatch-size = 3  # by trial\ndefault-visibility = "private"\nbetween = "22:00-06:00"\n'
    )


def test_whatever_could_lead_the_key_or_files_elsewhere_is_changed_by_hand_only(
    post: Post, friend: FlaskClient, parts: Parts, profiles: Path, tmp_path: Path
) -> None:
    """A session that somebody took over can't change it."""
    text = f'[default]\nattachments = "{profiles.parent.as_posix()}"\n'
    profiles.write_text(text, encoding="utf-8")
    before, page = parts.current.settings(), seen(friend, "/settings")
    for name in SETTINGS.keys() - {*EDITED}:
        assert post("/settings/change", of="default", **{name: str(tmp_path)}).status_code == 303
        assert f'name="{name}"' not in page.replace('name="profile"', "")
    assert parts.current.settings() == before
    assert profiles.read_text(encoding="utf-8") == text
    assert str(profiles) in page
    for name in EDITED:
        assert f'<label for="set-{name}">' in page


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_key_goes_only_to_the_address_that_it_was_given_for(
    place: str, box: Sandbox, profiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At another, that of another profile or of a line that was changed since, it is typed anew."""
    said: dict[str, object] = {"journal": str(tmp_path / "journal.sqlite")}
    if place == "environment":
        monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    else:
        (tmp_path / "key.txt").write_text(box.api_key, encoding="utf-8")
        said["api-key-file"] = str(tmp_path / "key.txt")
    with Sandbox(api_key=box.api_key) as other:
        profiles.write_text(f'[default]\nbase-url = "{box.url}"\n[night]\nbase-url = "{other.url}"\n')
        current = CurrentSettings(said, [*SETTINGS])
        assert current.with_key().key == box.api_key
        with PageServer(current, folder=tmp_path / "page") as server, Visitor(server) as visitor:

            def posted(path: str, **fields: str) -> str:
                return visitor.post(f"{visitor.base}{path}", data=fields, timeout=30).text

            posted("/settings/profile", name="night")
            seen = visitor.get(f"{visitor.base}/settings", timeout=30).text
            assert "was given for" in seen
            assert f"it is not sent to {other.url}. Enter the key for that address" in seen
            with pytest.raises(BadSettings, match="was given for"):
                current.with_key()
            profiles.write_text(f'[night]\nbase-url = "{box.url}"\n')
            assert current.with_key().key == box.api_key
            profiles.write_text(f'[night]\nbase-url = "{other.url}"\n')
            with pytest.raises(BadSettings, match="was given for"):
                current.with_key()
            assert not other.received
            assert "Saleshandy accepts the key." in posted("/settings/key", of=f"night at {other.url}", key=box.api_key)
            assert other.received


def test_profiles_are_made_and_chosen(post: Post, friend: FlaskClient, parts: Parts, profiles: Path) -> None:
    """One of a new name, empty, in the private file; one that isn't there is refused."""
    assert post("/settings/new", name=" spring fair ").status_code == 303
    assert parts.current.settings().profile == "spring fair"
    assert '["spring fair"]' in profiles.read_text(encoding="utf-8")
    assert "The profile &#39;spring fair&#39; already exists" in post("/settings/new", name="spring fair").text
    assert post("/settings/profile", name="nigth").status_code == 400
    assert parts.current.profile == "spring fair"
    assert "<strong>spring fair</strong>" in seen(friend, "/")


def test_a_profile_that_cannot_be_read_is_told_and_another_can_be_chosen(
    post: Post, friend: FlaskClient, parts: Parts, profiles: Path
) -> None:
    """A slip in the file, made by hand, closes no way out."""
    profiles.write_text("[default]\nbatch-sise = 3\n[night]\n", encoding="utf-8")
    assert f'href="{HOME}/settings">Open Settings' in seen(friend, "/")
    page = seen(friend, "/settings")
    assert "Did you mean &#39;batch-size&#39;" in page
    assert "<option>night</option>" in page
    post("/settings/profile", name="night")
    assert parts.current.settings().profile == "night"


def test_a_reading_is_shown_and_forgotten(post: Post, friend: FlaskClient, profiles: Path) -> None:
    """Each with what was answered. Nothing else can be taken out that way."""
    profiles.write_text(
        '[default]\nbatch-size = 3\n\n[[default.readings]]\nname = "<i>Calls"\nanswered = 2026-11-03\n'
        'headings = ["Prospect ID", "Full Comments", "Who"]\nmap = { content = "Full Comments" }\n'
        'value = { visibility = { Who = { "Team only" = "Private" } } }\nignore = ["Phase"]\n',
        encoding="utf-8",
    )
    page = seen(friend, "/settings")
    for text in ("&lt;i&gt;Calls", "Text of the note: Full Comments", "Team only means Private", "Phase"):
        assert text in page
    for other in ("Phase", "batch-size", ""):
        assert post("/settings/reading", of="default", reading=other).status_code == 400
    assert post("/settings/reading", of="default", reading="<i>Calls").status_code == 303
    assert profiles.read_text(encoding="utf-8").strip() == "[default]\nbatch-size = 3"


def test_places_are_where_they_are_seen_from_the_program(settings: Path, parts: Parts, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Not in the folder of the file that is read or sent, where each would have its own."""
    monkeypatch.chdir(tmp_path)
    for journal, place in (
        ("other.sqlite", tmp_path / "other.sqlite"),
        ("postgresql://db.example.test/notes", "postgresql://db.example.test/notes"),
    ):  # fmt: skip
        parts.current._said["journal"] = journal
        assert for_page(parts.current.settings()).journal == place
    parts.current._said["attachments"] = "leaflets"
    assert for_page(parts.current.settings()).attachments == tmp_path / "leaflets"


# -- samples ----------------------------------------------------------------------------------------------------


def test_a_sample_is_practised_and_never_sent(
    post: Post, friend: FlaskClient, parts: Parts, box: Sandbox, tmp_path: Path
) -> None:
    """Its prospects are invented. It can't be confirmed or sent."""
    assert post("/sample", sample="9").status_code == 404
    sample = post("/sample", sample="1-webinar-followup.csv").headers["Location"]
    (upload,) = parts.uploads
    assert upload.name == "1-webinar-followup.csv"
    other = parts.uploads.add("own.csv", lambda path: path.write_text("Prospect ID,Note,Visibility\nP1,a,1\n"))
    for each, is_sent in ((sample, False), (f"/file/{other.id}", True)):
        until, page = time.monotonic() + 40, seen(friend, each)
        while "/practise" not in page and time.monotonic() < until:
            time.sleep(0.05)
            page = seen(friend, each)
        assert "/practise" in page
        assert ('value="confirm"' in page) is is_sent
        assert (friend.get(f"{each}/confirm", base_url=OURS).status_code == 200) is is_sent
        where, state = str(parts.current.settings().workspace), other.state if is_sent else upload.state
        sent = post(f"{each}/send", workspace=where, seen=state.digest)
        assert (sent.status_code == 409) is not is_sent
        assert ("You can practise with it, but not send it." in sent.text) is not is_sent
    assert not [call for call in box.received if call.method == "POST"]


def test_every_setting_of_the_form_has_a_help_without_flags_or_statuses(friend: FlaskClient) -> None:
    """Who reads it types no commands."""
    page = seen(friend, "/settings")
    for text in ("exit status", "`", "--"):
        assert text not in page


def test_every_setting_of_the_page_has_a_name() -> None:
    """A message that names it would otherwise show the name of the text."""
    assert [name for name in (*FIELDS, *EDITED) if f"setting.{name}.label" not in TEXTS] == []
