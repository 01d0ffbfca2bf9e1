"""What the headers of reports mean, in the languages of the interface and the names of the APIs.

A header is split into words, known phrases become concepts, and the set of concepts is looked up: `Session source / medium`,
`Sitzung – Quelle/Medium` and `Fuente/medio de la sesión` are all {session, source, medium}. A word that is not known makes the header one
without a meaning here, so that `Engaged sessions` is never taken for sessions. Only English headers were met in real files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CONCEPTS: dict[str, tuple[str, ...]] = {
    "key_event": (
        "key event", "key events", "schlüsselereignis", "schlüsselereignisse", "schlüsselereignissen", "événement clé", "événements clés",
        "evento clave", "eventos clave", "evento chiave", "eventi chiave", "evento principal", "eventos principais", "eventos-chave",
        "belangrijke gebeurtenis", "belangrijke gebeurtenissen", "kluczowe zdarzenia", "kluczowych zdarzeń", "ключевые события",
        "ключевых событий", "önemli etkinlikler", "önemli etkinlik",
        "conversion", "conversions", "conversiones", "conversión", "conversioni", "conversione", "conversões", "conversão", "conversies",
        "konwersje", "konwersji", "konversionen", "конверсии", "dönüşümler", "total conversions",
    ),
    "rate": (
        "rate", "quote", "rata", "taux", "tasa", "porcentaje", "tasso", "taxa", "percentage", "ratio", "współczynnik", "коэффициент", "oranı",
    ),
    "session": (
        "session", "sessions", "sitzung", "sitzungen", "sitzungs", "sesión", "sesiones", "sessione", "sessioni", "sessão", "sessões", "sessie",
        "sessies", "sesja", "sesje", "sesji", "сеанс", "сеансы", "сеанса", "сеансов", "oturum", "oturumlar", "visits", "visites",
    ),
    "source": ("source", "quelle", "fuente", "sorgente", "origine", "origem", "bron", "źródło", "источник", "kaynak", "kaynağı"),
    "medium": (
        "medium", "support", "medio", "mezzo", "mídia", "meio", "médium", "канал", "ortam", "aracı",
    ),
    "channel": (
        "default channel group", "default channel grouping", "primary channel group", "channel group", "channel grouping",
        "standard channelgruppe", "standard channelgruppierung", "standardchannelgruppe", "standard channelgroup", "channelgruppierung",
        "groupe de canaux par défaut", "regroupement de canaux par défaut", "groupe de canaux principal",
        "grupo de canales predeterminado", "agrupación de canales predeterminada", "grupo principal de canales", "grupo de canales principal",
        "gruppo di canali predefinito", "raggruppamento dei canali predefinito", "gruppo di canali principale",
        "grupo de canais padrão", "agrupamento de canais padrão", "grupo de canais principal", "standaard kanaalgroep",
        "standaardkanaalgroepering", "domyślna grupa kanałów", "domyślne grupowanie kanałów",
    ),
    "country": ("country", "country id", "land", "pays", "país", "paese", "kraj", "страна", "ülke"),
    "device": (
        "device category", "device", "gerätekategorie", "catégorie d appareil", "catégorie de l appareil", "categoría de dispositivo",
        "categoría del dispositivo", "categoria dispositivo", "categoria di dispositivo", "categoria do dispositivo",
        "categoria de dispositivo", "apparaatcategorie", "kategoria urządzenia", "kategoria urządzeń", "категория устройства",
        "kategorie устройства", "cihaz kategorisi",
    ),
    "date": ("date", "datum", "fecha", "data", "дата", "tarih", "day", "tag", "jour", "día", "giorno", "dia", "dag", "dzień", "gün"),
    "nth_day": (
        "nth day", "n ter tag", "nter tag", "tag n", "nième jour", "n ième jour", "jour n", "enésimo día", "día n", "n esimo giorno",
        "giorno n", "enésimo dia", "dia n", "n de dag", "nde dag", "dag n", "n ty dzień",
    ),
    "day_index": (
        "day index", "tagesindex", "index du jour", "index de jour", "índice de día", "índice de días", "indice giorno", "indice del giorno",
        "índice do dia", "índice de dias", "dagindex", "indeks dnia",
    ),
    "date_range": ("date range", "zeitraum", "plage de dates", "intervalo de fechas", "periodo", "intervallo di date", "período", "datumbereik"),
    "transaction": (
        "transactions", "ecommerce purchases", "e commerce purchases", "purchases", "transaktionen", "transacciones", "transazioni",
        "transações", "transacties", "transakcje", "achats e commerce", "e commerce käufe", "compras de comercio electrónico",
        "acquisti e commerce", "compras de e commerce", "e commerce aankopen", "транзакции",
    ),
    "commerce": ("ecommerce", "e commerce", "comercio electrónico"),
    "revenue": (
        "revenue", "total revenue", "purchase revenue", "umsatz", "gesamtumsatz", "revenu", "revenus", "revenu total", "ingresos",
        "ingresos totales", "entrate", "entrate totali", "receita", "receita total", "opbrengst", "totale opbrengst", "przychody", "доход",
        "transaction revenue",
    ),
    "first": ("first user", "first", "erste nutzerinteraktion", "primer usuario", "premier utilisateur", "primo utente"),
    "user": (
        "users", "user", "nutzer", "utilisateurs", "utilisateur", "usuarios", "usuario", "utenti", "usuários", "gebruikers", "użytkownicy",
    ),
}  # fmt: skip

FILLERS = frozenset(
    [
        "the",
        "of",
        "per",
        "in",
        "by",
        "for",
        "a",
        "an",
        "der",
        "die",
        "das",
        "des",
        "pro",
        "de",
        "la",
        "le",
        "les",
        "du",
        "d",
        "l",
        "del",
        "di",
        "da",
        "do",
        "dos",
        "delle",
        "dei",
        "della",
        "el",
        "los",
        "las",
        "al",
        "na",
        "van",
        "een",
        "het",
        "voor",
        "w",
        "dla",
        "z",
        "по",
        "s",
    ]
)

MEANINGS: dict[frozenset[str], str] = {
    frozenset(concepts.split()): field
    for concepts, field in {
        "session": "sessions",
        "session key_event rate": "session_key_event_rate",
        "key_event": "key_events",
        "session key_event": "key_events",
        "transaction": "transactions",
        "revenue": "revenue",
        "country": "country",
        "device": "device",
        "date": "date",
        "nth_day": "nth_day",
        "day_index": "day_index",
        "date_range": "date_range",
        "session source": "source",
        "session medium": "medium",
        "session source medium": "source_medium",
        "session channel": "channel",
        # Universal Analytics names its session dimensions without the word; so do the tables of an interface that translates it away.
        "source": "plain_source",
        "medium": "plain_medium",
        "source medium": "plain_source_medium",
        "channel": "channel",
    }.items()
}

EXACT: dict[str, str] = {
    "sessions": "sessions",
    "sessionkeyeventrate": "session_key_event_rate",
    "sessionconversionrate": "session_key_event_rate",
    "keyevents": "key_events",
    "conversions": "key_events",
    "transactions": "transactions",
    "ecommercepurchases": "transactions",
    "purchaserevenue": "revenue",
    "totalrevenue": "revenue",
    "transactionrevenue": "revenue",
    "country": "country",
    "countryid": "country",
    "countryisocode": "country",
    "devicecategory": "device",
    "date": "date",
    "daterange": "date_range",
    "nthday": "nth_day",
    "sessionsource": "source",
    "sessionmedium": "medium",
    "sessionsourcemedium": "source_medium",
    "sessiondefaultchannelgroup": "channel",
    "sessiondefaultchannelgrouping": "channel",
    "sessionprimarychannelgroup": "channel",
    "channelgrouping": "channel",
    "sessionswithkeyevents": "converting_sessions",
    "sessionswithconversions": "converting_sessions",
    "sessionswithtransactions": "converting_sessions",
    "convertingsessions": "converting_sessions",
    "goalcompletionsall": "key_events",
    "goalcompletions": "key_events",
    "セッション": "sessions",
    "セッション数": "sessions",
    "国": "country",
    "デバイスカテゴリ": "device",
    "日付": "date",
    "キーイベント": "key_events",
    "コンバージョン": "key_events",
    "セッションのキーイベントレート": "session_key_event_rate",
    "セッションキーイベント率": "session_key_event_rate",
    "セッションの参照元": "source",
    "セッションのメディア": "medium",
    "セッションの参照元メディア": "source_medium",
    "セッションのデフォルトチャネルグループ": "channel",
    "会话数": "sessions",
    "国家地区": "country",
    "设备类别": "device",
    "关键事件": "key_events",
    "세션수": "sessions",
    "국가": "country",
    "기기카테고리": "device",
}

METRICS = frozenset({"sessions", "session_key_event_rate", "key_events", "transactions", "revenue", "converting_sessions"})
DIMENSIONS = frozenset(
    {
        "country", "device", "date", "nth_day", "day_index", "date_range", "source", "medium", "source_medium", "channel",
        "plain_source", "plain_medium", "plain_source_medium",
    }
)  # fmt: skip
UNIVERSAL = {"plain_source": "source", "plain_medium": "medium", "plain_source_medium": "source_medium"}
"""In Universal Analytics the plain names are the session's; in GA4 they belong to key events."""

OTHER_METRICS = frozenset(
    [
        "users",
        "activeusers",
        "newusers",
        "totalusers",
        "engagedsessions",
        "engagementrate",
        "bouncerate",
        "views",
        "eventcount",
        "engagedsessionsperuser",
        "eventspersession",
        "averageengagementtime",
        "averageengagementtimepersession",
        "averagesessionduration",
        "screenpageviews",
    ]
)


LONGEST = 300
"""Characters of a header at most; what is longer means nothing here."""


@dataclass(frozen=True)
class Term:
    """A header: as the file writes it, the field it stands for ('' for none here), and the key event it is limited to, where it says so."""

    name: str
    field: str = ""
    event: str = ""

    @property
    def is_metric(self) -> bool:
        return self.field in METRICS or squeeze(self.name) in OTHER_METRICS

    @property
    def is_dimension(self) -> bool:
        return self.field in DIMENSIONS


def squeeze(header: str) -> str:
    """A header in lower case, letters and digits only."""
    return re.sub(r"[\W_]+", "", header.lower())


def term(header: str, *, is_universal: bool = False) -> Term:
    """What a header means; `is_universal` where the report is one of Universal Analytics."""
    name = header.strip()
    if len(name) > LONGEST:
        return Term(name)
    bare, _, event = (
        name.removeprefix("ga:").partition(":") if name.count(":") - name.startswith("ga:") else (name.removeprefix("ga:"), "", "")
    )
    bare = re.sub(r"\s*\((default|standard|par défaut)[^)]*\)\s*$", "", bare, flags=re.IGNORECASE)
    field = EXACT.get(squeeze(bare)) or MEANINGS.get(concepts(bare), "")
    if re.fullmatch(r"goal\d+completions|goal\d+completion", squeeze(bare)) or re.search(r"\(goal \d+ completions\)$", bare.lower()):
        # A goal of Universal Analytics counts once a session.
        field = "converting_sessions"
    if is_universal or name.startswith("ga:"):
        field = {"source": "source", "medium": "medium", "sourceMedium": "source_medium"}.get(bare, UNIVERSAL.get(field, field))
        if field == "session_key_event_rate":
            field = ""  # Universal Analytics' rates are transactions or goal completions per session
    return Term(name, field, event.strip())


def concepts(header: str) -> frozenset[str]:
    """The concepts a header is made of; a word that is not known stands for itself, so that no meaning fits."""
    text = f" {_words(header)} "
    found = set()
    for phrase, concept in _PHRASES:
        if f" {phrase} " in text:
            text = text.replace(f" {phrase} ", " | ")
            found.add(concept)
    rest = {word for word in text.split() if word != "|" and word not in FILLERS}
    return frozenset(found | rest)


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _ordered() -> list[tuple[str, str]]:
    pairs = []
    for concept, phrases in CONCEPTS.items():
        pairs += [(_words(phrase), concept) for phrase in phrases]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


_PHRASES = _ordered()
