-- Belongs here: the sixth question: did a unit improve, answered in the sentence the figures support.
-- Not here: the figures themselves (who_changed), or when a claim is made (data/labels/claims.csv).
CREATE VIEW what_may_be_claimed AS
SELECT c.survey_year, c.comparison, c.base_year, c.district, c.level, c.key, c.claim, c.claim_vi,
       c.claim_en, c.change, c.q_value, c.change_net, c.net_p_value, c.flag, c.is_sample
FROM district_changes AS c
