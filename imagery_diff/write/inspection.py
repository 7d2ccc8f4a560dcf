"""What files were recognised as, as one document and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagery_diff.result import SCHEMA_VERSION
from imagery_diff.write.model import plain, rounded
from imagery_diff.write.table import labelled
from imagery_diff.write.words import clean, local_time, pixel_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import AOI
    from imagery_diff.inspection import Cover, Inspected
    from imagery_diff.scene import SceneInfo


def document(inspected: Sequence[Inspected], aoi: AOI | None) -> dict[str, Any]:
    """Return the document of ``inspect --json``; docs/reference/schemas/inspect.schema.json."""
    found = {
        "schema_version": SCHEMA_VERSION,
        "aoi": aoi.name if aoi else None,
        "scenes": [_scene(one, one.info) for one in inspected if one.info is not None],
        "refused": [{"file": one.name, "reason": one.refused} for one in inspected if one.refused is not None],
    }
    cleaned: dict[str, Any] = plain(found)
    return cleaned


def _scene(one: Inspected, info: SceneInfo) -> dict[str, Any]:
    """Return what is known of one scene."""
    placed = info.grid.crs is not None
    return {
        "file": info.name,
        "given": list(one.given),
        "files": [file.name for file in info.files],
        "product": info.product,
        "why": info.why,
        "level": str(info.level),
        "scene": info.scene_id,
        "platform": info.platform,
        "instrument": info.instrument,
        "acquired": info.acquired.isoformat(timespec="milliseconds").replace("+00:00", "Z") if info.acquired else None,
        "time_source": info.time_source,
        "bands": [
            {"name": b.name, "wavelength_nm": rounded(b.wavelength_nm, 1), "width_nm": rounded(b.width_nm, 1)}
            for b in info.bands
        ],
        "gsd_m": rounded(info.gsd_m, 3),
        "pixel_size_m": [rounded(size, 3) for size in info.grid.pixel_size_m] if placed else None,
        "crs": info.grid.crs,
        "shape": list(info.grid.shape),
        "sun": info.sun
        and {
            "azimuth_deg": rounded(info.sun.azimuth_deg, 2),
            "elevation_deg": rounded(info.sun.elevation_deg, 2),
            "source": info.sun_source,
        },
        "view": info.view
        and {"azimuth_deg": rounded(info.view.azimuth_deg, 2), "off_nadir_deg": rounded(info.view.off_nadir_deg, 2)},
        "orbit": {"relative": info.orbit.relative, "direction": info.orbit.direction, "strip": info.orbit.strip},
        "ground_control": info.ground_control,
        "masks": list(info.masks),
        "cover": _cover(one.cover),
        "credit": info.credit,
        "licence": info.licence,
        "simulated": info.simulated,
        "missing": missing(info),
        "notes": list(info.notes),
        "caveats": list(info.caveats),
    }


def _cover(cover: Cover | None) -> dict[str, Any] | None:
    if cover is None:
        return None
    return {
        "clear_fraction": rounded(cover.clear, 4),
        "degraded_fraction": rounded(cover.degraded, 4),
        "unseen_fraction": rounded(cover.unseen, 4),
        "unknown": {cause: rounded(share, 4) for cause, share in cover.causes.items()},
    }


def missing(info: SceneInfo) -> list[str]:
    """Name what an analyst will be asked for and the files do not tell."""
    wanted = (
        ("georeference", info.grid.crs),
        ("time", info.acquired),
        ("sun", info.sun or info.level.radar),
        ("view", info.view or info.level.radar),
        ("cloud mask", info.cloud_masked or info.level.radar),
        ("wavelengths", all(b.wavelength_nm is not None for b in info.bands) or info.level.radar),
        ("credit", info.credit or info.simulated),
        ("licence", info.licence or info.simulated),
    )
    return [name for name, value in wanted if not value]


def text(inspected: Sequence[Inspected], aoi: AOI | None) -> str:
    """Return the answer for people: a block for each scene, then what was refused."""
    blocks = [_block(one, one.info, aoi) for one in inspected if one.info is not None]
    blocks += [labelled("refused", str(one.refused)) for one in inspected if one.refused is not None]
    return "\n\n".join("\n".join(clean(line.rstrip()) for line in block) for block in blocks)


def _block(one: Inspected, info: SceneInfo, aoi: AOI | None) -> list[str]:
    beside = [file.name for file in info.files if file.name != info.name]
    inside = len(info.files) == 1 and beside
    where = f", in {beside[0]}" if inside else f", with {', '.join(beside)}" if beside else ""
    rows = [
        ("file", info.name + where),
        ("product", f"{info.product}: {info.level}"),
        ("known by", info.why),
        ("time", _time(info, None if one.shows is False else aoi)),
        ("bands", _bands(info)),
        ("pixels", _pixels(info)),
        ("sun", _sun(info)),
        ("view", _view(info)),
        ("masks", "; ".join(info.masks) or "none"),
        *([("cloud", _cover_words(one, aoi))] if aoi else []),
        ("credit", _credit(info)),
        ("missing", ", ".join(missing(info)) or "nothing"),
        *(("note", note) for note in info.notes),
        *(("caveat", caveat.removeprefix(f"{info.name}: ")) for caveat in info.caveats),
    ]
    return [line for label, words in rows for line in labelled(label, words)]


def _time(info: SceneInfo, aoi: AOI | None) -> str:
    if info.acquired is None:
        return "not known"
    seconds = f"{info.acquired:%H:%M:%S}" + (
        f".{info.acquired.microsecond // 10000:02d}" if info.acquired.microsecond else ""
    )
    return f"{local_time(info.acquired, aoi.timezone if aoi else None)}, {seconds} UTC by the {info.time_source}"


def _bands(info: SceneInfo) -> str:
    return ", ".join(f"{b.name} {b.wavelength_nm:.0f} nm" if b.wavelength_nm else b.name for b in info.bands)


def _pixels(info: SceneInfo) -> str:
    rows, cols = info.grid.shape
    native = f", {info.gsd_m:.3g} m as the instrument saw it" if info.gsd_m else ""
    place = info.grid.crs if info.grid.crs and info.grid.crs.startswith("EPSG:") else "a system of its own"
    return f"{cols} x {rows}, {pixel_words(info)}{native}" + (f", {place}" if info.grid.crs else "")


def _sun(info: SceneInfo) -> str:
    if info.sun is None:
        return "not known"
    return f"elevation {info.sun.elevation_deg:.1f}, azimuth {info.sun.azimuth_deg:.1f} degrees, by {info.sun_source}"


def _view(info: SceneInfo) -> str:
    orbit = info.orbit
    words = [
        f"{info.view.off_nadir_deg:.1f} degrees from the vertical, satellite at {info.view.azimuth_deg:.0f} degrees"
        if info.view
        else "not known",
        f"{orbit.direction} pass" if orbit.direction else "",
        f"relative orbit {orbit.relative}" if orbit.relative is not None else "",
        f"strip {orbit.strip}" if orbit.strip else "",
    ]
    return "; ".join(word for word in words if word)


def _credit(info: SceneInfo) -> str:
    if info.simulated:
        return info.credit or "RENDERED, NOT A SATELLITE IMAGE"
    return (info.credit or "not known") + (f"; licence: {info.licence}" if info.licence else "")


def _cover_words(one: Inspected, aoi: AOI) -> str:
    cover, place = one.cover, aoi.name
    if one.shows is False:
        return f"the scene does not show {place}"
    if cover is None:
        why = "it has no georeference" if one.shows is None else "no mask that tells it"
        return f"not known over {place}: {why}"
    causes = ", ".join(f"{cause} {share:.0%}" for cause, share in cover.causes.items() if share >= 0.005)  # noqa: PLR2004
    shares = f"clear {cover.clear:.0%}, degraded {cover.degraded:.0%}, unseen {cover.unseen:.0%}"
    return f"{shares} of {place} by its mask" + (f" ({causes})" if causes else "")
