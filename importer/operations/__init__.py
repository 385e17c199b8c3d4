"""Provide what people do beside importing. Nothing here prints, asks or exits.

Input: settings. Output: the results of a command as values, and messages about them.

    verify         read notes back                        hide              make notes private drafts, and back
    history        the list of runs                       template          an empty workbook
    choosing       which files of a folder are meant
    corrections    corrections of a sheet, as values      corrected_sheet   check corrected rows, write the sheet
    doctor         checks before the first night          live              one note, tried on a prospect
    report_messages  the messages about these             documents         JSON documents about these

Each module is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.importing import loader

if TYPE_CHECKING:  # modules become attributes of the package
    from importer.operations import (  # noqa: F401
        choosing,
        corrected_sheet,
        doctor,
        documents,
        hide,
        history,
        live,
        report_messages,
        template,
        verify,
    )

else:  # so that the type checker finds a module that isn't there
    __getattr__ = loader(__name__)
