"""Declare each setting once. Flags, variables, profiles, checks and documents are derived from this table.

Output: :data:`SETTINGS`. A profile and each message call a setting by its *name*; ``--name`` is its flag, and
``NOTE_IMPORTER_NAME`` is its variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from importer.errors import BadSettings
from importer.markup import ContentKind
from importer.messages import Message, Said, say, words
from importer.models import OnSeveral, Visibility
from importer.settings.encoding import EncodingOf
from importer.settings.kinds import (
    PLACEHOLDERS,
    Address,
    AnyFile,
    AttachmentsAre,
    Columns,
    JournalPlace,
    Limited,
    LocalFile,
    Names,
    OneOf,
    Rated,
    ResultsName,
    Seconds,
    Share,
    Text,
    ValueKind,
    Whole,
    Yes,
)
from importer.settings.meanings import Meanings
from importer.settings.recipients import Occasion
from importer.settings.times import Span, WindowKind


class Topic(Enum):
    """Topics of settings. Each command has the settings of some topics."""

    FILE = "how the file is read"
    EMAILS = "how prospects are found by their emails"
    SIZE = "how many prospects a request holds"
    PLACE = "which workspace, where, and its journal"
    CALLS = "how the API is called"
    PACE = "how fast, also for what makes no calls but says how long they would take"
    RESULTS = "where the results go"
    RUN = "what a run does"
    ARCHIVE = "where finished files go"
    GUARDS = "what is wrong with a file as a whole"
    WAITING = "whether another import is waited for"
    HOURS = "when a run may be at work"
    NEW_JOURNAL = "whether another journal may be taken on"
    ASKING = "whether a person is asked"
    NOTIFYING = "who is told how it ended"
    LOG = "where a log goes"
    OUTPUT = "what is printed"
    QUIET = "whether anything is printed"


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: its name in profiles and messages.
        topic: its topic.
        kind: the kind of its value.
        metavar: placeholder of its value in a manual; empty for yes or no.
        attribute: its attribute of :class:`~importer.settings.Settings`; empty if no run uses it, only a command.
        many: whether it may be given more than once.
        default: description of its default in a manual, empty for no description; None: the attribute's default.
        short: a short flag.
        in_profile: its name in a profile if that differs: a table of the values that a flag gives one by one.
    """

    name: str
    topic: Topic
    kind: ValueKind
    metavar: str = ""
    attribute: str = ""
    many: bool = False
    default: Said | None = None
    short: str = ""
    in_profile: str = ""

    @property
    def help(self) -> Message:
        """The setting's effect, in a sentence or two."""
        return say(f"setting.{self.name}.help", **PLACEHOLDERS)

    @property
    def profile_name(self) -> str:
        """The setting's name in a profile."""
        return self.in_profile or self.name

    @property
    def variable(self) -> str:
        """The setting's environment variable."""
        return f"NOTE_IMPORTER_{self.name.replace('-', '_').upper()}"

    def read(self, value: object) -> object:
        """Return the checked value, from any source.

        Raises:
            BadSettings: the value can't be used; the message names the setting, and says what is allowed.
        """
        try:
            return self.kind.read(value)
        except BadSettings as error:
            raise BadSettings(error.reason, setting=self.name) from error
        except ValueError as error:  # from Python itself, for example for a number with thousands of digits
            raise BadSettings(words(str(error)), setting=self.name) from error


_SECONDS = "SECONDS"

SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("map", Topic.FILE, Columns(), "ROLE=HEADING", "mapping", many=True),
        Setting("value", Topic.FILE, Meanings(), "ROLE:WORD=VALUE", "values", many=True, in_profile="values"),
        Setting(
            "default-visibility", Topic.FILE, OneOf(Visibility, by_name=True), "[public|private]", "default_visibility"
        ),
        Setting("content", Topic.FILE, OneOf(ContentKind), "[auto|text|html]", "content"),
        Setting("key-column", Topic.FILE, Text(), "HEADING", "key_column"),
        Setting("ignore", Topic.FILE, Names(), "HEADING", "ignored", many=True),
        Setting("attachments", Topic.FILE, LocalFile(), "FOLDER", "attachments"),
        Setting(
            "attachments-are",
            Topic.FILE,
            OneOf(AttachmentsAre),
            "[ids|files]",
            "attachments_are",
            default=say("setting.attachments-are.default"),
        ),
        Setting("on-several", Topic.EMAILS, OneOf(OnSeveral), "[reject|newest|oldest|all]", "on_several"),
        Setting("unknown-emails", Topic.EMAILS, AnyFile(), "FILE", "unknown_emails"),
        Setting("sheet", Topic.FILE, Text(), "NAME", "sheet"),
        Setting("header-row", Topic.FILE, Whole(1), "N", "header_row"),
        Setting("encoding", Topic.FILE, EncodingOf(), "NAME", "encoding"),
        Setting("delimiter", Topic.FILE, Text(), "SIGN", "delimiter"),
        Setting("fill-merged", Topic.FILE, Yes(), attribute="fill_merged"),
        Setting("limit", Topic.FILE, Limited(), "NAME=NUMBER", "limits", many=True, default=""),
        Setting(
            "batch-size", Topic.SIZE, Whole(1, 10_000), "N", "batch_size", default=say("setting.batch-size.default")
        ),
        Setting("profile", Topic.PLACE, Text(), "NAME", "profile"),
        Setting("base-url", Topic.PLACE, Address(), "URL", "base_url"),
        Setting("journal", Topic.PLACE, JournalPlace(), "FILE", "journal"),
        Setting("guard-local-address", Topic.PLACE, Yes(), attribute="guard_local_address"),
        Setting("api-key-file", Topic.CALLS, LocalFile(), "FILE"),
        Setting("shared-account", Topic.CALLS, Yes(), attribute="shared_account"),
        Setting("workers", Topic.CALLS, Whole(1, 64), "N", "workers"),
        Setting("rate", Topic.PACE, Rated(), "CALLS/TIME", "rate"),
        Setting("connect-timeout", Topic.CALLS, Seconds(0.1, 600), _SECONDS, "connect_timeout"),
        Setting("read-timeout", Topic.CALLS, Seconds(0.1, 3600), _SECONDS, "read_timeout"),
        Setting("settle", Topic.CALLS, Seconds(0, 3600), _SECONDS, "settle"),
        Setting("give-up-after", Topic.CALLS, Seconds(1, 604_800), _SECONDS, "give_up"),
        Setting("new-journal", Topic.NEW_JOURNAL, Yes(), attribute="new_journal"),
        Setting("wait", Topic.WAITING, Span(), "TIME", "wait", default=""),
        Setting("results", Topic.RESULTS, AnyFile(), "NAME", "results", default=say("setting.results.default")),
        Setting("results-name", Topic.RESULTS, ResultsName(), "NAME", "results_name"),
        Setting("archive", Topic.ARCHIVE, AnyFile(), "FOLDER", "archive"),
        Setting("min-rows", Topic.GUARDS, Whole(0), "N", "min_rows"),
        Setting("max-invalid", Topic.GUARDS, Share(), "PERCENT", "max_invalid"),
        Setting("max-unknown", Topic.GUARDS, Share(), "PERCENT", "max_unknown"),
        Setting("max-notes", Topic.GUARDS, Whole(0), "N", "max_notes"),
        Setting("max-public", Topic.GUARDS, Whole(0), "N", "max_public"),
        Setting("between", Topic.HOURS, WindowKind(), "TIMES", "between"),
        Setting("for", Topic.HOURS, Span(), "TIME", "longest"),
        Setting("first", Topic.RUN, Whole(1), "N", "first"),
        Setting("again", Topic.RUN, Yes(), attribute="again"),
        Setting("resend-unconfirmed", Topic.RUN, Yes(), attribute="resend_unconfirmed"),
        Setting("remember", Topic.RUN, Yes()),
        Setting("yes", Topic.ASKING, Yes(), short="-y"),
        Setting("log-file", Topic.LOG, LocalFile(), "FILE"),
        Setting("quiet", Topic.QUIET, Yes(), short="-q"),
        Setting("json", Topic.OUTPUT, Yes()),
        Setting(
            "notify", Topic.NOTIFYING, OneOf(Occasion), "[problem|always|never]", default=say("setting.notify.default")
        ),
        Setting("notify-file", Topic.NOTIFYING, LocalFile(), "FILE"),
    )
}
