-- Belongs here: which parts of the index can be compared with an earlier year, and what differs.
-- Not here: the changes themselves (who_changed, why_it_changed).
CREATE VIEW what_can_be_compared AS
SELECT survey_year, comparison, base_year, level, key, code, base_code, name_vi, name_en, status,
       CASE WHEN status IN ('comparable', 'moved', 'common_core') THEN 1 ELSE 0 END
           AS has_change,
       is_restated, what_differs_vi, what_differs_en
FROM set_comparisons
