-- Belongs here: the fifth question: the published rank beside what the sample and other choices allow.
-- Not here: which choice moves ranks most (ranking_choices), or each alternative (ranking_alternatives).
CREATE VIEW how_sure_is_the_ranking AS
SELECT s.survey_year, s.district, s.district_name_vi, s.score, s.se, s.rank, s.ranked_n,
       s.rank_low AS sample_rank_low, s.rank_high AS sample_rank_high, s.tie_group,
       s.band, s.band_probability, r.rank_low AS choices_rank_low,
       r.rank_high AS choices_rank_high, r.mean_shift, r.share_in_published_band,
       m.model_score, m.model_se, m.kind AS model_kind, s.flag, s.is_sample
FROM district_scores AS s
LEFT JOIN robustness AS r ON r.survey_year = s.survey_year AND r.district = s.district
LEFT JOIN small_area_scores AS m
       ON m.survey_year = s.survey_year AND m.district = s.district AND m.key = s.key
WHERE s.level = 'total' AND s.district <> 'province'
