"""Where settings come from: what a person said now, then the environment, then the profile, then the defaults.

Comes in: what a face was told, by the settings' names. Goes out: every value that was given, and where; and
:class:`Settings` made of them. An error says where the value stood that can't be used.
"""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from importer.errors import BadSettings
from importer.messages import Message, SettingPart, say
from importer.models import Role
from importer.settings import keystore, profiles
from importer.settings.address import default_journal, journal_place
from importer.settings.key import KEY_VARIABLE, read_key
from importer.settings.meanings import Scope, Values, merged, rescoped
from importer.settings.recipients import ADDRESSES_VARIABLE, Recipient, read_recipients
from importer.settings.settings import Settings
from importer.settings.table import SETTINGS

TRIES_VARIABLE = "NOTE_IMPORTER_TRIES"
OTHER_VARIABLES = (
    "NOTE_IMPORTER_PROFILES",
    "NOTE_IMPORTER_JOURNALS",
    "NOTE_IMPORTER_DEBUG",
    TRIES_VARIABLE,
    ADDRESSES_VARIABLE,
)
"""Variables of ours that are no settings: where profiles and the journals' ids are kept, more words on a fault, and
where notifications go."""


_TABLES = ("map", "value", "ignore")
"""The settings of which each place adds to what the others say: by role, by word, and by column."""


class Source(Enum):
    """Where a value stood."""

    SAID = "said now"
    ENVIRONMENT = "environment"
    PROFILE = "profile"


@dataclass(frozen=True)
class Given:
    """A value, unread, and where it stood.

    Attributes:
        origin: where; None if it was said now.
        profile: which it stood in, if it did.
        below: what stood of the same table at places that count less, by which this is added to.
    """

    value: object
    place: Source
    origin: Message | None = None
    profile: str = ""
    below: tuple[Given, ...] = ()

    def at(self, name: str) -> Message | None:
        """Where the setting of this name stood, with its line in a file of profiles."""
        if self.place is not Source.PROFILE:
            return self.origin
        return profiles.place_of(self.profile, SETTINGS[name].profile_name)


def gather(
    said: Mapping[str, object], names: Collection[str], environment: Mapping[str, str] = os.environ
) -> dict[str, Given]:
    """What was given of some settings, by their names.

    Args:
        said: what a person says now.
        names: the settings that matter; others may stand in the environment and the profile, and don't count.
        environment: of the process. A variable that is blank gives nothing. Where a setting may be given more than
            once, the variable holds a line each, or, in one line, parts between semicolons.

    Raises:
        BadSettings: there is no such profile, or it can't be read; or a variable of ours is misspelt.
    """
    _check_variables(environment)
    given = {name: Given(value, Source.SAID) for name, value in said.items()}
    for name in names:
        setting = SETTINGS[name]
        text = environment.get(setting.variable, "")
        if text.strip():
            value: object = _parts(text) if setting.many else text
            _lay(given, name, Given(value, Source.ENVIRONMENT, say("origin.variable", name=setting.variable)))
    if "profile" in names:
        profile = str(given["profile"].value) if "profile" in given else profiles.DEFAULT
        origin = profiles.place_of(profile)
        for name, value in profiles.load(profile).items():
            if name in names:
                _lay(given, name, Given(value, Source.PROFILE, origin, profile))
    return given


def _lay(given: dict[str, Given], name: str, found: Given) -> None:
    """Put a value where it counts less than what was given of the setting already."""
    if name not in given:
        given[name] = found
    elif name in _TABLES:
        given[name] = replace(given[name], below=(*given[name].below, found))


def _check_variables(environment: Mapping[str, str]) -> None:
    """See that no variable is misspelt, which would silently not count."""
    known = [*(setting.variable for setting in SETTINGS.values()), *OTHER_VARIABLES]
    for name in sorted(environment):
        if name.startswith("NOTE_IMPORTER_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            if near:
                raise BadSettings(say("variable.misspelt-near", name=name, near=near[0]))
            raise BadSettings(say("variable.misspelt", name=name))


def _parts(text: str) -> list[str]:
    parts = text.splitlines() if "\n" in text.strip() else text.split(";")
    return [part.strip() for part in parts if part.strip()]


def settings_of(given: Mapping[str, Given]) -> Settings:
    """The settings; what none was given of has its default.

    Raises:
        BadSettings: a value can't be used; says which, where it stood, and what is allowed.
    """
    values: dict[str, Any] = {SETTINGS[name].attribute: found.value for name, found in given.items()}
    values.pop("", None)
    values |= _tables(given)
    with _placed(given):
        return Settings(**values, secret_files=_secret_files(given))


_SECRET = ("api-key-file", "notify-file", "log-file")
"""The settings that name a file which is nobody else's business."""

_SECRET_ELSEWHERE = ("PGPASSFILE", "PGSERVICEFILE")
"""Variables of others that name such a file: those with a database's password."""


def _secret_files(given: Mapping[str, Given]) -> list[Path]:
    """Every such file that is known of, of all profiles, and that which names them; there need not be one."""
    said = [given[name].value for name in _SECRET if name in given]
    said += [os.environ.get(name, "") for name in (*(SETTINGS[name].variable for name in _SECRET), *_SECRET_ELSEWHERE)]
    said += profiles.named_files(*_SECRET)
    files = [Path(value) for value in said if isinstance(value, (str, Path)) and str(value)]
    return [*files, profiles.profiles_file(), *_journals()]


def _journals() -> Iterator[Path]:
    """The journals of all profiles that are files, with those that SQLite keeps beside them."""
    for named in (str(default_journal()), *profiles.named_files("journal")):
        with contextlib.suppress(BadSettings):
            if isinstance(place := journal_place(named), Path):
                yield from (place.with_name(f"{place.name}{end}") for end in ("", "-wal", "-shm"))


@contextmanager
def _placed(given: Mapping[str, Given]) -> Iterator[None]:
    """A setting that can't be used in the block is told with where it stood."""
    try:
        yield
    except BadSettings as error:
        if error.origin or error.setting not in given:
            raise
        raise BadSettings(error.reason, setting=error.setting, origin=given[error.setting].at(error.setting)) from error


def _tables(given: Mapping[str, Given]) -> dict[str, Any]:
    """The settings of :data:`_TABLES`, and the roles and ignored columns that the profile alone speaks of.

    Raises:
        BadSettings: see :func:`settings_of`.
    """
    mapping: dict[Role, Any] = {}
    values: Values = {}
    usual: set[Role] = set()
    ignored: dict[str, None] = {}
    lasting: set[str] = set()
    for layer in _layers(given, "map"):
        said = read({"map": layer}, "map")
        mapping |= said
        usual = usual | said.keys() if layer.place is Source.PROFILE else usual - said.keys()
    for layer in _layers(given, "value"):
        said = read({"value": layer}, "value")
        if layer.place is Source.PROFILE:  # for whichever sheet comes
            for role in said:
                said = rescoped(said, role, Scope.PLAIN)
        values = merged(values, said)
    for layer in _layers(given, "ignore"):
        names = read({"ignore": layer}, "ignore")
        ignored |= dict.fromkeys(names)
        lasting = lasting.difference(names) if layer.place is Source.SAID else lasting.union(names)
    return {
        "usual": frozenset(usual),
        "lasting": frozenset(lasting),
        **({"mapping": mapping} if "map" in given else {}),
        **({"values": values} if "value" in given else {}),
        **({"ignored": tuple(ignored)} if "ignore" in given else {}),
    }


def _layers(given: Mapping[str, Given], name: str) -> Iterator[Given]:
    """Yield what was given of a table, that which counts least first."""
    if name in given:
        yield from reversed((given[name], *given[name].below))


def read(given: Mapping[str, Given], name: str) -> Any:
    """The value of a setting that is for the face that asks; None where none was given.

    Raises:
        BadSettings: it can't be used.
    """
    found = given.get(name)
    if found is None:
        return None
    try:
        return SETTINGS[name].read(found.value)
    except BadSettings as error:
        raise BadSettings(error.reason, setting=name, origin=found.at(name)) from error


def with_key(settings: Settings, given: Mapping[str, Given]) -> Settings:
    """The settings with the key, from the first of these that has one.

    They are the file that was named now, the environment, the profile's file, the system's key store. In the
    environment the key itself counts more than the name of a file with one: whoever puts a key before a single command
    means that one. A profile's key is for the profile's address, and is sent to no other.

    Raises:
        BadSettings: there is no key, or it can't be one, or it is for another address.
    """
    place = given["api-key-file"].place if "api-key-file" in given else None
    file = key_file(given)
    if file is None:
        is_given = os.environ.get(KEY_VARIABLE, "").strip()
        kept = None if is_given else keystore.kept(settings.workspace)
        return replace(settings, key=kept or read_key(None))
    address = given.get("base-url")
    if place is Source.PROFILE and address is not None and address.place is not Source.PROFILE:
        origin = address.origin or SettingPart("base-url")
        parts = {"address": settings.base_url, "origin": origin, "profile": repr(settings.profile)}
        raise BadSettings(say("key.of-another-address", **parts))
    with _placed(given):
        return replace(settings, key=read_key(file))


def key_file(given: Mapping[str, Given]) -> Path | None:
    """The file that the key is read from; None where it is the environment's."""
    return _secret_file(given, "api-key-file", KEY_VARIABLE)


def recipients(given: Mapping[str, Given]) -> tuple[Recipient, ...]:
    """Where notifications go; the same places are asked as for the key.

    Raises:
        BadSettings: the file of addresses can't be used.
    """
    with _placed(given):
        return read_recipients(recipients_file(given))


def recipients_file(given: Mapping[str, Given]) -> Path | None:
    """The file that the addresses for notifications are read from; None where they are the environment's."""
    return _secret_file(given, "notify-file", ADDRESSES_VARIABLE)


def _secret_file(given: Mapping[str, Given], name: str, variable: str) -> Path | None:
    """The file that a secret is read from; the secret itself in the environment counts more, unless one is said now."""
    found = given.get(name)
    if found is None or (found.place is not Source.SAID and os.environ.get(variable, "").strip()):
        return None
    return Path(read(given, name))


def key_place(settings: Settings, given: Mapping[str, Given]) -> Message:
    """Where the key is taken from.

    Raises:
        BadSettings: there is none, or it can't be used.
    """
    with_key(settings, given)
    if (file := key_file(given)) is not None:
        origin = given["api-key-file"].at("api-key-file")
        if origin is None:
            return say("origin.file", file=str(file))
        return say("origin.file-named", file=str(file), origin=origin)
    if os.environ.get(KEY_VARIABLE, "").strip():
        return say("origin.variable", name=KEY_VARIABLE)
    return say("origin.key-store", workspace=str(settings.workspace))
