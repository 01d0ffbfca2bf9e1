"""What may be asked and what is answered, as pydantic reads it: bounds are checked here, and the OpenAPI document is made of it."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # pydantic reads typing's own only from Python 3.12 on

from dashapp.api.problems import MOST_FAULTS, Problem, pointer

MOST_SESSIONS = 1_000
MOST_EVENTS = 1_000
LONGEST_LABEL = 500
LONGEST_PATH = 2_000
WEEK = 604_800
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Kind = Literal["early", "retrospective"]


def _moment(value: Any) -> datetime:
    # Not pydantic's own, which takes a number in quotes for seconds since 1970. A request may hold thousands, so no pattern is matched.
    if not (type(value) is str and 16 <= len(value) <= 40 and value[4] == value[7] == "-" and value[10] in "Tt "):
        raise PydanticCustomError("moment", "Input should be a date and time such as 2026-03-02T09:30:00Z")
    try:
        moment = datetime.fromisoformat(value[:-1] + "Z" if value[-1] == "z" else value)
    except ValueError:
        raise PydanticCustomError("moment", "Input should be a date and time that exists") from None
    if not 1 < moment.year < 9999:
        raise PydanticCustomError("moment", "Input should be of a year that can be told in every time zone")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(value: Any) -> date:
    try:
        if isinstance(value, str) and DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("day", "Input should be a date such as 2026-03-02")


def _scalar(value: Any) -> Any:
    if isinstance(value, list | dict):
        raise PydanticCustomError("scalar", "Input should be a text, a number, true, false or null")
    return None


def _number(text: str, most: float, *, least: float = 0, is_whole: bool = False) -> Any:
    whole = {"multiple_of": 1} if is_whole else {}
    return Annotated[float, Field(ge=least, le=most, allow_inf_nan=False, description=text, **whole)] | None


def _text(text: str, most: int = LONGEST_LABEL) -> Any:
    return Annotated[str, Field(max_length=most, description=text)] | None


def _time(text: str) -> Any:
    return (
        Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time", "description": text})] | None
    )


Unread = Annotated[
    Any,
    PlainValidator(_scalar),
    WithJsonSchema(
        {"type": ["string", "number", "boolean", "null"], "description": "A column of sessions that no model reads: accepted and ignored."}
    ),
]


class Event(TypedDict):
    """One event of a session, in the order they happened."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    event_name: Annotated[str, Field(min_length=1, max_length=100, description="Name as Google Analytics has it, such as page_view.")]
    occurred_at: NotRequired[_time("When it happened; without an offset, in UTC.")]
    seconds: NotRequired[_number("Seconds since the session's start, where occurred_at is not known.", WEEK)]
    page: NotRequired[_text("Path of the page, without query string.", LONGEST_PATH)]
    value: NotRequired[_number("Value of the event. No model reads it.", 1e12, least=-1e12)]


class Session(TypedDict, total=False):
    """A session as the table sessions holds it. Everything may be left out or null: that is unknown."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    session_id: _text("Given back with the result.", 200)
    visit_number: _number("Which visit of this visitor it is, from 1.", 1e6, least=1, is_whole=True)
    started_at: _time("When the session started; without an offset, in UTC.")
    session_date: (
        Annotated[
            date,
            PlainValidator(_day),
            WithJsonSchema(
                {
                    "type": "string",
                    "format": "date",
                    "description": "Its day in the time zone of the property; by itself, that of started_at.",
                }
            ),
        ]
        | None
    )
    device: _text("desktop, mobile, tablet or other.")
    country: _text("Usual English name.")
    source: _text("Host or name, (direct) where there is none.")
    channel: _text("Default channel group.")
    landing_page: _text("Path of the first page, without query string.", LONGEST_PATH)
    pageviews: _number("Page views so far, or of the whole session.", 1e5, is_whole=True)
    duration_seconds: _number("Seconds from the first to the last hit.", WEEK)
    events: Annotated[list[Event], Field(max_length=MOST_EVENTS, description="Its events so far, for the early model.")] | None
    visitor_id: Unread
    iso3: Unread
    medium: Unread
    campaign: Unread
    browser: Unread
    operating_system: Unread
    engagement_seconds: Unread
    is_engaged: Unread
    is_bounce: Unread
    stage: Unread
    is_converted: Unread
    transactions: Unread
    revenue: Unread
    source_basis: Unread
    load_id: Unread


class ScoreRequest(TypedDict):
    """Sessions to score."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    sessions: Annotated[list[Session], Field(min_length=1, max_length=MOST_SESSIONS)]


class Reason(TypedDict):
    """One thing about a session, and what it does to its odds against the average session learnt from."""

    topic: Annotated[str, Field(description="What it is about, such as source.")]
    text: Annotated[str, Field(description="A sentence for people. Plain text: it may hold labels of the request.")]
    contribution: Annotated[float, Field(description="What it adds to the log-odds, before calibration.")]


class Result(TypedDict):
    """The score of one session."""

    session_id: Annotated[str | None, Field(description="As it was given.")]
    run_id: Annotated[str, Field(description="The run that scored it; see runs.")]
    p_conversion: Annotated[float, Field(ge=0, le=1, description="Calibrated probability that the session converts.")]
    is_above_threshold: Annotated[bool, Field(description="Whether that reaches the run's threshold.")]
    is_top_decile: Annotated[
        bool, Field(description="Whether it would stand in the top tenth of the sessions scored when the run was trained.")
    ]
    reasons: NotRequired[Annotated[list[Reason], Field(description="Up to three, the strongest first; only when asked for.")]]


class Run(TypedDict):
    """A training run that scored some of the sessions."""

    run_id: str
    kind: Annotated[Kind, Field(description="early: from the events so far. retrospective: from the whole session.")]
    threshold: Annotated[float, Field(description="Probability from which a session is flagged.")]
    cutoff: Annotated[float, Field(description="Lowest probability in the top tenth.")]


class ScoreAnswer(TypedDict):
    """Scores in the order of the sessions."""

    run_id: Annotated[str | None, Field(description="The run of all results; null where two kinds of model took part.")]
    runs: list[Run]
    results: list[Result]


class Fault(TypedDict):
    """What is wrong in one place."""

    detail: str
    pointer: NotRequired[Annotated[str, Field(description="JSON pointer into the body.")]]
    parameter: NotRequired[Annotated[str, Field(description="Name of a query parameter.")]]


class ProblemDocument(TypedDict):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: Annotated[str, Field(description="What is wrong and what to do.")]
    errors: NotRequired[Annotated[list[Fault], Field(max_length=MOST_FAULTS)]]


REQUEST = TypeAdapter(ScoreRequest)
ANSWER = TypeAdapter(ScoreAnswer)
PROBLEM = TypeAdapter(ProblemDocument)


def sessions(body: bytes) -> list[dict[str, Any]]:
    """The sessions of a request.

    Raises
    ------
    Problem : 400 where the body is no JSON, 422 where it holds something else than it should.
    """
    try:
        read = REQUEST.validate_json(body)["sessions"]
    except ValidationError as error:
        raise _problem(error) from None
    faults = [fault for number, session in enumerate(read) if session.get("events") for fault in _mixed(number, session["events"])]
    if faults:
        raise Problem(422, _counted(len(faults)), faults[:MOST_FAULTS])
    return read


def _mixed(number: int, events: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Times of one session have one origin, or the pauses between them mean nothing."""
    timed = any(event.get("occurred_at") is not None for event in events)
    return [
        {
            "detail": "The events of a session have occurred_at or seconds, not both.",
            "pointer": pointer(["sessions", number, "events", place, "seconds"]),
        }
        for place, event in enumerate(events)
        if timed and event.get("seconds") is not None
    ]


def _problem(error: ValidationError) -> Problem:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return Problem(400, f"{found[0]['msg']}.")
    faults = [{"detail": f"{fault['msg']}.", "pointer": pointer(fault["loc"])} for fault in found[:MOST_FAULTS]]
    return Problem(422, _counted(len(found)), faults)


def _counted(faults: int) -> str:
    if faults == 1:
        return "One value is not as it should be: nothing was scored."
    told = f", of which the first {MOST_FAULTS} are told" if faults > MOST_FAULTS else ""
    return f"{faults:,} values are not as they should be{told}: nothing was scored."
