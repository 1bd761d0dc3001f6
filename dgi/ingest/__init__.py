"""Files in: the fact files under data/ and the workbooks of a field team, handed on as frames.
Not here: what the rows mean (dgi.survey), or anything that writes files (dgi.reports)."""
