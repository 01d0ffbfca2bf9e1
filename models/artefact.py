"""A trained model as it is stored in the database and loaded from it.

The artefact is a zip archive: `model.json` with encodings and calibration, and one `.ubj` file of trees, in XGBoost's own
format, for each scorer. Reading it parses data and runs no code.
"""

import io
import json
import zipfile
from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from models.calibration import Platt
from models.features import CATEGORIES, FEATURES, Encoder, Sessions
from models.folds import FOLDS

FORMAT = 1


@dataclass(frozen=True)
class Scorer:
    """One fitted model with its encodings and its calibration."""

    encoder: Encoder
    booster: xgb.Booster
    platt: Platt

    def margins(self, sessions: Sessions) -> np.ndarray:
        """Log-odds before calibration."""
        return self.booster.inplace_predict(self.encoder.transform(sessions), predict_type="margin")

    def probabilities(self, sessions: Sessions) -> np.ndarray:
        """Calibrated probabilities, float32."""
        return self.platt(self.margins(sessions))


@dataclass(frozen=True)
class Model:
    """Everything needed to score sessions.

    Attributes
    ----------
    salt
        Tells a visitor's fold; see `models.folds`.
    final
        Learnt from all training sessions, for visitors unknown to the run.
    folds
        Learnt from all training sessions but those of one fold each, for visitors of that fold.
    """

    salt: str
    final: Scorer
    folds: list[Scorer]

    def probabilities(self, sessions: Sessions, folds: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Probability of each session, by a scorer that did not see its visitor.

        Parameters
        ----------
        folds
            Outer fold of each session's visitor.
        known
            Whether the visitor may have been in the training data.
        """
        p = np.empty(len(sessions), dtype=np.float32)
        for fold, scorer in [(-1, self.final), *enumerate(self.folds)]:
            rows = np.flatnonzero(np.where(known, folds, -1) == fold)
            if len(rows):
                p[rows] = scorer.probabilities(sessions.take(rows))
        return p

    def to_bytes(self) -> bytes:
        """The artefact: equal models give equal bytes."""
        scorers = {"final": self.final} | {f"fold_{fold}": scorer for fold, scorer in enumerate(self.folds)}
        described = {
            name: {
                "levels": scorer.encoder.levels,
                "regions": scorer.encoder.regions,
                "slope": scorer.platt.slope,
                "intercept": scorer.platt.intercept,
            }
            for name, scorer in scorers.items()
        }
        head = {"format": FORMAT, "salt": self.salt, "features": FEATURES, "scorers": described}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            _write(archive, "model.json", json.dumps(head, sort_keys=True).encode())
            for name, scorer in scorers.items():
                _write(archive, f"{name}.ubj", bytes(scorer.booster.save_raw("ubj")))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, artefact: bytes) -> "Model":
        """Read an artefact.

        Raises
        ------
        ValueError
            If it is damaged, or was written in another format or for other features than this program's.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(artefact)) as archive:
                head = json.loads(archive.read("model.json"))
                if head["format"] != FORMAT or tuple(head["features"]) != FEATURES:
                    raise ValueError("the stored model was written by another version of this program")
                scorers = {name: _read_scorer(described, archive.read(f"{name}.ubj")) for name, described in head["scorers"].items()}
            return cls(head["salt"], scorers["final"], [scorers[f"fold_{fold}"] for fold in range(FOLDS)])
        except (zipfile.BadZipFile, KeyError, xgb.core.XGBoostError):
            raise ValueError("the stored model is damaged") from None


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _read_scorer(described: dict, trees: bytes) -> Scorer:
    booster = xgb.Booster()
    booster.load_model(bytearray(trees))
    encoder = Encoder({name: described["levels"][name] for name in CATEGORIES}, described["regions"])
    return Scorer(encoder, booster, Platt(described["slope"], described["intercept"]))
