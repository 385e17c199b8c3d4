"""Deliver each note exactly once, or give its row the reason why it was not delivered.

Input: rows and their plan. Output: an outcome for each row, and the journal's record of each delivery.

    delivery      prepares a plan and combines the modules below
    earlier       sorts a plan's deliveries by what earlier runs did
    coordinator   handles replies in one loop and carries out decisions
    decisions     decides what follows from a reply, in pure functions
    resolver      reads back deliveries whose answer was unclear
    unclear       tracks unclear requests, and until when each may be applied
    readback      judges one page of a prospect's notes
    evidence      collects facts about notes: IDs, authors, clock and lag
    exchanged     finds notes whose IDs came in another request's answer
    lookup_queue  holds lookups that need facts still to come
    reachability  tracks whether requests reach the API, and where refusals come from
    attachments   gives notes the IDs of their files
    sizes         learns how large requests may be
    queue         holds requests that must wait for others
    duplicates    looks for further copies of notes that were sent again
    looks         schedules the lookups of sampled notes
    sample        reads back some created notes, because the API's answer may be wrong
    known_ids     stores the note IDs in use, to detect replies to other requests
    replication_lag  measures how far reading lags behind writing
    clock         measures the clock that dates notes
    pages         chooses page sizes, and detects outdated pages
    ledger        writes the journal's entry and the row's outcome together
    outcomes      stores the outcome of each row in columns
    several_prospects  combines several notes of a row into one outcome
    local_outcomes  settles rows that need no call
    tasks         describes calls and unclear requests as data
    policy        holds the settings of delivery
    events        logs calls
"""
