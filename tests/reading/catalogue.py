"""The catalogue: small files of every kind that people send, each with what is expected of it.

An entry is a file's name, its bytes, and either the rows that must be read from it (by row number, without the header,
which is ``making.HEADER`` unless said otherwise), or words of the message that it is refused with.
"""

from __future__ import annotations

import bz2
import io
import random
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import openpyxl
import xlsxwriter

from tests.reading import making
from tests.reading.making import HEADER, archive, biff, header_cells, ods, ods_text, parts, text, xlsx

Rows = Mapping[int, Sequence[str]]
Flaws = Mapping[int, Sequence[int | None]]


@dataclass(frozen=True)
class Entry:
    """A file and what is expected of it.

    Attributes:
        title: what it shows, for the test's name.
        content: its bytes.
        rows: cells by row number, or None where it is refused.
        error: words of the refusal.
        headings: expected headings.
        flaws: columns (None for the row) with a problem, by row number.
        remark: words that some remark holds.
        options: options to read it with.
        name: the file's name.
    """

    title: str
    content: bytes
    rows: Rows | None = None
    error: str = ""
    headings: Sequence[str] = HEADER
    flaws: Flaws = field(default_factory=dict)
    remark: str = ""
    options: Mapping[str, str | int] = field(default_factory=dict)
    name: str = "a.xlsx"


ONE: Rows = {2: ("00123", "Met in Köln", "public")}
PLAIN = "Prospect ID,Note,Visibility\r\n00123,Met in Köln,public\r\n"


def _openpyxl(fill: Callable[[openpyxl.Workbook], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xlsxwriter(fill: Callable[[xlsxwriter.Workbook], None], **options: bool) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        fill(book)
    return out.getvalue()


def _rows(*rows: Sequence[object]) -> Callable[[openpyxl.Workbook], None]:
    def fill(book: openpyxl.Workbook) -> None:
        sheet = book.worksheets[0]
        for row in (HEADER, *rows):
            sheet.append(list(row))

    return fill


def _two_sheets(book: openpyxl.Workbook) -> None:
    _rows(ONE[2])(book)
    book.worksheets[0].title = "March"
    other = book.create_sheet("April")
    other.append(HEADER)
    other.append(("9", "x", "private"))


def _hidden_sheet(book: openpyxl.Workbook) -> None:
    _two_sheets(book)
    book["April"].sheet_state = "hidden"


def _other_sheet(book: openpyxl.Workbook) -> None:
    _rows(ONE[2])(book)
    book.create_sheet("Lists", 0).append(("Countries", "Cities"))


def _no_sheet_fits(book: openpyxl.Workbook) -> None:
    book.worksheets[0].append(("Name", "Town"))
    book.create_sheet("More").append(("Fruit", "Price"))


def _titles(book: openpyxl.Workbook) -> None:
    sheet = book.worksheets[0]
    sheet["A1"] = "Export of March"
    sheet["B2"] = "by sales"
    for column, heading in enumerate(HEADER, 3):
        sheet.cell(4, column, heading)
        sheet.cell(6, column, ONE[2][column - 3])


def _hidden_rows(book: openpyxl.Workbook) -> None:
    _rows(ONE[2], ("2", "b", "private"))(book)
    book.worksheets[0].row_dimensions[3].hidden = True
    book.worksheets[0].column_dimensions["B"].hidden = True


def _merged(book: openpyxl.Workbook) -> None:
    _rows(("1", "a", "public"), ("2", "b", "public"))(book)
    book.worksheets[0].merge_cells("B2:B3")


def _formulas(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    sheet.write_string(1, 0, "1")
    sheet.write_formula(1, 1, '="a"&"b"', None, "ab")
    sheet.write_formula(1, 2, "=1+1", None, 2)


def _rich(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    sheet.write_string(1, 0, "1")
    sheet.write_rich_string(1, 1, "plain ", book.add_format({"bold": True}), "bold", " end")
    sheet.write_string(1, 2, "line\nbreak")


def _typed(book: openpyxl.Workbook) -> None:
    _rows((12345, True, date(2026, 3, 1)), (0.1 + 0.2, False, datetime(2026, 3, 1, 14, 30)))(book)  # noqa: DTZ001
    sheet = book.worksheets[0]
    sheet["A4"], sheet["A4"].number_format = 123, "00000"
    sheet["B4"], sheet["B4"].number_format = 0.5, "0%"
    sheet["C4"], sheet["C4"].number_format = 1234567.891, "#,##0.00"
    sheet["C2"].number_format = "dd/mm/yyyy"
    sheet["C3"].number_format = "d mmm yyyy h:mm AM/PM"


def _csv(content: str, encoding: str = "utf-8") -> bytes:
    return content.encode(encoding)


def _without(part: str) -> dict[str, str | bytes]:
    made = parts(f'<row r="2">{text("A2", "1")}</row>')
    del made[part]
    return made


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


def _cell(inside: str) -> bytes:
    return xlsx(f'<row r="2">{inside}</row>')


def _typed_cells(kind: str, values: Sequence[str], codes: Sequence[str], **more: str) -> bytes:
    inside = "".join(
        f'<c r="{column}2" t="{kind}" s="{style}"><v>{value}</v></c>'
        for style, (column, value) in enumerate(zip("ABC", values, strict=True), 1)
    )
    return xlsx(f'<row r="2">{inside}</row>', formats=codes, **more)


_ONE_ID: Rows = {2: ("1", "", "")}
_PHANTOM = f'<row r="3">{text("A3", "666")}</row>'
_NO_TEXT = b"\3\0\0\0\0\0\xff\xff"
"""What an .xls says of a formula that gave an empty text."""
_ERROR = 'calcext:value-type="error"'

WORKBOOKS = [
    Entry("openpyxl", _openpyxl(_rows(ONE[2])), ONE),
    Entry("xlsxwriter", _xlsxwriter(lambda b: b.add_worksheet().write_row(0, 0, HEADER)), {}),
    Entry("rich text and line breaks", _xlsxwriter(_rich), {2: ("1", "plain bold end", "line\nbreak")}),
    Entry(
        "rich text written inline",
        _xlsxwriter(_rich, constant_memory=True),
        {2: ("1", "plain bold end", "line\nbreak")},
    ),
    Entry(
        "macros are ignored",
        archive({**parts(f'<row r="2">{text("A2", "1")}</row>'), "xl/vbaProject.bin": b"x"}),
        {2: ("1", "", "")},
        name="a.xlsm",
    ),
    Entry(
        "numbers, booleans, dates",
        _openpyxl(_typed),
        {
            2: ("12345", "TRUE", "01/03/2026"),
            3: ("0.3", "FALSE", "1 Mar 2026 2:30 PM"),
            4: ("00123", "50%", "1,234,567.89"),
        },
    ),
    Entry(
        "dates in ISO form are shown by their format",
        _typed_cells(
            "d", ("2026-03-01T14:30:00Z", "2026-03-01", "1899-12-31T14:30:00"), ("", "dd/mm/yyyy", "h:mm AM/PM")
        ),
        {2: ("2026-03-01 14:30", "01/03/2026", "2:30 PM")},
    ),
    Entry(
        "dates in ISO form and a format without days, or no dates",
        _typed_cells("d", ("2026-03-01T12:00:00", "2026-03-01T14:30:05", "soon"), ("0.00", "General", "dd/mm/yyyy")),
        {2: ("46082.50", "2026-03-01 14:30:05", "soon")},
    ),
    Entry(
        "dates in ISO form, in a workbook that counts days from 1904",
        _typed_cells(
            "d",
            ("2026-03-01", "1904-01-01T14:30:00", "1899-12-31T14:30:00"),
            ("dd/mm/yyyy", "h:mm", "h:mm"),
            properties='<workbookPr date1904="1"/>',
        ),
        {2: ("01/03/2026", "14:30", "14:30")},
    ),
    Entry(
        "formats of numbers don't apply to booleans",
        _typed_cells("b", ("1", "0", "1"), ('"Yes";"Yes";"No"', "BOOLEAN", "0.00")),
        {2: ("TRUE", "FALSE", "TRUE")},
    ),
    Entry(
        "ids typed as text stay",
        _openpyxl(_rows(("1E5", "12345678901234567890", "007"))),
        {2: ("1E5", "12345678901234567890", "007")},
    ),
    Entry(
        "a number that lost digits",
        _cell('<c r="A2"><v>1.2345678901234567E19</v></c>'),
        {2: ("12345678901234600000", "", "")},
        flaws={2: [0]},
    ),
    Entry(
        "error value",
        _cell(text("A2", "1") + '<c r="B2" t="e"><v>#N/A</v></c>'),
        {2: ("1", "#N/A", "")},
        flaws={2: [1]},
    ),
    Entry("formulas by stored value", _xlsxwriter(_formulas), {2: ("1", "ab", "2")}, remark="2 formulas"),
    Entry("formula without value", _openpyxl(_rows(("1", "=1+1", "public"))), {2: ("1", "", "public")}, flaws={2: [1]}),
    Entry("several sheets fit", _openpyxl(_two_sheets), error="Several sheets may be meant"),
    Entry("sheet by name in any case", _openpyxl(_two_sheets), {2: ("9", "x", "private")}, options={"sheet": "april"}),
    Entry("unknown sheet", _openpyxl(_two_sheets), error="'March', 'April'", options={"sheet": "May"}),
    Entry("hidden sheet", _openpyxl(_hidden_sheet), ONE, remark="Hidden sheets are ignored: 'April'"),
    Entry("sheet without headings is left aside", _openpyxl(_other_sheet), ONE, remark="Ignored: 'Lists'"),
    Entry("no sheet fits", _openpyxl(_no_sheet_fits), error="starts with Fruit, Price"),
    Entry(
        "title lines and empty columns before",
        _openpyxl(_titles),
        {6: ("", "", *ONE[2])},
        headings=("", "", *HEADER),
        remark="2 rows above the header (row 4) were skipped",
    ),
    Entry("hidden rows are read", _openpyxl(_hidden_rows), {**ONE, 3: ("2", "b", "private")}, remark="1 row is hidden"),
    Entry("merged cells", _openpyxl(_merged), {2: ("1", "a", "public"), 3: ("2", "", "public")}, remark="merged"),
    Entry(
        "merged cells that hold something",
        xlsx(
            f'<row r="2">{text("A2", "1")}{text("B2", "a")}</row><row r="3">{text("A3", "2")}{text("B3", "x")}</row>',
            after='<mergeCells><mergeCell ref="B2:B3"/></mergeCells>',
        ),
        {2: ("1", "a", ""), 3: ("2", "", "")},
    ),
    Entry(
        "merged cells named from any corner, beyond the sheet, and on each other",
        xlsx(
            "".join(
                f'<row r="{n}">{text(f"A{n}", "a")}{text(f"B{n}", "b")}{text(f"C{n}", "c")}</row>' for n in (2, 4, 5)
            ),
            after='<mergeCells><mergeCell ref="A4:A2"/><mergeCell ref="C2:B3"/><mergeCell ref="B5:ZZ9"/>'
            '<mergeCell ref="C5:C6"/><mergeCell ref="E1:F9"/></mergeCells>',
        ),
        {2: ("a", "b", ""), 4: ("", "b", "c"), 5: ("a", "b", "")},
    ),
    Entry("escaped characters", _cell(text("A2", "a_x000A_b_x005F_x000D_")), {2: ("a\nb_x000D_", "", "")}),
    Entry(
        "phonetic text is no text",
        xlsx(
            '<row r="2"><c r="A2" t="s"><v>0</v></c></row>',
            strings="<si><t>東京</t><rPh sb='0' eb='2'><t>トウ</t></rPh></si>",
        ),
        {2: ("東京", "", "")},
    ),
    Entry(
        "only a row's first cell has a reference",
        xlsx(
            '<row r="2"><c r="A2" s="0"/><c/><c><v>3</v></c></row>'
            '<row r="3"><c r="B3"><v>2</v></c><c><v>3</v></c></row>'
        ),
        {2: ("", "", "3"), 3: ("", "2", "3")},
    ),
    Entry("cells without references", xlsx("<row><c><v>1</v></c><c/><c><v>3</v></c></row>"), {2: ("1", "", "3")}),
    Entry(
        "prefixed names",
        archive(
            {
                **parts(""),
                "xl/worksheets/sheet1.xml": '<x:worksheet xmlns:x="m"><x:sheetData><x:row r="1">'
                '<x:c r="A1" t="inlineStr"><x:is><x:t>Prospect ID</x:t></x:is></x:c>'
                '<x:c r="B1" t="inlineStr"><x:is><x:t>Note</x:t></x:is></x:c></x:row>'
                '<x:row r="2"><x:c r="A2"><x:v>7</x:v></x:c></x:row>'
                "</x:sheetData></x:worksheet>",
            }
        ),
        {2: ("7", "")},
        headings=HEADER[:2],
    ),
    Entry(
        "rows with a prefix below a root that has none",
        xlsx(
            f'<row r="2">{text("A2", "1")}</row><x:row xmlns:x="{making.MAIN}" r="3"><x:c r="A3"><x:v>8</x:v></x:c>'
            f'</x:row><row r="4">{text("A4", "2")}</row>'
        ),
        {2: ("1", "", ""), 3: ("8", "", ""), 4: ("2", "", "")},
    ),
    Entry(
        "a sheet's data and merged cells with a prefix below a root that has none",
        archive(
            {
                **parts(""),
                "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{making.MAIN}" xmlns:x="{making.MAIN}"><x:sheetData>'
                f'{header_cells()}<x:row r="2">{text("A2", "1")}{text("B2", "a")}</x:row></x:sheetData>'
                '<x:mergeCells><x:mergeCell ref="A2:B2"/></x:mergeCells></worksheet>',
            }
        ),
        _ONE_ID,
    ),
    *(
        Entry(f"rows within {what} are none", xlsx(f'<row r="2">{text("A2", "1")}</row>', **where), _ONE_ID)
        for what, where in {
            "a comment before the first row": {"before": f"<!-- {header_cells()}{_PHANTOM} -->"},
            "a comment before the sheet": {"root": f"<!-- {header_cells()}{_PHANTOM} -->"},
            "CDATA": {"before": f"<sheetPr><![CDATA[<sheetData>{header_cells()}{_PHANTOM}]]></sheetPr>"},
            "a processing instruction": {"before": f"<?x {header_cells()}{_PHANTOM}?>"},
            "an extension": {"after": f"<extLst><ext>{_PHANTOM}</ext></extLst>"},
        }.items()
    ),
    Entry("a sheet's path in percent", _renamed("worksheets/sheet%201.xml", "sheet 1.xml"), _ONE_ID),
    Entry(
        "a sheet without its part beside others",
        _renamed("worksheets/a.xml", "a.xml", '<sheet name="April" r:id="s9"/>'),
        error='the sheet "April" can\'t be read',
    ),
    Entry(
        "formats of conditional formatting are not those of cells",
        archive(
            {
                **parts('<row r="2"><c r="A2" s="1"><v>7</v></c></row>', formats=["000"]),
                "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="000"/></numFmts><cellXfs>'
                '<xf/><xf numFmtId="164"/></cellXfs><dxfs><dxf><numFmt numFmtId="164" formatCode="0%"/></dxf></dxfs>'
                "</styleSheet>",
            }
        ),
        {2: ("007", "", "")},
    ),
    Entry(
        "column without heading is kept",
        _cell(text("A2", "1") + text("D2", "x")),
        {2: ("1", "", "", "x")},
        headings=(*HEADER, ""),
        remark="1 column has no heading",
    ),
    Entry("empty columns at the right go", _cell(text("A2", "1") + text("F2", " ")), {2: ("1", "", "")}),
    Entry("blank rows go", _openpyxl(_rows((), ("", " "), ("1",))), {4: ("1", "", "")}, remark="2 blank rows"),
    Entry(
        "Excel 97",
        making.small_xls(),
        {2: ("00123", "Grüße 日本", "2026-03-01", "TRUE"), 4: ("12345", "0.3", "", "")},
        headings=("Prospect ID", "Note", "When", "Done"),
        name="a.xls",
    ),
    Entry(
        "Excel 97 that writes its names in capitals",
        making.small_xls().replace("Workbook".encode("utf-16-le"), "WORKBOOK".encode("utf-16-le")),
        {2: ("00123", "Grüße 日本", "2026-03-01", "TRUE"), 4: ("12345", "0.3", "", "")},
        headings=("Prospect ID", "Note", "When", "Done"),
        name="a.xls",
    ),
    Entry(
        "Excel 97 whose program, like xlwt, stores no results",
        making.xls(making.label(1, 0, "1") + making.formula(1, 1, _NO_TEXT) + making.formula(1, 2, _NO_TEXT)),
        {2: ("1", "", "")},
        flaws={2: [1, 2]},
        name="a.xls",
    ),
    Entry(
        "Excel 97 formulas that gave an empty text",
        making.xls(making.label(1, 0, "1") + making.formula(1, 1, _NO_TEXT), more=making.biff(0x1C1, b"\0" * 8)),
        {2: ("1", "", "")},
        remark="1 formula",
        name="a.xls",
    ),
    Entry(
        "Excel 97 formula whose text is missing",
        making.xls(making.label(1, 0, "1") + making.formula(1, 1, b"\0" * 6 + b"\xff\xff")),
        {2: ("1", "", "")},
        flaws={2: [1]},
        name="a.xls",
    ),
    Entry(
        "Excel 97 with rows in any order",
        making.xls(making.label(3, 1, "c") + making.label(1, 1, "b") + making.label(1, 0, "a")),
        {2: ("a", "b", ""), 4: ("", "c", "")},
        name="a.xls",
    ),
    Entry(
        "OpenDocument", ods(f"<table:table-row>{''.join(map(ods_text, ONE[2]))}</table:table-row>"), ONE, name="a.ods"
    ),
    Entry(
        "OpenDocument shows what it shows",
        ods(
            '<table:table-row table:number-rows-repeated="2"/><table:table-row>'
            '<table:table-cell office:value-type="percentage" office:value="0.5">'
            '<text:p>50 %</text:p></table:table-cell><table:table-cell office:value-type="string">'
            "<office:annotation><text:p>comment</text:p></office:annotation>"
            "<text:p>a<text:s text:c='2'/>b</text:p><text:p>c</text:p>"
            "</table:table-cell></table:table-row>"
        ),
        {4: ("50 %", "a  b\nc", "")},
        name="a.ods",
    ),
    Entry(
        "OpenDocument repeats",
        ods(
            '<table:table-row table:number-rows-repeated="2">'
            + ods_text("x", 'table:number-columns-repeated="3"')
            + '<table:table-cell table:number-columns-repeated="16381"/></table:table-row>'
            '<table:table-row table:number-rows-repeated="1048573"><table:table-cell/></table:table-row>'
        ),
        {2: ("x",) * 3, 3: ("x",) * 3},
        name="a.ods",
    ),
    Entry(
        "OpenDocument: drawings upon a cell are none of its text",
        ods(
            "".join(
                f"<table:table-row>{ods_text('1')}<table:table-cell>{before}<text:p>note</text:p>{after}"
                "</table:table-cell></table:table-row>"
                for before, after in (
                    ("<draw:rect><text:p>shape</text:p></draw:rect>", "<draw:line><text:p/></draw:line>"),
                    ("<draw:g><draw:ellipse><text:p>e</text:p></draw:ellipse></draw:g>", "<draw:control/>"),
                    ("", "<draw:caption><text:p>c</text:p></draw:caption>"),
                    ("<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>", ""),
                )
            )
        ),
        dict.fromkeys(range(2, 6), ("1", "note", "")),
        name="a.ods",
    ),
    Entry(
        "OpenDocument: what a link to another document gave is no sheet",
        ods(
            f"<table:table-row>{ods_text('1')}</table:table-row>",
            table="<table:dde-links><table:dde-link><table:table><table:table-row>"
            f"{''.join(map(ods_text, HEADER))}</table:table-row></table:table></table:dde-link></table:dde-links>",
        ),
        {2: ("1", "", "")},
        name="a.ods",
    ),
    Entry(
        "OpenDocument: repeated error",
        ods(
            f'<table:table-row table:number-rows-repeated="2">{ods_text("#N/A", _ERROR)}</table:table-row>'
            f'<table:table-row table:number-rows-repeated="3"><table:table-cell table:formula="x"/></table:table-row>'
        ),
        {2: ("#N/A", "", ""), 3: ("#N/A", "", "")},
        flaws={row: [0] for row in range(2, 7)},
        name="a.ods",
    ),
    Entry(
        "OpenDocument error",
        ods("<table:table-row>" + ods_text("1") + ods_text("#N/A", _ERROR) + "</table:table-row>"),
        {2: ("1", "#N/A", "")},
        flaws={2: [1]},
        name="a.ods",
    ),
]

_TABLE = (
    "<html><head><meta charset='utf-8'></head><body><table>"
    "<tr><th>Prospect ID</th><th>Note</th><th>Visibility</th></tr>"
    "<tr><td>00123<td>Met in K&ouml;ln</td><td>public</td></tr></table></body></html>"
)
_BARE = _TABLE[_TABLE.index("<table>") :].removesuffix("</body></html>")
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


def _xml(rows: str, *, styles: str = "", encoding: str = "utf-8", more: str = "") -> bytes:
    head, _, tail = XML.partition('<Row ss:Index="3">')
    head = head.replace("<Worksheet", f"{styles}<Worksheet").replace("?>", f" encoding='{encoding}'?>", 1)
    return _csv(f"{head}{rows}</Table></Worksheet>{more}{tail[tail.rindex('</Workbook') :]}", encoding)


def _xml_row(*cells: str) -> str:
    return "<Row>" + "".join(f"<Cell{cell}</Cell>" for cell in cells) + "</Row>"


_XML_STYLES = "<Styles>" + "".join(
    f'<Style ss:ID="{name}"{more}><NumberFormat{code and f" ss:Format={making.quoted(code)}"}/></Style>'
    for name, more, code in (
        ("Default", "", ""),
        ("id", "", "0000000"),
        ("percent", "", "Percent"),
        ("date", "", "dd/mm/yyyy"),
        ("short", "", "Short Date"),
        ("time", "", "h:mm"),
    )
) + '<Style ss:ID="child" ss:Parent="id"/></Styles>'  # fmt: skip


def _filled(rows: int) -> str:
    return ",".join(HEADER) + "\r\n" + "".join(f"{row},b,public\r\n" for row in range(2, rows + 2))


TEXTS = [
    Entry("UTF-8", _csv(PLAIN), ONE, name="a.csv"),
    Entry("UTF-8 with mark", _csv(PLAIN, "utf-8-sig"), ONE, name="a.csv"),
    Entry("UTF-16 LE with mark", b"\xff\xfe" + _csv(PLAIN, "utf-16-le"), ONE, name="a.csv"),
    Entry("UTF-16 BE with mark", b"\xfe\xff" + _csv(PLAIN, "utf-16-be"), ONE, name="a.csv"),
    Entry("UTF-16 LE without mark", _csv(PLAIN, "utf-16-le"), ONE, remark="UTF-16-LE", name="a.csv"),
    Entry("Windows-1252", _csv(PLAIN, "cp1252"), ONE, remark="Windows-1252", name="a.csv"),
    Entry(
        "Windows-1252 beyond the first megabyte",
        _csv("Prospect ID,Note,Visibility\n" + "1,x,public\n" * 100_000 + "2,Grüße – “so”,public\n", "cp1252"),
        None,
        remark="Windows-1252",
        name="a.csv",
    ),
    Entry(
        "Shift-JIS",
        _csv("Prospect ID,Note,Visibility\n1,東京本社で田中様とお会いしました。来週ご連絡します。,public\n", "cp932"),
        {2: ("1", "東京本社で田中様とお会いしました。来週ご連絡します。", "public")},
        remark="Shift-JIS",
        name="a.csv",
    ),
    Entry(
        "Cyrillic",
        _csv("Prospect ID,Note,Visibility\n1,Встретились в Москве и обсудили условия договора,public\n", "cp1251"),
        {2: ("1", "Встретились в Москве и обсудили условия договора", "public")},
        remark="Windows-1251 is the most likely encoding",
        name="a.csv",
    ),
    Entry("encoding by name", _csv(PLAIN, "cp437"), ONE, options={"encoding": "cp437"}, name="a.csv"),
    Entry(
        "unknown encoding",
        _csv(PLAIN),
        error="no encoding called 'klingon'",
        options={"encoding": "klingon"},
        name="a.csv",
    ),
    Entry(
        "damaged UTF-8",
        _csv("Prospect ID,Note,Visibility\n1,äöüäöüäöüäöü,public\n") + b"2,a\xffb,public\n",
        {2: ("1", "äöüäöüäöüäöü", "public"), 3: ("2", "a\ufffdb", "public")},
        flaws={3: [1]},
        remark="damaged",
        name="a.csv",
    ),
    Entry("semicolons", _csv(PLAIN.replace(",", ";")), ONE, remark="semicolons", name="a.csv"),
    Entry("vertical bars", _csv(PLAIN.replace(",", "|")), ONE, remark="vertical bars", name="a.txt"),
    Entry("sep= line", _csv("sep=;\r\n" + PLAIN.replace(",", ";")), ONE, name="a.csv"),
    Entry("delimiter by name", _csv(PLAIN.replace(",", "#")), ONE, options={"delimiter": "#"}, name="a.csv"),
    Entry("delimiter of two characters", _csv(PLAIN), error="can't be used", options={"delimiter": "::"}, name="a.csv"),
    Entry("CR", _csv(PLAIN.replace("\r\n", "\r")), ONE, name="a.csv"),
    Entry("LF, none at the end", _csv(PLAIN.replace("\r\n", "\n").rstrip()), ONE, name="a.csv"),
    Entry(
        "line breaks and quotes in cells",
        _csv(PLAIN + '2,"a\nb, ""c""",x\r\n\r\n3,d,e\r\n'),
        {**ONE, 3: ("2", 'a\nb, "c"', "x"), 5: ("3", "d", "e")},
        remark="1 blank row",
        name="a.csv",
    ),
    Entry(
        "quotes within a cell", _csv(PLAIN + '2,5" pipe,"a" b\r\n'), {**ONE, 3: ("2", '5" pipe', "a b")}, name="a.csv"
    ),
    Entry(
        "longer and shorter rows",
        _csv(PLAIN + "2,a\r\n3,b,c,d\r\n4,e,f,,\r\n"),
        {2: (*ONE[2], ""), 3: ("2", "a", "", ""), 4: ("3", "b", "c", "d"), 5: ("4", "e", "f", "")},
        headings=(*HEADER, ""),
        flaws={3: [None], 4: [None]},
        name="a.csv",
    ),
    Entry(
        "Excel leaves out delimiters of empty columns",
        _csv(_filled(15) + "".join(f"{row},b\r\n" for row in range(17, 40))),
        {row: (str(row), "b", "public" if row < 17 else "") for row in range(2, 40)},
        name="a.csv",
    ),
    Entry(
        "short rows among full ones",
        _csv(_filled(15) + "17,b\r\n18,b,public\r\n" + "".join(f"{row},b\r\n" for row in range(19, 36))),
        None,
        flaws={row: [None] for row in (17, *range(19, 36))},
        name="a.csv",
    ),
    Entry("a last row that is cut off", _csv(_filled(15) + "17,b"), None, flaws={17: [None]}, name="a.csv"),
    Entry(
        "quotation mark never closed",
        _csv(PLAIN + '2,"a,public\r\n3,b,public\r\n'),
        error="opens in row 3",
        name="a.csv",
    ),
    Entry(
        "quotation marks that swallow a row",
        _csv(PLAIN + '2,"a,public\r\n3,"b",public\r\n4,c,d\r\n'),
        None,
        flaws={3: [None]},
        name="a.csv",
    ),
    Entry(
        "quotes within a cell before a cell of several lines",
        _csv(PLAIN + '2,"a" b,"first\nsecond"\r\n3,c,d\r\n4,"e" f,g'),
        {**ONE, 3: ("2", "a b", "first\nsecond"), 4: ("3", "c", "d"), 5: ("4", "e f", "g")},
        flaws={3: [None]},
        name="a.csv",
    ),
    Entry(
        "a line of private characters",
        _csv(PLAIN + "\ue0ffend of the file\ue0ff,a,b\r\n\ue0ffend of the file\ue0ff\r\n4,c,d\r\n"),
        {
            **ONE,
            3: ("\ue0ffend of the file\ue0ff", "a", "b"),
            4: ("\ue0ffend of the file\ue0ff", "", ""),
            5: ("4", "c", "d"),
        },
        flaws={4: [None]},
        name="a.csv",
    ),
    Entry(
        "texts written as formulas",
        _csv(PLAIN.replace("00123", '="00123"') + '"=""7""","=""a """"b"""" c""",="x"y\r\n8,="=1",=""\r\n'),
        {**ONE, 3: ("7", 'a "b" c', '="x"y'), 4: ("8", "=1", "")},
        name="a.csv",
    ),
    Entry("Ctrl-Z at the end", _csv(PLAIN + "\x1a"), ONE, name="a.csv"),
    Entry(
        "NUL bytes",
        _csv(PLAIN + "2,a\0b,public\r\n"),
        {**ONE, 3: ("2", "a\0b", "public")},
        flaws={3: [1]},
        name="a.csv",
    ),
    Entry(
        "repeated headings",
        _csv("Prospect ID,Note,Note\n1,a,b\n"),
        {2: ("1", "a", "b")},
        headings=("Prospect ID", "Note", "Note"),
        name="a.csv",
    ),
    Entry(
        "the words NA, null and 1E5",
        _csv("Prospect ID,Note\n1E5,NA\n00,null\n"),
        {2: ("1E5", "NA"), 3: ("00", "null")},
        headings=HEADER[:2],
        name="a.csv",
    ),
    Entry("title lines", _csv("Export\n\n" + PLAIN), {4: ONE[2]}, remark="1 row above", name="a.csv"),
    Entry(
        "header row by number",
        _csv("x,y\nName,Town\n1,2\n"),
        {3: ("1", "2")},
        headings=("Name", "Town"),
        options={"header_row": 2},
        name="a.csv",
    ),
    Entry("header row that isn't there", _csv(PLAIN), error="Row 9 of", options={"header_row": 9}, name="a.csv"),
    Entry(
        "a very long cell",
        _csv(PLAIN + f"2,{'x' * 300_000},public\n"),
        {**ONE, 3: ("2", "x" * 300_000, "public")},
        name="a.csv",
    ),
    *(
        Entry(
            f"heading that begins with {start}",
            _csv(f"{start},{PLAIN}"),
            {2: ("00123", "Met in Köln", "public", "")},
            headings=(start, *HEADER),
            flaws={2: [None]},
            name="a.csv",
        )
        for start in ("7z", "MZ", "GIF8", "Rar!", "RIFF")
    ),
    Entry(
        "FileMaker's line breaks",
        _csv(PLAIN + "2,a\vb\vc\x1dd,x\r\n"),
        {**ONE, 3: ("2", "a\vb\vc\x1dd", "x")},
        name="a.csv",
    ),
    Entry("CSV named .xlsx", _csv(PLAIN), ONE),
    Entry("workbook named .csv", _openpyxl(_rows(ONE[2])), ONE, name="a.csv"),
    Entry("HTML named .xls", _csv(_TABLE), ONE, name="a.xls"),
    Entry(
        "HTML with spans",
        _csv(_TABLE.replace("</table>", "<tr><td rowspan=2>1<td colspan=2>a<br>b<tr><td>c<td>d</table>")),
        {**ONE, 3: ("1", "a\nb", ""), 4: ("", "c", "d")},
        name="a.html",
    ),
    Entry(
        "HTML blocks are lines",
        _csv(_TABLE.replace("</table>", "<tr><td>2<td><p>one</p> <p>two<br></p>three<td><ul><li>a<li>b</ul>c</table>")),
        {**ONE, 3: ("2", "one\ntwo\nthree", "a\nb\nc")},
        name="a.html",
    ),
    Entry("HTML without the end of its head", _csv(_TABLE.replace("</head>", "")), ONE, name="a.xls"),
    Entry("HTML that begins with center", _csv(f"<center>{_BARE}</center>"), ONE, name="a.xls"),
    Entry(
        "HTML laid out by a table", _csv(f"<table><tr><td>menu</td><td>{_BARE}</td></tr></table>"), ONE, name="a.xls"
    ),
    Entry(
        "HTML with a table in a note",
        _csv(_TABLE.replace("</table>", "<tr><td>2<td>a<table><tr><td>b<td>c<tr><td>d</table>e<td>f</table>")),
        {**ONE, 3: ("2", "a\nb c\nd\ne", "f")},
        name="a.xls",
    ),
    Entry(
        "HTML with the same headings in a note",
        _csv(_TABLE.replace("</table>", "<tr><td>2<td><table><tr><td>Prospect ID<td>Note</table><td>f</table>")),
        {**ONE, 3: ("2", "Prospect ID Note", "f")},
        name="a.xls",
    ),
    Entry(
        "HTML with a title table that has no end",
        _csv(f"<html><body><table><tr><td>Report</td></tr>{_BARE}"),
        ONE,
        remark="Ignored: 'Table 1'",
        name="a.xls",
    ),
    Entry(
        "HTML with a table between two rows",
        _csv(_TABLE.replace("</table>", "<table><tr><td>x</table><tr><td>2<td>a</table>")),
        {**ONE, 3: ("2", "a", "")},
        remark="Ignored: 'Table 2'",
        name="a.xls",
    ),
    Entry(
        "HTML with cells without end",
        _csv(_TABLE.replace("</table>", "<tr>" + "<td>" * 2001 + "</table>")),
        error="The limit is 2,000.",
        name="a.xls",
    ),
    Entry(
        "HTML that is cut off in a tag",
        _csv(_TABLE.partition("</td><td>public")[0] + "<td"),
        error="cut off",
        name="a.xls",
    ),
    Entry("HTML that is cut off in a note", _csv(_TABLE.partition("ln</td>")[0]), error="cut off", name="a.xls"),
    Entry("HTML that is cut off after a row", _csv(_TABLE.partition("</table>")[0]), error="cut off", name="a.xls"),
    Entry(
        "HTML with a comment that has no end",
        _csv(_TABLE.replace("<td>Met", "<!--<td>Met")),
        error="cut off",
        name="a.xls",
    ),
    Entry(
        "HTML with a script that has no end",
        _csv(_TABLE.replace("<td>Met", "<script>Met")),
        error="cut off",
        name="a.xls",
    ),
    Entry("HTML without the end of its table", _csv(_TABLE.replace("</table>", "")), ONE, name="a.xls"),
    Entry(
        "HTML of several pages, with zeros",
        _csv(_TABLE.replace("public", "pub\0lic").replace("</table></body></html>", "</body></html>"))
        + _csv("<html><body><tr><td>2<td>a</td></tr></table></body></html>"),
        {**ONE, 3: ("2", "a", "")},
        name="a.xls",
    ),
    Entry("HTML with a number beyond all characters", _csv(_TABLE + "&#" + "9" * 5000), ONE, name="a.xls"),
    Entry("HTML without table", b"<html><body>Please log in</body></html>", error="without a table", name="a.xls"),
    Entry(
        "XML spreadsheet 2003", _csv(XML), {3: ("12", "", "TRUE"), 4: ("#REF!", "", "")}, flaws={4: [0]}, name="a.xls"
    ),
    Entry(
        "XML spreadsheet: a comment is no note",
        _xml(
            _xml_row(
                '><Data ss:Type="Number">7</Data>',
                '><Data ss:Type="String">note</Data><Comment ss:Author="Bob"><ss:Data>'
                "<B>Bob:</B>inside</ss:Data></Comment>",
            )
        ),
        {2: ("7", "note", "")},
        name="a.xls",
    ),
    Entry(
        "XML spreadsheet: a cell stands where it says",
        _xml(
            _xml_row(
                ' ss:Index="3"><Data ss:Type="String">public</Data>',
                ' ss:Index="1"><Data ss:Type="String">7</Data>',
                '><Data ss:Type="String">note</Data>',
            )
        ),
        {2: ("7", "note", "public")},
        name="a.xls",
    ),
    Entry(
        "XML spreadsheet: number formats",
        _xml(
            _xml_row(
                ' ss:StyleID="id"><Data ss:Type="Number">42</Data>',
                ' ss:StyleID="percent"><Data ss:Type="Number">0.5</Data>',
                ' ss:StyleID="date"><Data ss:Type="Number">46082</Data>',
            )
            + _xml_row(
                ' ss:StyleID="child"><Data ss:Type="Number">42</Data>',
                ' ss:StyleID="time"><Data ss:Type="DateTime">1899-12-31T14:30:00.000</Data>',
                ' ss:StyleID="date"><Data ss:Type="DateTime">2026-03-01T00:00:00.000</Data>',
            )
            + _xml_row(
                '><Data ss:Type="DateTime">1899-12-31T14:30:00.000</Data>',
                '><Data ss:Type="DateTime">2026-03-01T14:30:00.000</Data>',
                ' ss:StyleID="short"><Data ss:Type="DateTime">1900-02-28T00:00:00.000</Data>',
            ),
            styles=_XML_STYLES,
        ),
        {
            2: ("0000042", "50.00%", "01/03/2026"),
            3: ("0000042", "14:30", "01/03/2026"),
            4: ("14:30", "2026-03-01 14:30", "1900-02-28"),
        },
        name="a.xls",
    ),
    Entry(
        "XML spreadsheet: a reference to a control character, which XML has none of",
        _xml(_xml_row('><Data ss:Type="String">a&#1;b</Data>')),
        error="reference to invalid character",
        name="a.xls",
    ),
    Entry(
        "control characters of a workbook",
        _cell(text("A2", "a_x0001_b") + text("B2", "é_x001F_\nc_x000B_") + text("C2", "public")),
        {2: ("a\x01b", "é\x1f\nc\x0b", "public")},
    ),
    Entry(
        "XML spreadsheet: a section holds no references",
        _xml(_xml_row('><Data ss:Type="String"><![CDATA[a&#1;b]]></Data>')),
        {2: ("a&#1;b", "", "")},
        name="a.xls",
    ),
    Entry(
        "XML spreadsheet: formats of a column and a row",
        _xml(
            _xml_row('><Data ss:Type="Number">7</Data>')
            + '<Row ss:StyleID="percent"><Cell><Data ss:Type="Number">7</Data></Cell></Row>',
            styles=_XML_STYLES,
        ).replace(b"<Table>", b'<Table><Column ss:StyleID="id" ss:Span="1"/>'),
        {2: ("0000007", "", ""), 3: ("700.00%", "", "")},
        name="a.xls",
    ),
    Entry(
        "XML spreadsheet: other sheets are left aside",
        _xml(
            _xml_row('><Data ss:Type="Number">7</Data>'),
            more=f'<Worksheet ss:Name="B"><Table>{_xml_row("><Data>x</Data>")}</Table></Worksheet>',
        ),
        {2: ("7", "", "")},
        remark="Ignored: 'B'",
        name="a.xls",
    ),
    Entry(
        "XML spreadsheet in Shift-JIS",
        _xml("", encoding="shift_jis"),
        error="(multi-byte encodings are not supported)",
        name="a.xls",
    ),
]

_DTD = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'

_LACKS = 'the sheet "Sheet1" can\'t be read'

REFUSED = [
    Entry("empty file", b"", error="is empty (0 bytes)", name="a.csv"),
    Entry("blank file", b"\n \n,,\n", error="contains no table", name="a.csv"),
    Entry("zeros", b"\0" * 20_000, error="unsupported format"),
    Entry("bytes at random", random.Random(7).randbytes(20_000), error="not a spreadsheet"),
    Entry("bzip2", bz2.compress(PLAIN.encode()), error="not a spreadsheet", name="a.csv"),
    Entry(
        "SYLK",
        b'ID;PWXL;N;E\r\nC;Y1;X1;K"Prospect ID"\r\nC;X2;K"Note"\r\nE\r\n',
        error="unsupported format",
        name="a.slk",
    ),
    Entry("PDF", b"%PDF-1.7 ...", error="is a PDF"),
    Entry("picture", b"\x89PNG\r\n\x1a\n", error="picture"),
    Entry("zip of other things", archive({"a.csv": PLAIN}), error="is an archive", name="a.zip"),
    Entry("is an archive", archive({}), error="is an archive"),
    Entry("Word document", archive({"word/document.xml": "<x/>"}), error="is a text document", name="a.docx"),
    Entry("plain text of another program", PLAIN.encode(), error="is a text document", name="a.docx"),
    Entry("Numbers document", archive({"Index/Document.iwa": b"x"}), error="Apple Numbers", name="a.numbers"),
    *(
        Entry(f"packed with {name}", archive(parts(""), method), error=f"compression {method})")
        for name, method in {"bzip2": zipfile.ZIP_BZIP2, "LZMA": zipfile.ZIP_LZMA}.items()
    ),
    Entry(
        "sheets without end",
        archive({**parts(""), "xl/workbook.xml": "<workbook><sheets>" + "<sheet/>" * 10_001}),
        error="more than 10,000",
    ),
    Entry(
        "formats without end",
        archive({**parts(""), "xl/styles.xml": "<styleSheet><cellXfs>" + "<xf/>" * 100_001}),
        error="more than 100,000",
    ),
    Entry(
        "cells without end",
        xlsx('<row r="2">' + '<c r="A2" x=""><v>1</v></c>' * 2001 + "</row>"),
        error="The limit is 2,000.",
    ),
    Entry("encrypted workbook", making.ole("EncryptedPackage"), error="The file is encrypted"),
    Entry(
        "encrypted .xls",
        making.encrypted_xls(),
        error="encrypted, with a password or with Excel's default",
        name="a.xls",
    ),
    Entry(
        "Excel 5", biff(0x809, struct.pack("<HHHH", 0x500, 5, 0, 0)), error="the format of Excel 5 or 95", name="a.xls"
    ),
    Entry("Word 97 document", making.ole("WordDocument"), error="is a text document", name="a.doc"),
    Entry("damaged Excel 97", making.small_xls()[:3000], error="damaged", name="a.xls"),
    Entry("half a workbook", _openpyxl(_rows(ONE[2]))[:2000], error="the list of its parts can't be read"),
    Entry("JSON", b'[{"Prospect ID": 1}]', error="unsupported format", name="a.csv"),
    Entry("shortcut of Google Drive", b'{"doc_id": "x"}', error="only a link", name="a.gsheet"),
    Entry("lock file", b"\x05sales" + b"\0" * 159, error="but a lock", name="~$a.xlsx"),
    Entry("document type in a sheet", xlsx("", root=_DTD), error="document type"),
    Entry(
        "document type in an .ods",
        archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": _DTD + "<x/>"}),
        error="document type",
        name="a.ods",
    ),
    Entry(
        "document type in the strings",
        archive({**parts(""), "xl/sharedStrings.xml": _DTD + "<sst/>"}),
        error="document type",
    ),
    Entry(
        "deep nesting",
        _cell(f'<c t="inlineStr"><is>{"<r>" * 5000}{"</r>" * 5000}</is></c>'),
        error="unsupported structure",
    ),
    Entry("too many columns", _cell('<c r="XFD2"><v>1</v></c>'), error="The limit is 2,000."),
    Entry("too many columns in CSV", b"Prospect ID" + b"," * 5000, error="The limit is 2,000.", name="a.csv"),
    Entry("a text that isn't there", _cell('<c r="A2" t="s"><v>99</v></c>'), error="no text 99"),
    Entry("rows out of order", xlsx('<row r="9"/><row r="3"/>'), error="row 3 after row 9"),
    Entry("no list of sheets", archive({"xl/workbook.xml": "<workbook/>"}), error="contains no table"),
    Entry("no part of the sheet", archive(_without("xl/worksheets/sheet1.xml")), error=_LACKS),
    Entry("no relations", archive(_without("xl/_rels/workbook.xml.rels")), error=_LACKS),
    Entry("a sheet elsewhere", _renamed('http://x/y" TargetMode="External', "a.xml"), error=_LACKS),
    Entry(
        "binary workbook",
        archive({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": b"\x83\1\0", "xl/worksheets/sheet1.bin": b""}),
        error="is an Excel binary workbook",
        name="a.xlsb",
    ),
    Entry(
        "repeated rows beyond the last of a sheet",
        ods(
            '<table:table-row table:number-rows-repeated="4900000"><table:table-cell table:formula="x"/>'
            "</table:table-row>"
        ),
        error="row 4900001",
        name="a.ods",
    ),
    Entry(
        "repeated rows without end",
        ods(f'<table:table-row table:number-rows-repeated="999999999">{ods_text("x")}</table:table-row>'),
        error="The limit is 5,000,000.",
        name="a.ods",
    ),
]

ENTRIES = [*WORKBOOKS, *TEXTS, *REFUSED]
