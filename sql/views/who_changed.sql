-- Belongs here: the second question: whose total or dimension moved, with both marks side by side.
-- Not here: the parts that made it move (why_it_changed).
CREATE VIEW who_changed AS
SELECT c.survey_year, c.comparison, c.base_year, c.district, s.district_name_vi, c.boundary_date, c.level, c.key,
       i.name_vi, c.base_score, c.score, c.change, c.relative_change, c.se, c.p_value, c.q_value,
       c.is_significant, c.is_official_change, c.comparable, c.flag, c.is_sample
FROM district_changes AS c
LEFT JOIN district_scores AS s
       ON s.survey_year = c.survey_year AND s.district = c.district AND s.key = c.key
LEFT JOIN survey_sets AS y ON y.survey_year = c.survey_year
LEFT JOIN indicators AS i ON i.indicator_set = y.indicator_set AND i.key = c.key
WHERE c.level IN ('total', 'dimension')
