"""The settings of a run, checked here for each caller. The key is never printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from importer.api.saleshandy import LIVE
from importer.errors import BadSettings
from importer.markup import ContentKind
from importer.messages import say
from importer.models import OnSeveral, Role, Visibility, Workspace
from importer.settings.address import default_journal, is_this_machine
from importer.settings.key import WHAT_A_KEY_IS, can_be_key
from importer.settings.kinds import AttachmentsAre
from importer.settings.limits import Limits
from importer.settings.meanings import Values
from importer.settings.rate import Rate
from importer.settings.table import SETTINGS
from importer.settings.times import TimeWindow

BATCH_SIZE = 100


@dataclass(frozen=True)
class Settings:
    """All settings of a run, with their defaults.

    Each value may also be a text, as in a profile or after a flag: ``rate="20/1s"``.

    Attributes:
        profile: your own name for the workspace; deliveries are remembered per profile and base URL.
        base_url: the API's address.
        key: the API key.
        mapping: role → heading or column letter, or several, of which the first in the sheet counts; empty: no column.
        usual: roles in ``mapping`` whose columns a profile or an answer named; sheets without them use common headings.
        values: role → column → word of the sheet → its meaning; None: rows with this word are left out.
        default_visibility: for blank cells and sheets without the column; None: a blank is a problem.
        content: whether the content column holds text or HTML.
        key_column: heading of the column that distinguishes occurrences of the same note.
        attachments: folder of the files to attach; None: no files are attached.
        attachments_are: contents of the attachments column; None: files if ``attachments`` is set, otherwise IDs.
        secret_files: files with secrets, and files that name them; no note may attach them. The journal, the sheet and
            the results may not be attached either, and needn't be listed here.
        on_several: treatment of a row whose email several prospects have.
        unknown_emails: file for the emails that no prospect has; None: no file is written.
        ignored: headings of columns that have no role.
        lasting: the ignored columns that the profile names for all sheets. Such a column is still asked about if it is
            about visibility or status and holds only words for them.
        sheet, header_row, encoding, delimiter: how to read the file, if guessing isn't wanted. ``encoding`` may be a
            table: headings of a kind of export → its encoding.
        fill_merged: whether a merged cell counts for each row that it covers.
        limits: limits on how much of a file is read.
        batch_size: maximum of prospects in a request; None: 100, or the size that worked in this workspace.
        workers: maximum of simultaneous calls.
        rate: maximum of calls in a period; None: as many as the API allows.
        connect_timeout, read_timeout, settle, give_up: in seconds.
        first: number of remaining rows to send for a person to look at; the others are held back.
        again: deliver again the notes that earlier runs delivered.
        resend_unconfirmed: send again the notes that could not be read back.
        journal: as it was given: a file's path, or a URL; see :func:`~importer.settings.journal_place`.
        new_journal: use this journal for the workspace from now on, although it has used another.
        shared_account: use a key that is known to belong to another profile or address.
        guard_local_address: guard an address on this machine like any other.
        wait: seconds to wait for another import of the workspace.
        results: the results file; None: beside the input.
        results_name: name of results files beside their inputs; None: ``{name}.results.xlsx``.
        archive: folder to which finished files are moved with their results.
        min_rows, max_invalid, max_unknown, max_notes, max_public: guards of a file as a whole. If one fails, nothing of
            the file is sent. ``max_invalid`` and ``max_unknown`` are shares from 0 to 1.
        between: window of the day in which the run may send; None: always.
        longest: seconds after which the run stops; None: no limit.

    Raises:
        BadSettings: a value can't be used; the message names the setting, and says what is allowed.
    """

    profile: str = "default"
    base_url: str = LIVE
    key: str = field(default="", repr=False)
    mapping: Mapping[Role, str | Sequence[str]] = field(default_factory=dict)
    usual: frozenset[Role] = field(default=frozenset(), compare=False)  # the origin of a value, not a value
    values: Values = field(default_factory=dict)
    default_visibility: Visibility | None = None
    content: ContentKind = ContentKind.AUTO
    key_column: str | None = None
    attachments: Path | None = None
    attachments_are: AttachmentsAre | None = None
    secret_files: Sequence[Path] = field(default=(), compare=False)
    on_several: OnSeveral = OnSeveral.REJECT
    unknown_emails: Path | None = None
    ignored: Sequence[str] = ()
    lasting: frozenset[str] = field(default=frozenset(), compare=False)
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | Mapping[str, str] | None = None
    delimiter: str | None = None
    fill_merged: bool = False
    limits: Limits = field(default_factory=Limits)
    batch_size: int | None = None
    workers: int = 8
    rate: Rate | None = None
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    settle: float = 5.0
    give_up: float = 900.0
    first: int | None = None
    again: bool = False
    resend_unconfirmed: bool = False
    journal: Path | str = field(default_factory=default_journal)
    new_journal: bool = False
    shared_account: bool = False
    guard_local_address: bool = False
    wait: float = 0.0
    results: Path | None = None
    results_name: str | None = None
    archive: Path | None = None
    min_rows: int = 1
    max_invalid: float | None = None
    max_unknown: float | None = None
    max_notes: int | None = None
    max_public: int | None = None
    between: TimeWindow | None = None
    longest: float | None = None

    def __post_init__(self) -> None:
        for setting in SETTINGS.values():
            if setting.attribute:
                value = getattr(self, setting.attribute)
                if value is not None or getattr(Settings, setting.attribute, ...) is not None:
                    object.__setattr__(self, setting.attribute, setting.read(value))
        if self.attachments_are is AttachmentsAre.FILES and self.attachments is None:
            raise BadSettings(say("settings.no-folder"), setting="attachments-are")
        if not isinstance(self.key, str) or not can_be_key(self.key):
            raise BadSettings(say("key.given-is-none", why=WHAT_A_KEY_IS))

    @property
    def workspace(self) -> Workspace:
        """The workspace for which deliveries are remembered."""
        return Workspace(self.profile, self.base_url)

    @property
    def takes_files(self) -> bool:
        """True if the attachments column holds names of files."""
        return self.attachments is not None and self.attachments_are is not AttachmentsAre.IDS

    @property
    def is_on_this_machine(self) -> bool:
        """True if the address is on this machine, as the sandbox is."""
        return is_this_machine(urlsplit(self.base_url).hostname or "")

    @property
    def is_for_practice(self) -> bool:
        """True if nothing must be guarded: the address is on this machine, and ``guard_local_address`` isn't set."""
        return self.is_on_this_machine and not self.guard_local_address
