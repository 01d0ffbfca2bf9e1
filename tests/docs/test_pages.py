"""What the pages promise exists: links, anchors, targets, settings, pages of the app; and the dictionary is the database's."""

import re
import struct

import pytest

from dashapp.pages import PAGES as APP_PAGES
from etl import dictionary, schema
from tests.docs.conftest import NOT_RUN
from tests.docs.reading import PAGES, README, ROOT, anchors, blocks, commands, links, prose

OUTSIDE = ("http://", "https://")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in links(page):
        if link.startswith(OUTSIDE):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_in_words_exist(page):
    """A path in code marks, such as `sql/checks`, is one of this repository's, or one that running it makes or its users write."""
    made = ("data/leaks.duckdb", "data/.salt", "data/raw", "data/demo", "data/webhooks.toml")
    for path in re.findall(r"`((?:bin|data|dashapp|docs|etl|models|sql|tests)/[\w./-]*)`", prose(page)):
        assert path.startswith(made) or (ROOT / path).exists(), path


def test_every_page_of_docs_is_linked():
    """A reader who starts at the README reaches every page."""
    reached, waiting = set(), [README]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        if page.is_dir():
            waiting += page.glob("*.md")
        elif page.suffix == ".md":
            waiting += [(page.parent / link.split("#")[0]).resolve() for link in links(page) if not link.startswith((*OUTSIDE, "#"))]
    documents = {*PAGES, *(ROOT / "docs").glob("*.ipynb"), *(ROOT / "docs" / "images").iterdir()}
    assert not [str(file.relative_to(ROOT)) for file in documents - reached]


def test_every_picture_is_a_small_png():
    for picture in (ROOT / "docs" / "images").iterdir():
        head = picture.read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">I", head[16:20])[0] == 1440
        assert picture.stat().st_size < 300_000


def test_readme_names_every_target_of_make():
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1).split()
    named = set(re.findall(r"\bmake ([a-z-]+)", README.read_text(encoding="utf-8")))
    assert set(targets) - named <= {"help"}


def test_readme_names_every_page_of_the_app():
    for page in APP_PAGES.values():
        assert f"| {page.NAME} |" in README.read_text(encoding="utf-8")


def test_readme_names_every_format():
    sources = [ROOT / "etl" / "recognise.py", *(ROOT / "etl" / "reports").glob("*.py")]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    known = set(re.findall(r"\b(?:flat|ga4|ga360|ua)(?:-[a-z0-9]+)+\b", text))
    assert known > {"flat-csv", "ga360-csv", "ga360-bigquery", "ga4-bigquery"}
    assert not [name for name in known if f"`{name}`" not in README.read_text(encoding="utf-8")]


def test_readme_leads_to_every_setting():
    """Settings stand in one table; what the README says of one, that table knows."""
    table = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bLEAKS_[A-Z_]+\b", README.read_text(encoding="utf-8")))
    assert "docs/settings.md" in links(README)
    assert named and all(f"| `{name}` |" in table for name in named)


def test_only_documented_languages_stand_in_fences():
    """A block in another language would not be tried by any test."""
    assert {block.language for page in PAGES for block in blocks(page)} <= {"sh", "sql", "python", "toml", ""}
    assert {page for page in PAGES if commands(page)} <= {README, ROOT / "docs" / "cookbook.md"}
    assert set(commands(ROOT / "docs" / "cookbook.md")) <= set(NOT_RUN)


def test_dictionary_is_up_to_date():
    assert dictionary.PAGE.read_text(encoding="utf-8") == dictionary.current(), "write it anew: python -m etl.dictionary"


def test_dictionary_has_every_relation_and_column(empty_database):
    import duckdb

    text = dictionary.PAGE.read_text(encoding="utf-8")
    with duckdb.connect(str(empty_database), read_only=True) as con:
        columns = con.execute(
            "select table_name, column_name from duckdb_columns() where database_name = current_database() and not internal"
        ).fetchall()
        functions = con.execute(
            "select function_name from duckdb_functions() where database_name = current_database() and not internal"
        ).fetchall()
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    assert sections.keys() == {name for name, _ in columns} | {name for (name,) in functions}
    for table, column in columns:
        assert f"| `{column}` |" in sections[table]
    assert not re.search(r"\| +\|$", text, re.MULTILINE), "a column without a meaning"


def test_dictionary_notices_a_relation_without_a_file(database):
    con = database([])
    con.execute("create table stray (n integer)")
    with pytest.raises(RuntimeError, match="stray"):
        dictionary.page(con)


def test_every_file_of_sql_is_in_the_dictionary():
    text = dictionary.PAGE.read_text(encoding="utf-8")
    folders = [folder for folder, _, _ in dictionary.CHAPTERS]
    assert not [file.name for folder in folders for file in schema.files(folder) if f"(../sql/{folder}/{file.name})" not in text]
