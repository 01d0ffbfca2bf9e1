"""What no schema can say: requests that fit the document and are refused all the same are not tried by the fuzzer, but by tests of their own."""

import schemathesis


@schemathesis.hook
def filter_case(context, case):
    query, body = case.query, case.body
    if isinstance(query, dict) and query.get("kind") == "early":
        return False
    found = body.get("sessions") if isinstance(body, dict) else None
    if not isinstance(found, list):
        return True
    if len(found) > 100 and isinstance(query, dict) and query.get("reasons"):
        return False
    return not any(mixed(session.get("events")) for session in found if isinstance(session, dict))


def mixed(events: object) -> bool:
    """Whether some of a session's events have one kind of time and some the other."""
    given = [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    return all(any(event.get(name) is not None for event in given) for name in ("occurred_at", "seconds"))
