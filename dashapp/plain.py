"""Pages that need no Dash: sign-in, and what went wrong. Static HTML with the app's own look."""

from html import escape

from dashapp import theme

STYLE = """
:root{%(light)s color-scheme:light}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){%(dark)s color-scheme:dark}}
:root[data-theme=dark]{%(dark)s color-scheme:dark}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--page);color:var(--ink);font:14px/1.5 %(font)s}
main{width:100%%;max-width:400px;padding:40px;background:var(--surface);border:1px solid var(--hairline);border-radius:8px}
p.brand{margin:0 0 24px;font-weight:600;color:var(--muted)}
h1{margin:0 0 8px;font-size:20px;line-height:1.3;letter-spacing:-.01em}
p{margin:0 0 16px;color:var(--muted)}
p:last-child{margin:0}
p.error{color:var(--leak)}
label{display:block;margin:0 0 16px;font-weight:500}
input{display:block;width:100%%;margin-top:4px;padding:8px 10px;font:inherit;color:var(--ink);background:var(--page);border:1px solid var(--muted);border-radius:4px}
button,a.button{display:inline-block;padding:8px 16px;font:inherit;font-weight:500;color:var(--surface);background:var(--accent);border:0;border-radius:4px;cursor:pointer;text-decoration:none}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code{font:13px ui-monospace,monospace;color:var(--ink)}
""" % {"light": theme.css_variables("light"), "dark": theme.css_variables("dark"), "font": theme.FONT}


def document(title: str, body: str) -> str:
    """A whole page; `body` is HTML, its texts already escaped."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Silent Leak Detector</title>"
        '<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">'
        '<link rel="stylesheet" href="/assets/01-inter.css">'
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
        f'<label>Name<input name="name" value="{escape(name)}" autocomplete="username" required autofocus></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" required></label>'
        "<button>Sign in</button></form>",
    )
