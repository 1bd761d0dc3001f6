"""What the answers add up to: indicators, estimates, scores, ranks, causes. Pure.
Not here: files, SQL, the clock, who was asked (dgi.survey), or years compared (dgi.change)."""
