"""Declare each setting of a run once. Flags, variables, profiles, forms, checks and documents follow from this.

Output: :class:`Settings`, checked when it is made, and :data:`SETTINGS`, all settings by name. A profile and each
message call a setting by its *name*; ``--name`` is its flag, and ``NOTE_IMPORTER_NAME`` is its variable.

kinds      kinds of values, and how each is read
sources    command line, environment, profile, default: the value that counts, and where it was set
reading    how a kind of sheet is read: names of columns, and :class:`Reading`
readings   the readings that a profile remembers, and the settings with the answers of one
profiles   the settings of a workspace, kept in a file
address    the API's address in its canonical spelling; the journal's place
secrets    the API key, and the addresses for notifications
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from importer.errors import BadSettings
from importer.messages import Message, Quoted, say, texts, words
from importer.models import ContentKind, Role, Visibility, Workspace
from importer.settings import kinds
from importer.settings.address import LIVE, default_journal, is_this_machine
from importer.settings.reading import Reading
from importer.settings.secrets import can_be_key

BATCH_SIZE = 100
WORKERS = 8
GIVE_UP = 900.0
_OF_A_SHEET: Mapping[str, Any] = {"is_of_reading": True, "is_lasting": False}
"""Declaration of settings that name columns and words: a profile holds them in readings, never for all sheets."""
_OF_BYTES: Mapping[str, Any] = {"is_of_reading": True, "decides_rows": True}


class Topic(Enum):
    """Topics of settings. Each command has the settings of some topics, and some more by name."""

    FILE = "how the file is read"
    PROSPECTS = "how prospects and their notes are found"
    PLACE = "which workspace, where, and its journal"
    CALLS = "how the API is called"
    GUARDS = "what is wrong with a file as a whole"
    RUN = "what a run does"
    OTHER = "what a command does with what comes of it"


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        metavar: placeholder of its value in a manual; empty for yes or no.
        default: its default value, or a function that returns it.
        name: its name in profiles and messages.
        attribute: its attribute of :class:`Settings`; empty if no run uses it, only a command.
        is_of_reading: whether it is part of a reading (see :mod:`importer.settings.readings`).
        is_lasting: whether a profile or the environment may hold it, for all sheets.
        decides_rows: whether a file has other rows with another value.
        is_common: whether the help shows it at first sight. The others are shown by ``--help-all``.
    """

    kind: kinds.Kind[Any]
    topic: Topic
    metavar: str
    default: object
    name: str
    attribute: str = ""
    short: str = ""
    is_of_reading: bool = False
    is_lasting: bool = True
    decides_rows: bool = False
    is_common: bool = False

    @property
    def many(self) -> bool:
        """Whether it may be given more than once."""
        return self.kind in (kinds.columns, kinds.meanings, kinds.names, kinds.doubts)

    @property
    def help(self) -> Message:
        """The setting's effect, in a sentence or two."""
        return say(f"setting.{self.name}.help", **kinds.PLACEHOLDERS)

    @property
    def label(self) -> Message:
        """The label of the setting's field on the page, for settings that have one there."""
        return say(f"setting.{self.name}.label")

    def counted(self, number: int) -> Message:
        """Return a number of the notes that the setting limits, in words."""
        return say(f"setting.{self.name}.counted", n=number)

    @property
    def usual(self) -> Message | None:
        """Description of the default value; None if there is none, or if nothing is to be said about it."""
        if f"setting.{self.name}.default" in texts():
            return say(f"setting.{self.name}.default")
        value = self.default() if callable(self.default) else self.default
        if not value or not self.metavar or self.many:
            return None
        return words(kinds.with_tilde(value) if isinstance(value, Path) else str(value))

    @property
    def variable(self) -> str:
        """The setting's environment variable."""
        return f"NOTE_IMPORTER_{self.name.replace('-', '_').upper()}"

    def read(self, value: object) -> object:
        """Return the checked value, from any source.

        Raises BadSettings, which names the setting, and says what is allowed.
        """
        try:
            return self.kind(value)
        except BadSettings as error:
            raise BadSettings(error.reason, setting=self.name) from error
        except ValueError as error:  # from Python itself, for example for a number with thousands of digits
            raise BadSettings(words(Quoted(str(error))), setting=self.name) from error


def _setting(
    kind: kinds.Kind[Any], topic: Topic, metavar: str = "", *, default: Any = None, name: str = "", **about: Any
) -> Any:
    """Declare a setting as a field of :class:`Settings`. Its name is the field's with hyphens, unless one is given."""
    if isinstance(kind, kinds.OneOf):
        metavar = f"[{'|'.join(kind.words)}]"
    metadata = {"setting": Setting(kind, topic, metavar, default, name, **about)}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Origin:
    """Where settings come from.

    Attributes:
        said: names of the settings that were given for this run. They count more than a reading's answers.
        key_place: the source of the key, for a message.
        secret_files: files with secrets, and files that name them; no note may attach them. The journal, the sheet and
            the results may not be attached either, and needn't be listed here.
    """

    said: frozenset[str] = frozenset()
    key_place: Message | None = None
    secret_files: Sequence[Path] = ()


@dataclass(frozen=True)
class Settings:
    """All settings of a run, with their defaults.

    Each value may also be a text, as in a profile or after a flag: ``rate="20/1s"``. Texts say what each setting does
    (``setting.….help``). The class variables are settings that only commands use. Results that an earlier run left to
    write are known by the values of :attr:`Topic.FILE`, in their order.

    Attributes:
        workers: maximum of simultaneous calls; an argument of this class alone.
        mapping: role → headings, or column letters if no heading has that name; the first in the sheet counts. No
            column has the role if the only name is empty; a last, empty name: the sheet may lack all other names.
        values: role and column → word of the sheet → its meaning; None: rows with this word are left out.
        default_visibility: for blank cells and sheets without the column; None: a blank is a problem.
        attachments: folder of the files that the attachments column names; None: the column holds IDs.
        several_in_cell: who receives the note if a cell names several people; None: nobody, unless a person is asked.
        dates: order of day and month in dates such as 11/1/2026, if a template puts them into the notes; None: as the
            sheet proves. If it doesn't, a person is asked.
        readings: the known readings of sheets; only the one that applies to the sheet once that is known. The other
            settings then contain its answers.
        origin: where the values come from.
        sheet, header_row, encoding, delimiter: how to read the file, if guessing isn't wanted.
        batch_size: maximum of prospects in a request.
        rate: maximum of calls in a period; None: as many as the API allows.
        read_timeout, settle, give_up: in seconds. A ``give_up`` of None: :data:`GIVE_UP`, or in a window the time until
            it closes.
        journal: as it was given: a file's path, or a URL; see :func:`~importer.settings.journal_place`.
        results: the results file, or the pattern of the names of results beside their inputs, which holds
            ``{name}``; None: ``{name}.results.xlsx``.
        max_invalid: a share from 0 to 1.

    Raises BadSettings if a value can't be used; the message names the setting, and says what is allowed.
    """

    mapping: Mapping[Role, tuple[str, ...]] = _setting(
        kinds.columns, Topic.FILE, "ROLE=HEADING", default=dict, name="map", is_common=True, **_OF_A_SHEET
    )
    values: kinds.Values = _setting(
        kinds.meanings, Topic.FILE, "ROLE:WORD=VALUE", default=dict, name="value", is_common=True, **_OF_A_SHEET
    )
    default_visibility: Visibility | None = _setting(
        kinds.OneOf(Visibility), Topic.FILE, is_common=True, is_of_reading=True
    )
    content: ContentKind = _setting(kinds.OneOf(ContentKind), Topic.FILE, default=ContentKind.AUTO, is_of_reading=True)
    ignored: Sequence[str] = _setting(kinds.names, Topic.FILE, "HEADING", default=(), name="ignore", **_OF_A_SHEET)
    attachments: Path | None = _setting(kinds.local_file, Topic.FILE, "FOLDER", is_common=True)
    skip_existing: bool = _setting(kinds.yes, Topic.PROSPECTS, default=False, is_common=True)
    sheet: str | None = _setting(kinds.text, Topic.FILE, "NAME", is_common=True, decides_rows=True)
    header_row: int | None = _setting(kinds.Number(1), Topic.FILE, "N", decides_rows=True)
    encoding: str | None = _setting(kinds.text, Topic.FILE, "NAME", **_OF_BYTES)
    delimiter: str | None = _setting(kinds.text, Topic.FILE, "SIGN", **_OF_BYTES)
    export: str | None = _setting(kinds.text, Topic.FILE, "NAME")
    several_in_cell: kinds.SeveralInCell | None = _setting(
        kinds.OneOf(kinds.SeveralInCell), Topic.FILE, is_of_reading=True
    )
    dates: kinds.DateOrder | None = _setting(kinds.OneOf(kinds.DateOrder), Topic.FILE, is_of_reading=True)
    profile: str = _setting(kinds.text, Topic.PLACE, "NAME", default="default", is_common=True)
    base_url: str = _setting(kinds.address, Topic.PLACE, "URL", default=LIVE)
    journal: Path | str = _setting(kinds.journal, Topic.PLACE, "FILE", default=default_journal)
    guard_local_address: bool = _setting(kinds.yes, Topic.PLACE, default=False)
    api_key_file: ClassVar[Path | None] = _setting(kinds.local_file, Topic.CALLS, "FILE")
    batch_size: int = _setting(kinds.Number(1, 10_000), Topic.CALLS, "N", default=BATCH_SIZE)
    rate: kinds.Rate | None = _setting(kinds.Rate.parse, Topic.CALLS, "CALLS/TIME", is_common=True)
    read_timeout: float = _setting(kinds.seconds(0.1, 3600), Topic.CALLS, "SECONDS", default=60.0)
    settle: float = _setting(kinds.seconds(0, 3600), Topic.CALLS, "SECONDS", default=5.0)
    give_up: float | None = _setting(kinds.seconds(1, 604_800), Topic.CALLS, "SECONDS", name="give-up-after")
    new_journal: bool = _setting(kinds.yes, Topic.CALLS, default=False)
    results: Path | str | None = _setting(kinds.results_place, Topic.OTHER, "NAME", is_common=True)
    archive: Path | None = _setting(kinds.any_file, Topic.OTHER, "FOLDER", is_common=True)
    min_rows: int = _setting(kinds.Number(0), Topic.GUARDS, "N", default=1)
    max_invalid: float | None = _setting(kinds.share, Topic.GUARDS, "PERCENT")
    max_notes: int | None = _setting(kinds.Number(0), Topic.GUARDS, "N")
    max_public: int | None = _setting(kinds.Number(0), Topic.GUARDS, "N")
    between: kinds.TimeWindow | None = _setting(kinds.TimeWindow.parse, Topic.OTHER, "TIMES", is_common=True)
    again: bool = _setting(kinds.yes, Topic.RUN, default=False, is_common=True)
    update: bool = _setting(kinds.yes, Topic.RUN, default=False, is_common=True)
    in_doubt: Sequence[kinds.InDoubt] = _setting(kinds.doubts, Topic.RUN, "ANSWER", default=())
    yes: ClassVar[bool] = _setting(kinds.yes, Topic.OTHER, default=False, short="-y", is_common=True)
    log_file: ClassVar[Path | None] = _setting(kinds.local_file, Topic.OTHER, "FILE")
    quiet: ClassVar[bool] = _setting(kinds.yes, Topic.OTHER, default=False, short="-q")
    json: ClassVar[bool] = _setting(kinds.yes, Topic.OTHER, default=False)
    notify_file: ClassVar[Path | None] = _setting(kinds.local_file, Topic.OTHER, "FILE")

    workers: int = field(default_factory=lambda: WORKERS)
    key: str = field(default="", repr=False)
    readings: Sequence[Reading] = ()
    origin: Origin = field(default=Origin(), compare=False)

    def __post_init__(self) -> None:
        for setting in SETTINGS.values():
            if setting.attribute:
                value = getattr(self, setting.attribute)
                if value is not None or setting.default is not None:
                    object.__setattr__(self, setting.attribute, setting.read(value))
        if self.key != "" and not can_be_key(self.key):
            raise BadSettings(say("key.none"))

    @property
    def reading(self) -> Reading | None:
        """The reading that applies to the sheet; None if none does, or if that isn't known yet."""
        return next((reading for reading in self.readings if reading.applies), None)

    @property
    def workspace(self) -> Workspace:
        """The workspace for which deliveries are remembered."""
        return Workspace(self.profile, self.base_url)

    @property
    def is_unguarded(self) -> bool:
        """True if nothing must be guarded: the address is on this machine, and ``guard_local_address`` isn't set."""
        return is_this_machine(urlsplit(self.base_url).hostname or "") and not self.guard_local_address


def _declared() -> Iterator[Setting]:
    """Yield the settings in the order of their declaration."""
    for attribute, declared in Settings.__dataclass_fields__.items():
        if (setting := declared.metadata.get("setting")) is not None:
            is_only_for_commands = Settings.__annotations__[attribute].startswith("ClassVar")
            yield replace(
                setting,
                name=setting.name or attribute.replace("_", "-"),
                attribute="" if is_only_for_commands else attribute,
            )


SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _declared()}
"""All settings by name, in the order of their declaration."""
