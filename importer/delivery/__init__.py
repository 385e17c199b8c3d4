"""Deliver each note exactly once, or give its row the reason why it was not delivered.

Input: rows and their plan. Output: an outcome for each row, and the journal's record of each delivery. The numbered
rules (D1 and so on) are in ``docs/delivery.md``.

    coordinator   prepares a plan, handles replies in one loop, and carries out decisions
    context       holds the settings of delivery, its requests, and what all modules share in one run
    earlier       sorts a plan's deliveries by what earlier runs did
    matching      matches the rows of a prospect with its deliveries, in pure functions
    takeover      settles or looks up what earlier runs left
    changes       decides how notes are to be changed, in pure functions
    updating      changes notes: lets them follow the sheet, hides them, or gives them back
    existing      looks for notes that prospects already have, whoever wrote them
    queue         holds requests that are still to be sent: their order, sizes and files
    decisions     decides what follows from a reply, and judges a prospect's notes, in pure functions
    resolver      reads back deliveries whose answer was unclear
    reads         reads prospects' notes: page by page, each time with another page size, and again after a failure
    control       tracks unclear requests until they are at rest, and reading is shown to work
    evidence      collects facts: who has notes, who writes ours, which clock dates them, what reaches the API
    last_look     looks once more at notes that were sent again, and at some others
    ledger        writes the journal's entry and the row's outcome together
    outcomes      stores the outcome of each row in columns
"""
