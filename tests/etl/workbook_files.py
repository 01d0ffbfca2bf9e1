"""Workbooks written for tests, as plain parts: what a spreadsheet program writes, and what it never would."""

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels"
ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override
PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{sheets}<Override
PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"""
RELS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"""
STYLES = """<?xml version="1.0" encoding="UTF-8"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14"/>
<xf numFmtId="22"/><xf numFmtId="10"/></cellXfs></styleSheet>"""
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DAY, CLOCK, PERCENT = 1, 2, 3


class Raw(str):
    """A cell as its XML, with {r} for its place."""


def day(serial: float, style: int = DAY) -> Raw:
    """A date as spreadsheets keep it: a number with a style."""
    return Raw(f'<c r="{{r}}" s="{style}"><v>{serial}</v></c>')


def error(text: str = "#REF!") -> Raw:
    return Raw(f'<c r="{{r}}" t="e"><f>A99</f><v>{text}</v></c>')


def formula(text: str, value: object) -> Raw:
    return Raw(f'<c r="{{r}}"><f>{escape(text)}</f><v>{value}</v></c>')


def column_name(position: int) -> str:
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(65 + rest) + name
    return name


def cell(value: object, row: int, column: int) -> str:
    place = f"{column_name(column)}{row}"
    if value is None:
        return ""
    if isinstance(value, Raw):
        return value.replace("{r}", place)
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def sheet_xml(rows: list[list], after: str = "") -> str:
    """A sheet; a row that is None is left out, as spreadsheets leave out empty ones."""
    body = "".join(
        f'<row r="{number}">' + "".join(cell(value, number, column) for column, value in enumerate(values)) + "</row>"
        for number, values in enumerate(rows, start=1)
        if values is not None
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>{after}</worksheet>'


def write_workbook(path: Path, sheets: dict[str, list[list] | str], hidden: tuple[str, ...] = (), workbook_properties: str = "") -> Path:
    """Write a workbook of sheets given as rows, or as the XML of a sheet."""
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"{" state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""}/>'
        for number, name in enumerate(sheets, start=1)
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{rel}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    relations += f'<Relationship Id="rId{len(sheets) + 1}" Type="{rel}/styles" Target="styles.xml"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            for number in range(1, len(sheets) + 1)
        )
        file.writestr("[Content_Types].xml", TYPES.format(sheets=overrides))
        file.writestr("_rels/.rels", RELS)
        file.writestr(
            "xl/workbook.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="{MAIN}" xmlns:r="{rel}">{workbook_properties}'
            f"<sheets>{listed}</sheets></workbook>",
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            '<?xml version="1.0" encoding="UTF-8"?><Relationships '
            f'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>',
        )
        file.writestr("xl/styles.xml", STYLES)
        for number, rows in enumerate(sheets.values(), start=1):
            file.writestr(f"xl/worksheets/sheet{number}.xml", rows if isinstance(rows, str) else sheet_xml(rows))
    return path
