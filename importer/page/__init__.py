"""A page in the browser: the same commands for those who don't type any. Nobody but this computer sees it.

Comes in: settings, files that a person drops. Goes out: pages; what is read and sent goes through
:mod:`importer.commands`, in processes of their own, so that the pages stay quick and a file's path is nowhere shown.

    serving    the server, from its start to a clean end
    launching  a private file that leads the browser to the page
    site       addresses → screens, in groups
    screens    what the groups share
    importing  Import: Reading, Check, Confirm
    attaching  the files that a spreadsheet's notes carry
    working    a job under way, and how it ended: Send, Results
    history    Runs: what earlier imports came to, looked up, hidden, written again
    setting_up Settings: profiles, key, what is remembered, defaults
    practising Practice, switched on and off
    leaving    Quit
    access     who may ask: loopback, exact Host, launch token, secret path, cookie, Origin; the headers of every answer
    current_settings  what counts now: said at the start, environment, profile, a key that was typed; practice
    practice   the sandbox, with files, jobs and a journal of its own
    fields     the table of settings as fields of a form
    choices    what a person chose for a file, as the address holds it
    form       what an overview asks, as drop-downs
    uploads    the files that were dropped, kept until they are finished
    reading    what is only looked at, in processes of their own
    jobs       what takes a while, each in a process of its own, one at a time a workspace
    tasks      what those processes do
    processes  how they are begun
    rendering  how this face says what the library says
"""
