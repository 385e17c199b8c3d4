"""Texts of the kinds that ``importer/calls/`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "stopped.wrong-address": (
        "The server that answers is not the API: {why}.\n"
        "Check `base-url`, the API key, and whether a proxy, gateway or firewall stands between this machine and the API. Delivered notes are recorded."
    ),
    "stopped.keeps-failing": "The API keeps failing: {why}.\n{action.Run-same-command} later.",
    "stopped.outage-until-the-end": "The API was unavailable. The last problem was: {why}.\n{end}",
    "stopped.outage": (
        "The API was unavailable. The last problem was: {why}.\n"
        "The run waits at most {longest} seconds (`give-up-after`). Delivered notes are recorded; {action.run-same-command} when the API is back."
    ),
    "stopped.outage-asks-to-wait": (
        "The API was unavailable. The last problem was: {why}, and the API asks to wait {wait} seconds.\n"
        "The run waits at most {longest} seconds (`give-up-after`). Delivered notes are recorded; {action.run-same-command} when the API is back."
    ),
    "stopped.limit-used-up": (
        "The account's limit is used up.\nDelivered notes are recorded; {action.run-same-command} later."
    ),
    "stopped.limit-used-up-until": (
        "The account's limit is used up.\n"
        "The API asks to wait {seconds} seconds. Delivered notes are recorded; {action.run-same-command} after {then}."
    ),
    "stopped.no-thread": (
        "No call can be made, because the system can't start a thread for this program ({error}).\n"
        "Nothing more was sent. Check that the machine has free memory, and that the program may start more threads (ulimit -u, or the container's limit on processes). Then {action.run-same-command}."
    ),
    "trouble.later": "{purpose} in {seconds} s",
    "trouble.again": "trying again: {why}",
    "trouble.again-in": "trying again in {seconds} s: {why}",
    "trouble.limit": "waiting {seconds} s because of the account's limit",
    "progress.held-up": "{far}; {trouble}",
}
