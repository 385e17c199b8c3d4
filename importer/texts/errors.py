"""Texts of the kinds that ``importer/errors.py`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "fault": (
        "note-importer failed because of an error of its own ({error}: {text}).\n"
        "Delivered notes are recorded, and the same command continues where this one stopped. Please report the error, with the output of NOTE_IMPORTER_DEBUG=1 for this file alone."
    ),
    "fault@page": (
        "note-importer failed because of an error of its own ({error}: {text}).\n"
        "Delivered notes are recorded, and sending the rest continues where this import stopped. Please report the error, with the output of NOTE_IMPORTER_DEBUG=1 for this file alone."
    ),
    "error.importer-error": "an error ended the run",
    "error.unusable": "the file or a setting can't be used",
    "error.unreadable-file": "the file can't be read",
    "error.unclear-columns": "a question about the sheet has to be answered",
    "error.bad-settings": "a setting can't be used",
    "error.no-key": "no API key was given",
    "error.changed": "the number of notes has changed since it was confirmed",
    "error.look": "something should be looked at before the first night",
    "error.guarded": "the file as a whole looks wrong",
    "error.first-run": "nobody has said yet which workspace this profile has",
    "error.unusable-journal": "the journal can't be opened",
    "error.stopped": "the run stopped before its end",
    "error.outage": "the API was unavailable for too long",
    "error.limit-used-up": "the account's limit is used up",
    "error.not-reached": "the location of the files can't be reached",
    "error.journal-failed": "the journal could not be written",
    "error.output-failed": "the output could not be written",
    "error.no-thread": "the system could not start a thread",
    "error.busy": "another import of the same workspace is running",
    "error.interrupted": "the run was asked to stop, or the current time is outside the time window",
    "error.needs-a-person": "the run stopped and needs your attention",
    "error.bad-key": "the API does not accept the key",
    "error.not-permitted": "the API does not permit this",
    "error.wrong-call": "the API does not know what this version of the program sends",
    "error.redirected": "the API redirected to another address",
    "error.wrong-address": "the server that answers is not the API",
    "error.blocked": "a certificate or a proxy blocks the connection",
    "error.wrong-journal": "the journal is damaged, or is not the journal of this workspace",
    "error.open-to-others": "other users can write where the program keeps its own files",
    "error.journal-replaced": "the journal was replaced or removed during the run",
    "error.results-not-written": "the results could not be written anywhere",
    "error.program-fault": "an internal error of note-importer",
    "settings.invalid": "Invalid value for {setting}: {reason}",
    "settings.invalid-from": "Invalid value for {setting}, from {origin}: {reason}",
    "holder.nameless": "another process",
}
