# Belongs here: a district's change less the province's, and adjusted p values, by R survey 4.1.1.
# Not here: anything computed by our own software. Run in this folder: Rscript net_change.R
suppressMessages(library(survey))
both <- read.csv("data/gov2y.csv")
kept <- intersect(both$psu[both$year == 2023], both$psu[both$year == 2024])
both <- both[both$psu %in% kept, ]
rows <- list()
put <- function(figure, domain, term, est, se) rows[[length(rows) + 1]] <<- data.frame(
  figure, domain, term, est = sprintf("%.17g", est), se = sprintf("%.17g", se))
for (z in c("q1", "q8", "b2")) {
  x <- both[[z]]
  for (y in c(2023, 2024)) {
    both[[paste0("n", y)]] <- ifelse(is.na(x), 0, x) * (both$year == y)
    both[[paste0("d", y)]] <- (!is.na(x)) * (both$year == y)
  }
  for (k in sort(unique(both$district))) {
    for (v in c("n2023", "d2023", "n2024", "d2024")) both[[paste0("o", v)]] <- both[[v]] * (both$district == k)
    d <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, data = both)
    t <- svytotal(~on2023 + od2023 + on2024 + od2024 + n2023 + d2023 + n2024 + d2024, d)
    s <- svycontrast(t, list(net = quote(on2024 / od2024 - on2023 / od2023 - n2024 / d2024 + n2023 / d2023)))
    put("net", k, z, as.numeric(coef(s)), as.numeric(SE(s)))
  }
}
p <- c(0.001, 0.04, 0.04, NA, 0.2, 0.0499, 0.9, 1e-8)
q <- p.adjust(p, "BH")
for (i in seq_along(p)) put("BH", "", i, p[i], q[i])
out <- do.call(rbind, rows)
out[out == "NA"] <- ""
write.csv(out, "data/net_change_r.csv", row.names = FALSE, quote = FALSE)
