"""One table: a setting means the same, and is checked the same, wherever it stands."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from importer.cli.options import Options, settings_about
from importer.cli.terminal import with_flags
from importer.errors import BadSettings
from importer.journal.machine import FOLDER_VARIABLE
from importer.messages import SettingPart, render, say
from importer.settings import SETTINGS, Settings, Topic, kinds
from importer.settings.kinds import Number, OneOf, Rate
from importer.settings.profiles import FILE_VARIABLE
from importer.settings.readings import HELD
from importer.settings.secrets import ADDRESSES_VARIABLE
from importer.settings.sources import OTHER_VARIABLES

ByVariable = Callable[[str, list[str]], Options]
ByToml = Callable[[str, str], Options]

# A value that isn't the default: as a text, and as it stands in a profile.
GOOD: dict[str, tuple[list[str], str]] = {
    "map": (["content=Call summary", 'prospect="Who"', "content=Notes of it"], "{}"),
    "value": (["visibility:Team only=Private", 'visibility:"Yes"=public', "status:Lost="], "{}"),
    "default-visibility": (["private"], '"private"'),
    "content": (["html"], '"html"'),
    "ignore": (["State", "Phase"], '["State", "Phase"]'),
    "attachments": (["forms"], '"forms"'),
    "sheet": (["Calls"], '"Calls"'), "header-row": (["3"], "3"), "encoding": (["cp1252"], '"cp1252"'),
    "delimiter": (["tab"], '"tab"'),
    "export": (["Apollo contacts"], '"Apollo contacts"'),
    "skip-existing": (["true"], "true"),
    "in-doubt": (["new", "leave-hidden"], '["new", "leave-hidden"]'),
    "several-in-cell": (["each"], '"each"'),
    "dates": (["month-first"], '"month-first"'),
    "batch-size": (["25"], "25"),
    "base-url": (["http://127.0.0.1:1/v1"], '"http://127.0.0.1:1/v1"'),
    "journal": (["practice.sqlite"], '"practice.sqlite"'),
    "api-key-file": (["key.txt"], '"key.txt"'), "rate": (["20/1s"], '"20/1s"'), "read-timeout": (["7.5"], "7.5"),
    "settle": (["0"], "0"), "give-up-after": (["60"], "60.0"), "new-journal": (["true"], "true"),
    "guard-local-address": (["true"], "true"),
    "results": (["{name}.{date}.results.xlsx"], '"{name}.{date}.results.xlsx"'),
    "archive": (["s3://sales/done"], '"s3://sales/done"'),
    "min-rows": (["100"], "100"), "max-invalid": (["20%"], "0.2"), "max-notes": (["5000"], "5000"),
    "max-public": (["0"], "0"), "between": (["02:00-06:00"], '"02:00-06:00"'),
    "again": (["true"], "true"), "update": (["true"], "true"), "yes": (["true"], "true"),
    "log-file": (["import.log"], '"import.log"'), "quiet": (["true"], "true"), "json": (["true"], "true"),
    "notify-file": (["notify.txt"], '"notify.txt"'),
}  # fmt: skip


def told(arguments: list[str]) -> Options:
    """What a command with all settings is told."""
    seen: list[Options] = []

    @click.command()
    @settings_about(*SETTINGS)
    def probe(**_: object) -> None:
        seen.append(Options.here())

    probe.main(arguments, standalone_mode=False)
    return seen[0]


def as_flags(name: str, texts: list[str]) -> list[str]:
    if not SETTINGS[name].metavar:
        return [f"--{name}"] if texts == ["true"] else [f"--{name}={texts[0]}"]
    return [part for text in texts for part in (f"--{name}", text)]


@pytest.fixture
def by_variable(monkeypatch: pytest.MonkeyPatch) -> ByVariable:
    def ask(name: str, texts: list[str]) -> Options:
        with monkeypatch.context() as patch:
            patch.setenv(SETTINGS[name].variable, ",".join(texts))
            return told([])

    return ask


@pytest.fixture
def by_profile(profiles: Path) -> ByToml:
    def ask(name: str, text: str) -> Options:
        profiles.write_text(f"[default]\n{name} = {text}\n", encoding="utf-8")
        try:
            return told([])
        finally:
            profiles.write_text("", encoding="utf-8")

    return ask


def values(found: Options) -> list[Any]:
    return [found.settings, *(found.read(name) for name, setting in SETTINGS.items() if not setting.attribute)]


def test_every_setting_has_an_example_here() -> None:
    """A new one is walked through as the others are; the profile's own name can't stand in a profile."""
    assert set(GOOD) == set(SETTINGS) - {"profile"}
    attributes = {setting.attribute for setting in SETTINGS.values() if setting.attribute}
    assert attributes == {one.name for one in fields(Settings)} - {"key", "readings", "origin", "workers"}


def test_a_reading_holds_what_is_declared_so_and_nothing_of_a_machine_or_a_run() -> None:
    """A new setting of a sheet is asked for here: a reading that lacks it reads the next sheet otherwise."""
    of_file = {name for name, setting in SETTINGS.items() if setting.topic is Topic.FILE}
    assert of_file - HELD.keys() == {"attachments", "sheet", "header-row", "export"}
    assert HELD.keys() <= of_file
    assert {name for name in HELD if not SETTINGS[name].is_lasting} == {"map", "value", "ignore"}


@pytest.mark.parametrize("name", GOOD)
def test_a_flag_a_variable_and_a_profile_say_the_same(name: str, by_variable: ByVariable, by_profile: ByToml) -> None:
    """And it isn't what is so without them; from Python the same texts are taken, too.

    Columns and words are said of one kind of sheet: in a profile's readings, or with the command.
    """
    texts, toml = GOOD[name]
    by_flag = values(told(as_flags(name, texts)))
    if SETTINGS[name].is_lasting:
        assert by_flag == values(by_variable(name, texts))
        assert by_flag == values(by_profile(name, toml))
    else:
        with pytest.raises(BadSettings, match="in its readings only"):
            by_profile(name, toml)
        with pytest.raises(BadSettings, match="does not match any setting"):
            by_variable(name, texts)
    assert by_flag != values(told([]))
    if attribute := SETTINGS[name].attribute:
        from_python = Settings(**{attribute: texts if SETTINGS[name].many else texts[0]})  # type: ignore[arg-type]
        assert from_python == by_flag[0]


def test_the_profile_is_named_by_a_flag_or_a_variable(profiles: Path, by_variable: ByVariable) -> None:
    profiles.write_text("[night]\nbatch-size = 2\n", encoding="utf-8")
    for found in (told(["--profile", "night"]), by_variable("profile", ["night"])):
        assert (found.settings.profile, found.settings.batch_size) == ("night", 2)


def test_a_variable_that_is_misspelt_is_no_variable_that_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, with what was meant; those that are no settings are known, too."""
    assert {FILE_VARIABLE, FOLDER_VARIABLE, ADDRESSES_VARIABLE, "NOTE_IMPORTER_DEBUG"} == set(OTHER_VARIABLES)
    monkeypatch.setenv("NOTE_IMPORTER_DEBUG", "1")
    told([])
    monkeypatch.setenv("NOTE_IMPORTER_BATCH_SISE", "2")
    with pytest.raises(BadSettings, match=r"NOTE_IMPORTER_BATCH_SISE does not match any setting\.\sDid you mean 'N"):
        told([])


def bad_values(name: str) -> list[tuple[str | None, str, object]]:
    """As a text (None: every text is one), as a profile has it, and from Python."""
    match SETTINGS[name].kind:
        case Number(least, most, is_whole):
            values = (least - 1, most + 1, "many", "1.5" if is_whole else "nan")
            return [(str(value), json.dumps(value), value) for value in values]
        case OneOf():
            return [("other", '"other"', "other")]
        case kinds.yes:
            return [("other", '"other"', "other"), (None, "[]", [])]
    match name:
        case "map":
            return [("mood=x", "", {"mood": "x"})]
        case "value":
            bad = {"visibility": "Draft", "mood": "Public", "prospect": "Public"}
            return [(f"{role}:x={value}", "", {role: {"x": value}}) for role, value in bad.items()]
    found = [*((text, f'"{text}"', text) for text in BAD_TEXTS.get(name, [])), (None, "3", 3)]
    return [*found, *((None, json.dumps(value), value) for value in BAD_VALUES.get(SETTINGS[name].kind, ()))]


PATHS = (kinds.local_file, kinds.any_file, kinds.results_place, kinds.journal)
BAD_VALUES: dict[Any, tuple[str, ...]] = {kinds.text: ("",), **dict.fromkeys(PATHS, ("a\0",))}
BAD_TEXTS: dict[str, list[str]] = {
    "results": ["{dat}.xlsx", "{name}.{dat}.xlsx", "{name}.pdf", "{name}{.xlsx"],
    "max-invalid": ["20", "101%", "-1%", "some%"],
    "between": ["02:00", "02:00-02:00", "25:00-06:00", "2-6"],
    "rate": ["20", "20/", "0/s", "5/0s", "fast", "20/1d", "-1/s", "1/0.0000001s", f"1/{'9' * 400}s"],
    "base-url": ["nonsense", "http://a.example"],
    "journal": ["mysql://x/y", ":memory:"],
    "archive": ["sftp://me:secret@host/x.csv"],
    "in-doubt": ["other", "same, other"],
}


BAD = [(name, *bad) for name in SETTINGS if name != "profile" for bad in bad_values(name)]
assert {name for name, *_ in BAD} == set(GOOD)


@pytest.mark.parametrize(("name", "text", "toml", "value"), BAD)
def test_what_cant_be_used_is_said_in_the_same_words_wherever_it_stands(
    name: str, text: str | None, toml: str, value: object, by_variable: ByVariable, by_profile: ByToml
) -> None:
    in_profile = SETTINGS[name].is_lasting
    ways: list[Callable[[], Options]] = [lambda: by_profile(name, toml)] * in_profile
    if text is not None:
        ways += [lambda: by_variable(name, [text])] * in_profile
        if SETTINGS[name].metavar:
            ways.append(lambda: told([f"--{name}", text]))
    found = []
    for way in ways:
        with pytest.raises(BadSettings) as error:
            _ = (given := way()).settings, given.read(name)
        found.append(error.value)
    if attribute := SETTINGS[name].attribute:
        with pytest.raises(BadSettings) as error:
            Settings(**{attribute: value})  # type: ignore[arg-type]
        found.append(error.value)
    assert {one.setting for one in found} == {name}
    assert len({one.reason for one in found}) == 1
    assert all(f"--{name}" in str(one) for one in found)
    if in_profile:
        assert render(found[0].origin).startswith("the profile 'default' in ")
        assert with_flags(found[0].message).startswith(f"Invalid value for --{name}, from the profile 'default' in ")
    if text is not None and in_profile:
        assert render(found[1].origin) == f"the environment variable {SETTINGS[name].variable}"


@pytest.mark.parametrize(
    "values", [{"batch_size": -1}, {"min_rows": True}, {"min_rows": None}, {"give_up": float("inf")},
               {"mapping": 3}, {"mapping": None}, {"rate": 20}, {"key": 3}, {"profile": None}],
)  # fmt: skip
def test_python_is_told_the_same(values: dict[str, Any]) -> None:
    """Nothing is taken that would only fail, or silently do nothing, later."""
    with pytest.raises(BadSettings):
        Settings(**values)


def test_a_rate_is_read_as_people_write_it() -> None:
    texts = {"20/1s": (20, 1), "60/min": (60, 60), "1000/h": (1000, 3600), " 5 / 2.5 sec ": (5, 2.5), "10/30": (10, 30)}
    assert {text: Rate.parse(text) for text in texts} == {text: Rate(*rate) for text, rate in texts.items()}


def test_the_command_line_puts_flags_in_their_place() -> None:
    """With the value that is proposed, whatever stands in that; and in nothing else."""
    where = say("target.is-journal", journal="`mood`")
    assert with_flags(where).endswith("`mood`. Name another file: --results.")
    assert with_flags(say("names", names=(SettingPart("map", 'content="a `b` c"'),))) == '--map content="a `b` c"'
    assert with_flags("Run `note-importer verify`, or `mood`.") == "Run `note-importer verify`, or `mood`."
