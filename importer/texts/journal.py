"""Texts of the kinds that ``importer/journal/`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "journal.needs-postgres": (
        "A journal in PostgreSQL needs an extra package ({error}).\nInstall it: pip install 'note-importer[postgres]'."
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
    "journal.another-connection": (
        "The journal {name} was reached through another connection than the one that holds the lock. A connection pool gives each transaction its own connection.\n"
        "Nothing more was sent. Name the database itself, or a pool with pool mode session."
    ),
    "journal.gone": (
        "{what}.\n"
        "Nothing more was sent. The file there now lacks delivered notes, which would be sent again. Everything known about them was saved as {saved}. {action.see-what-replaces-files} Name the saved copy with `journal {argument}`, then {action.run-same-command}."
    ),
    "journal.gone-unsaved": (
        "{what}.\n"
        "Nothing more was sent. A copy of the import's record could not be saved ({error}). {action.see-what-replaces-files} Put the original files of the journal back, and {action.run-same-command}. If they are lost, remove the rows that this import's results call created from your file."
    ),
    "gone.file-replaced": "The journal's file {file} was replaced by another file during the import",
    "gone.file-removed": "The journal's file {file} was removed during the import",
    "copy.to-itself": "{file} is the journal itself, and was not changed.\nName another file for the copy.",
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
    "holder.named": "{user} on {host} (process {process}), since {since}",
    "holder.calls-itself": "another process, named {name}",
    "owners.strange": (
        "The journal {name} can't be used: {why}.\n"
        "Code of another role could run as this user. The journal was not changed, and nothing was sent. {mend}"
    ),
    "owners.everybody": "everybody (PUBLIC)",
    "owners.schema": "the schema note_importer belongs to the role {role}, which is not this user",
    "owners.object": "{thing} in the schema note_importer belongs to the role {role}, which is not this user",
    "owners.create": "{role} may create objects in the schema note_importer",
    "owners.trigger": "{role} may add triggers to the table {thing}",
    "owners.has-trigger": "the table {thing} has a trigger that note-importer did not create ({role})",
    "owners.has-rule": "the table {thing} has a rule that note-importer did not create ({role})",
    "owners.mend-schema": "If that role should own the tables, ask an administrator to run ALTER ROLE … SET note_importer.owner = '{role}' for this user, or add options=-c%20note_importer.owner%3D{role} to the URL. If not, name another database.",
    "owners.mend-object": "If that role should own the tables, ask an administrator to run ALTER ROLE … SET note_importer.owner = '{role}' for this user, or add options=-c%20note_importer.owner%3D{role} to the URL. If not, name another database.",
    "owners.mend-create": "Revoke the right: REVOKE CREATE ON SCHEMA note_importer FROM {role}.",
    "owners.mend-trigger": "Revoke the right: REVOKE TRIGGER ON note_importer.{thing} FROM {role}.",
    "owners.mend-has-trigger": "If you don't need it, remove it: DROP TRIGGER {role} ON note_importer.{thing}.",
    "owners.mend-has-rule": "If you don't need it, remove it: DROP RULE {role} ON note_importer.{thing}.",
    "postgres.mend": "Check that the database is running, has free space and lets this user write",
    "postgres.foreign": (
        "The schema note_importer of {name} belongs to another program.\n"
        "It was not changed, and nothing was sent. Name another database with `journal`."
    ),
    "postgres.is-damaged": (
        "The journal {name} is damaged: it has no schema.\n"
        "It was not changed, and nothing was sent. Restore your latest backup."
    ),
    "postgres.no-rights": (
        "The journal {name} can't be used, because this user may not use or create its tables ({error}).\n"
        "Nothing was sent. {action.have-rights-granted}"
    ),
    "postgres.may-not-write": (
        "The journal {name} can't be used, because this user may not write to {table}.\n"
        "Nothing was sent. {action.have-rights-granted}"
    ),
    "postgres.copies-itself": (
        "The journal is in PostgreSQL, which has its own backups, so {file} was not written.\n"
        "Use pg_dump, or better the server's backups with an archive of its log. A copy that is older than the latest run lacks that run's deliveries."
    ),
    "postgres.bad-url": (
        "The URL of the journal can't be read: {error}.\n"
        "Write it like `journal postgresql://importer@db.example.com:5432/notes`."
    ),
    "postgres.pooler": (
        "The server at {url} is a connection pool that gives each transaction another session (PgBouncer with pool_mode = transaction, for example). Locks don't hold there, and notes would be sent twice.\n"
        "Nothing was sent. Name the database itself with `journal`, or a pool with pool mode session."
    ),
    "postgres.unreachable": (
        "The journal {url} can't be reached: {words}.\n"
        "Nothing was sent. Check that the database is running and that this machine may connect to it, then {action.run-same-command}."
    ),
    "postgres.pool-used-up": (
        "The journal {url} can't be reached: {words}.\n"
        "Nothing was sent. Check that the database is running, that the pool has two free sessions, and that this machine may connect to it, then {action.run-same-command}."
    ),
    "postgres.unusable": (
        "The journal {url} can't be used: {words}.\nNothing was sent. {advice} Or name another with `journal`."
    ),
    "postgres.no-encryption": "Connections to another machine are encrypted, but that server does not support encryption. Turn it on there (ssl = on). If the network is safe without it, add sslmode=disable to the URL or the service file.",
    "postgres.no-root-certificate": "Name the file with the certificate of the authority that signed the server's certificate: sslrootcert=… in the URL or the service file.",
    "postgres.certificate-not-accepted": "The server's certificate is not signed by the authority in the file that sslrootcert names, or has expired. Name the right file, or renew the server's certificate. If both are right, the server that answers is not yours.",
    "postgres.another-host-name": "Use the host name in the server's certificate. If that name does not resolve here, add the server's IP address as hostaddr=…. If the name is right, the server that answers is not yours.",
    "postgres.encryption": "Connections to another machine are encrypted, unless sslmode in the URL or the service file says otherwise. Check that a PostgreSQL server answers there, and that it supports this machine's encryption.",
    "postgres.asks-for-password": "The server asks for the password in clear text. Its certificate is not checked, so it may be somebody else's server. Have the certificate checked, with sslmode=verify-full and sslrootcert=… in the URL or the service file, or have the server use scram-sha-256.",
    "postgres.password": "The password comes from the file that PGPASSFILE names, from PGPASSWORD, or from a service file.",
    "postgres.refused": "Check that the database exists and that this user may connect to it.",
    "postgres.mistold": "Correct the URL, the service file or the environment variables.",
    "sqlite.mend": "Free some space, or check that the file is writable",
    "sqlite.unusable": (
        "The journal {path} can't be used: {error}.\n"
        "Nothing was sent, and the file was not changed. Check that the folder exists, is writable and has free space, or name another with `journal`."
    ),
    "sqlite.on-a-share": (
        "The journal {path} is on a network share ({share}), which can damage it and may not support locks.\n"
        "Nothing was sent. Name a file on a local disk with `journal`. To move a journal from the share there, end all imports first, and copy the file together with the one beside it whose name ends in -wal, if there is one. For several machines, name a PostgreSQL database: `journal postgresql://HOST/DATABASE`."
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
    "sqlite.no-schema": (
        "The journal {path} is damaged: it has no schema.\n"
        "It was not changed, and nothing was sent. {action.put-copy-back}"
    ),
    "sqlite.foreign": (
        "{path} is a database of another program.\n"
        "It was not changed, and nothing was sent. Name another with `journal`."
    ),
    "journal.connection-lost": "the connection to the database was lost",
}
