"""Imports XGBoost without scikit-learn, which it takes in for classes that are not used here: 120 MB of every worker, and a second."""

import sys

import models  # noqa: F401 - says how XGBoost's threads wait

_blocked = "sklearn" not in sys.modules
if _blocked:
    # How Python marks a module that cannot be imported; XGBoost does without it then.
    sys.modules["sklearn"] = None
try:
    import xgboost  # noqa: F401
finally:
    if _blocked:
        del sys.modules["sklearn"]
