"""Serve the commands as a page in the browser, for people who don't use a terminal. Only this computer can open it.

Input: settings, and files that a person drops. Output: pages. Reading and sending go through :mod:`importer.importing`,
in separate processes, so that the pages stay quick. No page shows a file's path.

    serving    the server, from its start to a clean end; a private file that opens the page in the browser
    site       the application: the guard (loopback, exact Host, launch token, secret path, cookie, Origin), the headers
               of every response, addresses → screens, errors → words
    screens    code that the groups of screens share
    importing  Import: files, sample sheets and attachments that are dropped, and forgotten; Reading, Check, Confirm
    mending    Mend: rows with problems corrected in place, and the corrected sheet
    runs       a job under way, and its result: Send, Results, with the rows that they show; earlier runs: look up, hide
    setting_up Settings: profiles, key, remembered answers, defaults
    current_settings  settings in force: command line, environment, profile, a key that was typed
    uploads    the files that were dropped, kept until they are finished, with a person's answers and corrections
    form       the drop-downs of the Check screen, and the answers that they give
    grid       the rows of the Mend screen, of which each cell is a field
    reading    read-only tasks, in separate processes
    jobs       long tasks, each in its own process, one at a time for each workspace: send, practise, look up, hide
    rendering  how the page words the library's messages, and shows notes
"""
