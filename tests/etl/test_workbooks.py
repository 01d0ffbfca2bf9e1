"""Workbooks: the sheets with sessions load as files, whatever a spreadsheet did to them is healed, told or refused."""

import zipfile
from datetime import date, datetime

import duckdb
import pytest

from etl import workbooks
from etl.errors import InputError
from etl.load import load

from .exports import HEADER, ROW, row, visits
from .workbook_files import CLOCK, Raw, day, error, formula, sheet_xml, write_workbook


def table(n: int, first: int = 0, **changes) -> list[list]:
    """Headers and rows, ids as text."""
    return [list(HEADER), *[list(session.values()) for session in visits(n, first=first, **changes)]]


def rows_of(tmp_path, sheets, **options) -> tuple[dict, list[dict]]:
    """What the load of a workbook tells of its file, and its sessions."""
    db = tmp_path / "leaks.duckdb"
    result = load([write_workbook(tmp_path / "book.xlsx", sheets, **options)], db)
    with duckdb.connect(str(db), read_only=True) as con:
        cursor = con.execute("from sessions order by started_at, pageviews")
        names = [column[0] for column in cursor.description]
        sessions = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        warnings = [message for (message,) in con.execute("select message from data_warnings where severity = 'warning'").fetchall()]
    (file,) = result["files"]
    return file | {"warnings": warnings}, sessions


def refused(tmp_path, path) -> str:
    with pytest.raises(InputError) as caught:
        load([path], tmp_path / "leaks.duckdb")
    line = str(caught.value)
    assert line.startswith(path.name) and len(line.splitlines()) == 1 and len(line) < 420
    assert not (tmp_path / "leaks.duckdb").exists()
    return line


def test_a_sheet_is_a_file(tmp_path):
    file, sessions = rows_of(tmp_path, {"Sheet1": table(5)})
    assert (file["file"], file["format"], file["sessions_new"], file["notes"]) == ("book.xlsx/Sheet1", "flat-csv", 5, [])
    assert {session["session_date"] for session in sessions} == {date(2017, 7, 4)}


def test_sheets_with_sessions_load_and_others_are_told(tmp_path):
    db = tmp_path / "leaks.duckdb"
    book = {"Read me": [["How to read this"]], "July": table(3), "August": table(2, first=10), "Secret": table(9, first=50)}
    result = load([write_workbook(tmp_path / "book.xlsx", book, hidden=("Secret",))], db)
    assert [(file["file"], file["sessions_new"]) for file in result["files"]] == [("book.xlsx/July", 3), ("book.xlsx/August", 2)]
    assert result["files"][0]["notes"] == [
        "Sheets without a table of sessions were passed over: Read me.",
        "Hidden sheets were passed over: Secret.",
    ]


def test_title_rows_ghost_rows_and_ghost_columns(tmp_path):
    rows = table(3)
    rows = [["Export of sessions"], None, *[[None, *values, None, None] for values in rows], None, [None, " ", ""], None]
    file, sessions = rows_of(tmp_path, {"Sheet1": rows})
    assert (file["rows_read"], file["sessions_new"], file["rejected"]) == (3, 3, 0)
    assert file["notes"][0] == "Lines above the headers were passed over: 2."
    assert file["notes"][1] == "Empty rows were passed over: 2."


def test_cells_of_every_kind(tmp_path):
    header = ["clientId", "sessionId", "date", "visitStartTime", "pageviews", "converted", "revenue", "source", "timeOnSite"]
    first = ["12.5", "a", day(42920), day(42920.5, CLOCK), formula("2+2", 4), True, 12.5, "007", Raw('<c r="{r}" s="3"><v>0.125</v></c>')]
    second = ["13.5", "b", 20170705, "2017-07-05T10:00:00Z", "4", False, None, error("#REF!"), "31"]
    file, sessions = rows_of(tmp_path, {"Sheet1": [header, first, second]})
    assert [session["session_date"] for session in sessions] == [date(2017, 7, 4), date(2017, 7, 5)]
    assert [session["started_at"] for session in sessions] == [datetime(2017, 7, 4, 12), datetime(2017, 7, 5, 10)]
    assert [session["pageviews"] for session in sessions] == [4, 4]
    assert [session["is_converted"] for session in sessions] == [True, False]
    assert [float(session["revenue"]) for session in sessions] == [12.5, 0]
    assert [session["source"] for session in sessions] == ["007", "(direct)"]
    assert any("1 cell holds an error such as #REF!" in warning for warning in file["warnings"])


def test_days_as_plain_serials_and_of_the_calendar_of_1904(tmp_path):
    rows = table(2)
    for values in rows[1:]:
        values[HEADER.index("date")] = 42920
    _, sessions = rows_of(tmp_path, {"Sheet1": rows})
    assert {session["session_date"] for session in sessions} == {date(2017, 7, 4)}
    (tmp_path / "leaks.duckdb").unlink()
    for values in rows[1:]:
        values[HEADER.index("date")] = day(42920 - 1462)
    _, sessions = rows_of(tmp_path, {"Sheet1": rows}, workbook_properties='<workbookPr date1904="1"/>')
    assert {session["session_date"] for session in sessions} == {date(2017, 7, 4)}


def test_ids_rounded_to_fifteen_digits_are_told(tmp_path):
    rows = table(30)
    for number, values in enumerate(rows[1:]):
        values[0] = float(7_007_041_817_691_781_124 + number * 7_919_000_000_000)
        values[0] = Raw(f'<c r="{{r}}"><v>{values[0]:.14E}</v></c>')
    file, _ = rows_of(tmp_path, {"Sheet1": rows})
    assert any("are rounded" in warning for warning in file["warnings"])
    assert file["sessions_new"] == 30


def test_merged_cells(tmp_path):
    above = sheet_xml([["Title"], *table(2)], '<mergeCells count="1"><mergeCell ref="A1:H1"/></mergeCells>')
    file, _ = rows_of(tmp_path, {"Sheet1": above})
    assert file["sessions_new"] == 2
    (tmp_path / "leaks.duckdb").unlink()
    below = sheet_xml([None, ["Title"], *table(3)], '<mergeCells count="1"><mergeCell ref="D4:D6"/></mergeCells>')
    line = refused(tmp_path, write_workbook(tmp_path / "merged.xlsx", {"Sheet1": below}))
    assert "holds merged cells below its headers (first in row 4)" in line


def test_a_full_sheet_is_told(tmp_path, monkeypatch):
    """The last row that a sheet can have holds something: what followed was cut."""
    rows = "".join(
        f'<row r="{number}">'
        + "".join(f'<c r="{chr(65 + place)}{number}" t="str"><v>{value}</v></c>' for place, value in enumerate(values))
        + "</row>"
        for number, values in ((1, HEADER), (2, row().values()), (1_048_576, row(fullVisitorId="8").values()))
    )
    sheet = sheet_xml([]).replace("<sheetData></sheetData>", f"<sheetData>{rows}</sheetData>")
    file, _ = rows_of(tmp_path, {"Sheet1": sheet})
    assert file["sessions_new"] == 2
    assert any("The sheet is full (1,048,576 rows" in warning for warning in file["warnings"])


def test_a_workbook_in_an_archive_is_the_same_workbook(tmp_path):
    path = write_workbook(tmp_path / "book.xlsx", {"Sheet1": table(3)})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "inside/book.xlsx")
    db = tmp_path / "leaks.duckdb"
    assert load([tmp_path / "a.zip"], db)["files"][0]["file"] == "a.zip/inside/book.xlsx/Sheet1"
    assert load([path], db)["already_loaded"] == ["book.xlsx/Sheet1"]


def test_a_workbook_without_sessions_says_what_its_headers_lack(tmp_path):
    line = refused(
        tmp_path, write_workbook(tmp_path / "book.xlsx", {"Sheet1": [["country", "visitId", "date"], ["Peru", "1", "20170704"]]})
    )
    assert line.startswith("book.xlsx/Sheet1: is a table whose headers lack a visitor id")
    assert "holds anything" in refused(tmp_path, write_workbook(tmp_path / "empty.xlsx", {"Sheet1": []}))


def test_damaged_workbooks(tmp_path):
    path = write_workbook(tmp_path / "book.xlsx", {"Sheet1": "<worksheet><sheetData><row"})
    assert "cannot be read as a workbook" in refused(tmp_path, path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "damaged or cut off" in refused(tmp_path, path)


def test_a_sheet_that_claims_billions_of_cells(tmp_path, monkeypatch):
    """Two cells in far corners: a reader that holds the rectangle between them needs more memory than there is."""
    corners = sheet_xml([]).replace(
        "<sheetData></sheetData>",
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
    )
    assert "too large" in refused(tmp_path, write_workbook(tmp_path / "corners.xlsx", {"Sheet1": corners}))


def test_a_workbook_that_is_a_bomb(tmp_path, monkeypatch):
    path = write_workbook(
        tmp_path / "bomb.xlsx", {"Sheet1": sheet_xml(table(1)).replace("</sheetData>", " " * (150 << 20) + "</sheetData>")}
    )
    assert "times its size" in refused(tmp_path, path)
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1 << 10)
    assert "unpacks to more than" in refused(tmp_path, write_workbook(tmp_path / "large.xlsx", {"Sheet1": table(200)}))


def test_entities_are_not_expanded(tmp_path):
    sheet = '<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>' + sheet_xml([HEADER, row(source="x").values()])
    sheet = sheet.replace('preserve">x<', 'preserve">&b;<')
    path = write_workbook(tmp_path / "entities.xlsx", {"Sheet1": sheet})
    try:
        load([path], tmp_path / "leaks.duckdb")
    except InputError:
        return
    with duckdb.connect(str(tmp_path / "leaks.duckdb"), read_only=True) as con:
        assert "root" not in str(con.execute("from sessions").fetchall())


OPEN_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">
<office:body><office:spreadsheet><table:table table:name="Sessions">{rows}</table:table></office:spreadsheet></office:body>
</office:document-content>"""


def open_document(path, rows: list[list], after: str = ""):
    """A spreadsheet as LibreOffice writes it."""
    body = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>' for value in values)
        + "</table:table-row>"
        for values in rows
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", OPEN_DOCUMENT.format(rows=body + after))
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
            '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
            "</manifest:manifest>",
        )
    return path


def test_open_document_spreadsheets(tmp_path):
    result = load([open_document(tmp_path / "book.ods", table(4))], tmp_path / "leaks.duckdb")
    assert [(file["file"], file["sessions_new"]) for file in result["files"]] == [("book.ods/Sessions", 4)]


def test_an_open_document_that_repeats_a_row_without_end(tmp_path):
    repeat = (
        '<table:table-row table:number-rows-repeated="2000000000"><table:table-cell table:number-columns-repeated="16000" '
        'office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
    )
    assert "too large" in refused(tmp_path, open_document(tmp_path / "book.ods", table(1), repeat))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"[Content_Types].xml": b"x", "xl/workbook.bin": b"x"}, "binary workbook (.xlsb)"),
        ({"[Content_Types].xml": b"x", "word/document.xml": b"x"}, "is a document, not a table"),
        ({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"x"}, "is a document, not a table"),
        ({"Index/Document.iwa": b"x"}, "is a document, not a table"),
    ],
)
def test_other_documents(tmp_path, parts, said):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert said in refused(tmp_path, tmp_path / "a.zip")


def test_quotes_line_breaks_and_formulas_in_cells_stay_texts(tmp_path):
    hostile = "=cmd|' /C calc'!A0 \"quoted\", two\nlines"
    file, sessions = rows_of(tmp_path, {"Sheet1": table(1, source=hostile)})
    assert file["rejected"] == 0
    assert sessions[0]["source"].startswith("=cmd|")
    assert list(ROW)[0] == "fullVisitorId"


def test_an_open_document_whose_type_is_damaged(tmp_path):
    """Its first part is read to tell what it is, before anything else of it."""
    content = open_document(tmp_path / "book.ods", table(3)).read_bytes()
    path = tmp_path / "damaged.ods"
    path.write_bytes(content.replace(b"opendocument.spreadsheet", b"opendocument.spreadshEEt", 1))
    assert "damaged" in refused(tmp_path, path)
    place = content.index(b"PK\x01\x02") + 42  # where the directory says that the first part stands
    path.write_bytes(content[:place] + b"\x05\x00\x00\x00" + content[place + 4 :])
    assert "damaged" in refused(tmp_path, path)
