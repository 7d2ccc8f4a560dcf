"""October 2023 at Najin, retold: the sample tiles. What is there follows the record; how it looked is made up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shapely.geometry import Polygon

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

    from imagery_diff.aoi import AOI
    from imagery_diff.synthetic.harbours import Harbour
    from imagery_diff.synthetic.render import Rendered
    from imagery_diff.synthetic.world import Thing, World


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


def write_all(folder: Path, najin_aoi: AOI, tell: Callable[[str], None]) -> list[tuple[Pass, Path]]:
    """Render and write every sample; ``tell`` hears of each."""
    written = []
    for one in passes(najin_aoi):
        path = one.write(folder)
        tell(f"{one.name}: {path.name}")
        written.append((one, path))
    return written


def _blue_stack(harbour: Harbour) -> Thing:
    pier = harbour.pier("pier2")
    return stack(
        "pier2_stack_17oct",
        pier.from_right(140.0, 25.0),
        pier.right_azimuth_deg,
        (90.0, 16.4),
        tiers=3,
        colours=("blue",),
        seed=17,
    )


def _october(harbour: Harbour, outline: Polygon) -> tuple[Pass, ...]:
    """16 to 21 October (record N08 to N14)."""
    one, two = harbour.pier("pier1"), harbour.pier("pier2")
    line = stack(
        "pier1_line",
        one.from_right(150.0, 38.0),
        one.right_azimuth_deg,
        (115.0, 7.6),
        tiers=2,
        colours=("grey", "rust", "white", "green"),
        seed=9,
    )
    empty = harbour.world.with_things(line)
    stacked = empty.with_things(_blue_stack(harbour))
    ship = replace(
        two.moor("pier2_ship_19oct", "right", 148.0, (115.0, 18.0), deck="rust", cargo="blue"), note="115 m as reported"
    )
    loading = stacked.with_things(ship)
    again = stack(
        "pier2_stack_21oct",
        two.from_right(196.0, 27.0),
        two.right_azimuth_deg,
        (80.0, 16.4),
        tiers=3,
        colours=("blue",),
        seed=21,
    )
    refilled = empty.with_things(again)
    looks = _october_looks()
    skysat = _skysat_window(harbour)
    low = replace(
        looks["0643"],
        sensor=SKYSAT,
        view=View(off_nadir_deg=20.0, azimuth_deg=284.0),
        pointing_error_m=(1.1, -0.8),
        seed=2006432,
    )
    high = replace(
        looks["0201"],
        sensor=SKYSAT,
        view=View(off_nadir_deg=20.0, azimuth_deg=101.0),
        pointing_error_m=(-0.9, 0.6),
        seed=2002012,
    )
    rows = (
        ("najin_20231016", empty, looks["16"], "115 m container line on Pier 1; Pier 2 empty", None),
        ("najin_20231017", stacked, looks["17"], "as the day before, and a 90 m blue stack on Pier 2", None),
        ("najin_20231019", loading, looks["19"], "a 115 m ship beside the stack on Pier 2", None),
        ("najin_20231020_0201", loading, looks["0201"], "ship and stack still there", None),
        ("najin_20231020_0201_skysat", loading, high, "the same moment at 0.5 m, Pier 2 only", skysat),
        ("najin_20231020_0643", empty, looks["0643"], "both gone; low sun from the other side", None),
        ("najin_20231020_0643_skysat", empty, low, "the same moment at 0.5 m, Pier 2 only", skysat),
        ("najin_20231021", refilled, looks["21"], "a new 80 m stack, further out on Pier 2", None),
    )
    return tuple(
        Pass(name=name, world=world, look=look, contains=what, around=around, clip=_skysat_outline(harbour) if around else outline)
        for name, world, look, what, around in rows
    )


def _october_looks() -> dict[str, Look]:
    """Every pass has its own pointing error, haze, calibration, season and noise."""
    base = Look(time=datetime(2023, 10, 16, 2, 4, 11, 370000, tzinfo=UTC), greenness=0.42)
    return {
        "16": replace(
            base, pointing_error_m=(2.1, -1.4), view=View(off_nadir_deg=2.9, azimuth_deg=99.0), haze=0.02, seed=1601
        ),
        "17": replace(
            base,
            time=datetime(2023, 10, 17, 2, 12, 4, 370000, tzinfo=UTC),
            pointing_error_m=(-2.6, 1.9),
            view=View(off_nadir_deg=4.1, azimuth_deg=278.0),
            gain=(1.03, 1.02, 0.99, 0.97),
            haze=0.04,
            greenness=0.41,
            seed=1702,
        ),
        "19": replace(
            base,
            time=datetime(2023, 10, 19, 2, 7, 50, 120000, tzinfo=UTC),
            pointing_error_m=(4.4, 3.1),
            view=View(off_nadir_deg=1.2, azimuth_deg=101.0),
            gain=(0.97, 0.98, 1.00, 1.02),
            haze=0.03,
            greenness=0.39,
            wet=0.15,
            seed=1903,
        ),
        "0201": replace(
            base,
            time=datetime(2023, 10, 20, 2, 1, 33, 840000, tzinfo=UTC),
            pointing_error_m=(-1.2, -3.8),
            view=View(off_nadir_deg=3.6, azimuth_deg=101.0),
            haze=0.03,
            greenness=0.38,
            seed=2004,
        ),
        "0643": replace(
            base,
            time=datetime(2023, 10, 20, 6, 43, 0, 150000, tzinfo=UTC),
            pointing_error_m=(3.2, -0.9),
            view=View(off_nadir_deg=4.6, azimuth_deg=284.0),
            gain=(0.96, 0.97, 0.99, 1.01),
            haze=0.06,
            # A low sun leaves the sky a larger share of the light.
            shadow_light=(0.44, 0.34, 0.27, 0.17),
            noise_factor=1.25,
            greenness=0.38,
            seed=2005,
        ),
        "21": replace(
            base,
            time=datetime(2023, 10, 21, 2, 9, 18, 600000, tzinfo=UTC),
            pointing_error_m=(0.7, 4.9),
            view=View(off_nadir_deg=2.2, azimuth_deg=280.0),
            gain=(1.02, 1.01, 1.00, 0.98),
            haze=0.02,
            greenness=0.37,
            seed=2106,
        ),
    }


def _skysat_outline(harbour: Harbour) -> Polygon:
    """Return Pier 2 with its berths and a strip of the land behind it."""
    return harbour.pier("pier2").outline.buffer(48.0, join_style="mitre")


def _skysat_window(harbour: Harbour) -> tuple[float, float, float, float]:
    """Return the box around what is rendered as SkySat."""
    left, bottom, right, top = _skysat_outline(harbour).bounds
    return (left, bottom, right, top)


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
    """A train of 24 cars in the yard at Tumangang on 5 November 2023, gone on 6 November."""
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
