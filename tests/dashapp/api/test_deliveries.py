"""Rules that tell other systems of high scores: what is sent, that no request waits for it, and that the thread ends."""

import json
import logging
import re
import threading
import time
from pathlib import Path

import pytest

from dashapp import settings
from dashapp.api import deliveries
from dashapp.api.deliveries import Deliveries, Rule
from dashapp.webhook import Target, WebhookError, verify
from tests.dashapp.api.conftest import ENTRIES, ask
from tests.dashapp.serving import serving
from tests.dashapp.test_webhook import receiver  # noqa: F401 - a fixture

SECRET = "s" * 40
TARGET = Target("https://hooks.example.com/scores?key=1", SECRET)
ROOT = Path(__file__).resolve().parents[3]


def answer(*probabilities: float, kind: str = "retrospective") -> dict:
    results = [
        {"session_id": f"s{number}", "run_id": "r", "p_conversion": p, "is_above_threshold": p > 0.5, "is_top_decile": p > 0.9}
        for number, p in enumerate(probabilities)
    ]
    return {"run_id": "r", "runs": [{"run_id": "r", "kind": kind}], "results": results}


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def section(url: str = "https://hooks.example.com/x", **more: str) -> str:
    return f'[team]\nurl = "{url}"\nsecret_from = "HOOK_SECRET"\n' + "".join(f"{name} = {value}\n" for name, value in more.items())


def test_the_server_tells_a_receiver(scored_database, tmp_path, receiver):  # noqa: F811
    rules = write(tmp_path / "webhooks.toml", '[[score]]\nabove = 0.0\ntarget = "team"\n' + section(receiver.url, allow_private="true"))
    with serving(scored_database, LEAKS_API_TOKENS=ENTRIES, LEAKS_WEBHOOKS=str(rules), HOOK_SECRET=SECRET) as server:
        told = ask(server, {"sessions": [{"session_id": "one", "pageviews": 9}, {"pageviews": 1}]}).told
        deadline = time.monotonic() + 30
        while not receiver.seen and time.monotonic() < deadline:
            time.sleep(0.05)
    ((_, headers, body),) = receiver.seen
    assert verify(SECRET, headers["Leaks-Signature"], body)
    sent = json.loads(body)
    assert (sent["type"], sent["above"], sent["client"]) == ("score", 0.0, "shop")
    assert [(one["index"], one["session_id"], one["p_conversion"]) for one in sent["sessions"]] == [
        (number, result["session_id"], result["p_conversion"]) for number, result in enumerate(told["results"])
    ]


def test_what_waits_is_delivered_when_the_server_stops(scored_database, tmp_path, receiver):  # noqa: F811
    rules = write(tmp_path / "webhooks.toml", '[[score]]\nabove = 0\ntarget = "team"\n' + section(receiver.url, allow_private="true"))
    with serving(scored_database, LEAKS_API_TOKENS=ENTRIES, LEAKS_WEBHOOKS=str(rules), HOOK_SECRET=SECRET) as server:
        for _ in range(5):
            assert ask(server, {"sessions": [{}]}).status == 200
    assert len(receiver.seen) == 5


def test_only_what_lies_above_and_of_the_kind_is_told():
    sent = []
    queue = Deliveries(
        [Rule(0.8, "team", TARGET), Rule(0.1, "team", TARGET, "early")], deliver=lambda target, payload, wait: sent.append(payload)
    )
    queue.tell(answer(0.1, 0.8, 0.81), "shop")
    queue.tell(answer(0.2, kind="early"), "shop")
    queue.tell(answer(0.05), "shop")
    queue.stop()
    assert [[one["session_id"] for one in payload["sessions"]] for payload in sent] == [["s2"], ["s0"]]
    assert queue.delivered == 2 and queue.dropped == queue.failed == 0


def test_without_rules_there_is_no_thread():
    before = threading.active_count()
    Deliveries([]).tell(answer(0.99), "shop")
    assert threading.active_count() == before


def test_a_receiver_that_hangs_delays_no_request_and_drops_are_counted(caplog):
    hangs = threading.Event()
    queue = Deliveries([Rule(0.5, "team", TARGET)], size=3, deliver=lambda target, payload, wait: hangs.wait(30))
    with caplog.at_level(logging.WARNING, "dashapp.api"):
        for _ in range(50):
            queue.tell(answer(0.9), "shop")
    assert queue.dropped in (46, 47), "one may be on its way, three wait"
    dropped = [record.getMessage() for record in caplog.records]
    assert len(dropped) == 1 and "queue is full" in dropped[0], "said once, not fifty times"
    assert "key=1" not in dropped[0]
    hangs.set()
    queue.stop()
    assert queue.delivered + queue.dropped == 50


def test_a_failure_is_logged_and_the_next_is_tried(caplog):
    tried = []

    def deliver(target, payload, wait):
        tried.append(payload)
        if len(tried) == 1:
            raise WebhookError(f"{target.name}: answered 500; nothing was delivered.")
        if len(tried) == 2:
            raise RuntimeError("a mistake")

    queue = Deliveries([Rule(0.5, "team", TARGET)], deliver=deliver)
    for _ in range(3):
        queue.tell(answer(0.9), "shop")
    queue.stop()
    assert (queue.failed, queue.delivered) == (2, 1)
    assert "https://hooks.example.com: answered 500" in caplog.text


def test_it_stops_while_a_delivery_waits_to_be_tried_again():
    waiting = threading.Event()

    def deliver(target, payload, wait):
        waiting.set()
        wait(3600)

    queue = Deliveries([Rule(0.5, "team", TARGET)], deliver=deliver)
    queue.tell(answer(0.9), "shop")
    assert waiting.wait(30)
    queue.stop()
    assert not queue._thread.is_alive()
    queue.tell(answer(0.9), "shop")
    assert queue.dropped == 1, "after the end nothing is taken any more"


@pytest.mark.parametrize(
    "text, word",
    [
        ("[[score]]\nabove = 0.8\n", "needs target"),
        ('[[score]]\nabove = 0.8\ntarget = "nobody"\n', "needs target"),
        ('[[score]]\nabove = 1\ntarget = "team"\n' + section(), "needs above"),
        ('[[score]]\nabove = "0.8"\ntarget = "team"\n' + section(), "needs above"),
        ('[[score]]\nabove = nan\ntarget = "team"\n' + section(), "needs above"),
        ('[[score]]\nabove = 0.8\ntarget = "team"\nbelow = 1\n' + section(), "below"),
        ('[[score]]\nabove = 0.8\ntarget = "team"\nkind = "late"\n' + section(), "kind"),
        ('[score]\nabove = 0.8\ntarget = "team"\n' + section(), r"\[\[score\]\]"),
        ('[[score]]\nabove = 0.8\ntarget = "team"\n' + section(colour='"red"'), "colour"),
        ('[[score]]\nabove = 0.8\ntarget = "team"\n' + section("http://hooks.example.com/"), "https"),
        ('[[score]]\nabove = 0.8\ntarget = "team"\n[team]\nurl = 3\n', "needs url"),
        ('[[score]]\nabove = 0.8\ntarget = "team"\n' + section().replace("HOOK_SECRET", "UNSET"), "UNSET, which is not set"),
        ("[[score]", "not valid TOML"),
    ],
)
def test_wrong_rules_stop_the_start_in_one_line(tmp_path, text, word):
    file = write(tmp_path / "webhooks.toml", text)
    with pytest.raises(settings.ConfigurationError, match=word) as refusal:
        settings.read({"LEAKS_WEBHOOKS": str(file), "HOOK_SECRET": SECRET})
    assert "\n" not in str(refusal.value) and SECRET not in str(refusal.value) and str(file) in str(refusal.value)


def test_targets_without_rules_need_no_secret_here(tmp_path):
    assert settings.read({"LEAKS_WEBHOOKS": str(write(tmp_path / "webhooks.toml", section()))}).score_rules == ()


def test_the_example_is_valid(tmp_path):
    text = (ROOT / "data" / "webhooks.example.toml").read_text()
    secrets = {name: SECRET for name in re.findall(r'secret_from = "(\w+)"', text)}
    (rule,) = deliveries.read(ROOT / "data" / "webhooks.example.toml", secrets)
    assert rule.above == 0.8 and not rule.target.allow_private
