"""Sentinel-1 products built after the documented layout, from an orbit and a place of known echo.

The satellite flies a circle round the turning earth; where a sample lies follows from its time and slant range alone,
by solving range, zero Doppler and the ellipsoid: nothing of the reader is used. Element names are those of real
annotations, calibration, noise and manifest files in the tests of ``stactools-packages/sentinel1`` (S1A IW GRDH,
2021-08-09, IPF 3.31); the polynomial from ground to slant range is that scene's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import rasterio
from pyproj import Transformer

LIGHT = 299_792_458.0
RADIUS, TILT, TURN = 7_071_000.0, np.radians(98.18), 7.2921159e-5
RATE = np.sqrt(3.986004418e14 / RADIUS**3)
SLANT = (8.004637352e5, 5.0819e-1, 5.3072e-7, -3.39e-13)
SPLIT = 0.5
"""Share of the samples at which the second sub-swath begins."""


@dataclass(kw_only=True)
class Pass:
    """One pass of the satellite, and the image taken on it."""

    shape: tuple[int, int] = (400, 440)
    spacing: float = 10.0
    first_pixel_m: float = 90_000.0
    """Ground range of the first sample, metres from the near edge of a real image."""
    start: dt.datetime = dt.datetime(2023, 10, 20, 21, 30, 0, tzinfo=dt.UTC)
    absolute_orbit: int = 50_000
    node: float = 5.36
    """Angle in the earth's frame of the ascending node, radians."""
    latitude: float = 2.39
    """Angle from the ascending node at the first line, radians: past half a circle's quarter it descends."""
    heights: object = None
    """Function of (line, pixel): terrain at the tie points, metres."""
    ties: tuple[int, int] = (10, 21)
    interval: float = field(default=1.4988e-3)

    def orbit(self, seconds):
        """Return position and velocity in the earth's frame."""

        def at(t):
            u, turned = self.latitude + RATE * t, self.node - TURN * t
            flat = RADIUS * np.stack([np.cos(u), np.sin(u) * np.cos(TILT), np.sin(u) * np.sin(TILT)])
            c, s = np.cos(turned), np.sin(turned)
            return np.stack([c * flat[0] - s * flat[1], s * flat[0] + c * flat[1], flat[2]])

        t = np.asarray(seconds, float)
        return at(t), (at(t + 0.5) - at(t - 0.5)) / 1.0

    @property
    def step(self):
        """Seconds between two lines."""
        return self.interval * self.spacing / 10

    def slant(self, pixel):
        """Return slant range of samples, metres."""
        ground = self.first_pixel_m + np.asarray(pixel, float) * self.spacing
        return sum(c * ground**n for n, c in enumerate(SLANT))

    def ground(self, line, pixel, height):
        """Return longitude, latitude and incidence of the echo of a sample from a height."""
        line, pixel, height = np.broadcast_arrays(*(np.asarray(v, float) for v in (line, pixel, height)))
        where, speed = self.orbit(line.ravel() * self.step)
        reach = self.slant(pixel.ravel())
        a, b = 6378137.0 + height.ravel(), 6356752.314245 + height.ravel()
        up = where / np.linalg.norm(where, axis=0)
        right = np.cross(speed / np.linalg.norm(speed, axis=0), up, axis=0)
        spot = where - reach * (0.8 * up - 0.6 * right)
        for _ in range(30):
            off = spot - where
            miss = np.stack(
                [
                    (off**2).sum(0) - reach**2,
                    (off * speed).sum(0),
                    ((spot[0] ** 2 + spot[1] ** 2) / a**2 + spot[2] ** 2 / b**2 - 1) * 1e12,
                ]
            )
            slopes = np.stack([2 * off, speed, 2e12 * spot / np.stack([a, a, b]) ** 2], axis=0)
            spot = spot - np.linalg.solve(slopes.transpose(2, 0, 1), miss.T[..., None])[..., 0].T
        lon, lat, _ = Transformer.from_crs(4978, 4979, always_xy=True).transform(*spot)
        normal = np.stack(
            [
                np.cos(np.radians(lat)) * np.cos(np.radians(lon)),
                np.cos(np.radians(lat)) * np.sin(np.radians(lon)),
                np.sin(np.radians(lat)),
            ]
        )
        ray = (where - spot) / np.linalg.norm(where - spot, axis=0)
        incidence = np.degrees(np.arccos((ray * normal).sum(0)))
        return tuple(np.asarray(v).reshape(line.shape) for v in (lon, lat, incidence))

    def tie_points(self):
        """Return the geolocation grid: line, pixel, lon, lat, height, incidence, time of slant range."""
        lines = np.unique(np.linspace(0, self.shape[0] - 1, self.ties[0]).astype(int))
        pixels = np.unique(np.linspace(0, self.shape[1] - 1, self.ties[1]).astype(int))
        line, pixel = (v.astype(float) for v in np.meshgrid(lines, pixels, indexing="ij"))
        height = np.zeros(line.shape) if self.heights is None else self.heights(line, pixel)
        lon, lat, incidence = self.ground(line, pixel, height)
        return line, pixel, lon, lat, height, incidence, self.slant(pixel) * 2 / LIGHT

    @property
    def stop(self):
        """Time of the last line."""
        return self.start + dt.timedelta(seconds=(self.shape[0] - 1) * self.step)

    @property
    def relative(self):
        """Relative orbit."""
        return (self.absolute_orbit - 73) % 175 + 1

    @property
    def direction(self):
        """As the annotation writes it."""
        return "Descending" if np.pi / 2 < self.latitude < 3 * np.pi / 2 else "Ascending"

    @property
    def name(self):
        """Name of the product."""
        span = "_".join(f"{t:%Y%m%dT%H%M%S}" for t in (self.start, self.stop))
        return f"S1A_IW_GRDH_1SDV_{span}_{self.absolute_orbit:06}_0612AB_{self.start.microsecond & 0xFFFF:04X}"

    def stem(self, pol):
        """Return the name of a polarisation's files."""
        span = "-".join(f"{t:%Y%m%dt%H%M%S}" for t in (self.start, self.stop))
        return f"s1a-iw-grd-{pol}-{span}-{self.absolute_orbit:06}-0612ab-{1 + (pol == 'vh'):03}"

    def gain(self, line, pixel):
        """Return what the calibration table holds."""
        return 600.0 - 0.05 * np.asarray(pixel, float) + 0.01 * np.asarray(line, float)

    def noise_range(self, line, pixel):
        """Return what the noise's vectors along range hold."""
        return 1200.0 + 0.5 * np.asarray(pixel, float) + 0.3 * np.asarray(line, float)

    def noise_azimuth(self, line, pixel):
        """Return what the noise's vectors along azimuth hold, another for each sub-swath."""
        second = np.asarray(pixel) >= int(SPLIT * self.shape[1])
        return 1.0 + np.where(second, 0.4, 0.2) * np.asarray(line, float) / self.shape[0]


def numbers_of(one: Pass, sigma0, speckle=1.0, *, azimuth=True):
    """Return DN of a place of known sigma nought, with thermal noise, both under the same speckle."""
    line, pixel = np.meshgrid(*(np.arange(n) for n in one.shape), indexing="ij")
    noise = one.noise_range(line, pixel) * (one.noise_azimuth(line, pixel) if azimuth else 1.0)
    return np.rint(np.sqrt((sigma0 * one.gain(line, pixel) ** 2 + noise) * speckle)).clip(0, 65535).astype(np.uint16)


def _list(values, form="{:.6e}"):
    return " ".join(form.format(v) for v in values)


def annotation(one: Pass, pol="vv", *, noise_removed=False, grid=None, product="GRD"):
    """Return the XML of an annotation, the parts that are read."""
    time = "{:%Y-%m-%dT%H:%M:%S.%f}".format
    points = "".join(
        f"<geolocationGridPoint><azimuthTime>{time(one.start + dt.timedelta(seconds=k * one.step))}</azimuthTime>"
        f"<slantRangeTime>{t:.15e}</slantRangeTime><line>{k:.0f}</line><pixel>{p:.0f}</pixel>"
        f"<latitude>{lat:.15e}</latitude><longitude>{lon:.15e}</longitude><height>{h:.15e}</height>"
        f"<incidenceAngle>{i:.15e}</incidenceAngle><elevationAngle>3.0e+01</elevationAngle></geolocationGridPoint>"
        for k, p, lon, lat, h, i, t in zip(*(v.ravel() for v in grid or one.tie_points()), strict=True)
    )
    flown = "".join(
        f"<orbit><time>{time(one.start + dt.timedelta(seconds=s))}</time><frame>Earth Fixed</frame><position>"
        + "".join(f"<{k}>{v:.6e}</{k}>" for k, v in zip("xyz", p, strict=True))
        + "</position><velocity>"
        + "".join(f"<{k}>{v:.6e}</{k}>" for k, v in zip("xyz", w, strict=True))
        + "</velocity></orbit>"
        for s in (-10.0, 0.0, 10.0)
        for p, w in [one.orbit(s)]
    )
    half = int(SPLIT * one.shape[1])
    swaths = "".join(
        f"<swathMerge><swath>IW{k}</swath><swathBoundsList><swathBounds><firstAzimuthLine>0</firstAzimuthLine>"
        f"<firstRangeSample>{a}</firstRangeSample><lastAzimuthLine>{one.shape[0] - 1}</lastAzimuthLine>"
        f"<lastRangeSample>{b}</lastRangeSample></swathBounds></swathBoundsList></swathMerge>"
        for k, a, b in ((1, 0, half - 1), (2, half, one.shape[1] - 1))
    )
    pulses = "".join(
        f"<downlinkInformation><swath>IW{k}</swath><prf>{prf:.6e}</prf></downlinkInformation>"
        for k, prf in ((1, 1717.128973878037), (2, 1451.627112193990))
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?><product><adsHeader><missionId>S1A</missionId>
<productType>{product}</productType><polarisation>{pol.upper()}</polarisation><mode>IW</mode><swath>IW</swath>
<startTime>{time(one.start)}</startTime><stopTime>{time(one.stop)}</stopTime>
<absoluteOrbitNumber>{one.absolute_orbit}</absoluteOrbitNumber></adsHeader>
<generalAnnotation><productInformation><pass>{one.direction}</pass><projection>Ground Range</projection>
<radarFrequency>5.405000454334350e+09</radarFrequency></productInformation>
<downlinkInformationList count="2">{pulses}</downlinkInformationList><orbitList count="3">{flown}</orbitList>
</generalAnnotation><imageAnnotation><imageInformation>
<productFirstLineUtcTime>{time(one.start)}</productFirstLineUtcTime>
<productLastLineUtcTime>{time(one.stop)}</productLastLineUtcTime>
<rangePixelSpacing>{one.spacing:.6e}</rangePixelSpacing><azimuthPixelSpacing>{one.spacing:.6e}</azimuthPixelSpacing>
<numberOfSamples>{one.shape[1]}</numberOfSamples><numberOfLines>{one.shape[0]}</numberOfLines></imageInformation>
<processingInformation><thermalNoiseCorrectionPerformed>{str(noise_removed).lower()}</thermalNoiseCorrectionPerformed>
</processingInformation></imageAnnotation><geolocationGrid><geolocationGridPointList>{points}
</geolocationGridPointList></geolocationGrid><swathMerging><swathMergeList>{swaths}</swathMergeList></swathMerging></product>"""


def _vectors(one, name, values):
    lines = sorted({*range(0, one.shape[0], 100), one.shape[0] - 1})
    pixels = sorted({*range(0, one.shape[1], 40), one.shape[1] - 1})
    return [
        f'<line>{k}</line><pixel count="{len(pixels)}">{_list(pixels, "{:d}")}</pixel>'
        f'<{name} count="{len(pixels)}">{_list(values(k, np.array(pixels)))}</{name}>'
        for k in lines
    ]


def calibration(one: Pass):
    vectors = "".join(
        f'<calibrationVector>{v}<betaNought count="1">4.74e+02</betaNought></calibrationVector>'
        for v in _vectors(one, "sigmaNought", one.gain)
    )
    return f"<?xml version='1.0'?><calibration><calibrationVectorList>{vectors}</calibrationVectorList></calibration>"


def noise(one: Pass, *, old=False):
    if old:
        vectors = "".join(f"<noiseVector>{v}</noiseVector>" for v in _vectors(one, "noiseLut", one.noise_range))
        return f"<?xml version='1.0'?><noise><noiseVectorList>{vectors}</noiseVectorList></noise>"
    vectors = "".join(
        f"<noiseRangeVector>{v}</noiseRangeVector>" for v in _vectors(one, "noiseRangeLut", one.noise_range)
    )
    half, lines = int(SPLIT * one.shape[1]), np.arange(0, one.shape[0], 10)
    blocks = "".join(
        f"<noiseAzimuthVector><swath>IW{k}</swath><firstAzimuthLine>0</firstAzimuthLine><firstRangeSample>{a}"
        f"</firstRangeSample><lastAzimuthLine>{one.shape[0] - 1}</lastAzimuthLine>"
        f"<lastRangeSample>{b}</lastRangeSample>"
        f'<line count="{len(lines)}">{_list(lines, "{:d}")}</line><noiseAzimuthLut count="{len(lines)}">'
        f"{_list(one.noise_azimuth(lines, a))}</noiseAzimuthLut></noiseAzimuthVector>"
        for k, a, b in ((1, 0, half - 1), (2, half, one.shape[1] - 1))
    )
    return (
        f"<?xml version='1.0'?><noise><noiseRangeVectorList>{vectors}</noiseRangeVectorList>"
        f"<noiseAzimuthVectorList>{blocks}</noiseAzimuthVectorList></noise>"
    )


def manifest(one: Pass):
    return f"""<?xml version="1.0" encoding="UTF-8"?><xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1"
xmlns:safe="http://www.esa.int/safe/sentinel-1.0" xmlns:s1="http://www.esa.int/safe/sentinel-1.0/sentinel-1">
<metadataSection><safe:software name="Sentinel-1 IPF" version="003.31"/><safe:orbitReference>
<safe:orbitNumber type="start">{one.absolute_orbit}</safe:orbitNumber>
<safe:relativeOrbitNumber type="start">{one.relative}</safe:relativeOrbitNumber><safe:extension><s1:orbitProperties>
<s1:pass>{one.direction.upper()}</s1:pass></s1:orbitProperties></safe:extension></safe:orbitReference></metadataSection>
</xfdu:XFDU>"""


def write_safe(folder, one: Pass, bands, *, files=None):
    """Write a SAFE: ``bands`` by polarisation, ``files`` replacing (None: leaving out) what is at a path."""
    safe = folder / f"{one.name}.SAFE"
    texts = {"manifest.safe": manifest(one)}
    for pol in bands:
        stem = one.stem(pol)
        texts[f"annotation/{stem}.xml"] = annotation(one, pol)
        texts[f"annotation/calibration/calibration-{stem}.xml"] = calibration(one)
        texts[f"annotation/calibration/noise-{stem}.xml"] = noise(one)
    for path, text in (texts | (files or {})).items():
        if text is not None:
            (safe / path).parent.mkdir(parents=True, exist_ok=True)
            (safe / path).write_text(text)
    (safe / "measurement").mkdir(exist_ok=True)
    for pol, data in bands.items():
        shape = {"height": data.shape[0], "width": data.shape[1]}
        with rasterio.open(
            safe / "measurement" / f"{one.stem(pol)}.tiff", "w", driver="GTiff", count=1, dtype=data.dtype, **shape
        ) as target:
            target.write(data, 1)
    return safe
