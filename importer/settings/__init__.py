"""What a run is told to do: settings in, from whichever caller; checked ones out, or word of which one can't be used.

table      all settings: name, kind of value, help; feeds flags, environment, profiles, checks and documents
kinds      what a value may be, and how it is read
meanings   words of the sheet that were given a meaning, for which columns
settings   :class:`Settings`, checked when it is made
sources    said now, environment, profile, default: what counts, and where it stood
profiles   the settings of a workspace, kept in a file
editing    a profile as a form shows and changes it
remembering  what was said of a file, kept in its profile
address    the API's address in one spelling; the journal's place
key        the API key
keystore   the system's key store
recipients where notifications go
encoding   how text files are encoded
rate       a rate as a person writes it
times      a window of the day, and how long something may take, as a person writes them
limits     how much of a file is read at most
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
