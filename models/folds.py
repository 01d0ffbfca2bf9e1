"""Which part of the cross-fit a visitor belongs to, decided by a hash so that it can be told again later.

All sessions of a visitor fall into the same part: a visitor on both sides of a split would let the model recognise
people rather than behaviour. Because the part follows from the visitor's id and a salt alone, a session that arrives
after training can still be scored by a model that never saw its visitor.
"""

import hashlib
from collections.abc import Iterable

import numpy as np

FOLDS = 5
SALTS_TRIED = 32


def hash_visitors(visitors: Iterable[str], salt: str) -> np.ndarray:
    """One 64-bit number for each visitor, the same on every machine."""
    start = hashlib.blake2b(digest_size=8, key=salt.encode())

    def digest(visitor: str) -> bytes:
        state = start.copy()
        state.update(visitor.encode("utf-8", "surrogatepass"))
        return state.digest()

    return np.frombuffer(b"".join(map(digest, visitors)), dtype="<u8")


def outer_fold(hashes: np.ndarray) -> np.ndarray:
    """Fold of the cross-fit, from 0 to ``FOLDS - 1``; one of them is the held-out fifth."""
    return (hashes % FOLDS).astype(np.int8)


def inner_fold(hashes: np.ndarray) -> np.ndarray:
    """Fold within a training part, independent of the outer one."""
    return (hashes // FOLDS % FOLDS).astype(np.int8)


def sampled(hashes: np.ndarray, share: float) -> np.ndarray:
    """Whether each visitor is in a sample of the given share of visitors, independent of both folds."""
    return hashes // FOLDS**2 % 100_000 < round(share * 100_000)


def balanced_salt(converters: list[str], conversions: np.ndarray, seed: int) -> str:
    """Salt that spreads conversions most evenly over the outer folds.

    Parameters
    ----------
    converters
        Visitors with at least one converting session.
    conversions
        Their numbers of converting sessions.
    seed
        Seed of the run; every seed has its own salts to choose from.

    Notes
    -----
    With few conversions a random fifth may hold none of them. Choosing among a few hashes stratifies
    without giving up that a fold can be told from the visitor's id.
    """

    def imbalance(salt: str) -> float:
        counts = np.bincount(outer_fold(hash_visitors(converters, salt)), weights=conversions, minlength=FOLDS)
        return float(np.square(counts - counts.mean()).sum())

    return min((f"{seed}.{attempt}" for attempt in range(SALTS_TRIED)), key=imbalance)
