"""Random numbers in the shapes the simulation needs."""

import numpy as np


def pick(cumulative: np.ndarray, row: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Draw a column for each element from the distribution in its row."""
    rows, columns = cumulative.shape
    flat = (cumulative / cumulative[:, -1:] + np.arange(rows)[:, None]).ravel()
    # Added to a row number, a number next to 1 would round up into the row after.
    return np.searchsorted(flat, row + np.minimum(u, 1 - 1e-9), side="right") - row * columns


def geometric(u: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Numbers 0, 1, 2 … of a given mean, with the long tail of people who look at everything."""
    stop = 1 / (1 + mean)
    with np.errstate(divide="ignore"):
        number = np.floor(np.log1p(-u) / np.log1p(-np.minimum(stop, 1 - 1e-12)))
    return np.minimum(np.where(mean > 0, number, 0), 80).astype(np.int64)


def unfold(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The owner of each of `counts` items, and its position among its owner's."""
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - first[owner]


def scramble(numbers: np.ndarray, seed: int) -> np.ndarray:
    """A different 64-bit number for each number, without pattern (the finaliser of splitmix64, which is one-to-one)."""
    with np.errstate(over="ignore"):
        x = numbers.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def uniform(numbers: np.ndarray, seed: int) -> np.ndarray:
    """A number between 0 and 1 that belongs to each number for good, whatever else is drawn."""
    return (scramble(numbers, seed) >> np.uint64(11)).astype(np.float64) / 2**53
