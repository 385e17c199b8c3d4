"""Serve the commands as a page in the browser, for people who don't use a terminal. Only this computer can open it.

Input: settings, and files that a person drops. Output: pages. Reading and sending go through :mod:`importer.importing`,
in separate processes, so that the pages stay quick. No page shows a file's path.

    serving    the server, from its start to a clean end; a private file that opens the page in the browser
    site       addresses → screens, in groups
    screens    code that the groups of screens share
    importing  Import: Reading, Check with attachments, Confirm
    mending    Mend: rows with problems corrected in place, and the corrected copy
    working    a job under way, and its result: Send, Results; Quit
    history    Runs: results of earlier imports; look up, hide, write again
    setting_up Settings: profiles, key, remembered answers, defaults
    samples    Practice, with its sample sheets
    access     the guard: loopback, exact Host, launch token, secret path, cookie, Origin; the headers of every response
    current_settings  settings in force: command line, environment, profile, a key that was typed
    fields     the table of settings as fields of a form
    choices    a person's choices for a file, as its address holds them
    form       the drop-downs of the Check screen
    grid       the rows of the Mend screen, of which the wrong cells are fields
    correcting  check corrected rows and write the copy, in separate processes
    uploads    the files that were dropped, kept until they are finished
    file_names  names of files that are valid on every system
    reading    read-only tasks, in separate processes
    jobs       long tasks, each in its own process, one at a time for each workspace
    tasks      the tasks that those processes perform
    notifying  notifications about how an import from the page ended
    processes  how those processes are prepared
    rows       the rows of a run that a screen shows
    notes      notes as they will read, with safe formatting
    rendering  how the page words the library's messages
"""
