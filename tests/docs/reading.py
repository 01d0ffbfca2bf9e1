"""What the pages say: their code blocks, links, headings and words."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
COOKBOOK = ROOT / "docs" / "cookbook.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page, or those in one language; an unclosed fence is an error."""
    found, opened = [], None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = re.fullmatch(r"```(\w*)", line)
        if fence and opened is None:
            opened = (number + 1, fence.group(1), [])
        elif fence:
            found.append(Block(page, opened[0], opened[1], "\n".join(opened[2])))
            opened = None
        elif opened is not None:
            opened[2].append(line)
    assert opened is None, f"{page.name}:{opened[0]}: a fence is not closed"
    return [block for block in found if language in (None, block.language)]


def statements(block: Block) -> list[str]:
    """The SQL statements of a block, without their comments."""
    text = re.sub(r"--[^\n]*", "", block.text)
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def commands(page: Path) -> list[str]:
    """The shell commands of a page in their order, one a line, without comments."""
    lines = [line for block in blocks(page, "sh") for line in block.text.splitlines()]
    return [command for line in lines if (command := re.sub(r"\s+#.*$", "", line).strip())]


def prose(page: Path) -> str:
    """The text of a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """Targets of the links and pictures of a page."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^\]]+\]: (\S+)", text, re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
