"""Texts of the kinds that ``importer/cli/`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "error.ended-by-a-person": "a person stopped it",
    "error.ended-before-anything-was-sent": "a person stopped it before anything was sent",
    "cli.version": "note-importer, version {version}",
    "recipients.others-can-read": (
        "Other users of this machine can read the notification addresses in {file}.\n"
        "Make the file private: chmod 600 {argument}"
    ),
    "recipients.this-line": "this line",
    "readings.listed": ("{name}: answered on {date}, {n} heading", "{name}: answered on {date}, {n} headings"),
    "readings.none-yet": "None yet. When you answer questions about a sheet and send it, your answers are kept for its kind.",
    "readings.how-to-see": "To see the answers for one: `note-importer readings NAME`",
    "readings.which-name": "Say which one to forget: add its name. `note-importer readings` lists them.",
    "readings.headings": "Headings: {headings}",
    "readings.same-as": "The answers say the same as: {settings: }",
    "readings.is-forgotten": "Forgotten in the profile {profile}: {name}. The next sheet of this kind is asked about again.",
    "setting.many": "{help} May be repeated.",
    "live.ask": "Create this note?",
    "live.not-agreed": "nobody agreed to the note",
    "live.written": "What was seen is in {path}. It holds IDs, the note's author and the API's words. Read it before you share it.",
    "written.nothing": "Nothing was written.",
    "people.then-run": "Then run the import. Until then, it rejects their rows.",
    "practice.begins": "Practice: nothing is sent. The import would do this:",
    "practice.no-updates": (
        "Practice leaves the note that would be updated as it is. Its row will be 'already imported'.",
        "Practice leaves the {n} notes that would be updated as they are. Their rows will be 'already imported'.",
    ),
    "practice.address": "Practice calls no address. Leave out `base-url`.",
    "practice.online": "Practice makes no calls. Leave out --online. Email addresses that an earlier check looked up are known.",
    "practice.not-yet": "Nothing was practised, because nothing of this file can be sent yet.",
    "fault.of-command": (
        "note-importer failed because of an error of its own ({error}).\n"
        "Delivered notes are recorded, and {action.the-same-command} continues where this one stopped. Please report the error, with the output of NOTE_IMPORTER_DEBUG=1."
    ),
    "cli.for-help": "For help: {command} --help",
    "cli.nothing-sent": "Nothing was sent.",
    "cli.ended-at-once": "Stopped immediately. Run the same command to continue. It first looks up unclear requests, and writes missing results.",
    "asking.another-column": "or another column ({more} more), by its heading or letter",
    "asking.nobody-here": (
        "this setting sends some rows for you to look at first, but this is not a terminal.\n"
        "Remove the setting, or run the command at a terminal. Nothing was sent."
    ),
    "asking.outside-window": "It is outside the time window {window} of the profile. The window is for runs that nobody watches, so it doesn't count here.",
    "asking.remembered": "Your answers are kept as {name} in {place}. To see or forget them: `note-importer readings`",
    "cli.dry-run": "To see what a run would do, without sending anything: note-importer check FILE",
    "hide.nothing-changed": "Nothing was changed.",
    "hide.nothing-changed-unasked": "Nothing was changed, because nobody is at the terminal to agree to it. If you agree, add `yes`.",
    "asking.yes-or-no": "Enter y for yes, or n for no.",
    "cli.needs-quotes": "There is a file {file}. A name with spaces needs quotation marks: {quoted}",
    "asking.first-question": "This is the first question.",
    "asking.none-of-these": "{answer} is not one of the answers. Enter a number from 1 to {most}.",
    "init.few-questions": "A few questions. Press Enter to accept the value in brackets. No note is sent.",
    "init.ask-name": "Name of the profile (your choice)",
    "init.ask-hours": "Time window of the night, for runs that nobody watches (- for any time)",
    "init.ask-key": "API key (not shown; Enter: later)",
    "init.key-tried": "Key accepted: {found}",
    "init.ask-key-again": "Another API key (not shown; Enter: keep this one)",
    "init.ask-notify": "Address for notifications, such as slack://… or mailtos://… (Enter: none)",
    "init.written": "The profile {name} was written to {path}. You can edit this file. To see all settings, use `note-importer config`.",
    "init.guards": "A file is not sent if more than {share} of its rows have problems, or name prospects that are not in the workspace. To change that, edit max-invalid in the profile.",
    "init.ask-archive": "Folder for finished files and their results (- to leave them where they are)",
    "init.archive": "Finished files and their results go to the folder {archive}. It is there now.",
    "init.ask-key-store": "Store the key in the system's key store? (No: in a file that only you can read)",
    "init.key-missing": "The API key is still missing. Put it into the file {file}, which only you should be able to read, and remove the # before api-key-file in the profile. Or use: note-importer login {profile}",
    "init.needs-package": "Notifications need an extra package. Without it, no import runs. Install it with: pip install apprise",
    "unconfirmed.same": "The account of {other}: continue with its deliveries, and send none of them again",
    "unconfirmed.own": "Only if the other profile's notes are in another account: its own, as {profile}",
    "init.continues": "The profile continues with the deliveries of {other}.",
    "init.confirmed": "The workspace is confirmed in the journal {place}, for all machines that share it.",
    "keys.no-key": "This is not an API key: {why}.",
    "init.not-confirmed": "The confirmation of the workspace could not be saved. {why}",
    "init.asks-once-more": "The profile is ready. Its first run, at a terminal, asks once more whether the workspace is right.",
    "init.folder-not-made": "The folder {archive} can't be created: {error}.\nNothing was written.",
    "template.fill-in": "Fill in {path}, then: note-importer check {file}",
    "check.looks-nothing-up": "`online` looks nothing up while a question is open. Answer it, then check again.",
    "check.every-problem": "All problems: {path}",
    "journals.copied": "The journal was copied to {file}.",
    "hide.needs-a-person": "Nothing was changed, because nobody is at the terminal to agree to it. `yes` is not enough, because notes become more visible.",
    "verify.which": "To read back the notes of a file: verify FILE --all. To look up what is unconfirmed: verify, without a file.",
    "hide.which": "Name the notes to hide: hide RUN, such as hide last; hide --file FILE, if need be with --rows; hide --note ID; or hide --duplicates.",
    "hide.undo-what": "Hidden duplicates can't be given back all at once. Name them: hide --undo --note ID.",
    "hide.ask": "Make them private drafts?",
    "plan.ask-update": ("Make this change, too?", "Make these {n} changes, too?"),
    "hide.ask-undo": "Give them back as they were?",
    "keys.ask": "API key for profile {profile} at {url}",
    "keys.kept": "The key was saved in {store}, for profile {profile} at {url}.",
    "keys.no-key-kept": "This is not an API key: {why}.\nNothing was saved.",
    "keys.try-it": "To check whether the API accepts it: `note-importer doctor`",
    "cli.file-no-command": "{name} is a file, not a command. Did you mean run? note-importer run {rest}",
    "page.asked-to-end": "You asked the program to end (Ctrl-C).",
    "page.quit": "You pressed Quit.",
    "page.open-this": "Open this address in your browser. It works once:",
    "page.runs-already": "note-importer page is already running. Its page opens again, and nothing is stopped.",
    "page.needs-part": (
        "The page needs an extra package that is not installed.\nInstall it with: pip install 'note-importer[page]'"
    ),
    "page.leave-open": "Keep this window open while you use the page. If you close the page in your browser, start note-importer page once more, in another window and with the same options: the page opens again. To stop, press Ctrl-C here or Quit on the page.",
    "page.finishing": "Finishing the current requests, then writing the results …",
    "page.port": "Port {port} can't be used: {error}.\nName another: --port 0.",
    "page.opens": "The page opens in your browser. If it does not open within {seconds} seconds, its address is shown here.",
    "schedule.say-when": "Say when it may run: `between 02:00-06:00`.",
    "schedule.say-what": "Name the files or folders to import: note-importer schedule exports",
    "schedule.no-file": "There is no file or folder {file}.\nMake it first, or correct the name.",
    "schedule.line-break": (
        "{text} contains a line break, a control character or an unusual space, which no scheduler can hold.\n"
        "Rename it."
    ),
    "schedule.program": (
        "systemd starts no program with a quotation mark or a backslash in its path: {program}.\n"
        "Install note-importer in a folder with another name."
    ),
    "schedule.variables": (
        "A Windows task has no environment of its own, but {variables} is set here.\n"
        "Set it for your user in the system's settings (Environment Variables) and open a new window, or do without it."
    ),
    "schedule.percent": "A Windows task takes the text between two % for a variable: {word}.\nRename it.",
    "schedule.long-path": (
        "A Windows task takes paths of up to {count} characters: {path}.\nUse a folder with a shorter path."
    ),
    "schedule.to-install.cron": "Enter crontab -e, and paste both lines at the end. To stop it, remove the lines below # {name}.",
    "schedule.to-install.systemd": "Save both parts in ~/.config/systemd/user under the names above them. Then enter: systemctl --user enable --now {name}.timer. To let it run while you are signed out, enter: loginctl enable-linger. To stop it, enter: systemctl --user disable --now {name}.timer",
    "schedule.to-install.launchd": "Save this as ~/Library/LaunchAgents/{name}.plist. Then enter: launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/{name}.plist. To stop it, enter: launchctl bootout gui/$(id -u)/{name}",
    "schedule.to-install.windows": "Save this as {name}.xml. Then enter: schtasks /Create /TN {name} /XML {name}.xml /RU %USERNAME% /RP * (it asks for your Windows password, so that the task runs while you are signed out). To stop it, enter: schtasks /Delete /TN {name}",
    "schedule.to-install.kubernetes": "Save this as {name}.yaml, and replace the image, the names of the volumes and the secret, and Etc/UTC by your time zone. Then enter: kubectl apply -f {name}.yaml. To stop it, enter: kubectl delete -f {name}.yaml",
    "schedule.to-install.airflow": "Save this as {name}.py in your folder of DAGs, and replace Etc/UTC by your time zone. Then enter: airflow dags unpause {name}. To stop it, enter: airflow dags pause {name}",
    "schedule.key": 'A scheduler does not have the environment of this session. {variable} is not set there, and on Linux the key store is closed while you are signed out. Store the key in a file that only you can read, and name it in the profile {profile}: api-key-file = "…".',
    "schedule.lost": "These settings exist in this session only, and will not apply: {lost}. Add them to the profile.",
    "config.not-for-scheduler": "{place} A scheduler may be unable to use it, because it does not sign in as you do",
    "config.nobody-notified": "no notifications. See `notify-file`",
    "config.test-sent": "the test was sent. Check that it arrived",
    "config.not-tried": (
        "{n} address was not tried, because the service would take a test for a run",
        "{n} addresses were not tried, because the service would take a test for a run",
    ),
    "stopped.unsaid": (
        "The output of this command could not be written to {name}: {error}.\n"
        "Check the free space there. Then {action.run-same-command}. Delivered notes are not sent again."
    ),
    "watching.asked-to-end": "You asked it to end ({name}).\n{action.Run-same-command} to continue.",
    "watching.finishing": "{name}: finishing the current requests, then writing the results …",
    "watching.line": "{time}  {progress}",
    "cli.workspace": "Workspace: {workspace}",
    "init.next": "Next:",
    "keys.taken-out": "The key was removed from the key store: profile {profile} at {url}.",
    "keys.none-there": "There is no key in the key store: profile {profile} at {url}.",
    "asking.likely": "{choice} (likely)",
    "asking.with-samples": "{choice}: {samples:; }",
    "asking.column": "Number, heading or letter ({enter})",
    "asking.number": "Number ({enter})",
    "asking.column-or-back": "Number, heading or letter (B for column B), or b to go back ({enter})",
    "asking.number-or-back": "Number, or b to go back ({enter})",
    "asking.enter-stops": "Enter alone stops",
    "asking.enter-keeps": "Enter: the notes stay as they are",
    "asking.enter-leaves": "Enter: they are not sent",
    "config.no-key": "API key: none.",
    "config.addresses": (
        "{n} address. To try it: --test-notification",
        "{n} addresses. To try them: --test-notification",
    ),
}
