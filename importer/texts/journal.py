"""Texts of the kinds that ``importer/journal/`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "stopped.nothing-sent": "{why}\nNothing was sent.",
    "progress.waits": "waiting for another import of this workspace: {holder}",
    "journal.needs-package": (
        "A journal in this database needs an extra package ({error}).\nInstall it: pip install 'note-importer[{extra}]' (with pipx: pipx inject note-importer 'note-importer[{extra}]')."
    ),
    "journal.foreign": (
        "{name} belongs to another program.\n"
        "It was not changed, and nothing was sent. Name another journal with `journal`."
    ),
    "journal.of-later-version": (
        "The journal {name} was written by a later version of note-importer. Install that version.\n"
        "The journal was not changed, and nothing was sent."
    ),
    "journal.of-earlier-version": (
        "The journal {name} was written by an earlier version of note-importer, and this version can't use it.\n"
        "Move it elsewhere. Then import with `new-journal` and `skip-existing`, so that no note comes twice. The journal was not changed, and nothing was sent."
    ),
    "journal.failed-writing": (
        "The journal {name} could not be written: {error}.\n"
        "Nothing more was sent. {mend}; then {action.run-same-command}."
    ),
    "journal.failed-reading": (
        "The journal {name} could not be read: {error}.\nNothing more was sent. {mend}; then {action.run-same-command}."
    ),
    "journal.mend-reading": "Check that the journal exists and can be read",
    "journal.gone": (
        "The journal's file {file} was removed or replaced during the import.\n"
        "Nothing more was sent. The file there now lacks delivered notes, which would be sent again. Everything known about them was saved as {saved}. {action.see-what-replaces-files} Name the saved copy with `journal {argument}` and then {action.run-same-command}."
    ),
    "journal.gone-unsaved": (
        "The journal's file {file} was removed or replaced during the import.\n"
        "Nothing more was sent. A copy of the import's record could not be saved ({error}). {action.see-what-replaces-files} Put the original files of the journal back, and {action.run-same-command}. If they are lost, remove the rows that this import's results call created from your file."
    ),
    "copy.over-something-else": (
        "{file} is not an earlier copy of this journal, and was not changed.\nName another file for the copy."
    ),
    "copy.failed": (
        "The journal {name} could not be copied to {file}: {error}.\n"
        "Check that the folder exists, is writable and has free space, or name another file."
    ),
    "identity.unreadable": (
        "The record of {workspace}'s journal can't be read from {file}: {error}.\n"
        "Nothing was sent. If the journal that you named is the right one, add `new-journal`."
    ),
    "identity.earlier-copy": (
        "The journal at {place} is an earlier copy of the one that {workspace} had. It lacks later deliveries, which would be sent again.\n"
        "Nothing was sent. Name the latest journal with `journal`. It was at {usual}. If it is lost, use this copy with `new-journal` and `skip-existing`, so that no note comes twice."
    ),
    "identity.another": (
        "The deliveries to {workspace} so far are recorded in another journal, which was at {usual}.\n"
        "The journal at {place} is a different one, so every note would be sent again. Nothing was sent. Name the right one with `journal`, or restore it from your backup. To use this one from now on, import with `new-journal` and `skip-existing`, so that no note comes twice."
    ),
    "identity.none": (
        "The deliveries to {workspace} so far are recorded in another journal, which was at {usual}.\n"
        "There is no journal at {place}, so every note would be sent again. Nothing was sent. Name the right one with `journal`, or restore it from your backup. To start a new one, import with `new-journal` and `skip-existing`, so that no note comes twice."
    ),
    "lock.busy": "Another import of this workspace is running: {who}.\nNothing was sent. {action.wait-for-it}",
    "lock.busy-with-key": "Another import with this API key is running: {who}.\nNothing was sent. {action.wait-for-it}",
    "lock.not-made": (
        "The lock {place} of the journal can't be created: {error}.\n"
        "Nothing was sent. Check that its folder is writable, or name another journal with `journal`."
    ),
    "holder.named": "{name}, since {since}",
    "postgres.mend": "Check that the database is running, has free space and lets this user write",
    "postgres.no-rights": (
        "The journal {name} can't be used, because this user may not use or create its tables ({error}).\n"
        "Nothing was sent. Ask the owner of the database to let this user own the schema note_importer: GRANT CREATE ON DATABASE."
    ),
    "postgres.copies-itself": (
        "The journal is in PostgreSQL, which has its own backups, so {file} was not written.\n"
        "Use pg_dump, or better the server's backups with an archive of its log. A copy that is older than the latest run lacks that run's deliveries."
    ),
    "postgres.bad-url": (
        "The URL of the journal can't be read: {error}.\n"
        "Write it like `journal postgresql://importer@db.example.com:5432/notes`"
    ),
    "postgres.service": (
        "The journal's URL or PGSERVICE names a service file.\n"
        "Write what it says into the URL: `journal postgresql://importer@db.example.com:5432/notes`"
    ),
    "postgres.pooler": (
        "The server at {url} is a connection pool, such as PgBouncer. Locks don't hold there, and notes would be sent twice.\n"
        "Nothing was sent. Name the database itself with `journal`."
    ),
    "postgres.unreachable": (
        "The journal {url} can't be reached: {words}.\n"
        "Nothing was sent. Check that the database is running and that this machine may connect to it, then {action.run-same-command}."
    ),
    "postgres.unusable": (
        "The journal {url} can't be used: {words}.\nNothing was sent. {advice} Or name another with `journal`."
    ),
    "postgres.encryption": "Connections to another machine are encrypted, unless sslmode in the URL says otherwise. Check the server's encryption (ssl = on), and its certificate if sslmode asks for one: sslrootcert names the authority's file, and the host must be the name in the certificate. If all this is right, the server that answers is not yours.",
    "postgres.asks-for-password": "The server asks for the password in clear text. Its certificate is not checked, so it may be somebody else's server. Have the certificate checked, with sslmode=verify-full and sslrootcert=… in the URL, or have the server use scram-sha-256.",
    "postgres.password": "The password comes from the file that PGPASSFILE names, or from PGPASSWORD.",
    "postgres.refused": "Check the URL, that the database exists, and that this user may connect to it.",
    "sqlite.mend": "Free some space, or check that the file is writable",
    "sqlite.unusable": (
        "The journal {path} can't be used: {error}.\n"
        "Nothing was sent, and the file was not changed. Check that the folder exists, is on a disk of this machine and no network share, is writable and has free space, or name another with `journal`."
    ),
    "sqlite.several-names": (
        "The journal {path} has {number} names (hard links).\n"
        "Two imports that use different names would not see each other. Nothing was sent. Remove the other names, or replace them with copies, then {action.run-same-command}."
    ),
    "sqlite.no-file": "The journal {path} is not a file.\nNothing was changed or sent. Name another with `journal`.",
    "sqlite.is-damaged": (
        "The journal {path} is damaged, or is not a journal: {damage}.\n"
        "It was not changed, and nothing was sent. {action.put-copy-back}"
    ),
}
