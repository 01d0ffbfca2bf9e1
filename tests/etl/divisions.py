"""Exports divided into files and loads in many ways.

A load takes far longer than its few rows. So each database holds many worlds, whose visitors and orders are their own: what is true of one
does not depend on the others, and one example tries as many divisions as there are worlds.
"""

import pprint
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from etl import schema
from tests.etl import ga4_exports as exports

FILES = 4
WORLDS = 25
EXAMPLES = 4
"""Examples for hypothesis to try: with their worlds, 100 divisions."""

MOST_SAID = 10_000
"""Characters of a description; hypothesis warns of longer ones."""

OUTCOMES = ("sessions_new", "sessions_updated", "duplicates", "folded", "bots", "without_consent", "rejected")


class Division(NamedTuple):
    """Files of one load, and files of several loads that must come to the same; cuts are where a new load begins."""

    whole: list[list[tuple[int, dict]]]
    parts: list[list[tuple[int, dict]]]
    cuts: list[int]
    form: str

    def __repr__(self) -> str:
        """Each different world once: those that have no part in a failure all shrink to the same."""
        worlds: dict[int, list] = {}
        for place, rows in enumerate(self.parts):
            for world, row in rows:
                worlds.setdefault(world, []).append((place, row))
        different = list({repr(rows): rows for rows in worlds.values()}.values())
        return (
            f"{self.form}, loads begin at files {[0, *self.cuts]}, rows with their file: {pprint.pformat(different, width=200)[:MOST_SAID]}"
        )


places = st.integers(0, FILES - 1)


@st.composite
def anyhow(draw, rows: st.SearchStrategy[dict]):
    """A world's rows, the file of each in the one load and in the several; some stand in a second file as well."""
    return [(row, {0}, {place} | again) for row, place, again in draw(st.lists(st.tuples(rows, places, again_in), min_size=1, max_size=14))]


again_in = st.one_of(st.just(set()), st.just(set()), st.just(set()), places.map(lambda place: {place}))


@st.composite
def anyhow_once(draw, rows: st.SearchStrategy[dict], key: Callable[[dict], tuple]):
    """The same, where each session has one row: a row that differs would be another version, which is the next world's matter."""
    by_key = {key(row): (row, own, other) for row, own, other in draw(anyhow(rows))}
    return list(by_key.values())


@st.composite
def versions(draw, rows: st.SearchStrategy[dict]):
    """A world whose sessions are told anew, in later files and within one: the files are the same, and come in their order."""
    return [(row, {place}, {place}) for row, place in draw(st.lists(st.tuples(rows, places), min_size=1, max_size=14))]


@st.composite
def divisions(draw, worlds: st.SearchStrategy[list], forms: list[str]):
    """Many worlds, each divided in its own way, and the loads that their files make."""
    whole, parts = ([[] for _ in range(FILES)] for _ in range(2))
    for world, rows in enumerate(draw(st.lists(worlds, min_size=WORLDS, max_size=WORLDS))):
        for row, own, other in rows:
            for files, places in ((whole, own), (parts, other)):
                for place in sorted(places):
                    files[place].append((world, row))
    cuts = draw(st.sets(st.integers(1, FILES - 1), min_size=1))
    return Division(whole, parts, sorted(cuts), draw(st.sampled_from(forms)))


def state(con) -> dict[str, list]:
    """Everything that must not depend on how the rows came."""
    return {
        "sessions": con.execute("select * exclude (load_id) from sessions order by session_id").fetchall(),
        "bots": con.execute("select * exclude (load_id) from bots order by session_id").fetchall(),
        "events": con.execute("from events order by session_id, event_index").fetchall(),
        "refunds": con.execute("select * exclude (load_id) from refunds order by all").fetchall(),
    }


def loaded(empty: Path, files: list[list], cuts: list[int], write: Callable[[Path, list], Path]) -> tuple[dict[str, list], list[dict]]:
    """The state of a database, and the summaries of the files, after loads of files begun at `cuts`."""
    summaries = []
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as name:
        patch.setattr(schema, "rebuild_cubes", lambda con: None)
        folder = Path(name)
        with exports.fresh(empty, folder) as con:
            for low, high in zip([0, *cuts], [*cuts, FILES], strict=True):
                written = [write(folder / f"{place}.export", files[place]) for place in range(low, high) if files[place]]
                if written:
                    summaries += exports.load_together(con, folder, written)
            return state(con), summaries


def check(empty: Path, division: Division, write: Callable[[Path, list, str], Path], plain: str) -> tuple[dict[str, list], list[dict]]:
    """However the rows are divided into files and loads, sessions and events are the same, and each row is accounted for.

    Returns the state, and the summaries of the files of the several loads.
    """
    expected, summaries = loaded(empty, division.whole, [], lambda path, rows: write(path, rows, plain))
    found, more = loaded(empty, division.parts, division.cuts, lambda path, rows: write(path, rows, division.form))
    assert found == expected
    for summary in summaries + more:
        assert summary["rows_read"] == sum(summary[name] for name in OUTCOMES)
    return found, more
