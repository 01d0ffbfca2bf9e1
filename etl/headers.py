"""Which column of a table of sessions means what: the usual headers, in any case and spelling, and the nearest one to a missing one."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from etl import privacy

# In order of preference: where a table has several of a row, the first is read.
# Headers are compared in lower case without anything but letters and digits.
ALIASES: dict[str, tuple[str, ...]] = {
    "visitor": (
        "fullvisitorid", "userpseudoid", "clientid", "visitorid", "cid", "gaclientid", "visitor", "client", "uservisitorid", "userid",
    ),
    "visit": ("visitid", "gasessionid", "visit", "sessionvisitid"),
    "session": ("sessionid", "sessionkey", "uniquesessionid", "session", "visitkey"),
    "visit_number": ("visitnumber", "gasessionnumber", "sessionnumber", "countofsessions", "visitcount"),
    "start_time": ("visitstarttime", "sessionstarttime", "sessionstart", "starttime", "startedat", "timestamp", "datetime", "dateandtime"),
    "date": ("date", "sessiondate", "visitdate", "eventdate", "day", "yyyymmdd", "datum", "fecha", "dateofvisit"),
    "device": ("devicecategory", "device", "devicetype"),
    "country": ("country", "countryname", "geocountry"),
    "source": ("source", "sessionsource", "utmsource", "trafficsource"),
    "medium": ("medium", "sessionmedium", "utmmedium", "trafficmedium"),
    "source_medium": ("sourcemedium", "sessionsourcemedium"),
    "campaign": ("campaign", "campaignname", "sessioncampaign", "sessioncampaignname", "utmcampaign"),
    "channel": (
        "channelgrouping", "defaultchannelgrouping", "channel", "channelgroup", "defaultchannelgroup",
        "sessiondefaultchannelgroup", "sessiondefaultchannelgrouping", "sessionprimarychannelgroup",
    ),
    "landing_page": (
        "landingpage", "landingpagepath", "landingpagequerystring", "landingpageplusquerystring", "entrancepage", "firstpage",
        "landingscreenname",
    ),
    "browser": ("browser", "browsername"),
    "operating_system": ("operatingsystem", "os"),
    "hostname": ("hostname", "host"),
    "network_domain": ("networkdomain", "networkdomainname"),
    "pageviews": ("pageviews", "views", "screenpageviews", "pageviewcount", "pagesviewed", "pages", "screenviews"),
    "hits": ("hits", "hitcount", "eventcount"),
    "duration": (
        "timeonsite", "sessionduration", "sessiondurationseconds", "durationseconds", "visitduration", "duration", "sessionlength",
    ),
    "bounces": ("bounces", "bounce", "isbounce", "bounced"),
    "transactions": ("transactions", "ecommercepurchases", "purchases", "orders", "transactioncount"),
    "revenue": (
        "totaltransactionrevenue", "transactionrevenue", "purchaserevenue", "totalrevenue", "revenue", "ordervalue", "sales",
        "transactionvalue",
    ),
    "key_events": ("keyevents", "conversions", "totalconversions", "goalcompletions", "goalcompletionsall", "converted", "isconverted"),
}  # fmt: skip

# What the interface calls these fields in German, French, Spanish, Italian, Dutch and Portuguese, without accents.
TRANSLATED: dict[str, tuple[str, ...]] = {
    "visitor": ("besucherid", "clientkennung", "identifiantclient", "idclient", "iddecliente", "iddocliente", "idcliente"),
    "session": (
        "sitzungsid", "iddesession", "iddesesion", "idsesion", "idsessione", "iddasessao", "idsessao", "sessieid",
        "identifiantdesession",
    ),
    "visit_number": ("sitzungsnummer", "numerodesession", "numerodesesion", "numerosessione", "numerodasessao", "sessienummer"),
    "date": ("data", "tag", "jour", "dia", "giorno", "dag"),
    "device": (
        "geratekategorie", "gerat", "categoriedappareil", "appareil", "categoriadedispositivo", "categoriadispositivo",
        "categoriadeldispositivo", "categoriadodispositivo", "dispositivo", "apparaatcategorie", "apparaat",
    ),
    "country": ("land", "pays", "pais", "paese"),
    "source": (
        "quelle", "fuente", "sorgente", "origem", "bron", "sitzungsquelle", "sourcedelasession", "fuentedelasesion",
        "sorgentesessione", "origemdasessao", "sessiebron",
    ),
    "medium": (
        "support", "medio", "mezzo", "midia", "supportdelasession", "sitzungsmedium", "mediodelasesion", "mezzosessione",
        "midiadasessao", "sessiemedium",
    ),
    "source_medium": ("quellemedium", "sourcesupport", "fuentemedio", "sorgentemezzo", "origemmidia", "bronmedium"),
    "campaign": ("kampagne", "campagne", "campana", "campagna", "campanha"),
    "channel": (
        "standardchannelgruppierung", "standardchannelgruppe", "groupedecanauxpardefaut", "grupodecanalespredeterminado",
        "gruppodicanalipredefinito", "grupodecanaispadrao", "standaardkanaalgroep", "standaardkanaalgroepering",
    ),
    "landing_page": (
        "zielseite", "pagededestination", "paginadedestino", "paginadidestinazione", "paginadestinazione", "bestemmingspagina",
    ),
    "browser": ("navigateur", "navegador"),
    "operating_system": ("betriebssystem", "systemedexploitation", "sistemaoperativo", "sistemaoperacional", "besturingssysteem"),
    "pageviews": (
        "seitenaufrufe", "aufrufe", "pagesvues", "vues", "paginasvistas", "numerodepaginasvistas", "vistasdepagina",
        "visualizzazionidipagina", "visualizzazioni", "visualizacoesdepagina", "visualizacoes", "paginaweergaven", "weergaven",
    ),
    "duration": (
        "sitzungsdauer", "dureedelasession", "dureedesession", "duraciondelasesion", "duratasessione", "duratadellasessione",
        "duracaodasessao", "sessieduur",
    ),
    "bounces": ("absprunge", "rebonds", "rebotes", "rimbalzi", "rejeicoes"),
    "transactions": (
        "transaktionen", "kaufe", "transacciones", "compras", "transazioni", "acquisti", "transacoes", "transacties", "aankopen",
        "achats",
    ),
    "revenue": (
        "umsatz", "gesamtumsatz", "kaufumsatz", "revenu", "revenutotal", "chiffredaffaires", "ingresos", "ingresostotales",
        "entrate", "entratetotali", "ricavi", "receita", "receitatotal", "omzet", "totaleomzet",
    ),
    "key_events": (
        "schlusselereignisse", "conversionen", "evenementscles", "eventosclave", "conversiones", "eventichiave", "conversioni",
        "eventosprincipais", "conversoes", "belangrijkegebeurtenissen", "conversies",
    ),
}  # fmt: skip

# Groups of fields whose names exports put before the field: `totals.pageviews`, `device_deviceCategory`, `ga:source`.
GROUPS = ("totals", "device", "geonetwork", "trafficsource", "ga", "session", "geo")

MEANING = {
    "visitor": "a visitor id (fullVisitorId, clientId)",
    "visit": "a visit id (visitId) or the start of the visit (visitStartTime)",
    "date": "a date (date) or the start of the visit (visitStartTime)",
}

# Where a table has one of these and no visitor, its rows are totals over many sessions.
TOTALS = {"sessions", "users", "activeusers", "totalusers", "newusers", "entrances", "visits", "visitors", "engagedsessions"}


def normalise(header: str) -> str:
    """A header in lower case, letters without their accents and digits only."""
    if not header.isascii():
        header = "".join(letter for letter in unicodedata.normalize("NFKD", header) if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", "", header.lower())


def spellings(header: str) -> tuple[str, ...]:
    """The header normalised, and once more without the group it stands in."""
    whole = normalise(header)
    first, *rest = re.split(r"[.:_]", header.strip(), maxsplit=1)
    if rest and normalise(first) in GROUPS:
        return whole, normalise(rest[0])
    return (whole,)


def match(headers: Iterable[str]) -> dict[str, int]:
    """Position of the column for each field that the headers offer."""
    positions: dict[str, int] = {}
    for position, header in enumerate(headers):
        for spelling in spellings(header):
            positions.setdefault(spelling, position)
    fields = {}
    for field, names in ALIASES.items():
        for name in (*names, *TRANSLATED.get(field, ())):
            if name in positions:
                fields[field] = positions[name]
                break
    return fields


def missing(fields: Iterable[str]) -> list[str]:
    """What a table of sessions needs and these fields lack: an id of the visitor, one of the visit, and a date."""
    have = set(fields)
    lacks = []
    if "session" not in have:
        if "visitor" not in have:
            lacks.append("visitor")
        if not have & {"visit", "start_time"}:
            lacks.append("visit")
    if not have & {"date", "start_time"}:
        lacks.append("date")
    return lacks


def nearest(field: str, headers: Iterable[str]) -> str | None:
    """The header that looks most like a name of the field, if one comes close."""
    by_spelling = {normalise(header): header for header in headers if normalise(header)}
    best, best_score = None, 0.0
    for name in (*ALIASES[field], *TRANSLATED.get(field, ())):
        for spelling in difflib.get_close_matches(name, by_spelling, n=1, cutoff=0.7):
            score = difflib.SequenceMatcher(None, spelling, name).ratio()
            if score > best_score:
                best, best_score = by_spelling[spelling], score
    return best


def describe_missing(lacks: list[str], headers: list[str]) -> str:
    """What is missing, in words, with the nearest present header for each."""
    taken = set(match(headers).values())
    free = [header for position, header in enumerate(headers) if position not in taken]
    parts = []
    for field in lacks:
        near = nearest(field, free)
        if near:
            free.remove(near)
        parts.append(MEANING[field] + (f", nearest here: '{shorten(near)}'" if near else ""))
    return "; ".join(parts)


def shorten(text: str, limit: int = 60) -> str:
    """A stranger's text made fit for one line of a message: messages end in logs, so no ids and addresses either."""
    # Beside control characters, those that reverse the direction of what follows, and halves of characters that no terminal can be sent.
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: 20 * limit])
    line = privacy.scrub(re.sub(" +", " ", printable)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
