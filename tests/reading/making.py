"""Makes the files that the tests read: plain parts in, bytes of a workbook or an archive out."""

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from importer.reading.detection import OLE_SIGNATURE

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = ("Prospect ID", "Note", "Visibility")


def archive(parts: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def header_cells() -> str:
    return (
        '<row r="1">' + "".join(text(f"{letter}1", cell) for letter, cell in zip("ABC", HEADER, strict=True)) + "</row>"
    )


def text(reference: str, value: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def parts(
    sheet: str,
    *,
    after: str = "",
    before: str = "",
    formats: Sequence[str] = (),
    strings: str = "",
    properties: str = "",
    root: str = "",
) -> dict[str, str | bytes]:
    """The parts of a workbook with one sheet: the header row, then the rows in ``sheet``."""
    number_formats = "".join(f'<numFmt numFmtId="{164 + i}" formatCode={quoted(f)}/>' for i, f in enumerate(formats))
    used = "".join(f'<xf numFmtId="{164 + i}"/>' for i in range(len(formats)))
    return {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships><Relationship Id="r1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}">{properties}<sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="s1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="s1" Type="{REL}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{number_formats}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>{used}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?>{root}<worksheet xmlns="{MAIN}">{before}<sheetData>'
        f"{header_cells()}{sheet}</sheetData>{after}</worksheet>",
    }


def quoted(value: str) -> str:
    return '"' + escape(value, {'"': "&quot;"}) + '"'


def xlsx(sheet: str, **more: object) -> bytes:
    return archive(parts(sheet, **more))  # type: ignore[arg-type]


def ods(rows: str, *, name: str = "Sheet1", styles: str = "", before: str = "", table: str = "") -> bytes:
    """An OpenDocument spreadsheet with a sheet that holds the header row, then ``rows``."""
    names = "office:1.0 table:1.0 text:1.0 style:1.0".split()
    spaces = " ".join(f'xmlns:{n.split(":")[0]}="urn:oasis:names:tc:opendocument:xmlns:{n}"' for n in names)
    header = "<table:table-row>" + "".join(ods_text(cell) for cell in HEADER) + "</table:table-row>"
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces} xmlns:calcext="urn:x">'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f'{before}<table:table table:name="{name}">{header}{rows}</table:table>{table}'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def ods_text(value: str, attributes: str = "") -> str:
    """A cell of an OpenDocument sheet that shows a text."""
    return (
        f'<table:table-cell office:value-type="string" {attributes}><text:p>{escape(value)}</text:p></table:table-cell>'
    )


def biff(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def label(row: int, column: int, value: str) -> bytes:
    """A cell of an .xls that holds a text; rows and columns from 0."""
    return biff(0x204, struct.pack("<HHHHB", row, column, 0, len(value), 1) + value.encode("utf-16-le"))


def formula(row: int, column: int, result: bytes) -> bytes:
    """A cell of an .xls whose formula gave ``result``: a number, or six bytes and FF FF ([MS-XLS] 2.5.133)."""
    return biff(6, struct.pack("<HHH", row, column, 0) + result + b"\0" * 8)


def xls(cells: bytes, *, more: bytes = b"") -> bytes:
    """An .xls without a container, as old programs write it: the header row, then ``cells``; ``more`` is about all."""
    head = biff(0x809, struct.pack("<HHHHLL", 0x600, 5, 0, 0, 0, 0)) + more
    header = b"".join(label(0, column, heading) for column, heading in enumerate(HEADER))
    at = len(head) + 22
    head += biff(0x85, struct.pack("<LBBBB", at, 0, 0, 6, 0) + b"Sheet1") + biff(0x0A)
    return head + biff(0x809, struct.pack("<HHHHLL", 0x600, 16, 0, 0, 0, 0)) + header + cells + biff(0x0A)


NONE = 0xFFFFFFFF


def compound(*entries: tuple[str, int, int, int, int], table: Sequence[int] = (), **header: int) -> bytes:
    """An OLE container: its entries by name, entry before, entry after, first entry within, and size."""
    head = bytearray(OLE_SIGNATURE + b"\0" * 504)
    struct.pack_into("<HHHHH", head, 24, 62, 3, 0xFFFE, 9, 6)
    numbers = {"tables": 1, "small_at": 0xFFFFFFFE, "small": 0, "more_at": 0xFFFFFFFE, "more": 0} | header
    struct.pack_into(
        "<LLLLLLLL", head, 44, numbers["tables"], 1, 0, 4096, numbers["small_at"], numbers["small"], numbers["more_at"],
        numbers["more"],
    )  # fmt: skip
    struct.pack_into("<109L", head, 76, 0, *[NONE] * 108)
    listing = b""
    for name, before, after, within, size in entries:
        entry = bytearray(name.encode("utf-16-le").ljust(128, b"\0"))
        struct.pack_into("<HBBLLL", entry, 64, 2 * len(name) + 2, 2 if listing else 5, 1, before, after, within)
        struct.pack_into("<LL", entry, 116, 1, size)
        listing += bytes(entry)
    sectors = max(-(-len(listing) // 512), 1)
    chain = list(table) or [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    return (
        bytes(head) + struct.pack("<128L", *chain, *[NONE] * (128 - len(chain))) + listing.ljust(sectors * 512, b"\0")
    )


def ole(stream: str) -> bytes:
    return compound(("Root Entry", NONE, NONE, 1, 0), (stream, NONE, NONE, NONE, 0))


def small_xls() -> bytes:
    """An .xls made by xlwt: see the catalogue for what it holds."""
    return zlib.decompress(base64.b85decode(_XLS))


def encrypted_xls() -> bytes:
    """An .xls encrypted with Excel's default password, by RC4."""
    return zlib.decompress(base64.b85decode(_ENCRYPTED))


_XLS = (
    "c-rk)O-NKx6#nk}aei`sv@y^?1|cgOL9<00oqjYaN~ShO1f|ZS#2n?#EV4yeHp?JrRkRUo(Z*`i54Esei$JMG5JWRYZCV8dEk<AG"
    "o_XV61`g!F#QPri+<VWx=iKw|Irrzix!J1B<fFPQR-pqb7Ay}cmhl87PoWY7wOf`f7IHTw%RyPe<0eN|=y>jX?UFu}{?0<dL+vF|"
    ";1i|O7)8%W!U&fT2iS%_A#G?E8pWQ1yOjK>WxJ}G4lv!!^a1yM!E_&UZZK`9z8P@}v(cWWy>=X*R2sO=PgLLu%e-e!D{Amc#_^S#"
    "BHvfXesi$zLYXzxYn7M+xwP9z7^bWTa1UN!jL<wh+#HW*5F&R^;inY_eiYXAOxWR<mM=j3Un}{pzwq7U#MS&;iUy3sIxA!_r{P1F"
    "CR=n`v?(Jg83!x!p>cFDnM&qxL<R<@O+d^XNsbx=sqo=W5|bj7^`18ply%ao*MXLn*4=Gxh;Eq3;Uf&P;ENGCM<I97D-Q+UM1m_e"
    "5g#wDN}_QDxLm~xEJ*K=yZ`;ovHn=}40Fc$;K&~@+vK~z!c{3j!hUYi7HJbp>|%P2wQl8d9n%oKBIS*-8oO|4g8N+O)<znqjqx_R"
    "eOY-2mDAsjKdn!Hj_#!Lba(brX!>1r5)E|R#YtX16Nre2xN}?LS+tM~dn5Y5wDylp$*lx!+b#PH4Pag_LqZkPd`-@dSga}bT;*#j"
    ")l^%TSVNa!U7Forur6{ME-PN%Hml*CQ=lv4K-MK#lgi^PX_CEF*7S9T#-y27S<@bSmO7MbJeEe$=DLJZcwa2ia`nDg)BAFscvi92"
    "tU7Suz<~n?4jgO{1YZNeS3iwE8uAx7m;GO7p3;Kzo8-U635?K_q7S+*Bq%pAR#g0Kfi4QV#5!dP{|hC0X>=1q=w~~IijH5pfQ#kt"
    "vu?rQzgt4Zj=xZhof|y<Z;gl$EC"
)

_ENCRYPTED = (
    "c-rIS5MW?nV`V@F`V0pc7#Wy=kOjyq17a4a3}Xh6-N3-00b(QR@MXwkNM<Nv$Y&@9;xvX51_cHuhD0DQ707Z1%2YBG07df|(t+$mAUgxBLxCXxtg"
    "8&jO984a0*aI|7&7QF7ywNb09(n#%)-jX&cVsW&BM#b-(qKXIN+n?f#Zrz$rd{=Jr)5fiS7TeziEzUL+KNvof8f%XA@zPG;C$yV|WLY>&p9{8E>r"
    "+7&M;?$m0b2RshAfEKKqY^2V;r*Z8Nz$98J4=zcPryKU+{2B88ooBvj=0XORES(pSF5|mtX1m%KDpZ;30mOX;?Z#WB+EQ7`+1sAjJW=yqB_L^HC="
    "5KJmcG^ks#GHp7-vuf@voHxW_$Do$n)>gQ+UDh3wqMbI7WVwfI*@&dav!G6&{!_9SvG#AozkWJsIw-m<y%klJzl)WtM2P67A8@K$nyJQ2`1dl^Ch"
    "l4IyJfO=9c8k8FnB)008V#atQ"
)
