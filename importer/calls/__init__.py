"""Call the API for all other modules, within its rate limits, and retry calls if that is safe.

Input: tasks. Output: their replies, one by one, in the thread that decides what follows.

    dispatcher    sends due tasks and returns replies, in the one loop that all callers share
    stage         makes the calls of a stage: look up emails, upload files, change notes
    workers       make calls in a pool of threads
    limiter       decides when the next call may go, by the API's limits, the person's own, and what the API bears
    windows       learns the limit of each kind of call, and how many calls it still allows
    retry         defines the retry policy, on tenacity

The vendor documents no limit. Clients have seen the headers ``x-ratelimit-remaining``, ``-reset`` as a date-time and
``retry-after``. So these modules understand every format in use, and work without any of these headers.
"""
