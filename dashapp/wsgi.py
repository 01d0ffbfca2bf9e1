"""For production: gunicorn dashapp.wsgi:server."""

import sys

from dashapp import settings
from dashapp.app import create

try:
    app = create(settings.read())
except settings.ConfigurationError as problem:
    print(problem, file=sys.stderr)
    # gunicorn stops its workers' restarts at this status instead of trying for ever.
    sys.exit(4)
server = app.server
