-- Belongs here: what every score is made of, from the total down to the questions and the files.
-- Not here: how sure a score is (who_ranks_where), or the lake's other partitions (provenance).
CREATE VIEW lineage_of_a_score AS
WITH RECURSIVE branches AS (
    SELECT indicator_set, level, key, parent, key AS path, 0 AS depth
    FROM indicators WHERE level = 'total'
    UNION ALL
    SELECT i.indicator_set, i.level, i.key, i.parent, b.path || '/' || i.key, b.depth + 1
    FROM indicators AS i
    JOIN branches AS b ON b.indicator_set = i.indicator_set AND b.key = i.parent
),
nodes AS (
    SELECT y.survey_year, i.level, i.key, i.parent, b.path, b.depth, i.code, i.name_vi, i.name_en,
           i.measure, i.direction, i.weight, i.scale_min, i.scale_max
    FROM survey_sets AS y
    JOIN indicators AS i ON i.indicator_set = y.indicator_set
    JOIN branches AS b ON b.indicator_set = i.indicator_set AND b.key = i.key
),
units AS (
    SELECT survey_year, edition, district, district_name_vi
    FROM district_scores WHERE level = 'total'
),
-- Indicators under their minimum of answers have no estimate: the others carry their weight.
estimates AS (
    SELECT e.survey_year, e.district, e.key, e.estimate, e.se, e.n, e.flag, e.is_sample,
           CASE WHEN e.estimate IS NOT NULL THEN n.weight
                * SUM(n.weight) OVER (PARTITION BY e.survey_year, e.district, n.parent)
                / SUM(CASE WHEN e.estimate IS NOT NULL THEN n.weight END)
                      OVER (PARTITION BY e.survey_year, e.district, n.parent)
           END AS used_weight,
           (CASE WHEN n.direction = 1 THEN e.estimate - n.scale_min ELSE n.scale_max - e.estimate
            END) / (n.scale_max - n.scale_min) AS place
    FROM indicator_estimates AS e
    JOIN nodes AS n ON n.survey_year = e.survey_year AND n.key = e.key AND n.level = 'indicator'
)
SELECT s.survey_year, s.edition, s.district, s.district_name_vi, n.level, n.depth, n.path, n.key,
       n.parent, n.code, n.name_vi, n.name_en, n.measure, n.direction, s.score AS value, s.se, s.n,
       n.weight, CAST(NULL AS DOUBLE PRECISION) AS used_weight,
       CAST(NULL AS DOUBLE PRECISION) AS place, s.score AS points, n.scale_min, n.scale_max,
       s.flag, p.code_version, CAST(NULL AS TEXT) AS sha256, s.is_sample
FROM district_scores AS s
JOIN nodes AS n ON n.survey_year = s.survey_year AND n.key = s.key
LEFT JOIN provenance AS p ON p.survey_year = s.survey_year AND p.made_year = s.survey_year
       AND p.asset = 'district_scores'
UNION ALL
SELECT u.survey_year, u.edition, u.district, u.district_name_vi, n.level, n.depth, n.path, n.key,
       n.parent, n.code, n.name_vi, n.name_en, n.measure, n.direction, e.estimate, e.se, e.n,
       n.weight, e.used_weight, e.place,
       CASE WHEN s.score IS NOT NULL
            THEN (m.scale_max - m.scale_min) * e.used_weight * e.place END,
       n.scale_min, n.scale_max, e.flag, p.code_version, CAST(NULL AS TEXT), e.is_sample
FROM estimates AS e
JOIN units AS u ON u.survey_year = e.survey_year AND u.district = e.district
JOIN nodes AS n ON n.survey_year = e.survey_year AND n.key = e.key AND n.level = 'indicator'
JOIN nodes AS m ON m.survey_year = e.survey_year AND m.key = n.parent
JOIN district_scores AS s ON s.survey_year = e.survey_year AND s.district = e.district
       AND s.key = n.parent AND s.edition = u.edition
LEFT JOIN provenance AS p ON p.survey_year = e.survey_year AND p.made_year = e.survey_year
       AND ((p.asset = 'indicator_estimates' AND p.district = e.district)
            OR (p.asset = 'province_estimates' AND e.district = 'province'))
UNION ALL
SELECT u.survey_year, u.edition, u.district, u.district_name_vi, 'question', n.depth + 1,
       n.path || '/' || q.question, q.question, n.key, q.header, q.text_vi, q.text_en,
       CAST(NULL AS TEXT), CAST(NULL AS BIGINT), CAST(NULL AS DOUBLE PRECISION),
       CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS BIGINT), CAST(NULL AS DOUBLE PRECISION),
       CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION),
       CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION),
       CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS TEXT), CAST(NULL AS TEXT),
       CAST(NULL AS TEXT), CAST(NULL AS BOOLEAN)
FROM units AS u
JOIN indicator_questions AS q ON q.survey_year = u.survey_year
JOIN nodes AS n ON n.survey_year = q.survey_year AND n.key = q.key AND n.level = 'indicator'
UNION ALL
SELECT u.survey_year, u.edition, u.district, u.district_name_vi, 'file', 0,
       'file/' || f.district || '/' || f.file, f.file, f.district, '', f.file, f.file,
       CAST(NULL AS TEXT), CAST(NULL AS BIGINT), CAST(NULL AS DOUBLE PRECISION),
       CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS BIGINT), CAST(NULL AS DOUBLE PRECISION),
       CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION),
       CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION),
       CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS TEXT), CAST(NULL AS TEXT), f.sha256,
       CAST(NULL AS BOOLEAN)
FROM units AS u
JOIN source_files AS f ON f.survey_year = u.survey_year AND f.file_year = u.survey_year
       AND (f.district = u.district OR u.district = 'province')
