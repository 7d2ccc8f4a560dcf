"""The one door to images: what a user gave is listed, each product is asked for its scenes, and one is opened."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.geometry import sun_position
from imagery_diff.mark import carries_mark
from imagery_diff.read.assets import open_delivery, read_list
from imagery_diff.read.given import Given
from imagery_diff.read.mosaic import join, of_one_pass
from imagery_diff.read.products import airbus, landsat, maxar, planet, rapideye, sentinel1, sentinel2
from imagery_diff.read.products.bare import OF_BARE, SUFFIXES, open_bare
from imagery_diff.read.products.found import Found
from imagery_diff.read.remote import checked, is_url, shown
from imagery_diff.scene import Origin

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.scene import SceneInfo

NO_CLOUD_MASK = "no cloud mask; cloud and its shadow may hide things here, or be taken for change"
MAX_STRIPS = 40
"""Strips that are joined at most; a pass over one place has some ten."""
_COMPUTED = "time and place"
"""Source of a sun that no file tells."""
_WINDOW_PX = 128
_UNSIGNED = "read over http, which does not tell who sent it: it may have been changed on the way"
_MARKED = "its pixels carry the mark of a rendered image"
_PRODUCTS = (planet, rapideye, maxar, airbus, sentinel1, sentinel2, landsat)


def open_scene(path: str | Path, given: Given | None = None) -> SceneInfo:
    """Recognise an image, a folder or an archive as delivered, without reading its pixels.

    Parameters
    ----------
    path
        A GeoTIFF, JPEG 2000, PNG or JPEG, whose masks and metadata are found beside it by their names; or a folder, a
        zip or a tar as its provider delivers it; or, as text, the address of one raster file (``https://…``,
        ``s3://…``), which is read by ranges; or a list file (``.txt``) of these, a path a line. Several strips of
        one pass become one image: in a list the first lies on top, elsewhere the earliest.
    given
        What the user says of it: time, credit, a mask, the bands of a bare image.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    InputError
        If it is not an image of a format that is opened here, or not one scene.

    """
    listed = None if is_url(path) else read_list(Path(path))
    scenes = list_scenes(path)
    name = Path(shown(path)).name
    if len(scenes) > MAX_STRIPS:
        raise InputError(_not_one(name, scenes))
    if len(scenes) == 1:
        if any(mask.name == name for mask in scenes[0].masks):
            raise InputError(f"{name}: is a mask, not an image; give {scenes[0].images[0].name}, it is found by it")
        return _as_given(open_found(scenes[0], given), path, listed)
    return _as_given(_joined(name, scenes, given, in_order=listed is not None), path, listed)


def list_scenes(path: str | Path) -> list[Found]:
    """Return every scene of what a path stands for, the best product of each; nothing is opened.

    A mask or a metadata file stands for the scene it belongs to.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    InputError
        If a folder or archive cannot be listed, or holds no image.

    """
    listed = None if is_url(path) else read_list(Path(path))
    scenes = _scenes_in(open_delivery(path)) if listed is None else _listed_scenes(listed)
    if not scenes:
        raise InputError(_not_one(Path(shown(path)).name, scenes))
    return scenes


def open_found(found: Found, given: Given | None = None) -> SceneInfo:
    """Open one of the scenes that :func:`list_scenes` returned.

    Raises
    ------
    InputError
        If one of its files cannot be used.

    """
    given = given or Given()
    info = found.open(given)
    if any(image.url and checked(image.url).lower().startswith("http://") for image in found.images):
        info = replace(info, caveats=(*info.caveats, f"{info.name}: {_UNSIGNED}"))
    origin = Origin(
        kind="address" if found.images[0].url else "file",
        path=found.images[0].file,
        files=info.files,
        said=given.said(),
        mask=given.mask,
    )
    info = replace(_completed(given.apply(info)), origin=origin)
    if not info.simulated and _carries_mark(info):
        # The tag was stripped and the file renamed; the pixels still say it.
        info = replace(info, simulated=True, credit=None, caveats=(*info.caveats, f"{info.name}: {_MARKED}"))
    vain = given.in_vain(found.uses if info.simulated else found.uses | {"credit"})
    return replace(info, notes=(*info.notes, *vain))


def _as_given(info: SceneInfo, path: str | Path, listed: list[Path] | None) -> SceneInfo:
    """Let a scene tell what it was given as; a list stands for what it lists."""
    if info.origin is None or listed is not None or is_url(path):
        return info
    path = Path(path)
    return replace(info, origin=replace(info.origin, kind="folder" if path.is_dir() else "file", path=path))


def _scenes_in(delivery: Delivery) -> list[Found]:
    """Return the scenes meant: that of the file named, or all there are, the best product of each."""
    found = [scene for product in _PRODUCTS for scene in product.find(delivery)]
    if delivery.named is not None:
        return _scenes_of(delivery.named, found)
    if not found:
        return [_bare(a) for a in delivery.assets if _may_be_image(a)]
    best: dict[str, Found] = {}
    for scene in sorted(found, key=lambda s: (s.scene, s.rank)):
        best.setdefault(scene.scene, scene)
    return [_saying_what_else(scene, found) for scene in best.values()]


def _scenes_of(named: Asset, found: list[Found]) -> list[Found]:
    """Return what a file belongs to, as image, metadata or mask: one scene, or all that the metadata are of."""
    for scene in found:
        if named in scene.images:
            return [scene]
    beside: dict[str, Found] = {}
    for scene in sorted((s for s in found if s.holds(named)), key=lambda s: s.rank):
        beside.setdefault(scene.scene, scene)
    if beside:
        return list(beside.values())
    planet.refuse_companion(named)
    return [_bare(named)]


def _bare(asset: Asset) -> Found:
    return Found(
        scene=asset.relative, product="image", rank=0, images=(asset,), open=partial(open_bare, asset), uses=OF_BARE
    )


def _saying_what_else(scene: Found, found: list[Found]) -> Found:
    """Let a scene tell which other products of it were there."""
    others = ", ".join(s.product for s in found if s.scene == scene.scene and s is not scene)
    if not others:
        return scene

    def opened(given: Given) -> SceneInfo:
        info = scene.open(given)
        return replace(info, notes=(*info.notes, f"taken before {others}"))

    return replace(scene, open=opened)


def _listed_scenes(paths: list[Path]) -> list[Found]:
    """Return the scenes of a list file in its order; an image with its mask or metadata is one."""
    found: dict[object, Found] = {}
    for path in paths:
        for scene in _scenes_in(open_delivery(path)):
            found.setdefault(scene.images, scene)
    return list(found.values())


def _joined(name: str, scenes: list[Found], given: Given | None, *, in_order: bool) -> SceneInfo:
    """Open several strips of one pass as one image: in the order listed, else the earliest on top."""
    given = given or Given()
    # Time and mask are of the whole; what tells how to read the numbers is of every strip.
    infos = [open_found(scene, replace(given, acquired=None, mask=None)) for scene in scenes]
    if not of_one_pass(infos):
        raise InputError(_not_one(name, scenes))
    if not in_order:
        infos.sort(key=lambda info: info.acquired or dt.datetime.max.replace(tzinfo=dt.UTC))
    whole = given.apply(join(infos, name))
    whole = replace(whole, origin=whole.origin and replace(whole.origin, said=given.said(), mask=given.mask))
    if given.acquired is not None and whole.sun_source == _COMPUTED:
        whole = _with_sun(replace(whole, sun=None))
    if not whole.cloud_masked:
        return whole
    return replace(whole, caveats=tuple(c for c in whole.caveats if not c.endswith(NO_CLOUD_MASK)))


def _not_one(name: str, scenes: list[Found]) -> str:
    """Say that a folder or archive is not one scene."""
    names = [s.scene for s in scenes]
    listed = f" ({', '.join(names[:4])}{', …' if len(names) > 4 else ''})" if names else ""  # noqa: PLR2004 - enough
    several = "; strips of one pass, within five minutes, are joined" if len(names) > 1 else ""
    return f"{name}: holds {len(names)} images{listed}; exactly one is needed, name the file{several}"


def _may_be_image(asset: Asset) -> bool:
    name = asset.name.lower()
    return name.endswith(tuple(SUFFIXES)) and "udm" not in name


def _completed(info: SceneInfo) -> SceneInfo:
    """Add what follows from time and place, and say what is not known."""
    missing = (
        (info.acquired is None, "time of the image is not known"),
        (not info.cloud_masked and not info.level.radar, NO_CLOUD_MASK),
        (info.credit is None and not info.simulated, "credit unknown"),
    )
    caveats = (*info.caveats, *(f"{info.name}: {words}" for absent, words in missing if absent))
    return _with_sun(replace(info, caveats=tuple(dict.fromkeys(caveats))))


def _with_sun(info: SceneInfo) -> SceneInfo:
    """Compute where the sun stood, where the files do not say it and time and place are known."""
    if info.sun is not None or info.acquired is None or info.grid.crs is None or "guess" in (info.time_source or ""):
        return replace(info, sun_source="metadata") if info.sun and not info.sun_source else info
    lon, lat = info.grid.centre_lonlat
    return replace(info, sun=sun_position(info.acquired, lat, lon), sun_source=_COMPUTED)


def _carries_mark(info: SceneInfo) -> bool:
    """Look for the mark of rendered images in up to five windows of the file's own numbers."""
    rows, cols = info.grid.shape
    side = min(_WINDOW_PX, rows, cols)
    spots = {(0.5, 0.5), (0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)}
    stored = getattr(info.source, "as_stored", None)
    source = stored() if stored else info.source
    for down, right in sorted(spots, key=lambda s: abs(s[0] - 0.5)):
        row, col = int(down * (rows - side)), int(right * (cols - side))
        if carries_mark(source.read(row, col, (side, side), (0,)).data):
            return True
    return False
