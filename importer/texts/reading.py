"""Texts of the kinds that ``importer/reading/`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "beside": "{text} ({beside})",
    "reading.beyond-limit": "{what}. The limit is {limit}.\nIf the file is right, split it, and import its parts.",
    "reading.no-memory": "{file} needs more memory than this machine has.\nSplit the file, or save it as CSV.",
    "reading.not-to-its-end": (
        "{file} can't be read completely ({error}).\n"
        "Check that the disk is not full and that the file's drive stays connected."
    ),
    "reading.not-understood": "{file} is damaged, or has an unsupported structure ({reason}).\n{action.Save-as-xlsx}.",
    "reading.damaged": "The file is damaged: {what} can't be read ({error}).\n{action.Save-again}; or export it again.",
    "reading.locked": "The file is encrypted, with a password or with Excel's default password.\nOpen it in Excel or LibreOffice, save it as .xlsx without protection, and import that.",
    "reading.other": "{file} is {what}, not a spreadsheet.\nOpen it with its program, and save or export its table as .xlsx or .csv.",
    "what.pdf": "a PDF",
    "what.picture": "a picture",
    "what.archive": "an archive that has to be unpacked first",
    "what.text": "a text document",
    "what.document": "a document of another program",
    "what.numbers": "an Apple Numbers document",
    "what.xlsb": "an Excel binary workbook (.xlsb)",
    "what.unknown": "a file of an unsupported format",
    "what.utf-16": "text in UTF-16 without a byte order mark",
    "limit.text": "The rows up to row {row} contain too much text (bytes)",
    "limit.file": "{file} has {size} bytes",
    "limit.standard-input": "Standard input is too large (bytes)",
    "limit.unpacked": "The parts of the workbook unpack to too many bytes",
    "limit.ratio": "The part {part} unpacks to at least {times} times its size, as a zip bomb does",
    "limit.cell": "A cell in {what} contains too many characters",
    "limit.line": "A line of the file contains too many characters",
    "limit.quotation-mark": "Row {row} contains a cell that is too long, perhaps because a quotation mark is not closed",
    "limit.row-characters": "A row in {what} contains too many characters",
    "limit.row-cells": "A row in {what} contains too many cells",
    "limit.row-columns": "Row {row} uses {columns} columns",
    "limit.rows": "The table extends to row {row}",
    "limit.sheet-rows": 'The sheet "{sheet}" extends to row {row}',
    "limit.sheet-column-number": 'The sheet "{sheet}" uses column {column}, which is column number {number}',
    "choice.no-row": "Row {row} can't be the header. Rows are counted from 1.",
    "choice.single-table": "There is no sheet {sheet}. The file is a {format} with a single table.\nRemove `sheet`.",
    "choice.no-sheet": "There is no sheet {sheet}.\nThe sheets are: {sheets}.",
    "choice.hidden": "{sheet} (hidden)",
    "choice.blank-row": "Row {row} of {file} is blank or does not exist, so it can't be the header (`header-row`).",
    "choice.all-hidden": (
        "All visible sheets of {file} are blank.\nHidden sheets: {sheets}. To import one, name it with `sheet`."
    ),
    "choice.no-table": "{file} contains no table, because no row contains text.",
    "choice.several": "Several sheets may be meant: {sheets:; }. To import several, run once for each.",
    "choice.begins": "{sheet} starts with {headings}",
    "choice.the-sheet": "the sheet {sheet}",
    "choice.which": "Which sheet do you want to import?",
    "remark.other-sheets": "Only the sheet {sheet} is imported. Ignored: {others}.",
    "skipped.by-hand": "left out by hand",
    "remark.corrected": "To import your corrections on {sheet}, use `sheet {argument}`",
    "remark.hidden-sheets": "Hidden sheets are ignored: {sheets}.",
    "remark.hidden-sheet": "The sheet {sheet} is hidden.",
    "remark.rows-above": (
        "{n} row above the header (row {header}) was skipped.",
        "{n} rows above the header (row {header}) were skipped.",
    ),
    "remark.blank-rows": ("{n} blank row was ignored.", "{n} blank rows were ignored."),
    "remark.hidden-rows": (
        "{n} row is hidden in the spreadsheet. Hidden rows are imported like all others.",
        "{n} rows are hidden in the spreadsheet. Hidden rows are imported like all others.",
    ),
    "remark.hidden-columns": ("{n} column is hidden in the spreadsheet.", "{n} columns are hidden in the spreadsheet."),
    "remark.no-heading": ("{n} column has no heading.", "{n} columns have no heading."),
    "remark.merged": (
        "{n} merged area: only its first cell holds the value.",
        "{n} merged areas: only the first cell of each holds the value.",
    ),
    "remark.formulas": ("{n} formula: its stored value was read.", "{n} formulas: their stored values were read."),
    "flaw.no-value": "the formula's result is not stored in the file. Save the file in a spreadsheet program and import that",
    "flaw.covered": "a merged cell covers this one, and only its first row counts. Unmerge the cells, and fill each with its value",
    "flaw.hidden": "the cell's number format hides its content, so nobody sees it in the sheet. Choose the format General, or delete the content",
    "flaw.lost-digits": "the spreadsheet has lost digits of this number, because it stores whole numbers only up to 9007199254740992. Format the column as text, and paste the numbers again from their source",
    "flaw.short-row": "the row has fewer cells ({cells}) than the header ({expected}). Add the missing cells, or the delimiters of empty ones",
    "flaw.long-row": "the row has more cells ({cells}) than the header ({expected}). Perhaps a text with the delimiter is not in quotation marks. Correct the row",
    "flaw.nul": "the text contains a NUL character, which no spreadsheet shows. Delete it, or type the text again",
    "flaw.damaged-character": "a character of the text is damaged (�). Type it again, or name the file's encoding with `encoding`",
    "encoding.no-such": (
        "There is no encoding called {name}.\nCommon ones: utf-8, utf-16, cp1252 (Windows), mac_roman, shift_jis."
    ),
    "encoding.valid-utf-8": "The file was read as {encoding}, as you said. It is also valid UTF-8. If accented letters look wrong, use `encoding utf-8`",
    "encoding.as-marked": "The file is marked as {encoding}, so it was read as {encoding}. Your encoding, {named}, was not used.",
    "encoding.damaged-characters": "The file is encoded in UTF-8, but some characters are damaged. The rows that contain them have problems.",
    "encoding.likeliest": "The file does not say how its characters are encoded. {encoding} is the most likely encoding. If accented letters look wrong, name the right one with `encoding`.",
    "encoding.which": "The file does not say how its characters are encoded.\nWhich of these is spelled correctly? If none is, save the file in one encoding, such as UTF-8.",
    "encoding.not-read": (
        "The file's characters can't be read as {encoding} ({error}).\nName their encoding with `encoding`."
    ),
    "format.xlsx": "Excel workbook (.xlsx)",
    "format.xls": "Excel 97-2003 workbook (.xls)",
    "format.ods": "OpenDocument spreadsheet (.ods)",
    "format.xml": "XML spreadsheet 2003",
    "format.html": "HTML table",
    "format.csv": "CSV",
    "format.tabs": "text with tabs",
    "reading.lock": (
        "{file} is not the spreadsheet, but a lock file of the program that has it open.\nImport {meant} instead."
    ),
    "reading.link": (
        "{file} is only a link to an online spreadsheet.\n"
        "Open it, choose File > Download > Microsoft Excel (.xlsx) or CSV, and import the downloaded file."
    ),
    "reading.empty": "{file} is empty (0 bytes).\nExport or download it again.",
    "remark.separated-by": "Columns are separated by {sign}s.",
    "flaw.quotation-marks": (
        "the quotation marks of this row don't match: one that opens here closes only {n} line further down, so the row may contain the rows after it. Correct the quotation marks",
        "the quotation marks of this row don't match: one that opens here closes only {n} lines further down, so the row may contain the rows after it. Correct the quotation marks",
    ),
    "files.none": "There is no file or folder {file}.\nCheck the path.",
    "opening.changed": "{file} was changed while it was being read.\nLet the other program finish, then try again.",
    "opening.denied": (
        "{file} can't be read: permission denied.\nClose it in other programs, or ask its owner for access."
    ),
    "opening.failed": "{file} can't be opened ({error}).\nCopy it to a local folder and try again.",
    "opening.folder": "{file} is a folder.\nName one spreadsheet in it. `note-importer run` takes a whole folder, and shows each spreadsheet before it is sent.",
    "opening.device": (
        "{file} is a device or a pipe, not a file.\nTo read from a pipe, use - as the file and pipe the CSV in."
    ),
    "opening.nothing-piped": (
        "Nothing is piped into standard input.\nName a file, or pipe one in: … | note-importer … {file}"
    ),
    "opening.standard-input": "Standard input can't be read ({error}).\nSave it as a file and import the file.",
    "text.delimiter": "The delimiter {delimiter} can't be used. Use one character such as ; or the word tab.",
    "text.quotation-mark": (
        "A quotation mark that opens in row {row} is never closed, so the rest of the file becomes one cell.\n"
        "Correct it and import the file again."
    ),
    "workbook.document-type": (
        "The workbook is refused, because {what} declares a document type (DTD). No spreadsheet program writes one, and attackers use it.\n"
        "If you trust its origin, save it again in a spreadsheet program."
    ),
    "part.content": "the document's content",
    "part.records": "the list of its records",
    "part.contents": "its table of contents",
    "part.merged": "the list of merged cells",
    "part.sheet": 'the sheet "{sheet}"',
    "part.sheets": "the list of sheets",
    "part.styles": "the list of styles",
    "part.texts": "the list of texts",
    "part.parts": "the list of its parts",
    "part.file": "its content",
    "part.more-than": "more than {most}",
    "part.elements-of-row": "elements of one row in {what}",
    "xls.excel-5": "The .xls has the format of Excel 5 or 95.\nOpen it in Excel or LibreOffice, check its accented letters, save it as .xlsx and import that.",
    "html.too-large": "{file} is a web page of more than 64 MB.\nOpen it in Excel and save it as .xlsx.",
    "html.cut-off": "{file} is a web page that is cut off: its last table has no end.\nExport or download it again.",
    "html.no-table": "{file} is a web page without a table (perhaps a sign-in page).\nExport it again as .xlsx.",
}
