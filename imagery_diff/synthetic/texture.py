"""Random fields fixed to the ground: a place looks the same in every rendering, at every pixel size.

A field is noise on a lattice of map coordinates, hashed from the lattice indices and a seed, cubic between the nodes.
So it needs no stored state, and adding an object or moving the window does not reshuffle the ground.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray


def seed_of(seed: int, *layer: object) -> int:
    """Return a seed of its own for a layer, so that layers do not disturb each other."""
    return zlib.crc32(repr((int(seed), *layer)).encode())


def rng_of(seed: int, *layer: object) -> np.random.Generator:
    """Return a generator of its own for a layer."""
    return np.random.Generator(np.random.PCG64(seed_of(seed, *layer)))


def hashed(i: NDArray[np.int64], j: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Return one uniform number in [0, 1) per pair of lattice indices (splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = i.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + j.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        z += np.uint64(seed) * np.uint64(0x165667B19E3779F9)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    uniform: NDArray[np.float32] = ((z >> np.uint64(40)).astype(np.float64) / 2.0**24).astype(np.float32)
    return uniform


def noise(xs: NDArray[np.float64], ys: NDArray[np.float64], spacing_m: float, seed: int) -> NDArray[np.float32]:
    """Return a field of mean 0 and standard deviation about 1, smooth over ``spacing_m``.

    Parameters
    ----------
    xs : array (col,)
        Map x of the columns, metres.
    ys : array (row,)
        Map y of the rows, metres.
    spacing_m : float
        Distance of the lattice nodes.
    seed : int
        Of this layer; see `seed_of`.

    Returns
    -------
    float32 array (row, col)

    """
    across, first_x, count_x = _cubic_weights(xs / spacing_m)
    down, first_y, count_y = _cubic_weights(ys / spacing_m)
    i, j = np.meshgrid(np.arange(count_x) + first_x, np.arange(count_y) + first_y)
    # Uniform in [-sqrt 3, sqrt 3) has deviation 1; cubic interpolation keeps 0.81 of it.
    nodes = (hashed(i, j, seed) - np.float32(0.5)) * np.float32(2.0 * np.sqrt(3.0) / 0.813)
    field: NDArray[np.float32] = (down @ (across @ nodes.T).T).astype(np.float32)
    return field


def slabs(
    u: NDArray[np.float32], v: NDArray[np.float32], size_m: tuple[float, float], seed: int
) -> NDArray[np.float32]:
    """Return one number per slab of a pavement, uniform in [-1, 1); ``u`` and ``v`` run along and across (metres)."""
    i = np.floor(u / size_m[0]).astype(np.int64)
    j = np.floor(v / size_m[1]).astype(np.int64)
    return hashed(i, j, seed) * np.float32(2.0) - np.float32(1.0)


def _cubic_weights(position: NDArray[np.float64]) -> tuple[csr_array, int, int]:
    """Interpolation matrix of Keys 1981 (doi:10.1109/TASSP.1981.1163711), first node, number of nodes."""
    base = np.floor(position).astype(np.int64)
    t = position - base
    weights = np.stack(
        [
            ((-0.5 * t + 1.0) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1.0,
            ((-1.5 * t + 2.0) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        ],
        axis=1,
    )
    first = int(base.min()) - 1
    count = int(base.max()) + 3 - first
    columns = base[:, None] + np.arange(-1, 3) - first
    rows = np.repeat(np.arange(position.size), 4)
    matrix = csr_array((weights.ravel().astype(np.float32), (rows, columns.ravel())), shape=(position.size, count))
    return matrix, first, count
