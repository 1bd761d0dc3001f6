"""Through time: years on one boundary and one indicator set, change, trend, what may be claimed.
Not here: the scores of one year and their error (dgi.index), or published PAPI (dgi.papi)."""
