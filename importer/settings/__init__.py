"""The settings of a run, and their checks.

Input: settings from any caller. Output: checked settings, or an error that names the setting that can't be used.

table      all settings: name, kind of value, help; the source of flags, variables, profiles, checks and documents
kinds      kinds of values, and how each is read
meanings   words of the sheet with a meaning, and the columns to which they apply
settings   :class:`Settings`, checked when it is made
sources    command line, environment, profile, default: the value that counts, and where it was set
profiles   the settings of a workspace, kept in a file
editing    a profile as a form shows and changes it
remembering  answers about a file, kept in its profile
address    the API's address in its canonical spelling; the journal's place
key        the API key
keystore   the system's key store
recipients addresses for notifications
encoding   the encoding of text files
rate       rates such as ``20/1s``
times      windows of the day, and durations
limits     limits on how much of a file is read
"""

from importer.api.saleshandy import LIVE
from importer.files import make_private_folder
from importer.settings.address import canonical_url, checked_url, default_journal, journal_place
from importer.settings.key import KEY_VARIABLE, read_key, who_can_read
from importer.settings.limits import Limits
from importer.settings.rate import Rate
from importer.settings.recipients import ADDRESSES_VARIABLE, Occasion, Recipient
from importer.settings.settings import BATCH_SIZE, Settings
from importer.settings.table import SETTINGS, Setting, Topic
from importer.settings.times import TimeWindow

__all__ = [
    "ADDRESSES_VARIABLE",
    "BATCH_SIZE",
    "KEY_VARIABLE",
    "LIVE",
    "SETTINGS",
    "Limits",
    "Occasion",
    "Rate",
    "Recipient",
    "Setting",
    "Settings",
    "TimeWindow",
    "Topic",
    "canonical_url",
    "checked_url",
    "default_journal",
    "journal_place",
    "make_private_folder",
    "read_key",
    "who_can_read",
]
