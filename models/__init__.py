"""Conversion model: trained on the sessions of the database, evaluated, stored in it, and used to score them."""

import os

# By default XGBoost's threads wait for each other in busy loops: on a machine that has other work to do, six times the
# processor time for the same trees. Read when XGBoost is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
