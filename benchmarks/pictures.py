"""How well a picture is laid on a reference, and how much of what is drawn on one is found; on real PlanetScope.

    python benchmarks/pictures.py

The pictures are looked for at $IMAGERY_DIFF_DATA/unlabelled or ../shared/data/unlabelled. Two cuts of the frame of one
date are saved as a news site would (smaller, larger, turned, as JPEG, with things drawn on them) and laid on the whole
frame: the truth is known to the pixel. Two cuts of the other date lie where the two frames were registered by hand,
good to a pixel or two. Pictures of other places must be refused.
"""

from __future__ import annotations

import io
import math
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from affine import Affine
from PIL import Image, ImageDraw, ImageFont

from imagery_diff import open_scene
from imagery_diff.errors import InputError
from imagery_diff.placing import place
from imagery_diff.read.graphics import drawn_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Place = Callable[[float, float], tuple[float, float]]
    Cut = tuple[str, Image.Image, Place | None]

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
FOLDER = DATA / "unlabelled" / "planetscope_visual"
PIXEL_M, LEFT, UPPER = 3.0, 550_000.0, 4_180_000.0
CUTS = {"south": (400, 1300, 1900, 1777), "north": (830, 310, 2000, 1200)}
"""Columns and rows of the frame of the first date."""
OTHER_DATE = (491.96, 1405.59)
"""Columns and rows by which the frame of the second date lies off that of the first."""
OTHER_CUTS = {"other date, west": (0, 0, 1500, 371), "other date, east": (1000, 0, 2333, 371)}
ELSEWHERE = ("longbeach_west", "victorville_airport")
TURN_DEG = 15
COLOURS = ("white", "yellow", "red", "black", "cyan", "orange", "#0070C0")
QUALITIES = (None, 95, 75, 50)


def main() -> int:
    """Print both tables."""
    warnings.simplefilter("ignore")
    if not FOLDER.is_dir():
        print("the pictures are absent: set IMAGERY_DIFF_DATA to the shared data folder")
        return 1
    with tempfile.TemporaryDirectory() as name:
        placing(Path(name))
    drawing()
    return 0


def placing(folder: Path) -> None:
    """Lay every cut on the frame and print by how far its corners are off."""
    frame = picture("sfbay_frame_before.jpg")
    reference = as_reference(folder / "reference.tif", frame)
    print(f"{'cut':24} {'corners off by, m':>18}  said")
    for name, image, truth in (*cuts(frame), *others()):
        path = folder / f"{name.replace(' ', '_').replace(',', '')}.{'png' if name in CUTS else 'jpg'}"
        image.save(path, **({} if path.suffix == ".png" else {"quality": 75}))
        try:
            laid = place(open_scene(path), open_scene(reference))
        except InputError as error:
            print(f"{name:24} {'refused':>18}  {str(error)[:90]}")
            continue
        if truth is None:
            print(f"{name:24} {'LAID':>18}  {laid.notes[-1][:90]}")
            continue
        width, height = image.size
        corners = ((0, 0), (width, 0), (0, height), (width, height), (width / 2, height / 2))
        off = [distance(laid.grid.xy(row, col), truth(col, row)) for col, row in corners]
        print(f"{name:24} {f'{min(off):.1f} to {max(off):.1f}':>18}  {laid.notes[-1][:90]}")


def cuts(frame: Image.Image) -> Iterator[Cut]:
    """Cut pieces from the frame as they are, smaller, larger with things drawn on them, and turned."""
    for name, (left, upper, right, lower) in CUTS.items():
        image = frame.crop((left, upper, right, lower))
        yield name, image, scaled(1.0, left, upper)
        small = image.resize((image.width * 6 // 10, image.height * 6 // 10), Image.Resampling.BICUBIC)
        yield f"{name}, 60 %", small, scaled(image.width / small.width, left, upper)
        yield (
            f"{name}, 200 %, drawn on",
            annotated(image.resize((image.width * 2, image.height * 2))),
            scaled(0.5, left, upper),
        )
        yield f"{name}, turned", image.rotate(TURN_DEG, resample=Image.Resampling.BICUBIC), turned(image, left, upper)


def others() -> Iterator[Cut]:
    """Cut pieces from the other date, and take other places."""
    frame = picture("sfbay_frame_after.jpg")
    for name, box in OTHER_CUTS.items():
        yield name, frame.crop(box), scaled(1.0, box[0] + OTHER_DATE[0], box[1] + OTHER_DATE[1])
    for name in ELSEWHERE:
        yield name, picture(f"{name}.png"), None


def picture(name: str) -> Image.Image:
    """Open one of the pictures in colour."""
    return Image.open(FOLDER / name).convert("RGB")


def annotated(image: Image.Image) -> Image.Image:
    """Write a title, an arrow's shaft and a bar on a picture."""
    pen = ImageDraw.Draw(image)
    pen.text((100, 100), "NAJIN 2023", fill="yellow", font_size=60)
    pen.line((300, 300, 800, 500), fill="red", width=8)
    pen.rectangle((0, 0, image.width, 40), fill="black")
    return image


def scaled(factor: float, left: float, upper: float) -> Place:
    """Return where a column and row of a cut lie in the frame."""
    return lambda col, row: (col * factor + left, row * factor + upper)


def turned(image: Image.Image, left: float, upper: float) -> Place:
    """Return the same of a cut that was turned about its middle."""
    cos, sin = math.cos(math.radians(TURN_DEG)), math.sin(math.radians(TURN_DEG))

    def placed(col: float, row: float) -> tuple[float, float]:
        x, y = col - image.width / 2, row - image.height / 2
        return (cos * x - sin * y + image.width / 2 + left, sin * x + cos * y + image.height / 2 + upper)

    return placed


def distance(found: tuple[float, float], truth: tuple[float, float]) -> float:
    """Metres between a place found and a column and row of the frame."""
    return math.hypot(found[0] - LEFT - PIXEL_M * truth[0], found[1] - UPPER + PIXEL_M * truth[1])


def as_reference(path: Path, frame: Image.Image) -> Path:
    """Write the frame as a georeferenced image."""
    data = np.moveaxis(np.asarray(frame), -1, 0)
    size = {"count": 3, "height": data.shape[1], "width": data.shape[2], "dtype": "uint8"}
    where = Affine(PIXEL_M, 0, LEFT, 0, -PIXEL_M, UPPER)
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32610", transform=where, **size) as file:
        file.write(data)
    return path


def drawing() -> None:
    """Draw on a real picture and print which share of the drawing's pixels is found, and of the rest."""
    base = picture("longbeach_west.png")
    before = np.asarray(base)
    heads = ["lossless" if q is None else f"JPEG {q}" for q in QUALITIES]
    print(f"\n{'drawn':10} {'stroke':>6} " + " ".join(f"{h:>9}" for h in heads) + "   share of the rest, JPEG 75")
    for colour in COLOURS:
        for width in (1, 2, 4):
            image = drawn(base, colour, width)
            truth = (np.asarray(image) != before).any(-1)
            found = [drawn_on(np.moveaxis(sent(image, quality), -1, 0)) for quality in QUALITIES]
            row = " ".join(f"{mask[truth].mean():9.2f}" for mask in found)
            print(f"{colour:10} {width:6} {row}   {found[2][~truth].mean():.4f}")
    for path in sorted(FOLDER.glob("*.[jp][pn]g")):
        share = drawn_on(np.moveaxis(np.asarray(Image.open(path).convert("RGB")), -1, 0)).mean()
        print(f"nothing drawn on {path.name}: {share:.2%}")


def drawn(base: Image.Image, colour: str, width: int) -> Image.Image:
    """Draw a title, a frame, an arrow, a ring and a bar."""
    image = base.copy()
    pen = ImageDraw.Draw(image)
    pen.text((200, 120), "Najin port 2023-10-20", fill=colour, font=ImageFont.load_default(28))
    pen.rectangle((560, 300, 660, 400), outline=colour, width=width)
    pen.line((800, 200, 900, 300), fill=colour, width=width)
    pen.polygon([(900, 300), (880, 295), (895, 280)], fill=colour)
    pen.ellipse((1000, 500, 1100, 600), outline=colour, width=width)
    pen.rectangle((20, 760, 220, 770), fill=colour)
    return image


def sent(image: Image.Image, quality: int | None) -> np.ndarray:
    """Send a picture through JPEG, or not; (row, col, band)."""
    if quality is None:
        return np.asarray(image)
    memory = io.BytesIO()
    image.save(memory, "JPEG", quality=quality)
    return np.asarray(Image.open(memory))


if __name__ == "__main__":
    sys.exit(main())
