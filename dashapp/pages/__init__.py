"""The pages: thin wiring of queries, charts and cards. Each offers PATH, NAME, `layout(read)` and `answer(read, filters, theme)`."""

from types import ModuleType

from dashapp.pages import candidates, countries, data, duration, funnel, leaks, model, overview, sources

PAGES: dict[str, ModuleType] = {
    page.PATH: page for page in (leaks, overview, countries, funnel, duration, sources, candidates, model, data)
}
