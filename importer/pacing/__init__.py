"""One budget of calls shared by all workers, learned from what the API's replies say of its limits.

Comes in: every reply's status, headers and times. Goes out: how many seconds until the next call may go. The vendor
documents no limit; clients have seen ``x-ratelimit-remaining``, ``-reset`` as a date-time and ``retry-after``. So
every form in use is understood, and none is needed.

:mod:`~importer.pacing.times` reads the headers, :mod:`~importer.pacing.budget` keeps what a window still holds, and
:mod:`~importer.pacing.pacer` decides.
"""

from importer.pacing.pacer import LONG_PAUSE, Pacer
from importer.pacing.rate import Rate
from importer.pacing.times import ServerClock, Signals, seconds_since_1970, seconds_to_wait

__all__ = ["LONG_PAUSE", "Pacer", "Rate", "ServerClock", "Signals", "seconds_since_1970", "seconds_to_wait"]
