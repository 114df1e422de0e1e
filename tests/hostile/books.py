"""Spreadsheets as somebody makes them who means harm: small, and asking for more than there is."""

from __future__ import annotations

import io
import struct
import zipfile

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": f'<Relationships {PACKAGE}>'
    f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships {PACKAGE}>'
    f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}  # fmt: skip


def book(rows: str, doctype: str = "", shared: str = "") -> bytes:
    """A workbook of one sheet, its rows as XML, after whatever stands before its first element."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, content in PARTS.items():
            parts.writestr(name, content)
        parts.writestr("xl/sharedStrings.xml", f"<sst {MAIN}>{shared}</sst>")
        parts.writestr("xl/worksheets/sheet1.xml", f"{doctype}<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>")
    return packed.getvalue()


def cell(at: str, words: str) -> str:
    return f'<c r="{at}" t="inlineStr"><is><t>{words}</t></is></c>'


def saying_they_are_small(packed: bytes) -> bytes:
    """The same, each part of which says that it has ten bytes."""
    raw = bytearray(packed)
    for mark, offset in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + offset : at + offset + 4] = struct.pack("<I", 10)
            at = raw.find(mark, at + 4)
    return bytes(raw)


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "a cell at the far end": book(f'<row r="1">{cell("A1", "at")}</row><row r="1048576">{cell("XFD1048576", "x")}</row>'),
    "one text in each cell": book(
        "".join(f'<row r="{n}">' + "".join(f'<c r="{c}{n}" t="s"><v>0</v></c>' for c in "ABCDEFGH") + "</row>" for n in range(1, 9000)),
        shared=f"<si><t>{'x' * 1_000_000}</t></si>",
    ),
    "an entity that laughs": book(f'<row r="1">{cell("A1", "&e9;")}</row>', f'<!DOCTYPE x [<!ENTITY e0 "lol">{LAUGHS}]>'),
    "an entity from outside": book(f'<row r="1">{cell("A1", "&e;")}</row>', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
    "parts that say they are small": saying_they_are_small(book(f'<row r="1">{cell("A1", "x" * 100_000_000)}</row>')),
    "a sheet in a sheet": book("", shared=book("").decode("latin-1").replace("<", "").replace("&", "").replace("\x00", "")),
}
