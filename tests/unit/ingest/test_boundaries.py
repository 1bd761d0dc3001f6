"""Belongs here: in which unit a point lies, and which maps and points are refused or left out.
Does not belong here: whether an interview was where it should have been (fieldwork tests)."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from dgi.errors import FactError
from dgi.ingest.boundaries import OUTSIDE, Boundaries, read_points


def feature(west: float, east: float, **properties) -> dict:
    ring = [[west, 20], [east, 20], [east, 21], [west, 21], [west, 20]]
    area = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": area}


def map_of(*features) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


DISTRICT = feature(106, 108, district_code="193")
COMMUNE = feature(107, 108, commune_code="06652")


def test_a_point_is_in_the_smallest_unit_that_the_map_has_there():
    areas = Boundaries.from_geojson(map_of(DISTRICT, COMMUNE), "map.geojson")
    points = pd.DataFrame({"lat": [20.5, 20.5, 22.0, None], "lon": [106.5, 107.5, 107.5, 107.5]})
    places = areas.places(points["lat"], points["lon"])
    assert list(places.fillna("")) == ["193", "06652", OUTSIDE, ""]
    border = areas.places(pd.Series([20.5]), pd.Series([107.0]))
    assert list(border) == ["06652"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "FeatureCollection"),
        (b"[]", "FeatureCollection"),
        (map_of(), "empty"),
        (map_of(feature(1, 2, name="x")), "row 1.*commune_code"),
        (map_of(DISTRICT, {"properties": {"gso_code": "1"}, "geometry": None}), "row 2"),
        (map_of({"properties": {"gso_code": "193"},
                 "geometry": {"type": "Point", "coordinates": [1, 2]}}), "polygon"),
    ],
)  # fmt: skip
def test_a_map_that_is_no_map_of_units_is_refused(content, says):
    with pytest.raises(FactError, match=says):
        Boundaries.from_geojson(content, "map.geojson")


@pytest.mark.parametrize(
    ("text", "latitude", "longitude", "accuracy"),
    [
        ("20.95 107.08 3 5", 20.95, 107.08, 5),
        ("20,95 107,08 3 5,5", 20.95, 107.08, 5.5),
        ("20.95,107.08", 20.95, 107.08, None),
        ("20.95, 107.08", 20.95, 107.08, None),
        ("95 200 0 0", None, None, None),
        ("somewhere", None, None, None),
        (None, None, None, None),
    ],
)
def test_points_are_read_as_tools_write_them(text, latitude, longitude, accuracy):
    row = read_points(pd.Series([text], dtype="str"), None, None).iloc[0]
    expected = {"latitude": latitude, "longitude": longitude, "accuracy": accuracy}
    assert {name: None if pd.isna(value) else value for name, value in row.items()} == expected


def test_latitude_and_longitude_may_stand_in_two_columns():
    points = read_points(
        None, pd.Series(["20,95"], dtype="str"), pd.Series(["107.08"], dtype="str")
    )
    assert points.iloc[0]["latitude"] == 20.95 and points.iloc[0]["longitude"] == 107.08
