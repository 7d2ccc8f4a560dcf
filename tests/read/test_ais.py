"""A CSV of AIS positions: what is understood, and one line for each of the ways in which it is none."""

import contextlib
import os
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery_diff.errors import ImageryDiffError, InputError, InputNotFoundError
from imagery_diff.read import ais
from imagery_diff.read.ais import AisPositions, read_ais

HEAD = "time,MMSI,lat,lon,length\n"
ROW = "2023-10-19T02:00:00Z,273000001,42.2269,130.2841,115\n"


def written(tmp_path, text, name="ais.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_positions_stand_by_vessel_and_time_whatever_the_order_of_rows(tmp_path):
    rows = [
        "2023-10-19T03:00:00Z,273000001,42.2,130.2,115\n",
        ROW,
        "2023-10-19T01:00:00+09:00,273000000,42.3,130.3,\n",
    ]
    one = read_ais(written(tmp_path, HEAD + "".join(rows)))
    other = read_ais(written(tmp_path, HEAD + "".join(reversed(rows))))
    assert one.mmsi.tolist() == [273000000, 273000001, 273000001]
    assert one.first.isoformat() == "2023-10-18T16:00:00+00:00"
    assert one.last.isoformat() == "2023-10-19T03:00:00+00:00"
    assert np.isnan(one.length_m[0])
    assert one.vessels == 2
    assert one.notes == ()
    for column in ("mmsi", "time_s", "lat_deg", "lon_deg"):
        assert np.array_equal(getattr(one, column), getattr(other, column))


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + (HEAD + ROW).encode(),
        "BaseDateTime,mmsi,LAT,LON,SOG,Length\n2023-10-19T02:00:00Z,273000001,42.2269,130.2841,0.1,115\n",
        "MMSI;Timestamp;Latitude;Longitude;Length (m)\n273000001;2023-10-19 02:00:00Z;42,2269;130,2841;115,0\n",
        "base_date_time\tmmsi\tlat\tlong\tLOA\n2023-10-19T02:00:00.000Z\t273000001.0\t42.2269\t130.2841\t115\n",
        f'{HEAD}"2023-10-19T02:00:00Z","273000001","42.2269"," 130.2841 ","115"\r\n\r\n',
        HEAD.replace("time", "name,time") + '"A, B",' + ROW,
    ],
)
def test_common_forms_say_the_same(tmp_path, text):
    found = read_ais(written(tmp_path, text))
    assert found.mmsi.tolist() == [273000001]
    assert (found.lat_deg[0], found.lon_deg[0], found.length_m[0]) == (42.2269, 130.2841, 115.0)
    assert found.first.isoformat() == "2023-10-19T02:00:00+00:00"


def test_what_is_taken_for_granted_or_left_out_is_counted(tmp_path):
    rows = [
        ROW.replace("Z", ""),
        ROW.replace("42.2269", "91").replace("130.2841", "181"),
        ROW.replace("273000001", "992731234"),
        ROW.replace("273000001", "2730001"),
        ROW.replace("115", "0"),
    ]
    found = read_ais(written(tmp_path, HEAD + "".join(rows)))
    assert found.mmsi.size == 2
    assert np.isnan(found.length_m).sum() == 1
    assert [re.search(r": (\d+)$", note)[1] for note in found.notes] == ["1", "1", "2"]
    assert "taken as UTC" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: has no column for time and MMSI and latitude and longitude"),
        (ROW, "line 1: has no column for"),
        ("time,MMSI,lat\n", "line 1: has no column for longitude"),
        ("time,MMSI,lat,lon,Latitude\n", "line 1: two columns are a latitude ('lat' and 'Latitude')"),
        ("time,MMSI,mmsi,lat,lon\n", "line 1: two columns are a MMSI"),
        (HEAD, "holds no position of a ship"),
        (HEAD + ROW.replace("273000001", "002731234"), "holds no position of a ship (rows of no ship or no place: 1)"),
        (HEAD + ROW + ROW.replace("42.2269", "nan"), "line 3: latitude is 'nan'"),
        (HEAD + ROW.replace("42.2269", "4_2"), "line 2: latitude is '4_2'"),
        (HEAD + ROW.replace("42.2269", '"4\n2"'), "line 3: latitude is '4 2'"),
        (HEAD + ROW.replace("42.2269", "-inf"), "line 2: latitude is '-inf'"),
        (HEAD + ROW.replace("42.2269", "90.5"), "line 2: latitude is '90.5'; degrees from -90 to 90"),
        (HEAD + ROW.replace("130.2841", "360"), "line 2: longitude is '360'"),
        (HEAD + ROW.replace("130.2841", ""), "line 2: longitude is empty"),
        (HEAD + ROW.replace("42.2269", "42,2269"), "line 2: has 6 cells and the header 5"),
        (HEAD + "2023-10-19T02:00:00Z,273000001\n", "line 2: has 2 cells"),
        (HEAD + ROW.replace("2023-10-19T02:00:00Z", "2023-10-19"), "line 2: time is '2023-10-19'; ISO 8601"),
        (HEAD + ROW.replace("2023-10-19T02:00:00Z", "19/10/2023 02:00"), "line 2: time is"),
        (HEAD + ROW.replace("2023-10-19T02:00:00Z", "2023-13-19T02:00:00Z"), "line 2: time is"),
        (HEAD + ROW.replace("2023-10-19T02:00:00Z", "0001-01-01T00:00:00+14:00"), "line 2: time is"),
        (HEAD + ROW.replace("2023-10-19T02:00:00Z", "1697680800"), "line 2: time is"),
        (HEAD + ROW.replace("273000001", "2730000011"), "line 2: MMSI is '2730000011'; up to nine digits"),
        (HEAD + ROW.replace("273000001", "\u0662\u0667"), "line 2: MMSI is"),
        (HEAD + ROW.replace(",115", ",long"), "line 2: length is 'long'"),
        (HEAD + ROW.replace(",115", ",-5"), "line 2: length is '-5'"),
        (HEAD + ROW + ROW.replace("115", "11\0"), "line 3: holds a NUL byte"),
        (HEAD + '"2023', "is no row of a CSV"),
        (HEAD + "x" * 200_000, "is no row of a CSV"),
        ((HEAD + ROW).encode("utf-16"), "is not text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not text in UTF-8"),
    ],
)
def test_each_fault_is_one_line_with_file_and_place(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        read_ais(written(tmp_path, text))
    told = str(caught.value)
    assert told.startswith("ais.csv")
    assert said in told
    assert len(told.splitlines()) == 1
    assert len(told) < 250
    assert str(tmp_path) not in told


def test_what_is_too_large_is_refused(tmp_path, monkeypatch):
    path = written(tmp_path, HEAD + ROW * 3)
    monkeypatch.setattr(ais, "MAX_ROWS", 2)
    with pytest.raises(InputError, match="line 4: has more than 2 rows"):
        read_ais(path)
    monkeypatch.setattr(ais, "MAX_BYTES", 50)
    with pytest.raises(InputError, match="MB, more than"):
        read_ais(path)


def test_what_is_no_file_is_refused_and_no_pipe_is_waited_for(tmp_path):
    with pytest.raises(InputNotFoundError, match=r"none\.csv: there is no such file"):
        read_ais(tmp_path / "none.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path, tmp_path / "pipe.csv"):
        with pytest.raises(InputError, match="is no file"):
            read_ais(path)


def test_arrays_that_cannot_be_positions_are_refused():
    good = {"mmsi": np.array([1]), "time_s": np.zeros(1), "lat_deg": np.zeros(1), "lon_deg": np.zeros(1)}
    good |= {"length_m": np.full(1, np.nan)}
    AisPositions(name="a", size=1, sha256="", **good)
    for wrong in ({"lat_deg": np.full(1, np.nan)}, {"time_s": np.zeros(2)}, {"lon_deg": np.full(1, 181.0)}):
        with pytest.raises(InputError):
            AisPositions(name="a", size=1, sha256="", **(good | wrong))


@given(st.binary(max_size=200), st.booleans())
def test_whatever_the_bytes_it_is_read_or_refused(tmp_path_factory, content, headed):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes((HEAD.encode() if headed else b"") + content)
    # Anything else that is raised fails the test.
    with contextlib.suppress(ImageryDiffError):
        read_ais(path)
