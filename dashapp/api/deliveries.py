"""Rules that tell other systems of high scores, from the file of webhooks, and the thread that delivers.

A request only puts what is to be said into a queue; where that is full, it is dropped, counted and logged.
"""

import atexit
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dashapp import webhook
from dashapp.webhook import Target, WebhookError

log = logging.getLogger("dashapp.api")

LONGEST_QUEUE = 200
LAST_SECONDS = 3.0
QUIET_SECONDS = 10.0
RULES = "score"
RULE_KEYS = {"above", "target", "kind"}


@dataclass(frozen=True)
class Rule:
    """Tell a target of every scored session whose probability is above a value."""

    above: float
    name: str
    target: Target
    kind: str | None = None


def read(file: Path, environ: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules `[[score]]` of a file of webhooks; none where there is no file. Raises ValueError with one line."""
    try:
        told = webhook.read(file) or {}
    except WebhookError as error:
        raise ValueError(str(error)) from None
    rules = told.get(RULES, [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError(f"{file}: write rules as [[{RULES}]], each with above and target.")
    return tuple(_rule(file, number, rule, told, environ) for number, rule in enumerate(rules, 1))


def _rule(file: Path, number: int, rule: dict, told: dict, environ: Mapping[str, str]) -> Rule:
    where = f"{file}: the rule {number} of [[{RULES}]]"
    if strange := set(rule) - RULE_KEYS:
        raise ValueError(f"{where} has {', '.join(sorted(strange))}, which means nothing there: use above, target and kind.")
    above, name, kind = rule.get("above"), rule.get("target"), rule.get("kind")
    if isinstance(above, bool) or not isinstance(above, int | float) or not 0 <= above < 1:
        raise ValueError(f"{where} needs above, a probability from 0 to below 1.")
    if kind not in (None, "early", "retrospective"):
        raise ValueError(f"{where}: kind is early or retrospective, or left out for both.")
    target = told.get(name) if isinstance(name, str) and name != RULES else None
    if not isinstance(target, dict):
        raise ValueError(f"{where} needs target, the name of a section with url and secret_from.")
    return Rule(float(above), name, _target(f"{file}: [{name}]", target, environ), kind)


def _target(where: str, told: dict, environ: Mapping[str, str]) -> Target:
    if strange := set(told) - set(webhook.TARGET_KEYS):
        raise ValueError(f"{where} has {', '.join(sorted(strange))}, which means nothing there: use {', '.join(webhook.TARGET_KEYS)}.")
    try:
        return webhook.target(where, told, environ)
    except WebhookError as error:
        raise ValueError(str(error)) from None


class Deliveries:
    """The queue of one worker and its thread, which starts with the first delivery: threads do not outlive a fork."""

    def __init__(self, rules: Sequence[Rule], *, size: int = LONGEST_QUEUE, deliver: Callable[..., object] = webhook.deliver) -> None:
        self._rules = tuple(rules)
        self._queue: queue.Queue[tuple[Target, dict] | None] = queue.Queue(size)
        self._deliver = deliver
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stopping = threading.Event()
        self._deadline = 0.0
        self._said = -QUIET_SECONDS
        self.delivered = self.failed = self.dropped = 0

    def tell(self, answer: Mapping[str, Any], client: str) -> None:
        """Queue what the rules want told of an answer; returns at once."""
        if not self._rules:
            return
        kinds = {run["run_id"]: run["kind"] for run in answer["runs"]}
        for rule in self._rules:
            found = [
                {"index": index}
                | {name: result[name] for name in ("session_id", "run_id", "p_conversion", "is_above_threshold", "is_top_decile")}
                for index, result in enumerate(answer["results"])
                if result["p_conversion"] > rule.above and rule.kind in (None, kinds[result["run_id"]])
            ]
            if found:
                payload = {
                    "type": "score",
                    "scored_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "above": rule.above,
                    "client": client,
                }
                self._put(rule.target, payload | {"sessions": found})

    def _put(self, target: Target, payload: dict) -> None:
        self._start()
        try:
            if self._stopping.is_set():
                raise queue.Full
            self._queue.put_nowait((target, payload))
        except queue.Full:
            self.dropped += 1
            now = time.monotonic()
            if now - self._said >= QUIET_SECONDS:
                self._said = now
                log.warning(
                    "webhooks: the queue is full; %d deliveries were dropped since the start, the last to %s", self.dropped, target.name
                )

    def _start(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                    self._thread.start()
                    atexit.register(self.stop)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._stopping.is_set() and time.monotonic() > self._deadline:
                self.dropped += 1
                continue
            target, payload = item
            try:
                self._deliver(target, payload, wait=self._wait)
                self.delivered += 1
            except WebhookError as error:
                self.failed += 1
                log.warning("webhooks: %s", error)
            except Exception:
                self.failed += 1
                log.exception("webhooks: a delivery to %s failed", target.name)

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise WebhookError("the server stops; a delivery was not tried again.")

    def stop(self) -> None:
        """Deliver what can still be within a few seconds, then let go."""
        thread = self._thread
        if thread is None or self._stopping.is_set():
            return
        atexit.unregister(self.stop)
        self._deadline = time.monotonic() + LAST_SECONDS
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=LAST_SECONDS)
        thread.join(max(self._deadline - time.monotonic(), 0))
        left = self._queue.qsize()
        if left or self.dropped:
            log.warning("webhooks: stopped; %d delivered, %d failed, %d dropped", self.delivered, self.failed, self.dropped + left)
