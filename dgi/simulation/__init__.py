"""A survey that never took place: whom it asks and what they answer, from stated assumptions. Pure.
Not here: the workbooks it is written to, or anything that treats its answers as real."""
