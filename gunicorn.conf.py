"""How gunicorn serves the app: gunicorn dashapp.wsgi:server."""

import os
import sys

wsgi_app = "dashapp.wsgi:server"
bind = f"0.0.0.0:{os.environ['PORT']}" if os.environ.get("PORT") else "127.0.0.1:8050"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 4
timeout = 30
graceful_timeout = 20
keepalive = 5
# Links may hold many chosen values.
limit_request_line = 8190
# Recycled now and then, not all at once: a leak of memory in a library never grows old.
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True
# %(U)s is the path alone: filters in a query string may hold names of customers' campaigns. The first field in braces is the name of the
# API token, - for other requests.
accesslog = "-" if os.environ.get("PORT") else None
access_log_format = '%(h)s %({leaks.client}e)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'
loglevel = "warning"


def on_starting(server):
    from dashapp import settings

    try:
        settings.read()
    except settings.ConfigurationError as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)


def post_worker_init(worker):
    # Said by the first worker: the master must not open the database, for its workers would inherit what cannot be shared.
    if worker.age > 1:
        return
    from dashapp import settings
    from dashapp.about import about
    from dashapp.db import Database

    database = Database(settings.read().database)
    for listener in worker.sockets:
        address = str(listener).replace("0.0.0.0", "127.0.0.1")
        print(f"Showing {database.path} on {address}: {about(database)}", flush=True)
    database.close()
