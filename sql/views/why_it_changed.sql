-- Belongs here: the third question: which sub-dimensions gave to, or took from, the total's change.
-- Not here: causes outside the index; a contribution is arithmetic, not an effect.
CREATE VIEW why_it_changed AS
SELECT c.survey_year, c.comparison, c.base_year, c.district, c.key, i.code, i.name_vi, i.name_en,
       c.contribution, c.se, c.q_value, c.is_significant, t.change AS total_change,
       c.flag, c.is_sample
FROM district_changes AS c
JOIN district_changes AS t
  ON t.survey_year = c.survey_year AND t.comparison = c.comparison
 AND t.district = c.district AND t.level = 'total'
LEFT JOIN survey_sets AS y ON y.survey_year = c.survey_year
LEFT JOIN indicators AS i ON i.indicator_set = y.indicator_set AND i.key = c.key
WHERE c.level = 'sub_dimension' AND c.contribution IS NOT NULL
