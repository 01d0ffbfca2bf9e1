"""A trained model as it is stored in the database and loaded from it.

The artefact is a zip archive: `model.json` with encodings and calibration, and one `.ubj` file of trees, in XGBoost's own
format, for each scorer. Reading it parses data and runs no code. Needs numpy and xgboost alone.
"""

import io
import json
import zipfile
from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from models.calibration import Calibration, described, restored
from models.designs import DESIGNS, Design
from models.features import Encoder, Sessions
from models.folds import FOLDS

FORMAT = 2


@dataclass(frozen=True)
class Scorer:
    """One fitted model with its encodings and its calibration."""

    encoder: Encoder
    booster: xgb.Booster
    calibration: Calibration

    def margins(self, sessions: Sessions) -> np.ndarray:
        """Log-odds before calibration."""
        return self.booster.inplace_predict(self.encoder.transform(sessions), predict_type="margin")

    def probabilities(self, sessions: Sessions) -> np.ndarray:
        """Calibrated probabilities, float32."""
        return self.calibration(self.margins(sessions))

    def contributions(self, sessions: Sessions) -> np.ndarray:
        """What each feature adds to the log-odds of each session against the average training session.

        Returns
        -------
        ndarray
            One row a session, one column a feature in the order of the design.

        References
        ----------
        Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for trees" (TreeSHAP), as XGBoost
        computes it. Contributions are those before calibration.
        """
        design = self.encoder.design
        matrix = xgb.DMatrix(
            self.encoder.transform(sessions),
            feature_names=list(design.features),
            feature_types=design.feature_types,
            enable_categorical=True,
            nthread=1,
        )
        return self.booster.predict(matrix, pred_contribs=True)[:, :-1]


@dataclass(frozen=True)
class Model:
    """Everything needed to score sessions.

    Attributes
    ----------
    design
        What it looks at.
    salt
        Tells a visitor's fold; see `models.folds`.
    final
        Learnt from all training sessions, for visitors unknown to the run.
    folds
        Learnt from all training sessions but those of one fold each, for visitors of that fold.
    time_zone
        Time zone of the property, in which hours and weekdays were told; None: UTC.
    key_events
        Names of the site's key events, before which an early model's sessions end.
    """

    design: Design
    salt: str
    final: Scorer
    folds: list[Scorer]
    time_zone: str | None = None
    key_events: tuple[str, ...] = ()

    def of_fold(self, folds: np.ndarray, known: np.ndarray):
        """Yield each scorer with the rows it is for: those of known visitors by their fold, the others by the final one."""
        chosen = np.where(known, folds, -1)
        for fold, scorer in [(-1, self.final), *enumerate(self.folds)]:
            rows = np.flatnonzero(chosen == fold)
            if len(rows):
                yield scorer, rows

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
        for scorer, rows in self.of_fold(folds, known):
            p[rows] = scorer.probabilities(sessions.take(rows))
        return p

    def contributions(self, sessions: Sessions, folds: np.ndarray, known: np.ndarray) -> np.ndarray:
        """What each feature added to the log-odds of each session, by the scorer that gave its probability."""
        found = np.empty((len(sessions), len(self.design.features)), dtype=np.float32)
        for scorer, rows in self.of_fold(folds, known):
            found[rows] = scorer.contributions(sessions.take(rows))
        return found

    def to_bytes(self) -> bytes:
        """The artefact: equal models give equal bytes."""
        scorers = {"final": self.final} | {f"fold_{fold}": scorer for fold, scorer in enumerate(self.folds)}
        head = {
            "format": FORMAT,
            "kind": self.design.kind,
            "salt": self.salt,
            "time_zone": self.time_zone,
            "key_events": list(self.key_events),
            "features": self.design.features,
            "scorers": {
                name: {"levels": scorer.encoder.levels, "regions": scorer.encoder.regions, "calibration": described(scorer.calibration)}
                for name, scorer in scorers.items()
            },
        }
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
                design = DESIGNS.get(head.get("kind"))
                if head["format"] != FORMAT or design is None or tuple(head["features"]) != design.features:
                    raise ValueError("the stored model was written by another version of this program")
                scorers = {name: _read_scorer(design, told, archive.read(f"{name}.ubj")) for name, told in head["scorers"].items()}
            folds = [scorers[f"fold_{fold}"] for fold in range(FOLDS)]
            return cls(design, head["salt"], scorers["final"], folds, head["time_zone"], tuple(head["key_events"]))
        except (zipfile.BadZipFile, KeyError, xgb.core.XGBoostError):
            raise ValueError("the stored model is damaged") from None


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _read_scorer(design: Design, told: dict, trees: bytes) -> Scorer:
    booster = xgb.Booster()
    booster.load_model(bytearray(trees))
    encoder = Encoder(design, {name: told["levels"][name] for name in design.categories}, told["regions"])
    return Scorer(encoder, booster, restored(told["calibration"]))
