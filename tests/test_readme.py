"""What the README and the documents that it leads to say is so."""

import io
import re
import shlex
import tomllib
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from importer.api.proxy import proxy_for
from importer.cli import cli, main
from importer.fields import FIELDS
from importer.importing.api_context import LAG
from importer.messages import render, say
from importer.models import Result, Role
from importer.reading import Limits
from importer.results.writing import protected
from importer.rows.columns import find
from importer.settings import BATCH_SIZE, GIVE_UP, SETTINGS, Settings, readings
from importer.settings.address import LIVE
from tests import house
from tests.sandbox import Sandbox
from tests.test_messages import FORMS
from tests.truth import Line, write_sheet

ROOT = Path(__file__).parent.parent
_NUMBERS = {8: "eight", 9: "nine"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def table(first_heading: str, text: str = README) -> list[list[str]]:
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_readme_is_short_and_leads_to_every_document() -> None:
    assert len(README.splitlines()) <= 120
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    linked = {*re.findall(r"\]\(docs/([\w-]+\.md)", README + contributing)}
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")}


def test_the_readme_names_the_steps_of_the_page_the_commands_and_the_exit_statuses_in_their_order() -> None:
    assert re.search(r"In a clone, `make demo` [^`]+ and `make test` ", README.replace("\n", " "))
    steps = re.findall(r"^\d\. \*\*(.+)\.\*\*", README, re.MULTILINE)
    assert steps == [render(say(f"page.steps.{step}")) for step in ("choose", "check", "confirm", "send", "results")]
    shown = re.findall(r"^note-importer (\w+)", blocks("", README)[0], re.MULTILINE)
    assert len(shown) == 5
    assert [row[0].strip("`") for row in table("command")] == shown
    assert [row[0] for row in table("exit status")] == ["0", "1", "2", "3", "4"]


def test_a_quarter_of_the_code_makes_sure_that_each_note_arrives_once() -> None:
    assert "A quarter of the program's code" in README
    lines = house.rooms()
    delivering = sum(lines[room] for room in ("grouping", "delivery", "journal", "calls", "api"))
    assert 0.2 <= delivering / lines.total() <= 0.3


def test_the_headings_and_the_values_in_the_table_are_understood() -> None:
    rows = {row[0].split()[0]: row[1:] for row in table("column", text_of("spreadsheets.md"))}
    required = {Role.PROSPECT: "Prospect ID", Role.CONTENT: "Note", Role.VISIBILITY: "Visibility"}
    for role in rows.keys() & set(Role):
        for heading in rows[role][0].split(", "):
            others = (word for other, word in required.items() if other != role)
            assert find([heading, *others], Settings()).columns[Role(role)] == 0
    for role in (Role.VISIBILITY, Role.STATUS):
        allowed = {word for words in FIELDS[role].words.values() for word in words}
        values = rows[role][1].partition(";")[0].replace(" or ", ",")
        assert {word.strip() for word in re.findall(r"[\w ]+", values)} - {""} <= allowed


def test_the_results_columns_and_words_are_those_of_the_program() -> None:
    assert f"[{_NUMBERS[len(Result)]} words]" in text_of("importing.md")
    assert [row[0].strip("`") for row in table("`result` | means")] == [result.value for result in Result]


def test_what_is_shown_of_a_profile_a_formula_and_a_proxys_password_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = tomllib.loads(blocks("toml", text_of("installing.md"))[0])["night"]
    assert set(profile) <= set(SETTINGS)
    (entry,) = tomllib.loads(blocks("toml", text_of("exports.md"))[0])["night"]["readings"]
    assert readings.from_entry(entry).columns.keys() == {Role.CONTENT, Role.VISIBILITY}
    [(text, guarded)] = re.findall(r"`(hello;=\S+)` becomes `(\S+)`", text_of("importing.md").replace("\n", " "))
    assert protected(text) == guarded
    security = text_of("security.md").replace("\n", " ")
    told = r"In a proxy's name and password, write ((?:`.` )+)as ((?:`%\w\w` ?)+)"
    [(signs, codes)] = re.findall(told, security)
    assert [unquote(code) for code in re.findall(r"%\w\w", codes)] == signs.replace("`", "").split()
    monkeypatch.setenv("HTTPS_PROXY", re.findall(r"`(http://name:\S+)`", security)[0])
    found = proxy_for(LIVE)
    assert found is not None
    assert (found.user, found.password, found.place) == ("name", "pass/word", "proxy.example:3128")


def test_the_python_that_is_shown_imports_a_file(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_sheet(tmp_path / "contacts.xlsx", [Line("P1", "Called back"), Line("P2", "Called back")])
    shown = blocks("python", text_of("installing.md"))[0]
    assert shown == (ROOT / "tests" / "python_example.py").read_text(encoding="utf-8")
    assert 'key="…"' in shown
    told = f"key={box.api_key!r}, base_url={box.url!r}, journal='journal.sqlite'"
    exec(compile(shown.replace('key="…"', told), "installing.md", "exec"), {})
    assert sorted((note.prospect_id, note.sent_content) for note in box.notes) == [
        ("P1", "Called back"), ("P2", "Called back"),
    ]  # fmt: skip
    assert (tmp_path / "contacts.results.xlsx").exists()
    assert "2 notes to send; undecided: ()" in capsys.readouterr().out


def test_the_numbers_that_are_named_are_the_defaults() -> None:
    limits, settings, told = Limits(), Settings(), text_of("spreadsheets.md").replace("\n", " ")
    assert f"{limits.rows:,} rows of {limits.columns:,} columns" in told
    assert f"a cell may hold {limits.cell_characters:,} characters" in told
    assert f"may have {limits.file_bytes >> 30} GiB, unpack to {limits.unpacked_bytes >> 30} GiB" in told
    assert f"`--read-timeout` ({settings.read_timeout:.0f} seconds)" in text_of("risks.md")
    assert f"`--settle` ({settings.settle:.0f} seconds" in text_of("risks.md")
    assert f"`--give-up-after` ({GIVE_UP:.0f} seconds)" in text_of("every-night.md")
    assert f"One request holds {BATCH_SIZE} prospects" in told
    lag = LAG * settings.settle
    told = text_of("risks.md").replace("\n", " ")
    assert (lag, f"another minute ({lag / settings.settle:.0f} times `--settle`)" in told) == (60.0, True)


def test_every_setting_of_the_commands_has_a_help_text() -> None:
    for command in cli.commands.values():
        for parameter in command.params:
            of_setting = f"setting.{parameter.opts[0].removeprefix('--')}.help"
            assert not isinstance(parameter, click.Option) or parameter.help or of_setting in FORMS


def said() -> str:
    """Every text in one line, with what there is to do; where a value or a setting stands, a gap."""
    actions = {kind: texts[0] for kind, texts in FORMS.items() if kind.startswith("action.")}
    found = []
    for text in (text for texts in FORMS.values() for text in texts):
        whole = re.sub(r"\{(action\.[\w-]+)\}", lambda action: actions[action[1]], text.replace("\n", " "))
        found.append(re.sub(r"\{[^{}]*\}|`[^`]*`", "\0", whole))
    return "\n".join(found)


def test_every_sentence_that_the_guide_explains_is_one_that_a_person_can_see() -> None:
    """Word for word, so that it can be searched for."""
    quoted = re.findall(r"“([^”]+)”", text_of("when-something-went-wrong.md").replace("\n", " "))
    words = said()
    assert len(quoted) > 10
    assert [quote for quote in quoted if quote not in words] == []


def test_the_five_commands_of_the_readme_lead_to_a_schedule(
    box: Sandbox, tmp_path: Path, profiles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    part = readme.partition("## Five commands")[2].partition("\n## ")[0]
    [block] = re.findall(r"^```\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    (tmp_path / "exports").mkdir()
    sheet = tmp_path / "exports" / "contacts.csv"
    sheet.write_text("Prospect ID,Note,Visibility\nP1,Called back,Public\nP2,Called back,Private\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTE_IMPORTER_JOURNAL", str(tmp_path / "journal.sqlite"))
    monkeypatch.setattr("importer.importing.batch.STILL_YOUNG", 0.0)  # nobody waits a minute for a file in a test
    for line in block.strip().splitlines():
        if line == "note-importer init":
            monkeypatch.setenv("NOTE_IMPORTER_BASE_URL", box.url)
            answers = ("", "00:00-23:59", "", box.api_key, "")
            monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
        assert main(shlex.split(line)[1:]) == 0, line
        monkeypatch.delenv("NOTE_IMPORTER_BASE_URL", raising=False)
    assert {(note.prospect_id, note.visibility) for note in box.notes} == {("P1", "1"), ("P2", "2")}
    installed = capsys.readouterr().out.partition("Results: ")[2]
    assert str(tmp_path / "exports") in installed
    assert "00:00-23:59" in installed
