"""What a run is told to do, checked here, whoever the caller is. The key is never printed."""

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
    """Everything that can be set, with its default.

    Each value may also be given as a text, as it stands in a profile or after a flag: ``rate="20/1s"``.

    Attributes:
        profile: the workspace's name of your own; deliveries are remembered per profile and base URL.
        base_url: where the API is.
        key: the API key.
        mapping: role → heading, or a column's letter, or several, of which the first counts that the sheet has; empty:
            no column has the role.
        usual: those of these roles whose columns a profile or an answer named, for the sheets that have them; in others
            the headings count that everybody uses.
        values: role → column → a word of the sheet → what it means; None: its rows are left out.
        default_visibility: for blank cells and sheets without the column; None: a blank is a problem.
        content: how the content column is meant.
        key_column: heading of the column that tells occurrences of the same note apart.
        attachments: the folder that files are taken from; None: none are.
        attachments_are: what stands in the column of attachments; None: files where there is a folder, else ids.
        secret_files: files with secrets, or that say where these are: no note may carry them, nor the journal, the
            sheet and results, which needn't be among them.
        on_several: what becomes of a row whose email several prospects have.
        unknown_emails: a file for the emails that nobody has; None: none is written.
        ignored: headings of columns that have no role.
        lasting: those of them that the profile names for all sheets. Such a column is asked about all the same if it
            speaks of visibility or status and holds nothing but such words.
        sheet, header_row, encoding, delimiter: how to read the file, where guessing isn't wanted. An encoding may be
            that of kinds of export: their headings → its name.
        fill_merged: whether a merged cell counts for every row that it covers.
        limits: how much of a file is read at most.
        batch_size: prospects in one request at most; None: 100, or what proved to work in this workspace.
        workers: calls in flight at most.
        rate: calls in a time at most; None: as many as the API allows.
        connect_timeout, read_timeout, settle, give_up: in seconds.
        first: so many of the rows that remain are sent, for a person to look at; the others are held back.
        again: deliver anew what earlier runs delivered.
        resend_unconfirmed: send again what could not be read back.
        journal: as it was given: a file's path, or a URL; see :func:`~importer.settings.journal_place`.
        new_journal: take this journal for the workspace's own from now on, though another was until now.
        shared_account: use a key that another profile, or another address, is known to have.
        guard_local_address: guard an address on this machine as any other.
        wait: seconds for which another import of the workspace is waited for.
        results: the results file; None: beside the input.
        results_name: how results beside their files are called; None: ``{name}.results.xlsx``.
        archive: the folder into which finished files are moved with their results.
        min_rows, max_invalid, max_unknown, max_notes, max_public: what is wrong with a file as a whole, of which
            nothing is sent then; ``max_invalid`` and ``max_unknown`` are parts of 1.
        between: the window of the day in which it may send; None: always.
        longest: seconds after which it stops; None: when it is done.

    Raises:
        BadSettings: a value can't be used; says which, and what is allowed.
    """

    profile: str = "default"
    base_url: str = LIVE
    key: str = field(default="", repr=False)
    mapping: Mapping[Role, str | Sequence[str]] = field(default_factory=dict)
    usual: frozenset[Role] = field(default=frozenset(), compare=False)  # where something was said, not what
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
        """What deliveries are remembered for."""
        return Workspace(self.profile, self.base_url)

    @property
    def takes_files(self) -> bool:
        """Whether the column of attachments holds names of files."""
        return self.attachments is not None and self.attachments_are is not AttachmentsAre.IDS

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the address is this machine's, as the sandbox's is."""
        return is_this_machine(urlsplit(self.base_url).hostname or "")

    @property
    def is_for_practice(self) -> bool:
        """Whether nothing has to be guarded: the address is this machine's, and not said to lead elsewhere."""
        return self.is_on_this_machine and not self.guard_local_address
