"""Conversion model: trained on the sessions of the database, evaluated, stored in it, and used to score them."""

import os

# By default XGBoost's threads wait for each other in busy loops, which multiplies the processor time on a machine that has
# other work to do. Read when XGBoost is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
