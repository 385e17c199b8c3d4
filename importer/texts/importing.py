"""Texts of the kinds that ``importer/importing/`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "stopped.wrong-address-but": (
        "The server that answers is not the API: {why}.\nDid you mean {address}? Nothing was sent. Check `base-url`."
    ),
    "purpose.seeing-the-api": "seeing whether the API answers",
    "choice.which-rows": "This is a results file. Which rows do you want to import?",
    "choice.to-fix": "your corrections, on the sheet {sheet} (likely)",
    "choice.all-rows": "all rows, on the sheet {sheet}",
    "outcome.corrected": "corrected: {changes:, }",
    "corrected.cell": "{cell}: {before} → {after}",
    "corrected.blank": "(blank)",
    "skipped.before": "left out by hand, or corrected to somebody else, when {file} was imported",
    "composed.results": "A template composed the notes of these results, and none is given now. Which notes do you want to send?",
    "overlooked.names-files": "it contains names of files in the folder of attachments",
    "questions.nothing-sent": "Nothing was sent.",
    "questions.unanswered": "You gave no answer, so nothing was sent. Run the command again and enter a number, or add one of the settings above.",
    "questions.answer": "To be asked at a terminal, once for all sheets of this kind: `note-importer run {file}`",
    "attachments.named-nowhere": "A folder of attachments is named, but no column contains file names, so no note has attachments. If a column does, say so: `map attachments=HEADING`",
    "outcome.broke-off": "the run was interrupted. To go on, {action.run-again}",
    "outcome.run-stopped": "the run stopped: {why:headline}. See what the run said at its end, then {action.run-again}",
    "problems.alike": "{kind} (found: {values})",
    "problems.other-values": "{values} and {n} other values",
    "count.row": ("{n} row", "{n} rows"),
    "progress.updating": "updating notes: {done} of {total}",
    "offer.asks": "The notes don't use {names: and }. Which notes do you want to send?",
    "offered.composed": "notes with these columns before the text",
    "offered.as-it-stands": "notes as they stand in the sheet",
    "asked.in-doubt": (
        "{n} row has words that were sent in another form. Is it the same note, or a new one?",
        "{n} rows have words that were sent in another form. Are they the same notes, or new ones?",
    ),
    "asked.in-doubt.why": (
        "{n} row has words that were sent in another form, and is not sent. Use `in-doubt same` if it is the same note, or `in-doubt new` if it is a new one",
        "{n} rows have words that were sent in another form, and are not sent. Use `in-doubt same` if they are the same notes, or `in-doubt new` if they are new ones",
    ),
    "asked.later": (
        "{question} {n} of them is dated after the note was sent, so it is probably new: {rows:, }.",
        "{question} {n} of them are dated after the notes were sent, so they are probably new, such as {rows:, }.",
    ),
    "asked.history": (
        "{file} would send {n} note, and most rows of this kind of sheet were known in its last runs. So a history may be sent again. Is it a new note?",
        "{file} would send {n} notes, and most rows of this kind of sheet were known in its last runs. So a history may be sent again. Are these new notes?",
    ),
    "asked.besides": (
        "{question} Then {n} row whose words were sent in another form is sent, too.",
        "{question} Then {n} rows whose words were sent in another form are sent, too.",
    ),
    "asked.hidden": (
        "{n} note was hidden. Send it again, or leave it hidden?",
        "{n} notes were hidden. Send them again, or leave them hidden?",
    ),
    "asked.hidden.why": (
        "{n} note was hidden, and is not sent. Use `in-doubt send-hidden` to send it again, or `in-doubt leave-hidden` to leave it hidden",
        "{n} notes were hidden, and are not sent. Use `in-doubt send-hidden` to send them again, or `in-doubt leave-hidden` to leave them hidden",
    ),
    "asked.row": "row {row}, for {prospect}: {words}",
    "asked.answer.same": "the same notes",
    "asked.answer.new": "new notes",
    "asked.answer.send-hidden": "send again",
    "asked.answer.leave-hidden": "leave hidden",
    "stopped.out-of-hours": (
        "It is {time} here, outside the window {window} (`between`).\n"
        "Nothing was sent. {action.Run-same-command} in that window."
    ),
    "archive.has-changed": (
        "{file} was changed during the import, so it was not moved.\n{action.Run-same-command} to import its new rows."
    ),
    "archive.other-store": (
        "{other} can't be moved to {folder}. Both must be on this machine, or in the same storage.\n"
        "Name a folder there."
    ),
    "archive.no-folder": (
        "Nothing can be moved to {folder}, because the folder does not exist.\nCreate it, or name another."
    ),
    "archive.gone": "{file} no longer exists, so it was not moved to {folder}.",
    "choosing.too-young": "it was changed {seconds} s ago and may be incomplete",
    "choosing.changed-later": "its date {date} is in the future, so it may be incomplete. Check the clocks. To import it now, name the file itself",
    "choosing.open-in-program": "it is open in a spreadsheet program, according to the file {mark} beside it. If it is not open, delete that file",
    "unconfirmed.first": "Nobody has imported as profile {profile} at {url} yet.",
    "unconfirmed.first-beside": "Nobody has imported as profile {profile} at {url} yet. Notes delivered there as {others} are not known as {profile}, and would be sent again.",
    "unconfirmed.key-of-another": "The API key was used before as {others}. Notes delivered there are not known as {profile} at {url}, and would be sent again.",
    "unconfirmed.new-key": "The API key of profile {profile} at {url} is not the one that was used before.",
    "unconfirmed.refused": (
        "{why}\nNothing was sent. Run `note-importer run FILE` once at a terminal and {then}. After that, it runs without questions."
    ),
    "unconfirmed.not-continued": "The profile {profile} can't continue with the deliveries of {other}, or no longer can.\nNothing was changed. Start again.",
    "unconfirmed.refused@page": "{why}\nNothing was sent. Import a file, and {then}.",
    "unconfirmed.first.then": "answer there whether this is the right workspace, or set up the profile with `note-importer init`",
    "unconfirmed.key-of-another.then": "answer there in which account these notes are, or use the profile and the journal that the key was used with",
    "unconfirmed.new-key.then": "answer there whether the new key is for the same account. For another account, use another profile",
    "practice.title": "Practice: nothing was sent",
    "practice.no-sheet": (
        "{source} contains the results of practice, in which nothing was sent.\n"
        "Import the original file instead. Corrections belong there, too."
    ),
    "again.lost-words": (
        "These are results of the run {run}, in which words of a second column decided who sees a note, or which are drafts.\n"
        "Not all of these words are kept: none with an @, many digits or more than {n} characters. Import the original file instead. Corrections belong there, too."
    ),
    "sending.has-changed": (
        "The notes to send have changed since you agreed. Another import, a setting or an attached file changed them.\n"
        "Nothing was sent. {action.Run-same-command}, and look at the new plan."
    ),
    "sending.has-changed@page": (
        "The notes to send have changed since you checked them. Another import, a setting or an attached file changed them.\n"
        "Nothing was sent. Check again."
    ),
    "series.nothing-to-import": (
        "{nothing}.\nNothing was sent. Check whether the export was made. If there may be no file: `min-rows 0`"
    ),
    "series.gone": "It no longer exists. Perhaps another import took it.",
    "series.declined": "You said no.\nNothing was sent.",
    "stopped.hours-over": "The window {window} is over, or nearly so (`between`).\n{action.Run-same-command} to continue.",
    "guard.nothing-to-fix": "Nothing to fix: the sheet “To fix” of {file} has no row. To read all its rows: `sheet Results`",
    "guard.few-rows": (
        "{file} has {rows} below its headings. At least {n} is required.\nNothing of this file was sent. Check whether the export is complete. If it is: `min-rows {enough}`",
        "{file} has {rows} below its headings. At least {n} are required.\nNothing of this file was sent. Check whether the export is complete. If it is: `min-rows {enough}`",
    ),
    "guard.many-problems": (
        "{n} of the {rows} in {file} has problems, or names a prospect that the workspace does not have.\nThat is more than the {share}% that `max-invalid` allows. Nothing of this file was sent. It may be the wrong file, or for another workspace. Check the file, the profile ({profile}) and the API key. The first problem is {first}. To see problems of cells: `note-importer check FILE`. To allow more: `max-invalid {enough}`",
        "{n} of the {rows} in {file} have problems, or name a prospect that the workspace does not have.\nThat is more than the {share}% that `max-invalid` allows. Nothing of this file was sent. It may be the wrong file, or for another workspace. Check the file, the profile ({profile}) and the API key. The first problem is {first}. To see problems of cells: `note-importer check FILE`. To allow more: `max-invalid {enough}`",
    ),
    "guard.many-problems@page": (
        "{n} of the {rows} in {file} has problems, or names a prospect that the workspace does not have.\nThat is more than the {share}% that `max-invalid` allows. Nothing of this file was sent. It may be the wrong file, or for another workspace. Check the file, the profile ({profile}) and the API key. The first problem is {first}. Press “Correct them here” to see problems of cells. To allow more: `max-invalid {enough}`",
        "{n} of the {rows} in {file} have problems, or name a prospect that the workspace does not have.\nThat is more than the {share}% that `max-invalid` allows. Nothing of this file was sent. It may be the wrong file, or for another workspace. Check the file, the profile ({profile}) and the API key. The first problem is {first}. Press “Correct them here” to see problems of cells. To allow more: `max-invalid {enough}`",
    ),
    "guard.history-again": (
        "{file} would send {n} note, and most rows of this kind of sheet were known in its last runs. So a history may be sent again. Nothing was sent. If this is a new note: `in-doubt new`",
        "{file} would send {n} notes, and most rows of this kind of sheet were known in its last runs. So a history may be sent again. Nothing was sent. If these are new notes: `in-doubt new`",
    ),
    "guard.many-notes": (
        "{file} would send {notes}, but at most {most} are allowed.\n"
        "Nothing of this file was sent. Check whether it is the right file. If it is: {setting}"
    ),
    "series.sentence": "{why:capital}.",
    "archive.not-moved": (
        "{file} was imported, but could not be moved to {folder}: {error:headline}.\n"
        "Move it by hand. If it stays, the next run does not send its notes again."
    ),
    "archive.more-visible": "{file} was not moved to the archive, because notes are still more visible than it says.\nTo change them: `update`",
    "archive.to-agree": "{file} was not moved to the archive, because a person has to agree to changes of notes.\nTo agree, import it with `update` at a terminal, or on the page.",
    "summary.practised": "If Saleshandy knows every prospect and accepts every note, the import will end like this. To send the notes, import the original file, not this one.",
    "summary.title": "Results of the import",
    "label.visibility": "Visibility, as the sheet says",
    "label.stopped": "Why it stopped",
    "label.requests": "Requests sent",
    "label.look-ups": "Calls to look up email addresses",
}
