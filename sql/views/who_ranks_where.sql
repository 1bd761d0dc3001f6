-- Belongs here: the first question analysts ask, one row per year, district and level of the index.
-- Not here: change between years (who_changed) or its reasons (why_it_changed).
CREATE VIEW who_ranks_where AS
SELECT s.survey_year, s.edition, s.district, s.district_name_vi, s.level, s.key, s.code,
       i.name_vi, s.score, s.ci_low, s.ci_high, s.rank, s.rank_low, s.rank_high, s.ranked_n,
       s.band, s.band_probability, s.tie_group, s.flag, s.is_sample
FROM district_scores AS s
LEFT JOIN survey_sets AS y ON y.survey_year = s.survey_year
LEFT JOIN indicators AS i ON i.indicator_set = y.indicator_set AND i.key = s.key
