"""Whatever calls the API, calls it from here: at the right moment, again where that is right, and never too often.

Comes in: tasks. Goes out: their replies, one by one, in the thread that decides what follows.

    caller        what calls are made with
    dispatcher    what is due, what is in flight; the one loop of rounds that delivery, verify and hide stand on
    workers       the pool that carries the calls
    limiter       when the next call may go: quota windows, concurrency, the person's own rate
    quota         what one window of the account's limit still holds
    windows       the windows that were, and how long so many calls take in them
    throttle      what the person allows, evenly spread
    eta           how long the calls to come take
    concurrency   how many calls may be in flight
    retry         the retry policy, on tenacity

The vendor documents no limit; clients have seen ``x-ratelimit-remaining``, ``-reset`` as a date-time and
``retry-after``. So every form in use is understood, and none is needed.
"""
