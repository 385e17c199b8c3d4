"""The catalogue: small files of every kind that people send, each with what is expected of it.

An entry is a file's name, its bytes, and either the rows that must be read from it (by row number, without the header,
which is ``making.HEADER`` unless said otherwise), or words of the message that it is refused with.
"""

import bz2
import io
import random
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import openpyxl
import xlsxwriter

from tests.reading import making
from tests.reading.making import HEADER, archive, biff, formula, header_cells, label, ods, ods_text, parts, text, xlsx

Rows = Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Entry:
    title: str  # what it shows, for the test's name
    content: bytes
    rows: Rows | None = None  # cells by row number, or None where it is refused
    error: str = ""  # words of the refusal
    headings: Sequence[str] = HEADER
    flaws: Mapping[int, Sequence[int | None]] = field(default_factory=dict)  # row → columns with a problem, None: all
    remark: str = ""  # words that some remark holds
    options: Mapping[str, str | int] = field(default_factory=dict)
    name: str = "a.xlsx"


ONE: Rows = {2: ("00123", "Met in Köln", "public")}
PLAIN = "Prospect ID,Note,Visibility\r\n00123,Met in Köln,public\r\n"
_ONE_ID: Rows = {2: ("1", "", "")}


def _cell(title: str, cells: str, rows: Rows | None = None, **expected: Any) -> Entry:
    """An .xlsx with these cells in its second row."""
    return Entry(title, xlsx(f'<row r="2">{cells}</row>'), rows, **expected)


def _id(title: str, *, error: str = "", **sheet: str) -> Entry:
    """An .xlsx whose second row holds an ID alone, and something beside the rows."""
    return Entry(title, xlsx(f'<row r="2">{text("A2", "1")}</row>', **sheet), None if error else _ONE_ID, error)


def _parts(title: str, changed: Mapping[str, str | bytes], rows: Rows | None = None, **expected: Any) -> Entry:
    """An .xlsx whose second row holds an ID, some of whose parts are others."""
    return Entry(title, archive({**parts(f'<row r="2">{text("A2", "1")}</row>'), **changed}), rows, **expected)


def _typed(
    title: str, kind: str, values: Sequence[str], codes: Sequence[str], shown: Sequence[str], **more: str
) -> Entry:
    """An .xlsx with cells of a type, each with a format of its own."""
    inside = "".join(
        f'<c r="{column}2" t="{kind}" s="{style}"><v>{value}</v></c>'
        for style, (column, value) in enumerate(zip("ABC", values, strict=True), 1)
    )
    return Entry(title, xlsx(f'<row r="2">{inside}</row>', formats=codes, **more), {2: shown})


def _renamed(target: str, name: str, more: str = "") -> bytes:
    """A workbook whose sheet lies elsewhere; ``more`` is listed beside it."""
    made = parts(f'<row r="2">{text("A2", "1")}</row>')
    made[f"xl/worksheets/{name}"] = made.pop("xl/worksheets/sheet1.xml")
    for part, old, new in (
        ("xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml", target),
        ("xl/workbook.xml", "</sheets>", f"{more}</sheets>"),
    ):
        made[part] = str(made[part]).replace(old, new)
    return archive(made)


def _without(part: str) -> bytes:
    return archive({name: content for name, content in parts("").items() if name != part})


def _book(
    sheets: Mapping[str, Sequence[Sequence[object]]], then: Callable[[openpyxl.Workbook], object] = lambda _: None
) -> bytes:
    """A workbook of openpyxl with these rows in its sheets."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    then(book)
    book.save(out)
    return out.getvalue()


def _rows(*rows: Sequence[object], then: Callable[[openpyxl.Workbook], object] = lambda _: None) -> bytes:
    return _book({"Sheet": [HEADER, *rows]}, then)


def _hide(book: openpyxl.Workbook) -> None:
    book.worksheets[0].row_dimensions[3].hidden = True
    book.worksheets[0].column_dimensions["B"].hidden = True


def _format(book: openpyxl.Workbook) -> None:
    for cell, code in {
        "A4": "00000", "B4": "0%", "C4": "#,##0.00", "C2": "dd/mm/yyyy", "C3": "d mmm yyyy h:mm AM/PM",
    }.items():  # fmt: skip
        book.worksheets[0][cell].number_format = code


def _rich(**options: bool) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_string(1, 0, "1")
        sheet.write_rich_string(1, 1, "plain ", book.add_format({"bold": True}), "bold", " end")
        sheet.write_string(1, 2, "line\nbreak")
    return out.getvalue()


_TYPED = _rows(
    (12345, True, date(2026, 3, 1)),
    (0.1 + 0.2, False, datetime(2026, 3, 1, 14, 30)),  # noqa: DTZ001
    (123, 0.5, 1234567.891),
    then=_format,
)
_TWO = {"March": (HEADER, ONE[2]), "April": (HEADER, ("9", "x", "private"))}
_TITLES = [("Export of March",), (None, "by sales"), (), (None, None, *HEADER), (), (None, None, *ONE[2])]
_PHANTOM = f'<row r="3">{text("A3", "666")}</row>'
_X = f'xmlns:x="{making.MAIN}"'
_OVERLAPPING = (
    '<mergeCells><mergeCell ref="A4:A2"/><mergeCell ref="C2:B3"/><mergeCell ref="B5:ZZ9"/><mergeCell ref="C5:C6"/>'
    '<mergeCell ref="E1:F9"/></mergeCells>'
)

WORKBOOKS = [
    Entry("a header and nothing else", _rows(), {}),
    *(Entry(f"rich text and line breaks, {how}", content, {2: ("1", "plain bold end", "line\nbreak")})
      for how, content in {"shared": _rich(), "inline": _rich(constant_memory=True)}.items()),
    _parts("macros are ignored", {"xl/vbaProject.bin": b"x"}, _ONE_ID, name="a.xlsm"),
    Entry("numbers, booleans, dates", _TYPED, {
        2: ("12345", "TRUE", "01/03/2026"), 3: ("0.3", "FALSE", "1 Mar 2026 2:30 PM"),
        4: ("00123", "50%", "1,234,567.89"),
    }),
    _typed("dates in ISO form are shown by their format", "d",
           ("2026-03-01T14:30:00Z", "2026-03-01", "1899-12-31T14:30:00"), ("", "dd/mm/yyyy", "h:mm AM/PM"),
           ("2026-03-01 14:30", "01/03/2026", "2:30 PM")),
    _typed("dates in ISO form and a format without days, or no dates", "d",
           ("2026-03-01T12:00:00", "2026-03-01T14:30:05", "soon"), ("0.00", "General", "dd/mm/yyyy"),
           ("46082.50", "2026-03-01 14:30:05", "soon")),
    _typed("dates in ISO form, in a workbook that counts days from 1904", "d",
           ("2026-03-01", "1904-01-01T14:30:00", "1899-12-31T14:30:00"), ("dd/mm/yyyy", "h:mm", "h:mm"),
           ("01/03/2026", "14:30", "14:30"), properties='<workbookPr date1904="1"/>'),
    _typed("formats of numbers don't apply to booleans", "b", ("1", "0", "1"), ('"Yes";"Yes";"No"', "BOOLEAN", "0.00"),
           ("TRUE", "FALSE", "TRUE")),
    Entry("ids typed as text stay", _rows(("1E5", "12345678901234567890", "007")),
          {2: ("1E5", "12345678901234567890", "007")}),
    _cell("a number that lost digits", '<c r="A2"><v>1.2345678901234567E19</v></c>',
          {2: ("12345678901234600000", "", "")}, flaws={2: [0]}),
    _cell("error value", text("A2", "1") + '<c r="B2" t="e"><v>#N/A</v></c>', {2: ("1", "#N/A", "")}, flaws={2: [1]}),
    _cell("formulas by stored value", text("A2", "1") + '<c r="B2" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>'
          '<c r="C2"><f>1+1</f><v>2</v></c>', {2: ("1", "ab", "2")}, remark="2 formulas"),
    _cell("only a text formula without value", '<c r="B2" t="str"><f>C2</f></c>', {2: ("",) * 3}, flaws={2: [1]}),
    Entry("several sheets fit", _book(_TWO), error="Several sheets may be meant"),
    Entry("sheet by name in any case", _book(_TWO), {2: ("9", "x", "private")}, options={"sheet": "april"}),
    Entry("unknown sheet", _book(_TWO), error="'March', 'April'", options={"sheet": "May"}),
    Entry("hidden sheet", _book(_TWO, lambda book: setattr(book["April"], "sheet_state", "hidden")), ONE,
          remark="Hidden sheets are ignored: 'April'"),
    Entry("sheet without headings is left aside",
          _book({"Lists": [("Countries", "Cities")], "Sheet": (HEADER, ONE[2])}), ONE, remark="Ignored: 'Lists'"),
    Entry("no sheet fits", _book({"Sheet": [("Name", "Town")], "More": [("Fruit", "Price")]}),
          error="starts with Fruit, Price"),
    Entry("title lines and empty columns before", _book({"Sheet": _TITLES}), {6: ("", "", *ONE[2])},
          headings=("", "", *HEADER), remark="2 rows above the header (row 4) were skipped"),
    Entry("hidden rows are read", _rows(ONE[2], ("2", "b", "private"), then=_hide), {**ONE, 3: ("2", "b", "private")},
          remark="1 row is hidden"),
    Entry("merged cells", xlsx(
        f'<row r="2">{text("A2", "1")}{text("B2", "a")}</row><row r="3">{text("A3", "2")}{text("B3", "x")}</row>',
        after='<mergeCells><mergeCell ref="B2:B3"/></mergeCells>',
    ), {2: ("1", "a", ""), 3: ("2", "", "")}, remark="merged"),
    Entry("merged cells named from any corner, beyond the sheet, and on each other", xlsx(
        "".join(f'<row r="{n}">{text(f"A{n}", "a")}{text(f"B{n}", "b")}{text(f"C{n}", "c")}</row>' for n in (2, 4, 5)),
        after=_OVERLAPPING,
    ), {2: ("a", "b", ""), 4: ("", "b", "c"), 5: ("a", "b", "")}),
    Entry("a heading merged with the row below fills nothing", xlsx(
        f'<row r="2">{text("B2", "x")}</row>', after='<mergeCells><mergeCell ref="A1:A2"/></mergeCells>',
    ), {2: ("", "x", "")}, options={"header_row": 1}),
    _cell("escaped characters", text("A2", "a_x000A_b_x005F_x000D_"), {2: ("a\nb_x000D_", "", "")}),
    _cell("control characters", text("A2", "a_x0001_b") + text("B2", "é_x001F_\nc_x000B_") + text("C2", "public"),
          {2: ("a\x01b", "é\x1f\nc\x0b", "public")}),
    Entry("phonetic text is no text", xlsx(
        '<row r="2"><c r="A2" t="s"><v>0</v></c></row>',
        strings="<si><t>東京</t><rPh sb='0' eb='2'><t>トウ</t></rPh></si>",
    ), {2: ("東京", "", "")}),
    Entry("only a row's first cell has a reference", xlsx(
        '<row r="2"><c r="A2" s="0"/><c/><c><v>3</v></c></row><row r="3"><c r="B3"><v>2</v></c><c><v>3</v></c></row>'
    ), {2: ("", "", "3"), 3: ("", "2", "3")}),
    Entry("cells without references", xlsx("<row><c><v>1</v></c><c/><c><v>3</v></c></row>"), {2: ("1", "", "3")}),
    _parts("prefixed names", {
        "xl/worksheets/sheet1.xml": '<x:worksheet xmlns:x="m"><x:sheetData><x:row r="1">'
        '<x:c r="A1" t="inlineStr"><x:is><x:t>Prospect ID</x:t></x:is></x:c>'
        '<x:c r="B1" t="inlineStr"><x:is><x:t>Note</x:t></x:is></x:c></x:row>'
        '<x:row r="2"><x:c r="A2"><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>',
    }, {2: ("7", "")}, headings=HEADER[:2]),
    Entry("rows with a prefix below a root that has none", xlsx(
        f'<row r="2">{text("A2", "1")}</row><x:row {_X} r="3"><x:c r="A3"><x:v>8</x:v></x:c></x:row>'
        f'<row r="4">{text("A4", "2")}</row>'
    ), {2: ("1", "", ""), 3: ("8", "", ""), 4: ("2", "", "")}),
    _parts("a sheet's data and merged cells with a prefix below a root that has none", {
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{making.MAIN}" {_X}><x:sheetData>{header_cells()}'
        f'<x:row r="2">{text("A2", "1")}{text("B2", "a")}</x:row></x:sheetData>'
        '<x:mergeCells><x:mergeCell ref="A2:B2"/></x:mergeCells></worksheet>',
    }, _ONE_ID),
    *(_id(f"rows within {what} are none", **{where: content}) for what, where, content in (
        ("a comment before the first row", "before", f"<!-- {header_cells()}{_PHANTOM} -->"),
        ("a comment before the sheet", "root", f"<!-- {header_cells()}{_PHANTOM} -->"),
        ("CDATA", "before", f"<sheetPr><![CDATA[<sheetData>{header_cells()}{_PHANTOM}]]></sheetPr>"),
        ("a processing instruction", "before", f"<?x {header_cells()}{_PHANTOM}?>"),
        ("an extension", "after", f"<extLst><ext>{_PHANTOM}</ext></extLst>"),
    )),
    Entry("a sheet's path in percent", _renamed("worksheets/sheet%201.xml", "sheet 1.xml"), _ONE_ID),
    Entry("a sheet without its part beside others",
          _renamed("worksheets/a.xml", "a.xml", '<sheet name="April" r:id="s9"/>'),
          error='the sheet "April" can\'t be read'),
    Entry("formats of conditional formatting are not those of cells", archive({
        **parts('<row r="2"><c r="A2" s="1"><v>7</v></c></row>'),
        "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="000"/></numFmts><cellXfs><xf/>'
        '<xf numFmtId="164"/></cellXfs><dxfs><dxf><numFmt numFmtId="164" formatCode="0%"/></dxf></dxfs></styleSheet>',
    }), {2: ("007", "", "")}),
    _cell("column without heading is kept", text("A2", "1") + text("D2", "x"), {2: ("1", "", "", "x")},
          headings=(*HEADER, ""), remark="1 column has no heading"),
    Entry("a stray cell far below", xlsx(
        f'<row r="2">{text("A2", "1")}</row><row r="1048576">{text("C1048576", "x")}</row>'
    ), {2: ("1", "", ""), 1048576: ("", "", "x")}, remark="1,048,573 blank rows were ignored."),
    _cell("empty columns at the right go", text("A2", "1") + text("F2", " "), _ONE_ID),
    Entry("blank rows go", _rows((), ("", " "), ("1",)), {4: ("1", "", "")}, remark="2 blank rows"),
]  # fmt: skip


def _xls(title: str, cells: bytes, rows: Rows, *, about: bytes = b"", **expected: Any) -> Entry:
    return Entry(title, making.xls(cells, more=about), rows, name="a.xls", **expected)


def _ods(title: str, rows: str, found: Rows | None, *, table: str = "", **expected: Any) -> Entry:
    return Entry(title, ods(rows, table=table), found, name="a.ods", **expected)


def _line(*cells: str, repeated: int = 0) -> str:
    how = f' table:number-rows-repeated="{repeated}"' if repeated else ""
    return f"<table:table-row{how}>{''.join(cells)}</table:table-row>"


_NO_TEXT = b"\3\0\0\0\0\0\xff\xff"
"""What an .xls says of a formula that gave an empty text."""
_MISSING_TEXT = b"\0" * 6 + b"\xff\xff"
_HIDING = biff(0x41E, struct.pack("<HHB", 164, 3, 0) + b";;;") + b"".join(
    biff(0xE0, struct.pack("<HHHBBBBLLH", 0, at, 0, 0, 0, 0, 0, 0, 0, 0)) for at in (0, 164)
)
"""A format and two styles of an .xls: the second hides everything."""
_SMALL = {2: ("00123", "Grüße 日本", "2026-03-01", "TRUE"), 4: ("12345", "0.3", "", "")}
_ERROR = ods_text("#N/A", 'calcext:value-type="error"')
_FORMULA = '<table:table-cell table:formula="x" office:value-type="string"/>'

OLDER_AND_OPEN = [
    *(Entry(title, content, _SMALL, headings=("Prospect ID", "Note", "When", "Done"), name="a.xls")
      for title, content in {
          "Excel 97": making.small_xls(),
          "Excel 97 that writes its names in capitals":
              making.small_xls().replace("Workbook".encode("utf-16-le"), "WORKBOOK".encode("utf-16-le")),
      }.items()),
    _xls("Excel 97 whose program, like xlwt, stores no results",
         label(1, 0, "1") + formula(1, 1, _NO_TEXT) + formula(1, 2, _NO_TEXT), _ONE_ID, flaws={2: [1, 2]}),
    _xls("Excel 97 formulas that gave an empty text", label(1, 0, "1") + formula(1, 1, _NO_TEXT), _ONE_ID,
         about=biff(0x1C1, b"\0" * 8), remark="1 formula"),
    _xls("Excel 97 formula whose text is missing", label(1, 0, "1") + formula(1, 1, _MISSING_TEXT), _ONE_ID,
         flaws={2: [1]}),
    _xls("Excel 97 formula that gave a text with a sign of two characters",
         label(1, 0, "1") + formula(1, 1, _MISSING_TEXT)
         + biff(0x207, struct.pack("<HB", 4, 1) + "a😀b".encode("utf-16-le")), {2: ("1", "a😀b", "")}),
    _xls("Excel 97 with rows in any order", label(3, 1, "c") + label(1, 1, "b") + label(1, 0, "a"),
         {2: ("a", "b", ""), 4: ("", "c", "")}),
    _xls("Excel 97 cells whose format hides what they hold",
         label(1, 0, "P1") + biff(0x204, struct.pack("<HHHHB", 1, 1, 1, 1, 1) + "x".encode("utf-16-le"))
         + label(2, 0, "P2") + biff(0x203, struct.pack("<HHHd", 2, 1, 1, 7.0)) + label(3, 0, "P3")
         + label(3, 1, "Called"),
         {2: ("P1", "", ""), 3: ("P2", "", ""), 4: ("P3", "Called", "")}, about=_HIDING, flaws={2: [1], 3: [1]}),
    _ods("OpenDocument", _line(*map(ods_text, ONE[2])), ONE),
    _ods("OpenDocument shows what it shows",
         _line(repeated=2) + _line(
             '<table:table-cell office:value-type="percentage" office:value="0.5"><text:p>50 %</text:p>',
             '</table:table-cell><table:table-cell office:value-type="string">',
             "<office:annotation><text:p>comment</text:p></office:annotation>",
             "<text:p>a<text:s text:c='2'/>b</text:p><text:p>c</text:p></table:table-cell>",
         ), {4: ("50 %", "a  b\nc", "")}),
    _ods("OpenDocument repeats",
         '<table:table-column/><table:table-column table:visibility="filter" table:number-columns-repeated="2"/>'
         + _line(ods_text("x", 'table:number-columns-repeated="3"'),
               '<table:table-cell table:number-columns-repeated="16381"/>', repeated=2)
         + _line("<table:table-cell/>", repeated=1048573), {2: ("x",) * 3, 3: ("x",) * 3}, remark="2 columns are hid"),
    _ods("OpenDocument: drawings upon a cell are none of its text",
         "".join(
             _line(ods_text("1"), f"<table:table-cell>{before}<text:p>note</text:p>{after}</table:table-cell>")
             for before, after in (
                 ("<draw:rect><text:p>shape</text:p></draw:rect>", "<draw:line><text:p/></draw:line>"),
                 ("<draw:g><draw:ellipse><text:p>e</text:p></draw:ellipse></draw:g>", "<draw:control/>"),
                 ("", "<draw:caption><text:p>c</text:p></draw:caption>"),
                 ("<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>", ""),
             )
         ), dict.fromkeys(range(2, 6), ("1", "note", ""))),
    _ods("OpenDocument: what a link to another document gave is no sheet", _line(ods_text("1")), _ONE_ID,
         table=f"<table:dde-links><table:dde-link><table:table>{_line(*map(ods_text, HEADER))}</table:table>"
         "</table:dde-link></table:dde-links>"),
    _ods("OpenDocument: repeated error", _line(_ERROR, repeated=2) + _line(_FORMULA, repeated=3),
         {2: ("#N/A", "", ""), 3: ("#N/A", "", ""), **dict.fromkeys((4, 5, 6), ("",) * 3)},
         flaws={row: [0] for row in range(2, 7)}),
    _ods("OpenDocument error, formula without value, and formula of an empty text", _line(
        ods_text("1"), _ERROR, _FORMULA, _FORMULA.replace("/>", "><text:p/></table:table-cell>")
    ), {2: ("1", "#N/A", "")}, flaws={2: [1, 2]}, remark="1 formula"),
    _ods("OpenDocument: repeated rows beyond the last of a sheet", _line(_FORMULA, repeated=4_900_000), None,
         error="row 4900001"),
    _ods("OpenDocument: repeated rows without end", _line(ods_text("x"), repeated=999_999_999), None,
         error="The limit is 5,000,000."),
]  # fmt: skip


def _csv(title: str, content: str, rows: Rows | None = ONE, *, encoding: str = "utf-8", **expected: Any) -> Entry:
    return Entry(
        title, content.encode(encoding), None if "error" in expected else rows, **{"name": "a.csv", **expected}
    )


def _below(title: str, more: str, rows: Rows, **expected: Any) -> Entry:
    """A CSV with more lines below one that is all right."""
    return _csv(title, PLAIN + more, {**ONE, **rows}, **expected)


def _filled(rows: int) -> str:
    return ",".join(HEADER) + "\r\n" + "".join(f"{row},b,public\r\n" for row in range(2, rows + 2))


_HEAD = "Prospect ID,Note,Visibility\n"
_TOKYO, _MOSCOW = (
    "東京本社で田中様とお会いしました。来週ご連絡します。",
    "Встретились в Москве и обсудили условия договора",
)
_POLISH = "Prospect ID,Note\r\nP1,Zadzwonić do Łukasza\r\n"
_END = "\ue0ffend of the file\ue0ff"

TEXTS = [
    _csv("UTF-8 with mark", PLAIN, encoding="utf-8-sig"),
    _csv("UTF-16 LE with mark", f"\ufeff{PLAIN}", encoding="utf-16-le"),
    _csv("UTF-16 BE with mark", f"\ufeff{PLAIN}", encoding="utf-16-be"),
    _csv("UTF-16 LE without mark", PLAIN, error="in UTF-16 without", encoding="utf-16-le"),
    _csv("UTF-16 LE without mark, named", PLAIN, encoding="utf-16-le", options={"encoding": "utf-16"}),
    _csv("Windows-1252", PLAIN, encoding="cp1252", remark="Windows-1252"),
    _csv("Windows-1252 beyond the first megabyte", _HEAD + "1,x,public\n" * 100_000 + "2,Grüße – “so”,public\n", None,
         encoding="cp1252", remark="Windows-1252"),
    _csv("Shift-JIS", f"{_HEAD}1,{_TOKYO},public\n", {2: ("1", _TOKYO, "public")}, encoding="cp932",
         remark="Shift-JIS"),
    _csv("Cyrillic", f"{_HEAD}1,{_MOSCOW},public\n", {2: ("1", _MOSCOW, "public")}, encoding="cp1251",
         remark="Windows-1251 is the most likely encoding"),
    _csv("encoding by name", PLAIN, encoding="cp437", options={"encoding": "cp437"}),
    *(_csv(f"a mark of {title} counts more than {named}", _POLISH, {2: ("P1", "Zadzwonić do Łukasza")},
           encoding=encoding, headings=HEADER[:2], options={"encoding": named},
           remark=f"is marked as {title}, so it was read as {title}. Your encoding, {named}, was not used.")
      for named, encoding, title in (("cp1250", "utf-8-sig", "UTF-8"), ("utf-16", "utf-8-sig", "UTF-8"),
                                     ("cp1252", "utf-16", "UTF-16-LE"), ("utf-8", "utf-16", "UTF-16-LE"))),
    _csv("unknown encoding", PLAIN, error="no encoding called 'klingon'", options={"encoding": "klingon"}),
    Entry("damaged UTF-8", f"{_HEAD}1,äöüäöüäöüäöü,public\n".encode() + b"2,a\xffb,public\n",
          {2: ("1", "äöüäöüäöüäöü", "public"), 3: ("2", "a\ufffdb", "public")}, flaws={3: [1]}, remark="damaged",
          name="a.csv"),
    _csv("semicolons", PLAIN.replace(",", ";"), remark="semicolons"),
    _csv("vertical bars", PLAIN.replace(",", "|"), remark="vertical bars", name="a.txt"),
    _csv("sep= line", "sep=;\r\n" + PLAIN.replace(",", ";")),
    _csv("delimiter by name", PLAIN.replace(",", "#"), options={"delimiter": "#"}),
    _csv("delimiter of two characters", PLAIN, error="can't be used", options={"delimiter": "::"}),
    _csv("CR", PLAIN.replace("\r\n", "\r")),
    _csv("LF, none at the end", PLAIN.replace("\r\n", "\n").rstrip()),
    _below("line breaks and quotes in cells", '2,"a\nb, ""c""",x\r\n\r\n3,d,e\r\n',
           {3: ("2", 'a\nb, "c"', "x"), 5: ("3", "d", "e")}, remark="1 blank row"),
    _below("quotes within a cell", '2,5" pipe,"a" b\r\n', {3: ("2", '5" pipe', "a b")}),
    _csv("longer and shorter rows", PLAIN + "2,a\r\n3,b,c,d\r\n4,e,f,,\r\n",
         {2: (*ONE[2], ""), 3: ("2", "a", "", ""), 4: ("3", "b", "c", "d"), 5: ("4", "e", "f", "")},
         headings=(*HEADER, ""), flaws={3: [None], 4: [None]}),
    _csv("Excel leaves out delimiters of empty columns",
         _filled(15) + "".join(f"{row},b\r\n" for row in range(17, 40)),
         {row: (str(row), "b", "public" if row < 17 else "") for row in range(2, 40)}),
    _csv("short rows among full ones",
         _filled(15) + "17,b\r\n18,b,public\r\n" + "".join(f"{row},b\r\n" for row in range(19, 36)), None,
         flaws={row: [None] for row in (17, *range(19, 36))}),
    _csv("a last row that is cut off", _filled(15) + "17,b", None, flaws={17: [None]}),
    _csv("quotation mark never closed", PLAIN + '2,"a,public\r\n3,b,public\r\n', error="opens in row 3"),
    _csv("quotation marks that swallow a row", PLAIN + '2,"a,public\r\n3,"b",public\r\n4,c,d\r\n', None,
         flaws={3: [None]}),
    _csv("quotation marks that match by chance, two rows below",
         PLAIN + 'a@x.com,"b,public\r\nc@x.com,d,private\r\ne@x.com,f",public\r\n', None, flaws={3: [None]}),
    _below("quotes within a cell before a cell of several lines", '2,"a" b,"first\nsecond"\r\n3,c,d\r\n4,"e" f,g',
           {3: ("2", "a b", "first\nsecond"), 4: ("3", "c", "d"), 5: ("4", "e f", "g")}, flaws={3: [None]}),
    _below("a line of private characters", f"{_END},a,b\r\n{_END}\r\n4,c,d\r\n",
           {3: (_END, "a", "b"), 4: (_END, "", ""), 5: ("4", "c", "d")}, flaws={4: [None]}),
    _csv("texts written as formulas",
         PLAIN.replace("00123", '="00123"') + '"=""7""","=""a """"b"""" c""",="x"y\r\n8,="=1",=""\r\n',
         {**ONE, 3: ("7", 'a "b" c', '="x"y'), 4: ("8", "=1", "")}),
    _below("Ctrl-Z at the end", "\x1a", {}),
    _below("NUL bytes", "2,a\0b,public\r\n", {3: ("2", "a\0b", "public")}, flaws={3: [1]}),
    _csv("repeated headings", "Prospect ID,Note,Note\n1,a,b\n", {2: ("1", "a", "b")},
         headings=("Prospect ID", "Note", "Note")),
    _csv("the words NA, null and 1E5", "Prospect ID,Note\n1E5,NA\n00,null\n", {2: ("1E5", "NA"), 3: ("00", "null")},
         headings=HEADER[:2]),
    _csv("title lines", "Export\n\n" + PLAIN, {4: ONE[2]}, remark="1 row above"),
    _csv("header row by number", "x,y\nName,Town\n1,2\n", {3: ("1", "2")}, headings=("Name", "Town"),
         options={"header_row": 2}),
    _csv("no row with the right headings", "Name,Town\nJo,Köln\n", {2: ("Jo", "Köln")}, headings=("Name", "Town")),
    _csv("a sheet by name", PLAIN, error="single table", options={"sheet": "x"}),
    _csv("header row that isn't there", PLAIN, error="Row 9 of", options={"header_row": 9}),
    _below("a very long cell", f"2,{'x' * 300_000},public\n", {3: ("2", "x" * 300_000, "public")}),
    *(_csv(f"heading that begins with {start}", f"{start},{PLAIN}", {2: (*ONE[2], "")}, headings=(start, *HEADER),
           flaws={2: [None]}) for start in ("7z", "MZ", "GIF8", "Rar!", "RIFF")),
    _below("FileMaker's line breaks", "2,a\vb\vc\x1dd,x\r\n", {3: ("2", "a\vb\vc\x1dd", "x")}),
    _csv("CSV named .xlsx", PLAIN, name="a.xlsx"),
    Entry("workbook named .csv", _rows(ONE[2]), ONE, name="a.csv"),
]  # fmt: skip


_TABLE = (
    "<html><head><meta charset='utf-8'></head><body><table>"
    "<tr><th>Prospect ID</th><th>Note</th><th>Visibility</th></tr>"
    "<tr><td>00123<td>Met in K&ouml;ln</td><td>public</td></tr></table></body></html>"
)
_BARE = _TABLE[_TABLE.index("<table>") :].removesuffix("</body></html>")


def _page(title: str, content: str, rows: Rows | None = ONE, **expected: Any) -> Entry:
    return _csv(title, content, rows, **{"name": "a.xls", **expected})


def _row(title: str, more: str, rows: Rows, **expected: Any) -> Entry:
    """A web page with more in its table, below a row that is all right."""
    return _page(title, _TABLE.replace("</table>", f"{more}</table>"), {**ONE, **rows}, **expected)


XML = (
    '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
    '<Worksheet ss:Name="Report"><Table><Row>'
    + "".join(f'<Cell><Data ss:Type="String">{heading}</Data></Cell>' for heading in HEADER)
    + '</Row><Row ss:Index="3"><Cell><Data ss:Type="Number">12</Data></Cell>'
    '<Cell ss:Index="3"><Data ss:Type="Boolean">1</Data>'
    '</Cell></Row><Row><Cell><Data ss:Type="Error">#REF!</Data></Cell></Row></Table></Worksheet></Workbook>'
)


def xml(rows: str, *, styles: str = "", encoding: str = "utf-8", more: str = "") -> bytes:
    """An XML spreadsheet with these rows below the header, and more sheets."""
    head, _, tail = XML.partition('<Row ss:Index="3">')
    head = head.replace("<Worksheet", f"{styles}<Worksheet").replace("?>", f" encoding='{encoding}'?>", 1)
    return f"{head}{rows}</Table></Worksheet>{more}{tail[tail.rindex('</Workbook') :]}".encode(encoding)


def xml_row(*cells: tuple[str, str] | tuple[str, str, str]) -> str:
    """A row of cells, each with its type, its content, and attributes."""
    made = ((kind, value, "".join(f" ss:{one}" for one in more)) for kind, value, *more in cells)
    return "<Row>" + "".join(
        f'<Cell{more}><Data ss:Type="{kind}">{value}</Data></Cell>' for kind, value, more in made
    ) + "</Row>"  # fmt: skip


def _xml(title: str, content: bytes, rows: Rows | None, **expected: Any) -> Entry:
    return Entry(f"XML spreadsheet: {title}", content, rows, name="a.xls", **expected)


_STYLES = "<Styles>" + "".join(
    f'<Style ss:ID="{name}"><NumberFormat{code and f" ss:Format={making.quoted(code)}"}/></Style>'
    for name, code in {
        "Default": "", "id": "0000000", "percent": "Percent", "date": "dd/mm/yyyy", "short": "Short Date",
        "time": "h:mm",
    }.items()
) + '<Style ss:ID="child" ss:Parent="id"/></Styles>'  # fmt: skip
_COMMENT = '<Comment ss:Author="Bob"><ss:Data><B>Bob:</B>inside</ss:Data></Comment>'

PAGES = [
    _page("HTML", _TABLE),
    _row("HTML with spans", "<tr><td rowspan=2>1<td colspan=2>a<br>b<tr><td>c<td>d",
         {3: ("1", "a\nb", ""), 4: ("", "c", "d")}, name="a.html"),
    _row("HTML blocks are lines", "<tr><td>2<td><p>one</p> <p>two<br></p>three<td><ul><li>a<li>b</ul>c",
         {3: ("2", "one\ntwo\nthree", "a\nb\nc")}),
    _page("HTML without the end of its head", _TABLE.replace("</head>", "")),
    _page("HTML that begins with center", f"<center>{_BARE}</center>"),
    _page("HTML laid out by a table", f"<table><tr><td>menu</td><td>{_BARE}</td></tr></table>"),
    _row("HTML with a table in a note", "<tr><td>2<td>a<table><tr><td>b<td>c<tr><td>d</table>e<td>f",
         {3: ("2", "a\nb c\nd\ne", "f")}),
    _row("HTML with checkboxes and pictures", "<tr><td>2<td><input type=checkbox checked> <input type=checkbox>"
         "<td><img alt=Private> <img alt=Priv&eacute;><script><img alt=No></script>",
         {3: ("2", "TRUE FALSE", "Private Privé")}),
    *(_row(f"HTML: {remark}", "<tbody hidden><tr><td>2<td>a<b style='color:red;DISPLAY: none'>b<br>c<i>d</i></b> e<td>f"
           f"</tbody><tr style='display:none'><td>3<td><p hidden>g</p><td {hides}>h",
           {3: ("2", "a e", "f"), 4: ("3", "", "h")}, remark=remark)
      for hides, remark in {"": "2 rows are hidden", "hidden": "1 column is hidden"}.items()),
    _row("HTML with the same headings in a note", "<tr><td>2<td><table><tr><td>Prospect ID<td>Note</table><td>f",
         {3: ("2", "Prospect ID Note", "f")}),
    _page("HTML with a title table that has no end", f"<html><body><table><tr><td>Report</td></tr>{_BARE}",
          remark="Ignored: 'Table 1'"),
    _row("HTML with a table between two rows", "<table><tr><td>x</table><tr><td>2<td>a", {3: ("2", "a", "")},
         remark="Ignored: 'Table 2'"),
    _row("HTML with cells without end", "<tr>" + "<td>" * 2001, {}, error="The limit is 2,000."),
    *(_page(f"HTML that is cut off {where}", content, error="cut off") for where, content in {
        "in a tag": _TABLE.partition("</td><td>public")[0] + "<td",
        "in a note": _TABLE.partition("ln</td>")[0],
        "after a row": _TABLE.partition("</table>")[0],
        "by a comment that has no end": _TABLE.replace("<td>Met", "<!--<td>Met"),
        "by a script that has no end": _TABLE.replace("<td>Met", "<script>Met"),
    }.items()),
    _page("HTML without the end of its table", _TABLE.replace("</table>", "")),
    _page("HTML of several pages, with zeros",
          _TABLE.replace("public", "pub\0lic").replace("</table></body></html>", "</body></html>")
          + "<html><body><tr><td>2<td>a</td></tr></table></body></html>", {**ONE, 3: ("2", "a", "")}),
    _page("HTML with a number beyond all characters", _TABLE + "&#" + "9" * 5000),
    _page("HTML without table", "<html><body>Please log in</body></html>", error="without a table"),
    _xml("rows, types and errors", XML.encode(), {3: ("12", "", "TRUE"), 4: ("#REF!", "", "")}, flaws={4: [0]}),
    _xml("a comment is no note",
         xml(xml_row(("Number", "7"), ("String", "note")).replace("note</Data>", f"note</Data>{_COMMENT}")),
         {2: ("7", "note", "")}),
    _xml("a cell stands where it says",
         xml(xml_row(("String", "public", 'Index="3"'), ("String", "7", 'Index="1"'), ("String", "note"))),
         {2: ("7", "note", "public")}),
    _xml("number formats", xml(
        xml_row(("Number", "42", 'StyleID="id"'), ("Number", "0.5", 'StyleID="percent"'),
                ("Number", "46082", 'StyleID="date"'))
        + xml_row(("Number", "42", 'StyleID="child"'), ("DateTime", "1899-12-31T14:30:00.000", 'StyleID="time"'),
                  ("DateTime", "2026-03-01T00:00:00.000", 'StyleID="date"'))
        + xml_row(("DateTime", "1899-12-31T14:30:00.000"), ("DateTime", "2026-03-01T14:30:00.000"),
                  ("DateTime", "1900-02-28T00:00:00.000", 'StyleID="short"')),
        styles=_STYLES,
    ), {2: ("0000042", "50.00%", "01/03/2026"), 3: ("0000042", "14:30", "01/03/2026"),
        4: ("14:30", "2026-03-01 14:30", "1900-02-28")}),
    _xml("a reference to a control character, which XML has none of", xml(xml_row(("String", "a&#1;b"))), None,
         error="reference to invalid character"),
    _xml("a section holds no references", xml(xml_row(("String", "<![CDATA[a&#1;b]]>"))), {2: ("a&#1;b", "", "")}),
    _xml("formats of a column and a row",
         xml(xml_row(("Number", "7")) + xml_row(("Number", "7")).replace("<Row>", '<Row ss:StyleID="percent">'),
             styles=_STYLES).replace(b"<Table>", b'<Table><Column ss:StyleID="id" ss:Hidden="1" ss:Span="1"/>'),
         {2: ("0000007", "", ""), 3: ("700.00%", "", "")}, remark="2 columns are hidden"),
    _xml("other sheets are left aside",
         xml(xml_row(("Number", "7")), more='<Worksheet ss:Name="B"><Table>'
             f'{xml_row(("String", "x"))}</Table></Worksheet>'), {2: ("7", "", "")}, remark="Ignored: 'B'"),
    _xml("Shift-JIS", xml("", encoding="shift_jis"), None, error="(multi-byte encodings are not supported)"),
]  # fmt: skip


_DTD = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
_LACKS = 'the sheet "Sheet1" can\'t be read'
_SYLK = b'ID;PWXL;N;E\r\nC;Y1;X1;K"Prospect ID"\r\nC;X2;K"Note"\r\nE\r\n'
_XLSB: Mapping[str, str | bytes] = {
    "[Content_Types].xml": "<Types/>", "xl/workbook.bin": b"\x83\1\0", "xl/worksheets/sheet1.bin": b"",
}  # fmt: skip


def _refused(name: str, content: bytes, error: str, title: str = "") -> Entry:
    return Entry(title or f"{name}: {error}", content, error=error, name=name)


REFUSED = [
    _refused("a.csv", b"", "is empty (0 bytes)"),
    _refused("a.csv", b"\n \n,,\n", "contains no table"),
    _refused("a.xlsx", b"\0" * 20_000, "unsupported format", "zeros"),
    _refused("a.xlsx", random.Random(7).randbytes(20_000), "not a spreadsheet", "bytes at random"),
    _refused("a.csv", bz2.compress(PLAIN.encode()), "not a spreadsheet", "bzip2"),
    _refused("a.slk", _SYLK, "unsupported format"),
    _refused("a.xlsx", b"%PDF-1.7 ...", "is a PDF"),
    _refused("a.xlsx", b"\x89PNG\r\n\x1a\n", "picture"),
    _refused("a.zip", archive({"a.csv": PLAIN}), "is an archive"),
    _refused("a.xlsx", archive({}), "is an archive"),
    _refused("a.docx", archive({"word/document.xml": "<x/>"}), "is a text document"),
    _refused("a.docx", PLAIN.encode(), "is a text document", "plain text of another program"),
    _refused("a.numbers", archive({"Index/Document.iwa": b"x"}), "Apple Numbers"),
    *(_refused("a.xlsx", archive(parts(""), method), f"compression {method})")
      for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
    _parts("sheets without end", {"xl/workbook.xml": "<workbook><sheets>" + "<sheet/>" * 10_001},
           error="more than 10,000"),
    _parts("formats without end", {"xl/styles.xml": "<styleSheet><cellXfs>" + "<xf/>" * 100_001},
           error="more than 100,000"),
    _cell("cells without end", '<c r="A2" x=""><v>1</v></c>' * 2001, error="The limit is 2,000."),
    _refused("a.xlsx", making.ole("EncryptedPackage"), "The file is encrypted"),
    _refused("a.xls", making.encrypted_xls(), "encrypted, with a password or with Excel's default"),
    _refused("a.xls", biff(0x809, struct.pack("<HHHH", 0x500, 5, 0, 0)), "the format of Excel 5 or 95"),
    _refused("a.doc", making.ole("WordDocument"), "is a text document"),
    _refused("a.xls", making.small_xls()[:3000], "damaged"),
    _refused("a.xls", making.xls(label(1, 0, "1") + label(2, 0, "2"))[:-4], "ends too early"),
    _refused("a.xlsx", _rows(ONE[2])[:2000], "the list of its parts can't be read"),
    _refused("a.csv", b'[{"Prospect ID": 1}]', "unsupported format", "JSON"),
    _refused("a.gsheet", b'{"doc_id": "x"}', "only a link"),
    _refused("~$a.xlsx", b"\x05sales" + b"\0" * 159, "but a lock"),
    _id("document type in a sheet", root=_DTD, error="document type"),
    _refused("a.ods", archive({
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": _DTD + "<x/>",
    }), "document type"),
    _parts("document type in the strings", {"xl/sharedStrings.xml": _DTD + "<sst/>"}, error="document type"),
    _cell("deep nesting", f'<c t="inlineStr"><is>{"<r>" * 5000}{"</r>" * 5000}</is></c>',
          error="unsupported structure"),
    _cell("too many columns", '<c r="XFD2"><v>1</v></c>', error="The limit is 2,000."),
    _refused("a.csv", b"Prospect ID" + b"," * 5000, "The limit is 2,000."),
    _cell("a text that isn't there", '<c r="A2" t="s"><v>Secret</v></c>', error="no text Secret"),
    Entry("rows out of order", xlsx('<row r="9"/><row r="3"/>'), error="row 3 after row 9"),
    Entry("no list of sheets", archive({"xl/workbook.xml": "<workbook/>"}), error="contains no table"),
    Entry("no part of the sheet", _without("xl/worksheets/sheet1.xml"), error=_LACKS),
    Entry("no relations", _without("xl/_rels/workbook.xml.rels"), error=_LACKS),
    Entry("a sheet elsewhere", _renamed('http://x/y" TargetMode="External', "a.xml"), error=_LACKS),
    _refused("a.xlsb", archive(_XLSB), "is an Excel binary workbook"),
]  # fmt: skip

ENTRIES = [*WORKBOOKS, *OLDER_AND_OPEN, *TEXTS, *PAGES, *REFUSED]
