"""The app with nothing kept from an earlier filter change: gunicorn tests.benchmarks.wsgi:server."""

from tests.benchmarks import forgetful

forgetful.install()

from dashapp.wsgi import server  # noqa: E402, F401 - after the memory it opens its database with
