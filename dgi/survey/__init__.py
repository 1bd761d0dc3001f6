"""Who is asked what: units, questionnaire, responses, design and weights. Pure.
Not here: files, SQL, the clock, or what the answers add up to (that is dgi.index)."""
