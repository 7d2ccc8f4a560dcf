"""Files -> looks: opened, put in order, strips of one pass joined, and laid on one frame.

Sections 1 and 2 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.archive import NewLook, Pixels, key_of
from imagery_diff.archive_values import digest_of, entries_of
from imagery_diff.errors import ImageryDiffError, ImageryDiffWarning, InputError
from imagery_diff.memory import let_go
from imagery_diff.method import align, zones
from imagery_diff.overcast import with_sky
from imagery_diff.pair_register import register
from imagery_diff.pair_scenes import open_pair
from imagery_diff.read.mosaic import join, of_one_pass
from imagery_diff.read.scenes import list_scenes, open_found, open_scene
from imagery_diff.scene import Scene, SceneInfo
from imagery_diff.write.folder import says_it_is_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.archive import Kept, KeptLook
    from imagery_diff.grid import Grid
    from imagery_diff.method.coregister import Shift
    from imagery_diff.params import Params

_OTHER_PIXEL = 1.5
"""Pixels this many times larger or smaller than the usual one of a series show other things."""
_SAME_PIXEL = 0.01
"""Share by which pixels of strips of one pass may differ."""
_IMAGES = {".tif", ".tiff", ".jp2"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """The looks of a series, and what was left out."""

    infos: tuple[SceneInfo, ...]
    """In the order of time."""
    left_out: tuple[str, ...] = ()
    """A line for each file that makes no look of its own, with why."""
    archived: Kept | None = None
    """What the archive keeps, where there is one."""

    @property
    def anchor_key(self) -> str | None:
        """Key of the look whose frame the archive has; None where none has begun."""
        return self.archived.frame.anchor if self.archived and self.archived.frame else None

    @property
    def kept(self) -> dict[int, KeptLook]:
        """Index of a look -> as the archive keeps it; its file is not needed any more."""
        by_key = {look.key: look for look in self.archived.looks} if self.archived else {}
        return {k: by_key[key_of(info)] for k, info in enumerate(self.infos) if key_of(info) in by_key}


def opened(images: Sequence[SceneInfo | str | Path], archived: Kept | None = None) -> Opened:
    """Open the images of a series, in the order of time, strips of one pass as one.

    Parameters
    ----------
    images
        Files, deliveries, or folders that hold many.
    archived
        An archive, whose looks are among those of the series; an image that it keeps is not opened again.

    Raises
    ------
    InputError
        If a file cannot be used, a time is not known, rendered images and real ones are mixed, or fewer than two looks
        are left.

    """
    left_out: list[str] = []
    infos = _not_kept(images, archived, left_out)
    for info in infos:
        if info.acquired is None:
            raise InputError(
                f"{info.name}: the time of the image is not known, and a series is nothing without it; give images "
                "that carry their time in their metadata or their name"
            )
    passes: list[list[SceneInfo]] = []
    for info in sorted({_key(i): i for i in infos}.values(), key=lambda i: (i.acquired, -len(i.masks), i.name)):
        last = passes[-1] if passes else None
        if last and _one_strip(last[0], info) and not _twin(last, info):
            last.append(info)
        elif last and of_one_pass([last[0], info]) and _comparable_pixels(last[0], info):
            left_out.append(f"{info.name}: within five minutes of {last[0].name}, one look (house rule); left out")
        else:
            passes.append([info])
    told = tuple(strips[0] if len(strips) == 1 else join(strips, strips[0].name) for strips in passes)
    told = _beside_kept(told, archived, left_out)
    if len({info.simulated for info in told}) > 1:
        rendered, real = (next(i for i in told if i.simulated == side) for side in (True, False))
        raise InputError(f"{rendered.name} is rendered or altered and {real.name} is not; give a series of one kind")
    if len(told) < 2:  # noqa: PLR2004
        raise InputError(f"{len(told)} look was given; a series needs two or more (strips of one pass are one)")
    return Opened(infos=told, left_out=tuple(left_out), archived=archived)


def _not_kept(images: Sequence[SceneInfo | str | Path], archived: Kept | None, left_out: list[str]) -> list[SceneInfo]:
    """Open images but for those of which an archive keeps the content.

    Raises
    ------
    InputError
        If the archive keeps another content of the same scene.

    """
    digests = archived.digests if archived else {}
    if archived is None or archived.frame is None:
        return [info for image in images for info in _opened(image, left_out)]
    new = [i for i in images if isinstance(i, SceneInfo) or not _holds(digests, Path(i))]
    # Of a folder only its metadata are read before it is known which of its images are kept.
    infos = [i for image in new for i in _opened(image, left_out) if not (i.files and _holds(digests, i.files[0]))]
    kept = {look.key: look for look in archived.looks}
    for info in infos:
        look = kept.get(key_of(info))
        if look is not None and info.files and look.files and digest_of(info.files[0])[1] is not None:
            raise InputError(
                f"{info.name}: the archive keeps this scene with other content ({look.info.name}), and what it keeps"
                " stays; leave this image out, or begin another archive"
            )
    return infos


def _holds(digests: Mapping[str, KeptLook], path: Path) -> bool:
    """Say whether an archive keeps the content of a file."""
    return path.is_file() and digest_of(path)[1] in digests


def _beside_kept(told: tuple[SceneInfo, ...], archived: Kept | None, left_out: list[str]) -> tuple[SceneInfo, ...]:
    """Put new looks and kept ones in the order of time; a pass that is kept takes no further strip."""
    if archived is None:
        return told
    kept = [look.info for look in archived.looks]
    keys = {look.key for look in archived.looks}
    new = []
    for info in told:
        same = next((k for k in kept if of_one_pass([k, info]) and _comparable_pixels(k, info)), None)
        if same is None:
            new.append(info)
        elif key_of(info) not in keys:
            left_out.append(
                f"{info.name}: within five minutes of {same.name}, which the archive keeps; strips of one pass are one"
                " look and are given together; left out"
            )
    return tuple(sorted([*kept, *new], key=lambda i: (i.acquired, -len(i.masks), i.name)))


def _one_strip(one: SceneInfo, other: SceneInfo) -> bool:
    """Say whether two images are parts of what one instrument saw in one pass."""
    alike = all(
        getattr(one, name) == getattr(other, name) for name in ("platform", "instrument", "product", "level")
    ) and [b.name for b in one.bands] == [b.name for b in other.bands]
    return alike and _alike_pixels(one, other) and of_one_pass([one, other])


def _alike_pixels(one: SceneInfo, other: SceneInfo) -> bool:
    return abs(max(one.grid.pixel_size_m) / max(other.grid.pixel_size_m) - 1.0) < _SAME_PIXEL


def _comparable_pixels(one: SceneInfo, other: SceneInfo) -> bool:
    """Say whether both can be looks of one series: of two products of one pass the larger pixel may be none at all."""
    return 1 / _OTHER_PIXEL < max(one.grid.pixel_size_m) / max(other.grid.pixel_size_m) < _OTHER_PIXEL


def _twin(strips: Sequence[SceneInfo], other: SceneInfo) -> bool:
    """Say whether an image covers just what one of a pass covers: a copy under another name is no second strip."""
    return any(i.grid.bounds == other.grid.bounds and i.grid.shape == other.grid.shape for i in strips)


def _key(info: SceneInfo) -> tuple[object, ...]:
    return (info.scene_id or info.name, info.acquired, info.product)


def _opened(image: SceneInfo | str | Path, left_out: list[str]) -> list[SceneInfo]:
    """Open one argument: an image or delivery, or a folder of them."""
    if not isinstance(image, (str, Path)):
        return [image]
    folder = Path(image)
    if not folder.is_dir():
        return [open_scene(image)]
    infos = _scenes_of(folder, left_out)
    for inner in sorted(e for e in folder.iterdir() if e.is_dir() and not e.name.startswith(".")):
        if says_it_is_ours(inner):
            left_out.append(f"{inner.name}: a result folder, no image; left out")
        else:
            infos += _scenes_of(inner, left_out)
    if not infos:
        raise InputError(f"{folder.name}: holds no image that is recognised; name the images or their folder")
    return infos


def _scenes_of(folder: Path, left_out: list[str]) -> list[SceneInfo]:
    """Open every scene that lies in a folder itself; what cannot be used is said, never dropped without a word."""
    try:
        found = list_scenes(folder)
    except InputError:
        return []
    infos, told = [], set()
    for one in found:
        told |= {asset.name for asset in (*one.images, *one.masks)}
        try:
            infos.append(open_found(one))
        except ImageryDiffError as error:
            left_out.append(f"{error}; left out")
    strange = [f.name for f in sorted(folder.iterdir()) if f.suffix.lower() in _IMAGES and f.name not in told]
    left_out += [
        f"{name}: lies among the images and belongs to none that is recognised; left out"
        for name in strange
        if "udm" not in name.lower()
    ]
    return infos


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """Pixels of a look, or of the empty place, on the frame: what a SceneInfo reads from."""

    data: NDArray[np.float32]
    """(band, row, col)"""
    flags: NDArray[np.uint8]
    grid: Grid

    def __getstate__(self) -> dict[str, object]:
        """Leave the pixels behind: who keeps a comparison in a file keeps what was estimated of it."""
        none = (slice(0), slice(0))
        return {"data": np.array(self.data[:, *none]), "flags": np.array(self.flags[none]), "grid": self.grid}

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle; see :class:`imagery_diff.scene.PixelSource`."""
        rows, cols = slice(row, row + shape[0]), slice(col, col + shape[1])
        return Scene(
            data=np.array(self.data[list(bands), rows, cols]),
            flags=np.array(self.flags[rows, cols]),
            grid=self.grid.window(row, col, shape),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """The looks on one frame; the pixels lie in a file, so that many looks take no more memory than few."""

    infos: tuple[SceneInfo, ...]
    """As opened."""
    place: AOI
    """In the frame's CRS."""
    grid: Grid
    anchor: int
    """Index of the look whose place and numbers are those of the frame."""
    names: tuple[str, ...]
    """Bands that all looks have."""
    data: NDArray[np.float32]
    """(look, band, row, col)"""
    flags: NDArray[np.uint8]
    """(look, row, col), as they came."""
    clear: NDArray[np.bool_]
    """(look, row, col), clear by what hides the ground too where no mask told."""
    moved: list[tuple[float, float] | None]
    """(east, north) metres by which each lay beside the frame; None where nothing was measured."""
    closures_m: dict[int, float | None]
    """Look -> by how much it, the look before and the frame's fail to close; None where two of the three are one."""
    shifts: dict[tuple[int, int], Shift]
    """Two looks that follow each other -> how they lie to each other on the frame, where that was measured."""
    refused: dict[int, str]
    folder: Path
    """For what is kept in files as the pixels are."""
    unread: set[int] = field(default_factory=set)
    """Those of the refused whose file could not be read: it may be better next time."""

    def scene(self, number: int) -> SceneInfo:
        """Return a look as it lies on the frame."""
        info = self.infos[number]
        chosen = [b for b in info.bands if b.name in self.names]
        bands = tuple(sorted(chosen, key=lambda b: self.names.index(b.name)))
        held = Held(data=self.data[number], flags=self.flags[number], grid=self.grid)
        return replace(info, grid=self.grid, bands=bands, source=held)

    def let_go(self) -> None:
        """Give back the memory in which looks lie that were looked at: of many looks few are needed at a time."""
        let_go(self.data, self.flags, self.clear)

    @property
    def used(self) -> list[int]:
        """Indexes of the looks of which something is said."""
        return [k for k in range(len(self.infos)) if k not in self.refused]


def lay(given: Opened, place: AOI, folder: Path, params: Params, progress: Callable[[str], None]) -> Laid:
    """Lay every look on the frame of one of them, each resampled once.

    The frame is that of the first look of which most of the place is clear, or that of the archive. Later looks join it
    without moving it: each is registered on the frame's look as it lies there, so that no file is needed but its own.

    """
    infos, kept = given.infos, given.kept
    sizes = [max(i.grid.pixel_size_m) for i in infos]
    # What an archive began with is what is usual, whatever comes later.
    began = [max(look.info.grid.pixel_size_m) for look in kept.values() if look.key == given.anchor_key]
    usual = began[0] if began else float(np.median(sizes))
    refused = {
        k: f"its pixels of {size:.2g} m are not those of the series ({usual:.2g} m)"
        for k, size in enumerate(sizes)
        if not 1 / _OTHER_PIXEL < size / usual < _OTHER_PIXEL
    }
    refused |= {k: look.refused for k, look in kept.items() if look.refused}
    anchor, ground, grid, names = _frame(given, place, refused, params)
    data = np.memmap(folder / "looks", np.float32, "w+", shape=(len(infos), len(names), *grid.shape))
    flags = np.memmap(folder / "flags", np.uint8, "w+", shape=(len(infos), *grid.shape))
    laid = Laid(
        infos=infos,
        place=ground,
        grid=grid,
        anchor=anchor,
        names=names,
        data=data,
        flags=flags,
        clear=np.memmap(folder / "clear", np.bool_, "w+", shape=flags.shape),
        moved=[None] * len(infos),
        closures_m={},
        shifts={},
        refused=refused,
        folder=folder,
    )
    for k in (anchor, *(k for k in range(len(infos)) if k != anchor)):
        progress("laying")
        laid.let_go()
        if k in refused:
            continue
        if k in kept and given.archived is not None:
            pixels = given.archived.pixels(kept[k])
            data[k], flags[k], laid.clear[k] = pixels.data, pixels.flags, pixels.clear
            laid.moved[k] = kept[k].moved
            continue
        try:
            _lay_one(k, laid, params)
        except ImageryDiffError as error:
            refused[k] = str(error)
            if not _readable(infos[k], laid):
                laid.unread.add(k)
    for one, other in pairwise(laid.used):
        laid.closures_m[other] = _closure_m(laid, one, other, params)
        laid.let_go()
    return laid


def loosely_laid(laid: Laid) -> dict[int, float]:
    """Return the looks that do not lie surely on the frame: number -> by how much three fail to close at least, metres.

    A closure that fails says that one of two looks lies loosely, not which. It is one of which no closure holds, that
    with the look before or that with the look after; one that lies well has another that does.
    """
    pixel = max(laid.grid.pixel_size_m)
    own: dict[int, list[float]] = {}
    for one, other in pairwise(laid.used):
        apart = laid.closures_m.get(other)
        if apart is not None:
            own.setdefault(one, []).append(apart)
            own.setdefault(other, []).append(apart)
    return {k + 1: min(those) for k, those in own.items() if min(those) > pixel}


def _lay_one(k: int, laid: Laid, params: Params) -> None:
    """Register a look on the frame's, resample it, and find what of it is clear."""
    info, grid = laid.infos[k], laid.grid
    lacking = [name for name in laid.names if name not in {b.name for b in info.bands}]
    if lacking:
        raise InputError(f"{info.name}: has no band {', '.join(lacking)}, which the frame has")
    if align.source_window(info.grid, grid) is None:
        raise InputError(f"{info.name}: shows nothing of the place")
    rows, cols = 0.0, 0.0
    if k != laid.anchor:
        shift = _shift(laid.scene(laid.anchor), info, laid, params)
        rows, cols = shift.rows, shift.cols
    scene = replace(_read(info, grid.shifted(rows, cols), laid.names), grid=grid)
    laid.data[k], laid.flags[k] = scene.data, scene.flags
    laid.clear[k] = with_sky(info, scene, laid.names, params)[0].flags == 0
    size = grid.pixel_size_m
    laid.moved[k] = (float(cols * size[0]), float(0.0 - rows * size[1]))


def _readable(info: SceneInfo, laid: Laid) -> bool:
    """Say whether what a file holds of the frame, if anything, can be read."""
    if align.source_window(info.grid, laid.grid) is None:
        return True
    try:
        _read(info, laid.grid, tuple(b.name for b in info.bands))
    except ImageryDiffError:
        return False
    return True


def _frame(
    given: Opened, place: AOI, refused: dict[int, str], params: Params
) -> tuple[int, AOI, Grid, tuple[str, ...]]:
    """Return the index of the frame's look, the place in the frame's CRS, the grid, and the bands."""
    infos = given.infos
    if given.archived is not None and given.archived.frame is not None:
        frame = given.archived.frame
        anchor = next(k for k, look in given.kept.items() if look.key == given.anchor_key)
        return anchor, place.in_crs(frame.grid.crs), frame.grid, frame.bands
    names = tuple(b.name for b in infos[0].bands if all(b.name in {c.name for c in i.bands} for i in infos))
    if not names:
        raise InputError(f"{infos[0].name} and the other images have no band in common; give a series of one product")
    anchor, ground, grid = _anchor(infos, place, names, refused, params)
    return anchor, ground, grid, names


def new_looks(given: Opened, laid: Laid) -> tuple[NewLook, ...]:
    """Return what an archive has yet to keep: every look that was opened, with its pixels on the frame, packed.

    One whose file could not be read is not kept, so that it can be given again.
    """
    kept = given.kept
    return tuple(
        NewLook(
            key=key_of(info),
            info=info,
            moved=laid.moved[k],
            refused=laid.refused.get(k),
            files=entries_of(info.files),
            chips=()
            if k in laid.refused
            else Pixels(data=np.asarray(laid.data[k]), flags=laid.flags[k], clear=laid.clear[k]).chips(laid.names),
        )
        for k, info in enumerate(laid.infos)
        if k not in kept and k not in laid.unread
    )


def _anchor(
    infos: Sequence[SceneInfo], place: AOI, names: tuple[str, ...], refused: dict[int, str], params: Params
) -> tuple[int, AOI, Grid]:
    """Return the first look of which most of the place is clear, else the clearest, with its frame."""
    best: tuple[float, int, AOI, Grid] | None = None
    for k, info in enumerate(infos):
        if k in refused:
            continue
        if info.grid.crs is None:
            raise InputError(
                f"{info.name}: without a georeference no series can be laid on one frame; give one that has"
            )
        ground = place.in_crs(align.working_crs((info.grid, info.grid)))
        try:
            grid = align.common_grid(
                (info.grid, info.grid), ground.polygon, context=params.context_m, max_pixels=params.max_pixels
            )
            scene = _read(info, grid, names)
        except ImageryDiffError as error:
            refused[k] = str(error)
            continue
        inside = zones.inside(ground.polygon, grid)
        flags = with_sky(info, scene, names, params)[0].flags
        share = float(np.mean(flags[inside] == 0)) if inside.any() else 0.0
        if best is None or share > best[0]:
            best = (share, k, ground, grid)
        if share >= params.usable_fraction:
            break
    if best is None:
        raise InputError(f"no image shows '{place.name}': {next(iter(refused.values()))}")
    return best[1], best[2], best[3]


def _shift(one: SceneInfo, other: SceneInfo, laid: Laid, params: Params) -> Shift:
    """Return by how much one image lies beside another."""
    # What is doubtful about two images is said of the comparison; that one is older than the frame's look is no doubt.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImageryDiffWarning)
        pair = open_pair(one, other, laid.place, params=params)
    return register(pair, laid.grid, laid.place, params)


def _closure_m(laid: Laid, one: int, other: int, params: Params) -> float | None:
    """Return how far the way from the frame's look to one, to the next, and back misses its start, metres.

    Both were moved onto the frame by a registration of their own; what a third still finds between them is the error
    of all three together. None where two of the three are one, or nothing can be measured between them.
    """
    if laid.anchor in {one, other}:
        return None
    try:
        shift = _shift(laid.scene(one), laid.scene(other), laid, params)
    except ImageryDiffError:
        return None
    laid.shifts[one, other] = shift
    size = laid.grid.pixel_size_m
    return float(np.hypot(shift.cols * size[0], shift.rows * size[1])) if shift.measured else None


def _read(info: SceneInfo, target: Grid, names: tuple[str, ...]) -> Scene:
    window = align.source_window(info.grid, target)
    order = [b.name for b in info.bands]
    if window is None:
        raise InputError(f"{info.name}: shows nothing of the place")
    return align.resample(info.source.read(*window, tuple(order.index(n) for n in names)), target, None)
