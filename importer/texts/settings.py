"""Texts of the kinds that ``importer/settings/`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "origin.variable": "the environment variable {name}",
    "origin.profile": "the profile {profile} in {file}",
    "origin.file": "the file {file}",
    "origin.file-named": "the file {file}, named by {origin}",
    "origin.key-store": "the system's key store, where `note-importer login` stored it for {workspace}",
    "origin.key-store@page": "the system's key store, where it is stored for {workspace}",
    "variable.misspelt": "The environment variable {name} does not match any setting.",
    "setting.misspelt": "Did you mean {near}? Correct the name, or remove it.",
    "setting.unknown": "Remove it. `note-importer run --help-all` lists all settings.",
    "kind.write": "{value} is not valid here. Write {allowed}.",
    "kind.whole": "a whole number from {least} to {most}",
    "kind.seconds": "a number of seconds from {least} to {most}",
    "kind.share": "a percentage from 0% to 100%, such as 20%",
    "kind.choice": "{words: or }",
    "kind.text": "text in quotation marks, at least one character",
    "kind.headings": "a list of headings",
    "kind.columns": 'ROLE="HEADING", where ROLE is one of {roles}',
    "kind.meaning": "{role}:WORD=VALUE, where VALUE is one of {words}",
    "kind.meanings": "{ways:; or }; or nothing",
    "kind.rate": "a rate such as 20/1s, 60/min or 1000/h",
    "kind.window": "a time window such as 02:00-06:00",
    "kind.file": "the name of a file",
    "kind.url": "{value} is a URL.\nName a path on this machine, and download the file there.",
    "kind.no-results-name": "{value} is not a valid name for results. It needs {name}, may contain {date} or {time}, and ends in .xlsx or .csv: '{name}.{date}.results.xlsx'.",
    "kind.directory": "The journal can't be {value}, because that is a folder.\nName a file.",
    "word.record": "record",
    "word.public": "public",
    "word.private": "private",
    "word.published": "published",
    "word.draft": "draft",
    "meanings.word": "{word} → {value}",
    "meanings.blank": "blank",
    "meanings.left-out": "left out",
    "meanings.more": "{words} and {n} more words",
    "meaning.public": "Public: all team members see the note",
    "meaning.private": "Private: only the owner of the API key sees it",
    "meaning.published": "Published",
    "meaning.draft": "Draft",
    "address.no-such-journal": (
        "A journal at {scheme}:/… is not supported. A journal is a SQLite file, or a database at {known: or }.\n"
        "Name a file, as in `journal journal.sqlite` or a database, as in `journal postgresql://importer@db.example.com/notes`"
    ),
    "address.no-journal": (
        "The journal can't be {text}, because it has to outlast the run. Without it, the next run would send every note again.\n"
        "Name a file: `journal practice.sqlite`"
    ),
    "address.with-password": (
        "The URL of the journal contains a password, which others can read.\n"
        "Remove the password from the URL. Put it into the file that PGPASSFILE names (usually ~/.pgpass on this machine)."
    ),
    "address.no-address": (
        "The base URL is not a plain web address. It must not contain a user name, a password, a query or a fragment, nor in its path '.', '..', an empty part or unusual characters.\n"
        "The live service is {live}."
    ),
    "address.not-https": (
        "The base URL {text} does not use https, so the API key would be sent unencrypted.\nWrite https://{host}…"
    ),
    "key.none": "This is not an API key: an API key is one word of plain characters.",
    "key.not-given": (
        "No API key was given.\n"
        "Put the key into the environment variable SALESHANDY_API_KEY, or into a file that you name with `api-key-file`. Or store it in the system's key store with `note-importer login`."
    ),
    "key.not-given@page": (
        "No API key was given.\n"
        "Enter it under Settings. Or put it into the environment variable SALESHANDY_API_KEY, or into a file that you name with `api-key-file`."
    ),
    "secret.unreadable": "{file} could not be read: {error}.\nPut the file there, or name another.",
    "key.not-in": (
        "{place:capital} does not contain an API key: an API key is one word of plain characters.\nPut the API key into it, and nothing else."
    ),
    "key.others-can-read": (
        "Other users of this machine can read the API key in {file}.\nMake the file private: chmod 600 {argument}"
    ),
    "key.of-another-address": (
        "The address {address} was given by {origin}, so the API key of the profile {profile} is not sent there.\n"
        "Give the key for that address: put it into the environment variable SALESHANDY_API_KEY, or name its file with `api-key-file`."
    ),
    "key.of-profile": "The key of profile {profile} comes from {place}.",
    "recipients.none": "The file {file} contains no notification address.\nWrite one address on each line.",
    "recipients.in-variable": "address {number} in the environment variable NOTE_IMPORTER_NOTIFY_ADDRESSES",
    "recipients.in-file": "line {number} of {file}",
    "keystore.not-found": (
        "No key store was found on this system. The package that asks it may be missing.\n"
        "Install it: pip install keyring (with pipx: pipx inject note-importer keyring). Or do without it. {action.keep-key-in-file}."
    ),
    "keystore.failed": (
        "The system's key store did not answer about the key of {workspace}: {error}.\n"
        "It can be used only while you are signed in and the key store is unlocked. {action.keep-key-in-file}."
    ),
    "profile.outside": "{setting} in {file} stands outside a profile, so it would not count. Put it below a line such as [default].",
    "profile.no-setting": "{where:capital} contains {setting}, which is not a setting.",
    "profile.of-reading": "{where:capital} can't hold {setting}. A profile holds columns and words in its readings only: answer the questions about a sheet and send it, or give them with the command and `export`.",
    "profile.not-there": (
        "There is no profile {profile}.\nThe only profile is {names}. Correct the name. To create a new profile, run `note-importer init`, or write it into {file}.",
        "There is no profile {profile}.\nThe profiles are: {names}. Correct the name. To create a new profile, run `note-importer init`, or write it into {file}.",
    ),
    "profile.bad-name": "{name} can't be the name of a profile.\nChoose a word for the workspace, such as night.",
    "profile.there-already": "The profile {name} already exists in {file}.\nChange it there, or choose another name.",
    "profile.not-changed": (
        "The program can't change {file} in the way it is written. The file was left as it was.\n"
        "Write each profile below a line with its name, such as [default], and each setting on a line of its own."
    ),
    "profile.not-written": (
        "{file} could not be written: {error}.\n"
        "Check the permissions of its folder. Or try again, if another command changes it at the moment."
    ),
    "profile.file-missing": (
        "The environment variable {variable} names the file {file}, which does not exist.\n"
        "Correct the variable, or create the file. The file may be empty."
    ),
    "profile.unreadable": (
        "The profiles in {file} can't be read: {error}.\n"
        "Correct the file, or check its permissions, and that it is text in UTF-8."
    ),
    "readings.no-list": '{where}: "readings" isn\'t a list. Write each reading as [[{profile}.readings]].',
    "readings.not-valid": (
        "A reading in {where} can't be used: {why:headline}.\nCorrect the entry, or delete it. Then the program asks again."
    ),
    "readings.incomplete": "it needs a name, a list of headings, and the day on which it was answered, such as 2026-11-03.",
    "readings.seen-words": "what it says of seen words has to be a table: the heading of an ignored column, and a list of its words.",
    "readings.earlier-forms": 'what it says of earlier texts has to be pairs: a template, and an order of dates or "".',
    "readings.no-setting": "it can't hold {setting}. Settings of a profile stand above its readings. A reading can hold: {known}.",
    "readings.no-name": '{name} can\'t be the name of a reading. A name has at least one character, no line break, and is not "none".',
    "readings.no-such": "There is no kind of sheet named {name}.\n`note-importer readings` lists them. To begin a new one under this name, say with it how the sheet is read.",
    "readings.comment": (
        "Sheets with these headings are read like this, as answered on {date}. You can change the answers, or delete this part."
    ),
    "setting.map.label": "Columns",
    "setting.map.help": 'Say which column holds the prospect, content, visibility, status, attachments, email, record (an ID of each record) or key (it tells rows apart that hold the same note for the same prospect on purpose), by its heading or letter, as in `map content="Call summary"`. Several columns of people are listed: `map email="Contact 1, Contact 2"`. So are two of visibility or status, of which the least visible counts. Leave the part after = empty if no column has this role.',
    "setting.value.label": "Your own words",
    "setting.value.help": "Say what a word in the sheet means, as in `value visibility:Yes=Public` or `value status:Done=Published`. Leave the part after = empty to skip the rows with this word. Applies to this run's visibility or status column.",
    "setting.default-visibility.label": "If visibility is blank",
    "setting.default-visibility.help": "The visibility of rows that leave it blank. Without this setting, a blank is a problem.",
    "setting.content.label": "Format of the notes",
    "setting.content.help": "The format of the notes. By default it is found for each note.",
    "setting.ignore.label": "Ignored columns",
    "setting.ignore.help": "Ignore a column that looks as if it had a role.",
    "setting.export.label": "Kind of export",
    "setting.export.help": "Use the answers that were kept for this kind of sheet, or none. Without it, the headings decide. What the other settings for reading say is kept for this kind, once the send begins. Answers to questions are kept anyway.",
    "setting.attachments.help": "A folder of files. The attachments column then holds names of files in this folder, separated by ; or line breaks. Each file is uploaded once. No file outside the folder is ever sent.",
    "setting.several-in-cell.label": "If a cell names several people",
    "setting.several-in-cell.help": "Who receives the note if a cell names several people, by email address or ID: each of them, only the first, or nobody: then the row is invalid.",
    "setting.several-in-cell.default": "ask; if nobody can be asked, reject",
    "setting.dates.label": "Dates such as 11/1/2026",
    "setting.dates.help": "The order of day and month in dates such as 11/1/2026, if a template puts them into the notes. The notes then show ISO dates: 2026-11-01. Or such dates stay as they are.",
    "setting.dates.default": "as the sheet proves; otherwise ask",
    "setting.in-doubt.label": "Rows whose notes may be there",
    "setting.in-doubt.help": "What rows are whose notes may be there. If their words were sent in another form: same (the same notes, which aren't sent again) or new. If their notes were hidden: send-hidden or leave-hidden. Only for this run.",
    "setting.sheet.label": "Sheet",
    "setting.sheet.help": "The sheet of the workbook to import.",
    "setting.header-row.label": "Header row",
    "setting.header-row.help": "The row that holds the headings.",
    "setting.encoding.label": "Encoding",
    "setting.encoding.help": "The encoding of a text file, such as cp1252.",
    "setting.delimiter.label": "Column separator",
    "setting.delimiter.help": "The character between the columns of a text file. For a tab, write the word tab.",
    "setting.batch-size.help": "The largest number of prospects in one request. The API documents no limit; its own lists take 100 a page. A size that the API refuses is halved.",
    "setting.profile.help": "Your name for the workspace. Its settings are used, and deliveries are recorded for this name and address.",
    "setting.base-url.help": "The address of the API. Only https, except on this machine.",
    "setting.journal.help": "The record of deliveries: a file, or the URL of a PostgreSQL database that several machines share, postgresql://HOST/DATABASE.",
    "setting.guard-local-address.help": "Treat an address on this machine like any other. Use it if a program on this machine forwards calls to the live service. Without it, such an address counts as a test server, and nothing is remembered about it.",
    "setting.api-key-file.help": "A file with the API key, instead of the environment variable SALESHANDY_API_KEY.",
    "setting.rate.label": "Rate limit",
    "setting.rate.help": "The largest number of calls in a period, such as 20/1s or 60/min. Without it, the API's own limit applies.",
    "setting.read-timeout.help": "Time limit for a reply. A call without a reply in this time has failed.",
    "setting.settle.help": "Time after an unclear call until its notes can be read back.",
    "setting.give-up-after.help": "Time without progress after which the run stops: the API is away, or another import of the workspace is under way. A run that a person watches does not wait for another import.",
    "setting.give-up-after.default": "900; in a time window, until it closes",
    "setting.new-journal.help": "Use this journal for the workspace, although another one was used before.",
    "setting.results.default": "FILE.results.xlsx beside the file",
    "setting.results.help": "The results file, .xlsx or .csv. With {name} in it, it is the pattern of their names beside each spreadsheet, such as '{name}.{date}.results.xlsx'; {time} is possible, too.",
    "setting.archive.help": "A folder. Results are written there, and finished files (exit status 0 or 1) are moved there, under the same number.",
    "setting.min-rows.help": "The smallest number of rows that a file may have. A file with fewer rows, such as an empty export, is not sent.",
    "setting.max-invalid.help": "The largest share of rows with problems, and of rows whose email address no prospect has, such as 20%. A file with more is not sent.",
    "setting.max-notes.help": "The largest number of notes from one file. A file with more is not sent.",
    "setting.max-notes.counted": ("{n} note", "{n} notes"),
    "setting.max-public.help": "The largest number of public notes from one file. A file with more is not sent.",
    "setting.max-public.counted": ("{n} public note", "{n} public notes"),
    "setting.between.label": "Time window",
    "setting.between.help": "Send only in this window of the day, local time, such as 02:00-06:00. The run stops in time, with exit status 3.",
    "setting.between.help@page": "Send only in this window of the day, local time, such as 02:00-06:00. The import stops in time.",
    "setting.update.label": "Update notes",
    "setting.update.help": "Let notes that earlier runs made follow the sheet: visibility, status, and the text if a record ID, the note ID or a key says which note it is. Whatever makes a note more visible, or gives a public note a new text, a person has to agree to in this run.",
    "setting.again.help": "Send notes again although earlier runs delivered them.",
    "setting.skip-existing.help": "Don't send a note that its prospect already has, whoever wrote it. Reads the notes of each prospect just before it receives one.",
    "setting.yes.help": "Ask no questions, not even before sending or changing anything. An undecided question then stops the run.",
    "setting.log-file.help": "A log file with one line for each event. A new file starts each day, and the last thirty are kept. It contains no text of a note, unless NOTE_IMPORTER_DEBUG is set.",
    "setting.quiet.help": "Print nothing if the exit status is 0.",
    "setting.json.help": "Print one JSON document on standard output, and everything else on standard error.",
    "setting.notify-file.help": "A file with the notification addresses, one on each line, instead of the environment variable NOTE_IMPORTER_NOTIFY_ADDRESSES.",
}
