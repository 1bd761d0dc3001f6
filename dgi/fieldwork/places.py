"""Where the device stood against where the interview was: unit by unit, coordinates are not known.
Not here: finding the unit of a point (dgi.ingest.boundaries), or how far is too far."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.fieldwork.measures import (
    Measured,
    find_delivered,
    list_interviews,
    not_taken,
    sort_interviews,
)

COMMUNE_DIGITS = 5


def measure_other_places(responses: pd.DataFrame) -> Measured:
    """1 where the device stood in another unit than the interview's, else 0.

    gps_place is a commune's code (5 digits), a district's (3) or 000 for no unit of the map; it
    is held against the interview's commune, or its district's key. Interviews without are out.
    """
    rows = sort_interviews(responses)
    place = find_delivered(rows, "gps_place").astype("str")
    known = place.notna()
    if not known.any():
        return not_taken("no_places")
    is_commune = place.str.len() == COMMUNE_DIGITS
    own = np.where(is_commune, rows["commune_code"], rows["district"].str.split("-").str[0])
    return list_interviews(rows, (place != own).astype(float), known)


def measure_gps_error(responses: pd.DataFrame) -> Measured:
    """Accuracy of the coordinates in metres, as the device stated it."""
    rows = sort_interviews(responses)
    accuracy = pd.to_numeric(find_delivered(rows, "gps_accuracy"), errors="coerce")
    known = np.isfinite(accuracy)
    if not known.any():
        return not_taken("no_places")
    return list_interviews(rows, accuracy, known)
