"""The settings of a run, and their checks.

Input: settings from any caller. Output: checked settings, or an error that names the setting that can't be used.

table      the declaration of all settings, and :class:`Settings`, checked when it is made
kinds      kinds of values, and how each is read
limits     values that limit a run: how much of a file is read, windows of the day, and rates such as ``20/1s``
sources    command line, environment, profile, default: the value that counts, and where it was set
reading    how a kind of sheet is read: names of columns, and :class:`Reading`
readings   the readings that a profile remembers, and the settings with the answers of one
profiles   the settings of a workspace, kept in a file
address    the API's address in its canonical spelling; the journal's place
secrets    the API key, and the addresses for notifications
"""

from importer.files import keep_private, make_private_folder
from importer.settings.address import LIVE, default_journal, journal_place
from importer.settings.limits import Rate, TimeWindow
from importer.settings.secrets import ADDRESSES_VARIABLE, KEY_VARIABLE, read_key, who_can_read
from importer.settings.table import BATCH_SIZE, GIVE_UP, SETTINGS, Origin, Setting, Settings, Topic

__all__ = [
    "ADDRESSES_VARIABLE",
    "BATCH_SIZE",
    "GIVE_UP",
    "KEY_VARIABLE",
    "LIVE",
    "SETTINGS",
    "Origin",
    "Rate",
    "Setting",
    "Settings",
    "TimeWindow",
    "Topic",
    "default_journal",
    "journal_place",
    "keep_private",
    "make_private_folder",
    "read_key",
    "who_can_read",
]
