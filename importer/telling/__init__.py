"""Tell people and programs about plans and runs: lines for a screen, JSON documents, and notifications.

Input: overviews and reports. Output: messages, documents and notifications; the faces show them.

    preview_messages   the messages of a preview          report_messages   the messages of a report
    rendering      lines, and progress in words           documents         JSON documents for programs
    notifications  write and send notifications           messenger         send one notification
    log_file       the log                                result_rows       the rows of a run, to be searched
    sheet_details  columns and words, for the page

Each module is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.importing import loader

if TYPE_CHECKING:  # modules become attributes of the package
    from importer.telling import (  # noqa: F401
        documents,
        log_file,
        notifications,
        preview_messages,
        rendering,
        report_messages,
        result_rows,
        sheet_details,
    )

else:  # so that the type checker finds a module that isn't there
    __getattr__ = loader(__name__)
