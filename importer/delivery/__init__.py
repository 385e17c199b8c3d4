"""Requests → outcomes: every delivery happens exactly once, or its row says plainly why not.

Comes in: rows and their plan. Goes out: an outcome for every row, and the journal's record of every delivery.

    delivery      prepares a plan, and puts the following together
    earlier       what earlier runs did of a plan
    coordinator   a loop over replies, and one match
    decisions     what follows from a reply: pure functions, values in and out
    resolver      reading back what got no clear answer
    unclear       the requests in question, and until when each may be applied
    readback      what one page of a prospect's notes says of a delivery
    evidence      what is known of notes: whose they are, and what lag and clock measure
    exchanged     notes whose IDs came in the answer to another request
    lookup_queue  lookups that wait for what something else is about to tell
    reachability  whether calls come through, and whose trouble a refusal is
    attachments   the files that notes carry: none leaves without their ids
    sizes         how large requests may be
    queue         posts that must not go before others have ended
    duplicates    what was sent again, looked at once more
    looks         when the looks at notes of samples are made
    sample        some of the created notes, read back because the API's answer may be wrong
    known_ids     the IDs that deliveries have, to tell a reply of another request
    replication_lag  how far reading lags behind writing
    clock         the clock that dates notes
    pages         which pages are asked for, and which of them are up to date
    ledger        the journal's entry and the row's outcome, in one call
    outcomes      what became of every row, as columns
    several_prospects  one outcome for a row that made several notes
    local_outcomes  rows that need no call
    tasks         calls and ambiguities as data
    policy        how to go about it, as a value
    events        what a log tells of calls
"""
