"""Notify the recipients that the profile names of how an import from the page ended, as the command line does.

Input: how the file ended. Output: notifications, and a message for each that could not be sent. Nobody is notified of
an import that a person stopped on the page.
"""

from __future__ import annotations

from importer import telling
from importer.errors import BadSettings
from importer.importing.batch import Batch, FileEnded
from importer.messages import Message
from importer.settings import Settings, sources


def notify(ended: FileEnded, settings: Settings) -> list[Message]:
    """Send the notifications about a file's import. Return a message per failure; raise no error."""
    try:
        given = sources.gather({"profile": settings.profile}, ["profile", "notify", "notify-file"])
        occasion, recipients = sources.read(given, "notify"), sources.recipients(given)
        notifier = telling.notifications.Notifier.to(recipients, occasion, as_far_as_possible=True)
    except BadSettings as error:
        return [error.message]
    return notifier.tell(telling.notification_messages.notification(Batch(settings.profile, [ended])))
