# Belongs here: golden figures of R's survey package on its own data sets and on gov2y.csv.
# Not here: the data sets themselves, which the tests read where the package keeps them.
# Run in this folder: Rscript survey_datasets.R
suppressMessages(library(survey))
options(survey.lonely.psu = "fail", digits = 17)
rows <- list()
put <- function(design, figure, domain, term, stat, value) {
  value <- sprintf("%.17g", as.numeric(value))
  rows[[length(rows) + 1]] <<- data.frame(design, figure, domain, term, stat, value)
}
put_svystat <- function(design, figure, domain, result) {
  put(design, figure, domain, names(coef(result)), "est", coef(result))
  put(design, figure, domain, names(coef(result)), "se", as.numeric(SE(result)))
}

data(api); data(fpc); data(mu284); data(nhanes); data(yrbs)
fpcdat <- fpc
designs <- list(
  srs = svydesign(id = ~1, fpc = ~fpc, data = apisrs),
  strata = svydesign(id = ~1, strata = ~stype, weights = ~pw, data = apistrat, fpc = ~fpc),
  clusters = svydesign(id = ~dnum, weights = ~pw, data = apiclus1, fpc = ~fpc),
  clusters_wr = svydesign(id = ~dnum, weights = ~pw, data = apiclus1),
  two_stages = svydesign(id = ~dnum + snum, fpc = ~fpc1 + fpc2, data = apiclus2),
  two_stages_wr = svydesign(id = ~dnum + snum, weights = ~pw, data = apiclus2))

# ---- means, totals, ratios, quantiles, domains, contrasts
for (name in names(designs)) {
  d <- designs[[name]]
  for (v in c("api00", "api99", "enroll", "acs.core")) {  # the last two have gaps
    f <- reformulate(v)
    put_svystat(name, "mean", "all", svymean(f, d, na.rm = TRUE))
    by <- svyby(f, ~stype, d, svymean, na.rm = TRUE)
    put(name, "mean", as.character(by$stype), v, "est", by[[v]])
    put(name, "mean", as.character(by$stype), v, "se", SE(by))
    put_svystat(name, "total", "all", svytotal(f, d, na.rm = TRUE))
  }
  # The domain's zeroed rows make its joint covariance; complete items, so no row is dropped.
  for (k in c("E", "H", "M")) {
    m <- svymean(~api00 + api99 + meals, subset(d, stype == k)); V <- vcov(m)
    for (i in 1:3) for (j in i:3)
      put(name, "covariance", k, paste(rownames(V)[i], rownames(V)[j]), "cov", V[i, j])
    put(name, "df", k, "", "df", degf(subset(d, stype == k)))
  }
  put(name, "df", "all", "", "df", degf(d))
  put_svystat(name, "ratio", "all", svyratio(~api.stu, ~enroll, d, na.rm = TRUE))
  by <- svyby(~api00, ~stype, d, svymean, covmat = TRUE)
  put_svystat(name, "contrast", "H-E", svycontrast(by, c(H = 1, E = -1)))
  put(name, "deff", "all", "api00", "deff", deff(svymean(~api00, d, deff = "replace")))
  for (p in c(0.25, 0.5, 0.8765)) {  # no share is reached exactly: a tie is decided by rounding
    q <- svyquantile(~api00, d, p, qrule = "math", interval.type = "mean")$api00
    put(name, "quantile", "all", p, c("est", "ci_low", "ci_high", "se"), q[1, 1:4])
  }
  for (k in c("E", "H", "M")) {
    q <- svyquantile(~api00, subset(d, stype == k), 0.5, qrule = "math", interval.type = "mean")
    put(name, "quantile", k, 0.5, c("est", "ci_low", "ci_high", "se"), q$api00[1, 1:4])
  }
}
mu <- svydesign(id = ~id1 + id2, fpc = ~n1 + n2, data = mu284)
put_svystat("mu284", "mean", "all", svymean(~y1, mu)); put_svystat("mu284", "total", "all", svytotal(~y1, mu))
nh <- svydesign(id = ~SDMVPSU, strata = ~SDMVSTRA, weights = ~WTMEC2YR, nest = TRUE, data = nhanes)
put_svystat("nhanes", "mean", "all", svymean(~HI_CHOL, nh, na.rm = TRUE))
for (k in 1:4) {
  put_svystat("nhanes", "mean", k, svymean(~HI_CHOL, subset(nh, race == k), na.rm = TRUE))
  put("nhanes", "df", k, "", "df", degf(subset(nh, race == k)))
}
ys <- svydesign(id = ~psu, weights = ~weight, strata = ~stratum, data = yrbs, nest = TRUE)
put_svystat("yrbs", "mean", "all", svymean(~qn8, ys, na.rm = TRUE))
put("yrbs", "df", "all", "", "df", degf(ys))
fp <- svydesign(id = ~psuid, strata = ~stratid, weights = ~weight, data = fpcdat, fpc = ~Nh, nest = TRUE)
put_svystat("fpc", "mean", "all", svymean(~x, fp)); put_svystat("fpc", "mean", "x>4", svymean(~x, subset(fp, x > 4)))
put_svystat("fpc", "total", "x>4", svytotal(~x, subset(fp, x > 4)))

# ---- one-PSU strata: stratum 2 of fpc keeps one unit; 'merge' is what merging the strata gives
one <- fpcdat[1:6, ]
for (o in c("certainty", "adjust", "average")) {
  options(survey.lonely.psu = o)
  d <- svydesign(id = ~psuid, strata = ~stratid, weights = ~weight, data = one, nest = TRUE)
  put_svystat("lonely", o, "all", svymean(~x, d))
}
options(survey.lonely.psu = "fail")
one$unit <- 1:6
put_svystat("lonely", "merge", "all", svymean(~x, svydesign(id = ~unit, weights = ~weight, data = one)))

# ---- errors that respect calibration
types <- data.frame(stype = c("E", "H", "M"), Freq = c(4421, 755, 1018))
known <- c(`(Intercept)` = 6194, stypeH = 755, stypeM = 1018, api99 = 3914069)
d <- designs$clusters
calibrated <- list(
  post_stratified = postStratify(d, ~stype, types),
  linear = calibrate(d, ~stype + api99, known),
  raking = calibrate(d, ~stype + api99, known, calfun = "raking", epsilon = 1e-12, maxit = 200),
  logit = calibrate(d, ~stype + api99, known, calfun = "logit", bounds = c(0.4, 2.6), epsilon = 1e-12, maxit = 200),
  truncated = calibrate(d, ~stype + api99, known, calfun = "linear", bounds = c(0.6, 1.6), epsilon = 1e-12, maxit = 200))
for (name in names(calibrated)) {
  g <- calibrated[[name]]
  for (v in c("api00", "meals", "enroll")) {
    put_svystat(name, "mean", "all", svymean(reformulate(v), g, na.rm = TRUE))
    put_svystat(name, "total", "all", svytotal(reformulate(v), g, na.rm = TRUE))
  }
  for (k in c("No", "Yes")) put_svystat(name, "mean", k, svymean(~api00, subset(g, sch.wide == k)))
}

# ---- replicate weights
jk <- as.svrepdesign(designs$clusters, type = "JK1"); jkn <- as.svrepdesign(designs$strata, type = "JKn")
for (v in c("api00", "enroll")) {
  put_svystat("jk1", "mean", "all", svymean(reformulate(v), jk, na.rm = TRUE))
  put_svystat("jkn", "mean", "all", svymean(reformulate(v), jkn, na.rm = TRUE))
}
g <- read.csv("data/gov2y.csv"); g <- g[g$year == 2023, ]; spec <- read.csv("data/gov2y_spec.csv")
for (i in seq_len(nrow(spec))) {
  u <- 100 * (g[[spec$indicator[i]]] - spec$min[i]) / (spec$max[i] - spec$min[i])
  g[[spec$indicator[i]]] <- if (spec$direction[i] < 0) 100 - u else u
}
gd <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, data = g)
total <- function(w, data, geometric) {
  m <- sapply(spec$indicator, function(z) { ok <- !is.na(data[[z]]); sum(w[ok] * data[[z]][ok]) / sum(w[ok]) })
  subs <- unique(spec[, c("sub", "dim", "w_sub", "w_dim")])
  s <- sapply(subs$sub, function(k) sum((spec$w_ind * m)[spec$sub == k]))
  dims <- unique(subs[, c("dim", "w_dim")])
  x <- sapply(dims$dim, function(k) sum((subs$w_sub * s)[subs$dim == k]))
  if (geometric) exp(sum(dims$w_dim * log(x))) else sum(dims$w_dim * x)
}
both <- function(w, data) {
  districts <- sort(unique(data$district))
  out <- c(sapply(districts, function(k) { i <- data$district == k; total(w[i], data[i, ], FALSE) }),
           sapply(districts, function(k) { i <- data$district == k; total(w[i], data[i, ], TRUE) }))
  setNames(out, paste(rep(c("arithmetic", "geometric"), each = length(districts)), districts))
}
set.seed(77)
reps <- list(gov2y_bootstrap = as.svrepdesign(gd, type = "subbootstrap", replicates = 60, compress = FALSE),
             gov2y_jackknife = as.svrepdesign(gd, type = "JKn"))
for (name in names(reps)) for (mse in c(FALSE, TRUE)) {
  r <- reps[[name]]; r$mse <- mse; w <- withReplicates(r, both)
  figure <- if (mse) "around_estimate" else "around_mean"
  parts <- do.call(rbind, strsplit(names(both(weights(gd), g)), " "))
  put(name, figure, parts[, 2], parts[, 1], "est", coef(w)); put(name, figure, parts[, 2], parts[, 1], "se", SE(w))
}
first <- !duplicated(g$psu)
factors <- round((weights(reps$gov2y_bootstrap, type = "analysis") / weights(gd))[first, ], 12)
colnames(factors) <- paste0("r", seq_len(ncol(factors)))
write.csv(cbind(data.frame(psu = g$psu[first]), factors), "data/gov2y_bootstrap_factors.csv", row.names = FALSE, quote = FALSE)

# ---- gov2y: medians, and errors after raking to whole margins jointly
for (k in sort(unique(g$district))) {
  q <- svyquantile(~q8, subset(gd, district == k), 0.5, na.rm = TRUE, qrule = "math", interval.type = "mean")
  put("gov2y", "median", k, "q8", c("est", "ci_low", "ci_high", "se"), q$q8[1, 1:4])
}
own <- g[g$district %in% c("D03", "D09"), ]
for (k in c("D03", "D09")) {
  x <- own[own$district == k, ]; n <- 30000
  dk <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, data = x)
  margins <- c(`(Intercept)` = n, sexM = 0.48 * n, `age30-44` = 0.30 * n, `age45-59` = 0.25 * n, `age60+` = 0.20 * n)
  rk <- calibrate(dk, ~sex + age, margins, calfun = "raking", epsilon = 1e-13, maxit = 500)
  for (z in spec$indicator) put_svystat("gov2y_raked", "mean", k, svymean(reformulate(z), rk, na.rm = TRUE))
}

# ---- gov2y: change where no sampling unit is in both years, and where all are
both <- read.csv("data/gov2y.csv")
for (i in seq_len(nrow(spec))) {
  z <- spec$indicator[i]
  u <- 100 * (both[[z]] - spec$min[i]) / (spec$max[i] - spec$min[i])
  if (spec$direction[i] < 0) u <- 100 - u
  for (y in c(2023, 2024)) {
    both[[paste0("n_", z, "_", y)]] <- ifelse(is.na(u), 0, u) * (both$year == y)
    both[[paste0("d_", z, "_", y)]] <- (!is.na(u)) * (both$year == y)
  }
}
change <- function(name, design) {
  for (k in sort(unique(design$variables$district))) for (z in spec$indicator) {
    columns <- paste0(rep(c("n_", "d_"), 2), z, "_", rep(c(2023, 2024), each = 2))
    t <- svytotal(reformulate(columns), subset(design, district == k))
    e <- parse(text = sprintf("n_%s_2024/d_%s_2024-n_%s_2023/d_%s_2023", z, z, z, z))[[1]]
    s <- svycontrast(t, list(change = e))
    put(name, "change", k, z, "est", coef(s)); put(name, "change", k, z, "se", SE(s))
    put(name, "df", k, "", "df", degf(subset(design, district == k)))
  }
}
both$own <- paste(both$year, both$psu); both$layer <- paste(both$year, both$stratum)
change("gov2y_apart", svydesign(id = ~own, strata = ~layer, weights = ~weight, data = both))
kept <- intersect(both$psu[both$year == 2023], both$psu[both$year == 2024])
change("gov2y_kept", svydesign(id = ~psu, strata = ~stratum, weights = ~weight, data = both[both$psu %in% kept, ]))
out <- unique(do.call(rbind, rows))
write.csv(out, "data/survey_datasets_r.csv", row.names = FALSE, quote = FALSE)
cat(nrow(out), "figures\n")
