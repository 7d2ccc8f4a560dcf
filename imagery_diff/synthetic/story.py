"""October 2023 at Najin, retold: the sample tiles. What is there follows the record; how it looked is made up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imagery_diff.geometry import View
from imagery_diff.synthetic.border import border_crossing, standing_train
from imagery_diff.synthetic.deliver import write_planetscope, write_skysat
from imagery_diff.synthetic.look import SKYSAT, Look
from imagery_diff.synthetic.najin import najin
from imagery_diff.synthetic.render import grid_of, render
from imagery_diff.synthetic.things import stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shapely.geometry import Polygon

    from imagery_diff.aoi import AOI
    from imagery_diff.synthetic.harbours import Harbour
    from imagery_diff.synthetic.render import Rendered
    from imagery_diff.synthetic.world import World


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One sample: a world, a look at it, and what a reader should know."""

    name: str
    """By which `imagery_diff.samples` finds it."""
    world: World
    """What is there."""
    look: Look
    """How it was seen."""
    contains: str
    """In a sentence."""
    around: tuple[float, float, float, float] | None = None
    """Rendered only within this box, map metres; the whole world otherwise."""
    clip: Polygon | None = None
    """Nodata outside, map metres."""

    def render(self) -> Rendered:
        """Render it."""
        grid = grid_of(self.around or self.world.bounds, self.world.crs, self.look.sensor.delivered_m)
        return render(self.world, self.look, grid, self.clip)

    def write(self, folder: Path) -> Path:
        """Render it and write it as delivered; returns the image."""
        write = write_skysat if self.look.sensor is SKYSAT else write_planetscope
        return write(self.render(), folder)


def passes(najin_aoi: AOI) -> tuple[Pass, ...]:
    """Return every sample, in order of time."""
    harbour = najin(najin_aoi)
    outline = najin_aoi.in_crs(harbour.world.crs).polygon.buffer(45.0, join_style="mitre")
    made = (*_october(harbour, outline), *_quiet(harbour, outline), *_train_leaves())
    return tuple(sorted(made, key=lambda one: (one.look.time, one.look.sensor is SKYSAT)))


def write_all(folder: Path, najin_aoi: AOI, tell: Callable[[str], object]) -> list[tuple[Pass, Path]]:
    """Render and write every sample; ``tell`` hears of each."""
    written = []
    for one in passes(najin_aoi):
        path = one.write(folder)
        tell(f"{one.name}: {path.name}")
        written.append((one, path))
    return written


def _october(harbour: Harbour, outline: Polygon) -> tuple[Pass, ...]:
    """16 to 21 October (record N08 to N14)."""
    empty, stacked, loading, refilled = _october_worlds(harbour)
    looks = _october_looks()
    high = _as_skysat(looks["0201"], 101.0, (-0.9, 0.6))
    low = _as_skysat(looks["0643"], 284.0, (1.1, -0.8))
    area = _skysat_outline(harbour)
    rows = (
        ("20231016", empty, looks["16"], "115 m container line on Pier 1; Pier 2 empty"),
        ("20231017", stacked, looks["17"], "as the day before, and a 90 m blue stack on Pier 2"),
        ("20231019", loading, looks["19"], "a 115 m ship beside the stack on Pier 2"),
        ("20231020_0201", loading, looks["0201"], "ship and stack still there"),
        ("20231020_0201_skysat", loading, high, "the same moment at 0.5 m, Pier 2 only"),
        ("20231020_0643", empty, looks["0643"], "both gone; low sun from the other side"),
        ("20231020_0643_skysat", empty, low, "the same moment at 0.5 m, Pier 2 only"),
        ("20231021", refilled, looks["21"], "a new 80 m stack, further out on Pier 2"),
    )
    made = [Pass(name=f"najin_{n}", world=w, look=k, contains=what, clip=outline) for n, w, k, what in rows]
    return tuple(replace(p, around=area.bounds, clip=area) if p.look.sensor is SKYSAT else p for p in made)


def _october_worlds(harbour: Harbour) -> tuple[World, World, World, World]:
    """Return Pier 2 empty, with the stack, with stack and ship, and with the new stack; Pier 1 the same throughout."""
    one, two = harbour.pier("pier1"), harbour.pier("pier2")
    axis, line = two.right_azimuth_deg, one.from_right(150.0, 38.0)
    paints = ("grey", "rust", "white", "green")
    empty = harbour.world.with_things(
        stack("pier1_line", line, one.right_azimuth_deg, (115.0, 7.6), tiers=2, colours=paints, seed=9)
    )
    blue = stack("pier2_stack_17oct", two.from_right(140.0, 25.0), axis, (90.0, 16.4), tiers=3, seed=17)
    ship = two.moor("pier2_ship_19oct", "right", 148.0, (115.0, 18.0), deck="rust", cargo="blue")
    again = stack("pier2_stack_21oct", two.from_right(196.0, 27.0), axis, (80.0, 16.4), tiers=3, seed=21)
    stacked = empty.with_things(blue)
    return empty, stacked, stacked.with_things(ship), empty.with_things(again)


def _as_skysat(look: Look, azimuth_deg: float, error_m: tuple[float, float]) -> Look:
    """Return the same moment through SkySat, 20 degrees off nadir."""
    view = View(off_nadir_deg=20.0, azimuth_deg=azimuth_deg)
    return replace(look, sensor=SKYSAT, view=view, pointing_error_m=error_m, seed=look.seed + 1000)


def _october_looks() -> dict[str, Look]:
    """Every pass has its own pointing error, view, haze, calibration, season and noise."""
    # day: hour, minute, second, hundredth; pointing error; off nadir and azimuth; haze; greenness; seed
    rows = {
        "16": ((16, 2, 4, 11, 370000), (2.1, -1.4), (2.9, 99.0), 0.02, 0.42, 1601),
        "17": ((17, 2, 12, 4, 370000), (-2.6, 1.9), (4.1, 278.0), 0.04, 0.41, 1702),
        "19": ((19, 2, 7, 50, 120000), (4.4, 3.1), (1.2, 101.0), 0.03, 0.39, 1903),
        "0201": ((20, 2, 1, 33, 840000), (-1.2, -3.8), (3.6, 101.0), 0.03, 0.38, 2004),
        "0643": ((20, 6, 43, 0, 150000), (3.2, -0.9), (4.6, 284.0), 0.06, 0.38, 2005),
        "21": ((21, 2, 9, 18, 600000), (0.7, 4.9), (2.2, 280.0), 0.02, 0.37, 2106),
    }
    looks = {
        day: Look(
            time=datetime(2023, 10, *when, tzinfo=UTC),
            pointing_error_m=error,
            view=View(off_nadir_deg=view[0], azimuth_deg=view[1]),
            haze=haze,
            greenness=greenness,
            seed=seed,
        )
        for day, (when, error, view, haze, greenness, seed) in rows.items()
    }
    looks["17"] = replace(looks["17"], gain=(1.03, 1.02, 0.99, 0.97), shadow_light=(0.33, 0.26, 0.20, 0.13))
    looks["19"] = replace(looks["19"], gain=(0.97, 0.98, 1.00, 1.02), wet=0.15, shadow_light=(0.27, 0.24, 0.21, 0.16))
    # A low sun leaves the sky a larger share of the light, and the camera less of it.
    low = (0.40, 0.33, 0.27, 0.18)
    looks["0643"] = replace(looks["0643"], gain=(0.96, 0.97, 0.99, 1.01), shadow_light=low, noise_factor=1.25)
    looks["21"] = replace(looks["21"], gain=(1.02, 1.01, 1.00, 0.98))
    return looks


def _skysat_outline(harbour: Harbour) -> Polygon:
    """Return Pier 2 with its berths and a strip of the land behind it."""
    return harbour.pier("pier2").outline.buffer(48.0, join_style="mitre")


def _quiet(harbour: Harbour, outline: Polygon) -> tuple[Pass, ...]:
    """Four days apart in September: another sun, haze, pointing and noise; nothing came or went."""
    one, two = harbour.pier("pier1"), harbour.pier("pier2")
    world = harbour.world.with_things(
        stack(
            "pier2_stack_sep",
            two.from_right(120.0, 26.0),
            two.right_azimuth_deg,
            (70.0, 14.0),
            tiers=2,
            colours=("blue", "blue", "grey"),
            seed=5,
        ),
        replace(one.moor("pier1_ship_sep", "right", 160.0, (98.0, 16.0), deck="green"), note="stays"),
    )
    first = Look(
        time=datetime(2023, 9, 12, 2, 3, 41, 250000, tzinfo=UTC),
        pointing_error_m=(1.8, 2.7),
        view=View(off_nadir_deg=3.3, azimuth_deg=100.0),
        haze=0.03,
        greenness=0.80,
        seed=901,
    )
    second = Look(
        time=datetime(2023, 9, 16, 2, 21, 7, 910000, tzinfo=UTC),
        pointing_error_m=(-3.4, -0.8),
        view=View(off_nadir_deg=4.4, azimuth_deg=281.0),
        gain=(1.04, 1.02, 1.00, 0.97),
        haze=0.09,
        greenness=0.77,
        glint=0.002,
        seed=902,
    )
    what = "a 70 m stack on Pier 2 and a 98 m ship at Pier 1, on both dates"
    return (
        Pass(name="najin_quiet_before", world=world, look=first, contains=what, clip=outline),
        Pass(name="najin_quiet_after", world=world, look=second, contains=what, clip=outline),
    )


def _train_leaves() -> tuple[Pass, ...]:
    """Return a train of 24 cars in the yard at Tumangang on 5 November 2023, gone on 6 November."""
    harbour = border_crossing()
    there = harbour.world.with_things(standing_train(harbour))
    first = Look(
        time=datetime(2023, 11, 5, 2, 5, 22, 480000, tzinfo=UTC),
        pointing_error_m=(-1.9, 2.2),
        view=View(off_nadir_deg=3.0, azimuth_deg=100.0),
        haze=0.03,
        greenness=0.15,
        seed=1105,
    )
    second = replace(
        first,
        time=datetime(2023, 11, 6, 2, 14, 2, 90000, tzinfo=UTC),
        pointing_error_m=(2.4, -0.6),
        view=View(off_nadir_deg=3.9, azimuth_deg=279.0),
        gain=(1.02, 1.01, 0.99, 0.98),
        haze=0.05,
        greenness=0.14,
        seed=1106,
    )
    return (
        Pass(
            name="border_train_before",
            world=there,
            look=first,
            contains="a train of 24 cars in the yard; its track is assumed",
        ),
        Pass(
            name="border_train_after",
            world=harbour.world,
            look=second,
            contains="the train has left; other wagons stay",
        ),
    )
