"""Pages that need no Dash: sign-in, and what went wrong. Static HTML with the app's own look."""

from html import escape

from dashapp import theme

# The colours of both looks as custom properties: what the reader chose, else what the system asks for.
STYLE = (
    f":root{{{theme.css_variables('light')} color-scheme:light}}"
    f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{theme.css_variables('dark')} color-scheme:dark}}}}"
    f":root[data-theme=dark]{{{theme.css_variables('dark')} color-scheme:dark}}"
)


def document(title: str, body: str) -> str:
    """A whole page; `body` is HTML, its texts already escaped."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Silent Leak Detector</title>"
        '<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">'
        '<link rel="stylesheet" href="/assets/01-inter.css"><link rel="stylesheet" href="/assets/plain.css">'
        f'<style>{STYLE}</style></head><body><main><p class="brand">Silent Leak Detector</p>{body}</main></body></html>'
    )


def message(title: str, text: str, link: tuple[str, str] | None = None) -> str:
    """A page with one thing to say."""
    anchor = f'<p><a class="button" href="{escape(link[1])}">{escape(link[0])}</a></p>' if link else ""
    return document(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{anchor}")


def login(target: str, error: str = "", name: str = "") -> str:
    """The sign-in form; after it the browser goes on to `target`."""
    complaint = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    return document(
        "Sign in",
        f'<h1>Sign in</h1><p>To see where conversions leak.</p>{complaint}<form method="post" action="/login">'
        f'<input type="hidden" name="next" value="{escape(target)}">'
        f'<label>Name<input name="name" value="{escape(name)}" autocomplete="username" required{"" if name else " autofocus"}></label>'
        f'<label>Password<input name="password" type="password" autocomplete="current-password" required{" autofocus" if name else ""}></label>'
        "<button>Sign in</button></form>",
    )
