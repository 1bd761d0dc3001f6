"""Published PAPI of the 63 provinces: the figures as published, and why a province's moved. Pure.
Not here: the district survey or anything estimated from answers (dgi.index)."""
