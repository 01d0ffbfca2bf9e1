"""Text tables as they come: headers in other languages, ghost columns, repeated headers, totals, decimal commas, odd encodings."""

import codecs
import gzip
import json
import os

import duckdb
import pytest

from etl.errors import InputError
from etl.load import load

from .exports import HEADER, ROW, row, visits, write_flat
from .landing import land

LANGUAGES = {
    "German": "Besucher-ID,Sitzungs-ID,Datum,Gerätekategorie,Land,Quelle / Medium,Seitenaufrufe,Sitzungsdauer,Transaktionen,Umsatz",
    "French": "ID client,ID de session,Jour,Catégorie d'appareil,Pays,Source / Support,Pages vues,Durée de la session,Transactions,Revenu",
    "Spanish": "ID de cliente,ID de sesión,Fecha,Categoría de dispositivo,País,Fuente / Medio,Páginas vistas,Duración de la sesión,Transacciones,Ingresos",
    "Italian": "ID cliente,ID sessione,Data,Categoria dispositivo,Paese,Sorgente / Mezzo,Visualizzazioni di pagina,Durata sessione,Transazioni,Entrate",
    "Dutch": "Client-ID,Sessie-ID,Datum,Apparaatcategorie,Land,Bron / Medium,Paginaweergaven,Sessieduur,Transacties,Omzet",
    "Portuguese": "ID do cliente,ID da sessão,Data,Categoria do dispositivo,País,Origem / Mídia,Visualizações de página,Duração da sessão,Transações,Receita",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_headers_in_other_languages(tmp_path, language, encoding):
    path = tmp_path / "a.csv"
    header = LANGUAGES[language].replace(",", ";")
    path.write_bytes(f"{header}\n12.5;a7;04.07.2017;mobile;Peru;google / cpc;3;65;1;1.234,50\n".encode(encoding))
    (session,) = land(path).good
    told = (
        "visitor_key",
        "visit_key",
        "device",
        "country",
        "source",
        "medium",
        "pageviews",
        "duration_seconds",
        "transactions",
        "revenue_micros",
    )
    assert [session[name] for name in told] == ["12.5", "a7", "mobile", "Peru", "google", "cpc", 3, 65, 1, 1_234_500_000]
    assert str(session["session_date"]) == "2017-07-04"


def test_ghost_columns(tmp_path):
    path = tmp_path / "a.csv"
    lines = [",".join(HEADER), *(",".join(session.values()) for session in visits(3))]
    path.write_text("".join(f"{line},,,\n" for line in lines))
    landed = land(path)
    assert len(landed.good) == 3 and landed.rejects == []


def test_headers_repeated_inside_and_a_row_of_totals(tmp_path):
    path = tmp_path / "a.csv"
    write_flat(path, visits(4))
    again = ",".join(HEADER) + "\n"
    total = "Grand total" + "," * (len(HEADER) - 4) + "16,124,,\n"
    path.write_text(path.read_text() + again + ",".join(ROW.values()) + "\n" + total)
    landed = land(path)
    assert len(landed.good) == 5
    assert [(number, reason) for number, reason, _ in landed.rejects] == [(5, "headers repeated inside the file"), (7, "a row of totals")]


def test_two_columns_of_one_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("fullVisitorId,visitId,date,country,country\n1,2,20170704,Peru,Chile\n")
    landed = land(path)
    assert landed.good[0]["country"] == "Peru"
    assert any("country stands more than once" in note for note in landed.notes)


AMOUNTS = {
    "1.234,56": 1_234_560_000,
    "12,5": 12_500_000,
    "7": 7_000_000,
    "1 234,50 €": 1_234_500_000,
    "€ 99,95": 99_950_000,
    "1.234.567,00": 1_234_567_000_000,
    "0": 0,
}


def revenue(tmp_path, *amounts: str) -> tuple[list[int], list[str], list[str]]:
    """Micros of the good rows, reasons of the others, and notes."""
    path = tmp_path / "a.csv"
    path.write_text(
        "clientId;sessionId;date;revenue\n" + "".join(f"{number};s;20170704;{amount}\n" for number, amount in enumerate(amounts)),
        encoding="utf-8",
    )
    landed = land(path)
    return [session["revenue_micros"] for session in landed.good], [reason for _, reason, _ in landed.rejects], landed.notes


def test_decimal_commas(tmp_path):
    micros, reasons, notes = revenue(tmp_path, *AMOUNTS)
    assert (sorted(micros), reasons) == (sorted(AMOUNTS.values()), [])
    assert "Amounts are written with a decimal comma: 1.234,56 is read as 1,234.56." in notes


def test_decimal_points_stay(tmp_path):
    micros, reasons, _ = revenue(tmp_path, "1,234.56", "$12.50", "1,234,567.00", "0.5")
    assert (sorted(micros), reasons) == ([500_000, 12_500_000, 1_234_560_000, 1_234_567_000_000], [])


def test_both_marks_in_one_column_are_refused(tmp_path):
    with pytest.raises(InputError, match="both with a decimal comma and with a decimal point"):
        revenue(tmp_path, "12,50", "12.50")


def test_refunds_are_told(tmp_path):
    micros, reasons, _ = revenue(tmp_path, "12,50", "-12,50")
    assert micros == [12_500_000]
    assert reasons == ["revenue is negative (a refund): sessions carry what was bought"]


def test_seconds_with_a_decimal_comma(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("clientId;sessionId;date;timeOnSite\n1;a;20170704;31,5\n2;a;20170704;7\n")
    assert sorted(session["duration_seconds"] for session in land(path).good) == [7, 31.5]


TEXT = ",".join(HEADER) + "\n" + "".join(",".join(row(fullVisitorId=str(n), source="Bücherei").values()) + "\n" for n in (1, 2, 3))


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        gzip.compress(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        TEXT.replace("cherei", "cherei \x93x\x94").encode("latin-1"),
        TEXT.replace("\n", "\r\n").encode("cp1252"),
        codecs.BOM_UTF8 + TEXT.encode(),
        gzip.compress(TEXT.encode()) + bytes(700),
        f"Export of sessions\n\nmade on Monday\n{TEXT}".encode(),
        codecs.BOM_UTF8 + f'"Export, of sessions"\r\n\r\n{TEXT}'.encode(),
        codecs.BOM_UTF16_BE + f"Export of sessions\n{TEXT}".encode("utf-16-be"),
    ],
    ids=[
        "utf-16 be",
        "utf-16 le",
        "gzip of utf-16 be",
        "windows-1252",
        "latin-1 crlf",
        "bom",
        "padded gzip",
        "title",
        "title after a bom",
        "title in utf-16",
    ],
)
def test_encodings_and_titles(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    db = tmp_path / "leaks.duckdb"
    (file,) = load([path], db)["files"]
    assert (file["file"], file["sessions_new"], file["rejected"]) == ("a.csv", 3, 0)
    with duckdb.connect(str(db), read_only=True) as con:
        (source,) = con.execute("select distinct source::varchar from sessions").fetchone()
    assert source.lower().startswith("bücherei")
    if b"\x93" in content:
        assert "“x”" in source and "The text is not in UTF-8: it was read as Windows-1252." in file["notes"]
    assert not [name for name in os.listdir(tmp_path) if "unpacked" in name]
    assert load([path], db)["already_loaded"] == ["a.csv"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json_behind_a_byte_order_mark(tmp_path, encoding):
    record = {
        "fullVisitorId": "7007041817691781124",
        "visitId": "1499201738",
        "visitStartTime": "1499201738",
        "date": "20170704",
        "totals": {"visits": "1", "hits": "1", "pageviews": "1"},
        "trafficSource": {"source": "google"},
    }
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps(record).encode(encoding))
    (file,) = load([path], tmp_path / "leaks.duckdb")["files"]
    assert (file["format"], file["sessions_new"]) == ("ga360-bigquery", 1)


def test_pipes_and_devices_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", "/dev/zero"):
        with pytest.raises(InputError, match="is a pipe, a socket or a device"):
            load([path], tmp_path / "leaks.duckdb")
    write_flat(tmp_path / "a.csv", visits(2))
    result = load([tmp_path], tmp_path / "db" / "leaks.duckdb")
    assert [file["sessions_new"] for file in result["files"]] == [2]
    assert any("pipe.csv: is no file" in warning for warning in result["warnings"])


def test_columns_of_json_in_other_spellings(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "fullvisitorid,visitid,date,Device,geo_network,TOTALS,traffic source\n"
        '1,1499201738,20170704,"{""deviceCategory"": ""mobile""}","{""country"": ""Peru""}","{\'pageviews\': \'3\', \'hits\': \'4\'}",'
        '"{""source"": ""google""}"\n'
    )
    landed = land(path)
    assert landed.source.format == "ga360-csv"
    (session,) = landed.good
    assert [session[name] for name in ("device", "country", "pageviews", "hits", "source")] == ["mobile", "Peru", 3, 4, "google"]


def test_plain_columns_of_those_names_are_no_json(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("clientId,sessionId,date,Device,Traffic source\n1,a,20170704,mobile,google\n")
    landed = land(path)
    assert landed.source.format == "flat-csv" and landed.good[0]["device"] == "mobile"
