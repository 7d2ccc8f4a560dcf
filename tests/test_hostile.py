"""Files made to hurt, given to the command line in a process of its own: bounded, one line, nothing leaks.

A beacon on the loopback address counts who calls; a secret file must be in nothing that is said or written.
"""

import http.server
import importlib.util
import os
import resource
import sqlite3
import struct
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

SECRET = "hush-3f9a1c"  # noqa: S105 - that of this test
MEMORY_BYTES = 4_000_000_000
SECONDS = 60
ENTRY_TYPES = {2: "s", 3: "H", 4: "I", 12: "d"}
PLACED = {33550: (12, [3.0, 3.0, 0.0]), 33922: (12, [0.0, 0.0, 0.0, 605_000.0, 4_677_000.0, 0.0])}
NO_TEXT = b"""<GDALMetadata><Item name="A\xff">b\xfe\xff</Item>
<Item name="DESCRIPTION" sample="0" role="description">\xff\xfe</Item></GDALMetadata>\0"""
UTM_KEYS = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32652]


class Bench:
    """A folder with a good image, a secret, and a beacon."""

    def __init__(self, folder, elsewhere, beacon, write_image):
        self.folder, self.write_image = folder, write_image
        self.address, self.hits = beacon
        self.secret = elsewhere / "secret.txt"
        self.secret.write_text(f"{SECRET}\n{SECRET}\n")
        self.good = self.image("good.tif", seed=1)
        self.other = self.image("other.tif", seed=2)

    def image(self, name, *, seed=3, bands=4, **how):
        """Write a small image of nothing in particular."""
        data = np.random.default_rng(seed).integers(200, 3000, (bands, 120, 120)).astype(np.uint16)
        return self.write_image(name, data, **how)

    def picture(self, name):
        """Write a picture without a place."""
        data = np.random.default_rng(5).integers(1, 255, (3, 120, 120)).astype(np.uint8)
        return self.write_image(name, data, driver="PNG", crs=None)

    def text(self, name, content):
        """Write a text."""
        (self.folder / name).write_text(content)
        return self.folder / name

    def run(self, *words):
        """Run the command line with its limits; whatever it says, it must not have leaked or broken."""
        cwd = self.folder / "cwd"
        cwd.mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "imagery_diff", *map(str, words)],
            cwd=cwd,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            preexec_fn=limited,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err, err
        written = [p for p in cwd.rglob("*") if p.is_file()]
        assert SECRET not in out + err + "".join(p.read_bytes().decode("latin-1") for p in written)
        assert all(c.isprintable() or c == "\n" for c in out + err), (out, err)
        assert self.hits == []
        return done.returncode, out, err

    def refused(self, *words, match):
        """Run what must end in one line and leave nothing."""
        code, out, err = self.run(*words)
        assert code == 1, (out, err)
        lines = [line for line in err.splitlines() if not line.startswith("warning: ")]
        if words[0] == "inspect":
            assert lines == []
            assert match in " ".join(out.split())
        else:
            assert len(lines) == 1, err
            assert match in err
        assert list((self.folder / "cwd").iterdir()) == []


def limited():
    """Bound a process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


@pytest.fixture
def beacon():
    hits = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 - as the library names it

        def log_message(self, *_):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", hits
        server.shutdown()


@pytest.fixture
def bench(tmp_path, tmp_path_factory, beacon, write_image):
    return Bench(tmp_path, tmp_path_factory.mktemp("elsewhere"), beacon, write_image)


def tiff(path, *, width=100, height=100, start=8, after=0, pixels=12_000, drop=(), **entries):
    """Write a TIFF entry by entry: ``t256=(type, values)``; (type, count, offset) points anywhere."""
    told = {256: (4, width), 257: (4, height), 258: (3, 8), 259: (3, 1), 262: (3, 1), 273: (4, 8), 277: (3, 1)}
    told |= {278: (4, height), 279: (4, 10_000), 34735: (3, UTM_KEYS), **PLACED}
    told |= {int(tag[1:]): entry for tag, entry in entries.items()}
    told = {tag: entry for tag, entry in sorted(told.items()) if tag not in drop}
    body, extra, base = struct.pack("<H", len(told)), b"", 14 + 12 * len(told)
    for tag, (kind, *rest) in told.items():
        if len(rest) == 2:
            body += struct.pack("<HHII", tag, kind, *rest)
            continue
        values = rest[0] if isinstance(rest[0], list | bytes) else [rest[0]]
        raw = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{ENTRY_TYPES[kind]}", *values)
        body += struct.pack("<HHI", tag, kind, len(values))
        if len(raw) <= 4:
            body += raw.ljust(4, b"\0")
        else:
            body += struct.pack("<I", base + len(extra))
            extra += raw
    path.write_bytes(b"II*\0" + struct.pack("<I", start) + body + struct.pack("<I", after) + extra + b"P" * pixels)
    return path


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ({"start": 99_999}, "breaks off or is damaged"),
        ({"t33550": (12, [float("nan"), 3.0, 0.0])}, "transform must be finite"),
        ({"t33550": (12, [float("inf"), 3.0, 0.0])}, "transform must be finite"),
        ({"t34264": (12, [float("nan")] * 16), "drop": (33550, 33922)}, "transform must be finite"),
        ({"t34735": (3, [*UTM_KEYS[:-1], 65_000])}, "coordinate system is none that is known"),
        ({"t34735": (3, [*UTM_KEYS[:-1], 32_767])}, "coordinate system is none that is known"),
        ({"t258": (3, [8] * 5000), "t277": (3, 5000), "t338": (3, [0] * 4999)}, "5000 bands are more than 1000"),
        ({"t42112": (2, NO_TEXT)}, "its tags are no text"),
        ({"width": 2**31 - 1, "height": 1}, "take more than 1 GB each"),
        (
            {"t322": (4, 65536), "t323": (4, 65536), "t324": (4, 8), "t325": (4, 9), "t259": (3, 8)}
            | {"drop": (273, 278, 279)},
            "take more than 1 GB each",
        ),
        (
            {"width": 10**5, "height": 10**5, "t322": (4, 1), "t323": (4, 1), "drop": (273, 278, 279)}
            | {"t324": (4, 10**8, 8), "t325": (4, 10**8, 8)},
            "breaks off or is damaged",
        ),
    ],
)
def test_a_directory_that_lies_is_refused_in_one_line(bench, how, match):
    path = tiff(bench.folder / "odd.tif", **how)
    bench.refused("inspect", path, match=match)
    bench.refused("-", path, bench.other, match=match)


def test_a_directory_that_points_at_itself_is_read_once(bench):
    code, _, _ = bench.run("-", tiff(bench.folder / "ring.tif", after=8, t330=(4, 8)), bench.other)
    assert code == 0


def test_a_raster_of_nothing_and_one_of_tiny_tiles_take_no_memory(bench):
    nothing = tiff(
        bench.folder / "nothing.tif",
        width=46_341,
        height=46_341,
        drop=(273, 278, 279),
        t322=(4, 512),
        t323=(4, 512),
        t324=(4, [0] * 91**2),
        t325=(4, [0] * 91**2),
    )
    assert bench.run("inspect", nothing)[0] == 0
    bench.refused("-", nothing, bench.other, match="nothing of the place was seen")
    bench.refused("-", nothing, nothing, match="name a smaller area")
    bench.refused("-", bench.picture("p.png"), bench.other, "--before-reference", nothing, match="more than are read")
    code, _, _ = bench.run("-", bench.good, bench.other, "--mask", nothing, "-o", bench.folder / "masked")
    assert code == 0
    small = {"width": 300, "height": 300, "t322": (4, 1), "t323": (4, 1), "drop": (273, 278, 279)}
    tiny = tiff(bench.folder / "tiny.tif", t324=(4, [8] * 90_000), t325=(4, [1] * 90_000), **small)
    assert bench.run("-", tiny, bench.other, "-o", bench.folder / "tiny")[0] == 0


def test_what_gdal_would_follow_is_not_followed(bench):
    vsi = f"/vsicurl/{bench.address}/x"
    vrt = f"""<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
        <SourceFilename>{vsi}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""
    bench.refused("inspect", bench.text("vrt.tif", vrt), match="is a VRT")
    image = bench.image("tagged.tif", tags={"OVERVIEW_FILE": vsi, "SOURCE": vsi}, descriptions=[vsi, "b", "c", "d"])
    for ending in (".ovr", ".msk", ".aux.xml"):
        told = f'<MDI key="X_DATASET">{vsi}</MDI><MDI key="OVERVIEW_FILE">{vsi}</MDI>'
        pam = f'<PAMDataset><Metadata domain="GEOLOCATION">{told}</Metadata></PAMDataset>'
        bench.text(f"tagged.tif{ending}", pam if ending == ".aux.xml" else vrt)
    code, out, err = bench.run("-", image, bench.other)
    assert code == 0, (out, err)


def test_the_place_in_a_jpeg_2000_is_not_asked_of_a_server(bench):
    crs = f'srsName="{bench.address}/crs"'
    gml = f"""<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"><gml:RectifiedGrid dimension="2" {crs}>
        <gml:origin><gml:Point {crs}><gml:pos>605000 4677000</gml:pos></gml:Point></gml:origin>
        <gml:offsetVector {crs}>3 0</gml:offsetVector><gml:offsetVector {crs}>0 -3</gml:offsetVector>
        </gml:RectifiedGrid></gml:FeatureCollection>"""

    def box(kind, content):
        return struct.pack(">I4s", len(content) + 8, kind) + content

    told = box(b"asoc", box(b"lbl ", b"gml.root-instance\0") + box(b"xml ", gml.encode()))
    raw = bench.image("plain.jp2", driver="JP2OpenJPEG", crs=None).read_bytes()
    at = raw.index(b"jp2c") - 4
    path = bench.folder / "gml.jp2"
    path.write_bytes(raw[:at] + box(b"asoc", box(b"lbl ", b"gml.data\0") + told) + raw[at:])
    assert bench.run("inspect", path)[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        "{secret_text}",
        "+init={secret}:x",
        "+proj=utm +zone=52 +nadgrids={secret}",
        "+proj=utm +zone=52 +geoidgrids={url}/x.gtx",
        "+proj=pipeline +step +proj=hgridshift +grids={secret}",
        "{url}/crs",
        "{secret}",
        "deep",
        "json",
    ],
)
def test_a_coordinate_system_names_no_file_and_is_not_repeated(bench, words):
    words = words.format(secret=bench.secret, secret_text=SECRET, url=bench.address)
    words = {"deep": "A[" * 50_000, "json": '{"a":' * 3000}.get(words, words)
    picture = bench.picture("p.png")
    bench.text("p.pgw", "3\n0\n0\n-3\n605000\n4677000\n")
    bench.text("p.prj", words)
    bench.refused("inspect", picture, match="p.prj: its coordinate system")


def test_a_link_out_of_the_folder_is_not_followed(bench):
    picture = bench.picture("p.png")
    bench.text("p.pgw", "3\n0\n0\n-3\n605000\n4677000\n")
    (bench.folder / "p.prj").symlink_to(bench.secret)
    (bench.folder / "p.png.points").symlink_to(bench.secret)
    code, out, _ = bench.run("inspect", picture)
    assert code == 0
    assert "put a .prj beside it" in " ".join(out.split())


def test_a_link_to_a_delivery_brings_what_lies_beside_it(bench):
    there = bench.folder / "there"
    there.mkdir()
    for name in ("p.png", "p.pgw", "p.prj"):
        content = {"p.png": bench.picture("q.png").read_bytes(), "p.pgw": b"3 0 0 -3 605000 4677000"}
        (there / name).write_bytes(content.get(name, b"EPSG:32652"))
        (bench.folder / name).symlink_to(there / name)
    code, out, _ = bench.run("inspect", bench.folder / "p.png")
    assert (code, "EPSG:32652" in out) == (0, True)


def test_pipes_and_devices_are_not_waited_for(bench):
    folder = bench.folder / "pipes"
    folder.mkdir()
    os.mkfifo(folder / "a.tif")
    bench.refused("inspect", folder / "a.tif", match="is a pipe or a device")
    bench.refused("inspect", folder, match="holds 0 images")
    bench.refused("-", bench.good, bench.other, "--mask", folder / "a.tif", match="is not a file")
    bench.refused("-", bench.good, "/dev/zero", match="is a pipe or a device")


@pytest.mark.parametrize(
    "name", ["a\x1b[31m\x1b]0;x\x07.tif", "a\x9b31m.tif", "a\u202egnp.tif", "a\n$\\frac{b.tif", "}{.tif"]
)
def test_names_steer_no_terminal_and_break_no_picture(bench, name):
    bench.refused("-", bench.text(name, "no image"), bench.other, match="is text, not an image")
    (bench.folder / name).write_bytes(bench.good.read_bytes())
    assert bench.run("-", bench.folder / name, bench.other)[0] == 0


def test_escapes_in_tags_and_bands_steer_nothing(bench):
    odd = ["\x1b[31mred", "<script>alert(1)</script>", "a\nb", "$\\frac{$"]
    image = bench.image("tags.tif", tags={"A": "\x1b]0;x\x07"}, descriptions=odd)
    assert bench.run("inspect", image, "--json")[0] == 0
    assert bench.run("-", image, bench.other)[0] == 0


def packed(path, *members):
    """Write a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_archives_that_reach_out_or_blow_up_are_refused(bench):
    folder, raw = bench.folder, bench.good.read_bytes()
    link = zipfile.ZipInfo("x.tif")
    link.external_attr = 0o120777 << 16
    device = folder / "device.tar"
    with tarfile.open(device, "w") as archive:
        member = tarfile.TarInfo("x.tif")
        member.type = tarfile.CHRTYPE
        archive.addfile(member)
    for path, match in (
        (packed(folder / "up.zip", ("../x.tif", raw)), "leads out of it"),
        (packed(folder / "top.zip", ("/etc/x.tif", raw)), "leads out of it"),
        (packed(folder / "line.zip", ("a\nb.tif", raw)), "leads out of it"),
        (packed(folder / "vsi.zip", ("/vsicurl/http:x.tif", raw)), "leads out of it"),
        (packed(folder / "link.zip", (link, str(bench.secret))), "a link or a device"),
        (packed(folder / "in.zip", ("a.zip", packed(folder / "x.zip", ("x.tif", raw)).read_bytes())), "holds 0 images"),
        (packed(folder / "bomb.zip", ("x.tif", bytes(510_000_000))), "would unfold"),
        (device, "a link or a device"),
    ):
        bench.refused("inspect", path, match=match)
    assert not (folder.parent / "x.tif").exists()
    braces = packed(folder / "brace.zip", ("a}{b.tif", raw))
    assert bench.run("inspect", braces)[0] == 0


def test_a_zip_that_lies_about_its_sizes_ends_in_one_line(bench):
    path = packed(bench.folder / "lie.zip", ("x.tif", bench.good.read_bytes() + bytes(100_000_000)))
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 1000)
    path.write_bytes(raw)
    bench.refused("inspect", path, match="breaks off or is damaged")


@pytest.mark.parametrize("case", ["entities", "outside", "deep", "wide", "json deep", "json numbers"])
def test_metadata_made_to_hurt_end_in_one_line(bench, case):
    stem = "20231016_020411_37_2259"
    folder = bench.folder / "order"
    folder.mkdir()
    (folder / f"{stem}_3B_AnalyticMS.tif").write_bytes(bench.good.read_bytes())
    secret, url = f"file://{bench.secret}", bench.address
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret}" parse="text"/>'
    content = {
        "entities": f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret}"><!ENTITY y SYSTEM "{url}/e">]><a>&x;&y;</a>',
        "outside": f'<!DOCTYPE a SYSTEM "{url}/x.dtd"><a>{include}</a>',
        "deep": "<a>" * 10_000 + "</a>" * 10_000,
        "wide": "<a>" + "<b/>" * 1_100_000 + "</a>",
        "json deep": '{"a":' * 10_000 + "1" + "}" * 10_000,
        "json numbers": '{"properties": {"acquired": 1e999, "x": ' + "9" * 5000 + "}}",
    }[case]
    name = f"{stem}_metadata.json" if "json" in case else f"{stem}_3B_AnalyticMS_metadata.xml"
    (folder / name).write_text(content)
    bench.refused("inspect", folder, match=name[:40])


def test_an_index_that_names_files_elsewhere_opens_none(bench):
    folder = bench.folder / "til"
    folder.mkdir()
    for name in (f"{bench.address}/x.tif", f"/vsicurl/{bench.address}/x", str(bench.secret), "../elsewhere/secret.txt"):
        (folder / "A_M2AS-1_P001.TIL").write_text(
            f'bandId = "Multi";\nnumTiles = 1;\nBEGIN_GROUP = TILE_1\n\tfilename = "{name}";\n\tULColOffset = 0;\n'
            "\tULRowOffset = 0;\nEND_GROUP = TILE_1\nEND;\n"
        )
        bench.refused("inspect", folder, match="names a file outside its folder")


def test_a_data_base_of_outlines_runs_no_programs(bench):
    pyogrio = pytest.importorskip("pyogrio", reason="the extra vector is not installed")
    shapely = pytest.importorskip("shapely")
    path = bench.folder / "zones.gpkg"
    shape = np.array([shapely.to_wkb(shapely.box(130.2, 42.2, 130.3, 42.3))], object)
    how = {"geometry_type": "Polygon", "crs": "EPSG:4326", "driver": "GPKG", "layer": "z"}
    pyogrio.raw.write(path, shape, [np.array(["zone"], object)], ["name"], **how)
    with sqlite3.connect(path) as base:
        base.executescript(
            "CREATE VIEW v AS WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c) SELECT x AS OGC_FID, "
            "(SELECT geom FROM z) AS geom, 'a' AS name FROM c WHERE x < 0;"
            "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES('v', 'features', 'v', 4326);"
            "INSERT INTO gpkg_geometry_columns VALUES('v', 'geom', 'POLYGON', 4326, 0, 0);"
        )
    base.close()
    bench.refused(path, bench.good, bench.other, match="holds views, which are programs")


def test_addresses_inside_files_and_prefixes_of_gdal_are_nothing(bench):
    listed = bench.text("list.txt", f"{bench.good}\n{bench.address}/x.tif\n/vsicurl/{bench.address}/x\n")
    bench.refused("inspect", listed, match="which does not exist")
    bench.refused("inspect", f"/vsicurl/{bench.address}/x.tif", match="no such file")
    bench.refused("-", bench.good, bench.other, "--mask", f"{bench.address}/x.tif", match="no such file")


@pytest.mark.slow
def test_real_files_broken_at_random_never_crash_or_hang(monkeypatch, capsys, data_folder):
    path = Path(__file__).resolve().parents[1] / "benchmarks" / "hostile.py"
    spec = importlib.util.spec_from_file_location("benchmarks_hostile", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "DATA", data_folder)
    monkeypatch.setattr(sys, "argv", ["hostile.py", "--mutations", "40", "--seed", "2"])
    with pytest.raises(SystemExit) as end:
        module.main()
    said = capsys.readouterr()
    assert end.value.code == 0, said.out + said.err


def test_a_number_that_is_none_settles_the_typical_score():
    from imagery_diff.method.survey import typical

    with np.errstate(invalid="ignore"):
        assert not np.isfinite(typical(np.full(3, np.inf, np.float32), 1.0))


def test_the_good_images_of_this_bench_are_compared(bench):
    code, _, err = bench.run("-", bench.good, bench.other)
    assert code == 0, err
    with rasterio.open(bench.good) as file:
        assert file.transform.almost_equals(Affine(3, 0, 605_001, 0, -3, 4_676_998))
