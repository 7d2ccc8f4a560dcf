"""The built-in check for cloud, haze, shade of clouds and snow, held against labels, masks, clear images, known truth.

    python benchmarks/sky.py [--scenes DIR] [--kind null] [--first 20] [--most 16] [--pictures DIR] [--json FILE]

The real images are looked for at $IMAGERY_DIFF_DATA or ../shared/data; parts whose data are absent are left out, and
said so. DIR holds rendered scenes as ``benchmarks/rendered.py`` writes them; their usable data mask is taken off and
is the truth, but for snow, which it marks by whole scenes: there the other date of the pair, bare, tells where it lies.
The rules were shaped on those with events and on the first twenty without; the others were not looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import rasterio
from accuracy_tables import grid as columns
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning

from imagery_diff.geometry import Sun
from imagery_diff.method.cells import grown
from imagery_diff.method.sky import Sky, find_sky
from imagery_diff.scene import Flag, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
SENTINEL = ("blue", "green", "red", "nir")
LANDSAT = ("coastal", "blue", "green", "red", "nir", "swir1", "swir2", "cirrus")
PICTURE = ("red", "green", "blue")
WHITE = 0.3
"""Reflectance that becomes 255 where a picture is made of a labelled image: the stretch of Sentinel-2's true colour."""
GROWN_M = 80.0
"""Growth of the simple tests on clear images, metres: about that of the check on the labelled ones."""
ASSUMED_SUN_DEG = 33.0
"""A winter's forenoon at the latitude of the Landsat scene."""
KINDS = {"cloud": Flag.CLOUD, "haze": Flag.HAZE, "shade": Flag.SHADOW, "snow": Flag.SNOW}
PAINT = {Flag.HAZE: (255, 0, 255), Flag.SNOW: (0, 255, 255), Flag.SHADOW: (0, 0, 255), Flag.CLOUD: (255, 0, 0)}


class Shot(NamedTuple):
    """One image with what is needed to ask."""

    name: str
    image: Floats
    bands: tuple[str, ...]
    pixel_m: float
    level: Level
    sun: Sun | None = None


class Counts(NamedTuple):
    """Pixels: in both, in what was found, in the truth, of all."""

    both: int
    found: int
    true: int
    of: int

    @classmethod
    def of_masks(cls, found: Bools, true: Bools) -> Counts:
        """Count two masks against each other."""
        return cls(int((found & true).sum()), int(found.sum()), int(true.sum()), found.size)

    def __add__(self, other: Counts) -> Counts:  # type: ignore[override]
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def scores(self) -> tuple[float | None, float | None, float | None]:
        """Recall, precision, intersection over union; None where there is nothing to divide by."""
        union = self.found + self.true - self.both
        return tuple(self.both / n if n else None for n in (self.true, self.found, union))  # type: ignore[return-value]


def ask(shot: Shot) -> Sky:
    """Run the check on one image."""
    seen = np.any(shot.image != 0, axis=0) if shot.level is not Level.DISPLAY else np.ones(shot.image.shape[1:], bool)
    return find_sky(shot.image, seen, shot.bands, shot.pixel_m, shot.level, shot.sun)


def has(sky: Sky, *flags: Flag) -> Bools:
    """Pixels that carry one of these flags."""
    bits = sum(flag.value for flag in flags)
    return np.asarray((sky.flags & bits) != 0, bool)


def read(path: Path) -> Floats:
    """All bands of a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as file:
            return file.read().astype(np.float32)


# --- labelled Sentinel-2 ---------------------------------------------------------------------------------------------


def labelled(pictures: Path | None) -> list[dict[str, Any]]:
    """Cloud against people's labels, beside two simple tests."""
    rows = []
    for name in ("adwp", "aeey"):
        folder = DATA / "masks" / "s2_clouds_drivendata"
        image, label = read(folder / f"{name}_image.tif") / 1e4, read(folder / f"{name}_cloud.tif")[0] > 0
        shot = Shot(name, image, SENTINEL, 10.0, Level.SURFACE)
        shown = Shot(f"{name} as picture", as_picture(image), PICTURE, 10.0, Level.DISPLAY)
        sky, sky_shown = ask(shot), ask(shown)
        found = {
            "cloud": has(sky, Flag.CLOUD),
            "cloud or haze": has(sky, Flag.CLOUD, Flag.HAZE),
            "cloud, haze or shade": has(sky, Flag.CLOUD, Flag.HAZE, Flag.SHADOW),
            "cloud, 8-bit picture of it": has(sky_shown, Flag.CLOUD),
            "blue > .2": image[0] > 0.2,
            "Fmask's basic test": fmask_basic(image),
            "blue > .2, grown as much": grown(image[0] > 0.2, sky.cloud_fade_m / 10),
            "Fmask's basic test, grown as much": grown(fmask_basic(image), sky.cloud_fade_m / 10),
        }
        for what, mask in found.items():
            recall, precision, iou = Counts.of_masks(mask, label).scores
            rows.append({"image": name, "what": what, "recall": recall, "precision": precision, "IoU": iou})
        clear = ~label
        for kind, flag in KINDS.items():
            share = float(has(sky, flag)[clear].mean())
            rows.append({"image": name, "what": f"{kind} where the label says clear", "share": share})
        save(pictures, shot, sky)
        save(pictures, shown, sky_shown)
    return rows


def as_picture(image: Floats) -> Floats:
    """Red, green, blue of 8 bits, of an image whose first bands are blue, green and red."""
    return np.rint(np.clip(image[[2, 1, 0]] / WHITE, 0, 1) * 255).astype(np.float32)


def fmask_basic(image: Floats) -> Bools:
    """Return what of Fmask's basic test four bands carry: whiteness, haze-optimised transform, NDVI."""
    blue, _, red, nir = image
    mean = image[:3].mean(axis=0)
    whiteness = np.abs(image[:3] - mean).sum(axis=0) / np.maximum(mean, 1e-6)
    plants = (nir - red) / np.maximum(nir + red, 1e-6)
    return np.asarray((whiteness < 0.7) & (blue - red / 2 - 0.08 > 0) & (plants < 0.8), bool)


# --- Landsat's own mask ----------------------------------------------------------------------------------------------


def agreement(pictures: Path | None) -> list[dict[str, Any]]:
    """Cloud against Landsat's quality band: agreement of two programs, not accuracy."""
    folder = DATA / "masks" / "l8_bqa_cloudy"
    numbers, quality = read(folder / "image.tif"), read(folder / "bqa.tif")[0].astype(np.uint16)
    # Coefficients of Landsat 8's metadata; the sun's height is not known here, and makes it brighter.
    reflectance = (numbers * 2e-5 - 0.1).astype(np.float32)
    lit = (reflectance / np.sin(np.radians(ASSUMED_SUN_DEG))).astype(np.float32)
    rows = []
    for shot in (
        Shot("l8, sun left out", reflectance, LANDSAT, 30.0, Level.TOA),
        Shot(f"l8, sun at {ASSUMED_SUN_DEG:.0f} assumed", lit, LANDSAT, 30.0, Level.TOA),
        Shot("l8 as numbers", numbers, LANDSAT, 30.0, Level.NUMBERS),
    ):
        sky = ask(shot)
        high, medium = (quality >> 14) == 3, (quality >> 14) >= 2
        cloud, hazy = has(sky, Flag.CLOUD), has(sky, Flag.CLOUD, Flag.HAZE)
        for ours, what, theirs in (
            (cloud, "high confidence", high),
            (cloud, "medium or high", medium),
            (hazy, "medium or high", medium),
        ):
            recall, precision, iou = Counts.of_masks(ours, theirs).scores
            same = float((ours == theirs).mean())
            row = {"image": shot.name, "asked": "cloud" if ours is cloud else "cloud or haze", "Landsat says": what}
            row |= {"same": same, "theirs found": recall}
            rows.append(row | {"ours in theirs": precision, "IoU": iou})
        save(pictures, shot, sky)
    return rows


# --- clear images ----------------------------------------------------------------------------------------------------


def clear(pictures: Path | None) -> list[dict[str, Any]]:
    """Shares flagged on real images without cloud."""
    rows = []
    for shot in _clear_shots():
        sky = ask(shot)
        row: dict[str, Any] = {"image": shot.name} | {k: float(has(sky, f).mean()) for k, f in KINDS.items()}
        if shot.bands == SENTINEL:
            row["blue > .2, grown"] = float(grown(shot.image[0] > 0.2, GROWN_M / shot.pixel_m).mean())
            row["Fmask's basic test, grown"] = float(grown(fmask_basic(shot.image), GROWN_M / shot.pixel_m).mean())
        rows.append(row | {"asked": " ".join(sky.asked)})
        if sky.flags.any():
            save(pictures, shot, sky)
    return rows


def _clear_shots() -> Iterator[Shot]:
    for folder in sorted((DATA / "pairs").glob("oscd_*")):
        for date in ("before", "after"):
            image = read(folder / f"{date}.tif")[[1, 2, 3, 7, 11, 12]] / 1e4
            name = f"{folder.name} {date}"
            yield Shot(name, image, (*SENTINEL, "swir1", "swir2"), 10.0, Level.TOA)
            yield Shot(f"{name}, 4 bands", image[:4], SENTINEL, 10.0, Level.TOA)
            yield Shot(f"{name}, picture", as_picture(image), PICTURE, 10.0, Level.DISPLAY)
    for path in sorted((DATA / "unlabelled" / "planetscope_visual").glob("*g")):
        picture = np.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1).astype(np.float32)
        yield Shot(path.stem, picture, PICTURE, 3.0, Level.DISPLAY)
    for date in ("before", "after"):
        path = DATA / "pairs" / "planet_sfbay" / f"{date}.tif"
        if path.exists():
            yield Shot(f"planet_sfbay {date}", read(path), PICTURE, 3.0, Level.DISPLAY)


# --- rendered scenes -------------------------------------------------------------------------------------------------


def rendered(scenes: Path, kind: str, some: slice, pictures: Path | None) -> list[dict[str, Any]]:
    """Every flag against the truth of rendered scenes, by case, and what is found where there is none."""
    totals: dict[tuple[str, str, str], Counts] = defaultdict(lambda: Counts(0, 0, 0, 0))
    by_case: dict[str, list[Path]] = defaultdict(list)
    for folder in sorted(scenes.glob(f"*_{kind}")):
        by_case[folder.name.split("_")[0]].append(folder)
    for case, folders in sorted(by_case.items()):
        for folder in folders[some]:
            for shot, truth in _dates(folder):
                _count(totals, case, shot, truth, pictures)
    rows = []
    for (case, what, flag), counts in sorted(totals.items()):
        recall, precision, iou = counts.scores
        share = {"truth": counts.true / counts.of, "found": counts.found / counts.of}
        if counts.true:
            scored = {"recall": recall, "precision": precision, "IoU": iou}
            rows.append({"case": case, "input": what, "flag": flag} | share | scored)
        elif counts.found > 5e-4 * counts.of:
            rows.append({"case": case, "input": what, "flag": flag} | share)
    return rows


def _count(
    totals: dict[tuple[str, str, str], Counts], case: str, shot: Shot, truth: dict[str, Bools], pictures: Path | None
) -> None:
    """Ask one rendered image as it is, without its sun, and as a picture."""
    shown = shot._replace(image=as_picture(shot.image), bands=PICTURE, level=Level.DISPLAY)
    for what, asked in (("4 bands", shot), ("4 bands, no sun", shot._replace(sun=None)), ("picture", shown)):
        sky = ask(asked)
        for kind, flag in KINDS.items():
            if (what == "4 bands, no sun") != (kind == "shade") and what != "4 bands":
                continue
            totals[case, what, kind] += Counts.of_masks(has(sky, flag), truth[kind])
        if what == "4 bands" and (sky.flags.any() or any(t.any() for t in truth.values())):
            save(pictures, shot, sky)


def _dates(folder: Path) -> Iterator[tuple[Shot, dict[str, Bools]]]:
    """Both dates of a rendered pair with their truth."""
    images, masks, suns = {}, {}, {}
    for date in ("before", "after"):
        path = next((folder / date).glob("*/*_SR_clip.tif"))
        images[date] = read(path) / 1e4
        masks[date] = read(Path(str(path).replace("AnalyticMS_SR", "udm2"))) > 0
        about = json.loads(next(path.parent.glob("*_metadata.json")).read_text(encoding="utf-8"))["properties"]
        suns[date] = Sun(azimuth_deg=about["sun_azimuth"], elevation_deg=about["sun_elevation"])
    for date, other in (("before", "after"), ("after", "before")):
        mask, snowy = masks[date], folder.name.startswith("snow")
        lies = _white_now(images[date], images[other]) if snowy else np.zeros(mask.shape[1:], bool)
        truth = {"cloud": mask[5], "haze": mask[3] | mask[4], "shade": mask[2], "snow": lies}
        yield Shot(f"{folder.name} {date}", images[date], SENTINEL, 3.0, Level.SURFACE, suns[date]), truth


def _white_now(now: Floats, then: Floats) -> Bools:
    """Where an image lies more than half of the way from the bare ground of the other date to snow of .75."""
    toward = np.float32(0.75) - then[:3]
    share = ((now[:3] - then[:3]) * toward).sum(axis=0) / np.maximum((toward**2).sum(axis=0), 1e-6)
    return np.asarray(share > 0.5, bool)


# --- output ----------------------------------------------------------------------------------------------------------


def save(folder: Path | None, shot: Shot, sky: Sky) -> None:
    """Save an image beside what was found on it: cloud red, shade blue, haze magenta, snow cyan."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    visible = shot.image[[shot.bands.index(name) for name in PICTURE]]
    dark, white = (0.0, 255.0) if shot.level is Level.DISPLAY else np.percentile(visible, (0.5, 99.5))
    shown = np.clip((visible - dark) / max(float(white - dark), 1e-6), 0, 1).transpose(1, 2, 0) ** 0.8 * 255
    painted = shown.copy()
    for flag, colour in PAINT.items():
        where = has(sky, flag)
        painted[where] = 0.6 * painted[where] + 0.4 * np.array(colour)
    side = np.hstack([shown, painted]).astype(np.uint8)
    Image.fromarray(side).save(folder / f"{shot.name.replace(' ', '_').replace(',', '')}.png")


def table(rows: list[dict[str, Any]]) -> str:
    """Lay rows out; shares to three decimals."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    body = [[_cell(row.get(name)) for name in names] for row in rows]
    return columns(names, body)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, help="folder of rendered scenes")
    parser.add_argument("--kind", default="null", choices=("null", "events"), help="scenes with events or without")
    parser.add_argument("--first", type=int, default=20, help="scenes of a case to leave out: they shaped the rules")
    parser.add_argument("--most", type=int, default=16, help="scenes of a case at most")
    parser.add_argument("--pictures", type=Path, help="folder to save what was found to")
    parser.add_argument("--json", type=Path, help="file for the rows")
    arguments = parser.parse_args()
    parts: dict[str, list[dict[str, Any]]] = {}
    for title, there, make in (
        ("Cloud on labelled Sentinel-2", "masks/s2_clouds_drivendata", labelled),
        ("Agreement with Landsat's quality band (not accuracy)", "masks/l8_bqa_cloudy", agreement),
        ("Flagged on real images without cloud (oscd_paris after has two)", "pairs", clear),
    ):
        if (DATA / there).exists():
            parts[title] = make(arguments.pictures)
        else:
            print(f"{title}: left out, {there} is not at $IMAGERY_DIFF_DATA or ../shared/data")
    if arguments.scenes is not None:
        some = slice(arguments.first, arguments.first + arguments.most)
        parts["Rendered scenes"] = rendered(arguments.scenes, arguments.kind, some, arguments.pictures)
    for title, rows in parts.items():
        print(f"\n{title}\n{table(rows)}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(parts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
