"""Boundaries: in which commune or district a device stood, from a map that the user provides.
Not here: whether that is where the interview should have been (dgi.fieldwork.places)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from dgi.errors import FactError, Fault

CODE_PROPERTIES = ("commune_code", "district_code", "gso_code")
OUTSIDE = "000"  # the code of no unit: the device stood outside every area of the map
REPAIR = "data/units/README.md says what a boundary file looks like."


@dataclass(frozen=True)
class Boundaries:
    """Areas of units, WGS 84 degrees. `codes`: GSO code of each, communes before districts."""

    codes: np.ndarray
    tree: shapely.STRtree

    @classmethod
    def from_geojson(cls, content: bytes, where: str) -> Boundaries:
        """Areas of a GeoJSON FeatureCollection, each with its code as one of CODE_PROPERTIES.

        Raises FactError naming the feature.
        """
        try:
            document = json.loads(content)
            features = document["features"]
        except (ValueError, KeyError, TypeError):
            raise FactError([Fault(where, "not a GeoJSON FeatureCollection", REPAIR)]) from None
        codes, areas, faults = [], [], []
        for number, feature in enumerate(features, start=1):
            code = _code(feature)
            area = _area(feature)
            if code is None or area is None:
                rule = f"a feature needs a polygon and a property {' or '.join(CODE_PROPERTIES)}"
                faults.append(Fault(where, rule, REPAIR, row=number))
                continue
            codes.append(code)
            areas.append(area)
        if faults or not areas:
            raise FactError(faults or [Fault(where, "the map is empty", REPAIR)])
        # A map may hold both: the smaller unit says more about where the device stood.
        order = sorted(range(len(codes)), key=lambda n: -len(codes[n]))
        names = np.array([codes[n] for n in order], dtype=object)
        return cls(names, shapely.STRtree([areas[n] for n in order]))

    def places(self, latitude: pd.Series, longitude: pd.Series) -> pd.Series:
        """Code of the area each point lies in; NA without a point, OUTSIDE outside all.

        Degrees, aligned with the input. A point on a border belongs to the first area it touches.
        """
        known = (latitude.notna() & longitude.notna()).to_numpy()
        found = np.full(len(latitude), None, dtype=object)
        found[known] = OUTSIDE
        points = shapely.points(longitude.to_numpy(float)[known], latitude.to_numpy(float)[known])
        which, areas = self.tree.query(points, predicate="intersects")
        order = np.argsort(areas, kind="stable")[::-1]
        rows = np.flatnonzero(known)
        found[rows[which[order]]] = self.codes[areas[order]]
        return pd.Series(found, index=latitude.index, dtype="str")


def read_points(
    point: pd.Series | None, latitude: pd.Series | None, longitude: pd.Series | None
) -> pd.DataFrame:
    """Latitude, longitude and accuracy (metres) as numbers, from either way tools export them.

    `point`: 'latitude longitude altitude accuracy' separated by spaces or commas. NaN where
    there is none, or none that can be on earth.
    """
    if point is not None:
        text = point.fillna("").str.strip()
        # '20.95 107.08 3 5', '20,95 107,08' with decimal commas, or '20.95,107.08'.
        spaced = text.str.contains(r"\s", regex=True)
        text = text.where(spaced, text.str.replace(",", " ")).str.replace(
            r",(?=\d)", ".", regex=True
        )
        parts = text.str.replace(",", " ").str.split(expand=True)
        table = parts.reindex(columns=range(4)).apply(pd.to_numeric, errors="coerce")
        table = table.set_axis(["latitude", "longitude", "altitude", "accuracy"], axis=1)
    elif latitude is not None and longitude is not None:
        both = {"latitude": _degrees(latitude), "longitude": _degrees(longitude)}
        table = pd.DataFrame(both).assign(accuracy=np.nan)
    else:
        raise ValueError("a point, or a latitude and a longitude")
    sound = table["latitude"].between(-90, 90) & table["longitude"].between(-180, 180)
    return table[["latitude", "longitude", "accuracy"]].where(sound)


def _degrees(text: pd.Series) -> pd.Series:
    return pd.to_numeric(text.str.replace(",", "."), errors="coerce")


def _code(feature: Any) -> str | None:
    properties = (feature or {}).get("properties") or {}
    return next((str(properties[name]) for name in CODE_PROPERTIES if properties.get(name)), None)


def _area(feature: Any) -> Any:
    try:
        area = shape(feature["geometry"])
    except (KeyError, TypeError, AttributeError, ValueError, shapely.errors.GEOSException):
        return None
    return area if area.geom_type in ("Polygon", "MultiPolygon") and not area.is_empty else None
