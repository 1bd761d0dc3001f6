-- Belongs here: the fourth question: what goes with satisfaction and is behind the best quarter.
-- Not here: what acting would bring; importance is association, never an effect.
CREATE VIEW where_to_act_first AS
SELECT p.survey_year, p.district, s.district_name_vi, p.key, i.code, i.name_vi, i.name_en,
       p.quadrant, p.priority_rank, p.importance, p.importance_low, p.importance_high,
       p.place, p.best_quarter, p.gap, p.gap_se, p.is_important, p.is_behind, p.flag, p.is_sample
FROM priorities AS p
LEFT JOIN district_scores AS s
       ON s.survey_year = p.survey_year AND s.district = p.district AND s.key = p.key
LEFT JOIN survey_sets AS y ON y.survey_year = p.survey_year
LEFT JOIN indicators AS i ON i.indicator_set = y.indicator_set AND i.key = p.key
WHERE p.district <> 'province'
