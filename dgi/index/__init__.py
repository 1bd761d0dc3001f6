"""What the answers add up to: indicators, estimates, scores, ranks, change, causes. Pure.
Not here: files, SQL, the clock, or who was asked (that is dgi.survey)."""
