"""The one table of all settings: it feeds the flags, the environment, the profiles, the checks and the documents.

Comes in: nothing. Goes out: :data:`SETTINGS`. A setting is called by its *name*: that is what a profile and every
message call it; ``--name`` is its flag and ``NOTE_IMPORTER_NAME`` its variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from importer.api.saleshandy import LIVE
from importer.errors import BadSettings
from importer.markup import ContentKind
from importer.models import OnSeveral, Visibility
from importer.settings.encoding import EncodingOf
from importer.settings.key import KEY_VARIABLE
from importer.settings.kinds import (
    Address,
    AttachmentsAre,
    Choice,
    Columns,
    File,
    JournalPlace,
    Kind,
    Limited,
    Names,
    Rated,
    ResultsName,
    Seconds,
    Share,
    Somewhere,
    Text,
    Whole,
    Yes,
)
from importer.settings.meanings import Meanings
from importer.settings.recipients import ADDRESSES_VARIABLE, Occasion
from importer.settings.times import Between, Span


class Topic(Enum):
    """What a setting is about; a command has the settings of some topics."""

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
        name: as a profile and messages call it.
        topic: what it is about.
        kind: what its value may be.
        help: what it does, in a sentence or two.
        metavar: what stands for its value in a manual; empty for yes or no.
        attribute: of :class:`~importer.settings.Settings`; empty where it is for the face that asks, not for a run.
        many: whether it may be given more than once.
        default: what a manual says of the value that counts where none is given; None: it is the attribute's.
        short: a short flag.
        in_profile: what a profile calls it, where that isn't its name: a table of many that a flag gives one by one.
    """

    name: str
    topic: Topic
    kind: Kind
    help: str
    metavar: str = ""
    attribute: str = ""
    many: bool = False
    default: str | None = None
    short: str = ""
    in_profile: str = ""

    @property
    def profile_name(self) -> str:
        """What a profile calls it."""
        return self.in_profile or self.name

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"NOTE_IMPORTER_{self.name.replace('-', '_').upper()}"

    def read(self, value: object) -> object:
        """The value, whoever gives it.

        Raises:
            BadSettings: it can't be used; names the setting, and says what is allowed.
        """
        try:
            return self.kind.read(value)
        except (ValueError, BadSettings) as error:
            raise BadSettings(str(error), setting=self.name) from error


_SECONDS = "SECONDS"

SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "map", Topic.FILE, Columns(),
            "Name a column: prospect, content, visibility, status, attachments or email, by its heading or letter, as"
            ' in `map content="Call summary"`. Nothing after the = means that no column has the role.',
            "ROLE=HEADING", "mapping", many=True,
        ),
        Setting(
            "value", Topic.FILE, Meanings(),
            "Say what a word of the sheet means, as in `value visibility:Yes=Public` or `value status:Done=Published`."
            " Nothing after the = leaves its rows out. It counts for the column that is the visibility or the status in"
            " this run; in a profile, name the column.",
            "ROLE:WORD=VALUE", "values", many=True, in_profile="values",
        ),
        Setting(
            "default-visibility", Topic.FILE, Choice(Visibility, by_name=True),
            "For rows where the visibility is blank. Without it, a blank is a problem.",
            "[public|private]", "default_visibility",
        ),
        Setting(
            "content", Topic.FILE, Choice(ContentKind), "How the notes are meant; auto looks at each.",
            "[auto|text|html]", "content",
        ),
        Setting(
            "key-column", Topic.FILE, Text(),
            "A column that tells rows apart which mean the same note for the same prospect again.",
            "HEADING", "key_column",
        ),
        Setting(
            "ignore", Topic.FILE, Names(),
            "Set a column aside that looks as if it were meant for something.",
            "HEADING", "ignored", many=True,
        ),
        Setting(
            "attachments", Topic.FILE, File(),
            "A folder. The column of attachments then holds names of files in it, with a ; or a line break between two;"
            " each is uploaded once. No file outside of it is ever taken.",
            "FOLDER", "attachments",
        ),
        Setting(
            "attachments-are", Topic.FILE, Choice(AttachmentsAre),
            "What stands in the column of attachments: ids of files that were uploaded before, or names of files.",
            "[ids|files]", "attachments_are", default="files where there is a folder, else ids",
        ),
        Setting(
            "on-several", Topic.EMAILS, Choice(OnSeveral),
            "Who receives a note whose email several prospects have: nobody, so that the row is rejected; the newest or"
            " oldest of them; or each.", "[reject|newest|oldest|all]", "on_several",
        ),
        Setting(
            "unknown-emails", Topic.EMAILS, Somewhere(),
            "Write the emails that no prospect has to this .csv file, for whoever adds prospects.",
            "FILE", "unknown_emails", default="",
        ),
        Setting("sheet", Topic.FILE, Text(), "Which sheet of a workbook.", "NAME", "sheet"),
        Setting("header-row", Topic.FILE, Whole(1), "Which row holds the headings.", "N", "header_row"),
        Setting(
            "encoding", Topic.FILE, EncodingOf(), "How a text file is encoded, such as cp1252.", "NAME", "encoding",
        ),
        Setting(
            "delimiter", Topic.FILE, Text(), "What separates the columns of a text file; tab for a tab.",
            "SIGN", "delimiter",
        ),
        Setting(
            "fill-merged", Topic.FILE, Yes(),
            "Let a merged cell count for every row that it covers. Without it, it counts for the first alone.",
            attribute="fill_merged",
        ),
        Setting(
            "limit", Topic.FILE, Limited(),
            "Raise a limit on what is read, such as rows=6000000; the message that names it says how.",
            "NAME=NUMBER", "limits", many=True, default="",
        ),
        Setting(
            "batch-size", Topic.SIZE, Whole(1, 10_000),
            "Prospects in one request at most. The API documents no limit; 100 is what its own lists take a page. A"
            " size that it refuses is halved.",
            "N", "batch_size", default="100, or what proved to work",
        ),
        Setting(
            "profile", Topic.PLACE, Text(),
            "Your name for the workspace: its settings are used, and deliveries are remembered for it and the address.",
            "NAME", "profile",
        ),
        Setting(
            "base-url", Topic.PLACE, Address(), "Where the API is; https only, this machine excepted.",
            "URL", "base_url", default=LIVE,
        ),
        Setting(
            "journal", Topic.PLACE, JournalPlace(),
            "The record of what was delivered: a file, or the URL of a PostgreSQL database that several machines share,"
            " postgresql://HOST/DATABASE.",
            "FILE", "journal",
        ),
        Setting(
            "guard-local-address", Topic.PLACE, Yes(),
            "Guard an address on this machine as any other: set it if a program there forwards calls to the real"
            " service. Without it, such an address is for practice, and nothing is remembered of it.",
            attribute="guard_local_address",
        ),
        Setting(
            "api-key-file", Topic.CALLS, File(),
            f"A file that holds the API key, instead of the environment variable {KEY_VARIABLE}.", "FILE",
        ),
        Setting(
            "shared-account", Topic.CALLS, Yes(),
            "Use a key that was used for another profile or at another address, too. What was delivered there is not"
            " known here, and would be sent again.",
            attribute="shared_account",
        ),
        Setting("workers", Topic.CALLS, Whole(1, 64), "Calls in flight at most.", "N", "workers"),
        Setting(
            "rate", Topic.PACE, Rated(),
            "Calls in a time at most, as 20/1s or 60/min. Without it, what the API allows.", "CALLS/TIME", "rate",
        ),
        Setting(
            "connect-timeout", Topic.CALLS, Seconds(0.1, 600), "To reach the server.", _SECONDS, "connect_timeout",
        ),
        Setting(
            "read-timeout", Topic.CALLS, Seconds(0.1, 3600), "Without an answer, after which a call is given up.",
            _SECONDS, "read_timeout",
        ),
        Setting(
            "settle", Topic.CALLS, Seconds(0, 3600),
            "After a call without a clear answer, until its notes surely can be read back.", _SECONDS, "settle",
        ),
        Setting(
            "give-up-after", Topic.CALLS, Seconds(1, 604_800), "Without any progress, after which the run stops.",
            _SECONDS, "give_up",
        ),
        Setting(
            "new-journal", Topic.NEW_JOURNAL, Yes(),
            "Take the journal for this workspace's own, though another was until now.", attribute="new_journal",
        ),
        Setting(
            "wait", Topic.WAITING, Span(),
            "How long to wait for another import of the workspace to end, as 10m, instead of ending at once.",
            "TIME", "wait", default="",
        ),
        Setting(
            "results", Topic.RESULTS, Somewhere(), "Where the results go, .xlsx or .csv.",
            "NAME", "results", default="FILE.results.xlsx beside the file",
        ),
        Setting(
            "results-name", Topic.RESULTS, ResultsName(),
            "How results are called that lie beside their files, as '{name}.{date}.results.xlsx'; {time} may stand in"
            " it too.",
            "NAME", "results_name",
        ),
        Setting(
            "archive", Topic.ARCHIVE, Somewhere(),
            "A folder into which a file is moved with its results once it is finished (exit status 0 or 1).",
            "FOLDER", "archive",
        ),
        Setting(
            "min-rows", Topic.GUARDS, Whole(0),
            "Rows that a file must have at least; with fewer, nothing of it is sent: an export that came out empty.",
            "N", "min_rows",
        ),
        Setting(
            "max-invalid", Topic.GUARDS, Share(),
            "The part of a file's rows that may have problems, as 20%; with more, nothing of it is sent.",
            "PERCENT", "max_invalid",
        ),
        Setting(
            "max-unknown", Topic.GUARDS, Share(),
            "The part of a file's rows that may name a prospect the workspace does not have, as 20%; with more, nothing"
            " of it is sent. Without it, any.",
            "PERCENT", "max_unknown",
        ),
        Setting(
            "max-notes", Topic.GUARDS, Whole(0),
            "Notes that one file may send at most; with more, nothing of it is sent.", "N", "max_notes",
        ),
        Setting(
            "max-public", Topic.GUARDS, Whole(0),
            "Public notes that one file may send at most; with more, nothing of it is sent.", "N", "max_public",
        ),
        Setting(
            "between", Topic.HOURS, Between(),
            "Send only in this window of the day, local time, as 02:00-06:00. It stops in time, with exit status 3.",
            "TIMES", "between",
        ),
        Setting(
            "for", Topic.HOURS, Span(), "Stop after so long, as 4h, with exit status 3.", "TIME", "longest",
        ),
        Setting(
            "first", Topic.RUN, Whole(1),
            "Send only the first so many of the rows that remain, to look at them in Saleshandy before the rest.",
            "N", "first",
        ),
        Setting(
            "again", Topic.RUN, Yes(), "Deliver anew, on purpose, what earlier runs delivered.", attribute="again",
        ),
        Setting(
            "resend-unconfirmed", Topic.RUN, Yes(),
            "Send again what could not be read back. Some of it may then stand there twice.",
            attribute="resend_unconfirmed",
        ),
        Setting(
            "remember", Topic.RUN, Yes(),
            "Keep `map`, `value` (for this file's column), `content`, `key-column` and `fill-merged` for next time.",
        ),
        Setting(
            "yes", Topic.ASKING, Yes(),
            "Ask nothing, also not before anything is sent or changed. What is undecided then stops it.", short="-y",
        ),
        Setting(
            "log-file", Topic.LOG, File(),
            "A file that gets a line an event; a new one is begun each day, and the last thirty stay. It holds no"
            " note's text.", "FILE",
        ),
        Setting(
            "quiet", Topic.QUIET, Yes(), "Print nothing unless the exit status is other than 0.", short="-q",
        ),
        Setting(
            "json", Topic.OUTPUT, Yes(),
            "Print one document for programs on standard output, and everything else on standard error.",
        ),
        Setting(
            "notify", Topic.NOTIFYING, Choice(Occasion),
            "When a notification goes out: on a problem, which is any exit status but 0, always or never.",
            "[problem|always|never]", default="problem, once there are addresses",
        ),
        Setting(
            "notify-file", Topic.NOTIFYING, File(),
            "A file with the addresses that notifications go to, one a line, instead of the environment variable"
            f" {ADDRESSES_VARIABLE}.", "FILE",
        ),
    )
}  # fmt: skip
