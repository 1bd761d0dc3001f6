# Belongs here: figures of the simulated survey extract, and of lonely PSUs, computed by R survey.
# Does not belong here: anything computed by our own software.
#
# R 4.2.2, package survey 4.1.1 (Debian: r-cran-survey). Run from this folder:
#   Rscript sample_survey.R
# Reads  data/sample_survey.csv       simulated answers of four districts, 2019 and 2020
#        data/sample_survey_tree.csv  three sub-dimensions with goalposts and weights
#        data/lonely_psu.csv          a lopsided toy sample, strata A (one PSU) to D
# Writes data/sample_survey_r.csv and data/lonely_psu_r.csv
suppressMessages(library(survey))
options(survey.lonely.psu = "fail", digits = 15)

rows <- read.csv("data/sample_survey.csv", colClasses = c(psu = "character"))
tree <- read.csv("data/sample_survey_tree.csv", colClasses = "character")
number <- function(text) vapply(text, function(x) eval(parse(text = x)), 0)
leaves <- tree[tree$level == "indicator", ]
subs <- tree[tree$level == "sub_dimension", ]
items <- c(leaves$key, "land_compensation_fair")

# One pair of totals per indicator (and year): w*y and w over those who answered. A score is then a
# smooth function of totals, and svycontrast gives its exact linearised error with all covariances.
for (y in c(2019, 2020)) for (i in items) {
  x <- rows[[i]]
  rows[[paste0("num_", i, "_", y)]] <- ifelse(is.na(x), 0, x) * (rows$survey_year == y)
  rows[[paste0("den_", i, "_", y)]] <- (!is.na(x)) * (rows$survey_year == y)
}

formulas <- function(y) {
  low <- number(leaves$scale_min)
  high <- number(leaves$scale_max)
  mean_of <- sprintf("(num_%s_%s/den_%s_%s)", leaves$key, y, leaves$key, y)
  unit <- ifelse(leaves$direction == "-1",
    sprintf("((%.17g-%s)/%.17g)", high, mean_of, high - low),
    sprintf("((%s-%.17g)/%.17g)", mean_of, low, high - low))
  score <- vapply(subs$key, function(s) {
    own <- leaves$parent == s
    lo <- number(subs$scale_min[subs$key == s])
    hi <- number(subs$scale_max[subs$key == s])
    parts <- paste(sprintf("%.17g*%s", number(leaves$weight[own]), unit[own]), collapse = "+")
    sprintf("(%.17g+%.17g*(%s))", lo, hi - lo, parts)
  }, "")
  dimensions <- unique(subs$parent)
  sum_of <- function(parts) paste0("(", paste(parts, collapse = "+"), ")")
  dimension <- vapply(dimensions, function(d) sum_of(score[subs$parent == d]), "")
  c(setNames(score, subs$key), setNames(dimension, dimensions), total = sum_of(dimension))
}
columns <- function(y) c(paste0("num_", leaves$key, "_", y), paste0("den_", leaves$key, "_", y))
contrast <- function(design, expressions, years) {
  totals <- svytotal(reformulate(unlist(lapply(years, columns))), design)
  svycontrast(totals, lapply(expressions, function(e) parse(text = e)[[1]]))
}

golden <- data.frame()
add <- function(figure, year, domain, term, est, se, df, p = NA) {
  row <- data.frame(figure, year, domain, term, est = as.numeric(est), se = as.numeric(se), df,
                    p_value = as.numeric(p))
  golden <<- rbind(golden, row)
}
save <- function(table, path) {
  for (name in c("est", "se", "p_value")) if (name %in% names(table))
    table[[name]] <- ifelse(is.na(table[[name]]), "", sprintf("%.15g", table[[name]]))
  write.csv(table, path, row.names = FALSE, quote = FALSE)
}

for (y in c(2019, 2020)) {
  data <- rows[rows$survey_year == y, ]
  year <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, data = data, nest = TRUE)
  for (d in unique(year$variables$district)) {
    own <- subset(year, district == d)
    for (i in items) {
      m <- svymean(reformulate(i), own, na.rm = TRUE)
      answered <- own[!is.na(own$variables[[i]]), ]  # its domain is those who answered
      add("mean", y, d, i, coef(m), SE(m), degf(answered))
    }
    s <- contrast(own, formulas(y), y)
    for (k in names(coef(s))) add("score", y, d, k, coef(s)[k], SE(s)[k], degf(own))
  }
  s <- contrast(year, formulas(y), y)
  for (k in names(coef(s))) add("score", y, "all", k, coef(s)[k], SE(s)[k], degf(year))
}

# 2019 on the boundary of 2020: Ha Long is the pooled rows of 193 and 204. And on a boundary that
# takes part of the strata: every other commune of 2020, by the order of their codes.
year <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE,
                  data = rows[rows$survey_year == 2019, ])
for (d in unique(year$variables$unit_2020)) {
  own <- subset(year, unit_2020 == d)
  s <- contrast(own, formulas(2019), 2019)
  for (k in names(coef(s))) add("restated", 2019, d, k, coef(s)[k], SE(s)[k], degf(own))
}
year <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE,
                  data = rows[rows$survey_year == 2020, ])
codes <- sort(unique(year$variables$commune_code))
year <- update(year, cut = match(commune_code, codes) %% 2)
for (d in c(0, 1)) {
  own <- subset(year, cut == d)
  s <- contrast(own, formulas(2020), 2020)
  for (k in names(coef(s))) add("cut", 2020, d, k, coef(s)[k], SE(s)[k], degf(own))
}

# Change on the boundary of 2020: both years stacked, a PSU surveyed twice is one cluster. The labels
# of the common strata stand in the extract.
rows$panel_psu <- paste(rows$unit_2020, rows$panel_stratum, rows$psu, sep = "|")
rows$panel_layer <- paste(rows$unit_2020, rows$panel_stratum, sep = "|")
both <- svydesign(id = ~panel_psu, strata = ~panel_layer, weights = ~weight, data = rows)
difference <- sprintf("%s-%s", formulas(2020), formulas(2019))
names(difference) <- names(formulas(2020))
for (d in unique(rows$unit_2020)) {
  own <- subset(both, unit_2020 == d)
  s <- contrast(own, difference, c(2019, 2020))
  df <- degf(own)
  for (k in names(coef(s))) {
    e <- coef(s)[k]
    se <- SE(s)[k]
    add("change", 2020, d, k, e, se, df, 2 * pt(-abs(e / se), df))
  }
}
save(golden, "data/sample_survey_r.csv")

# ---- a stratum with one PSU, under each policy that R knows
toy <- read.csv("data/lonely_psu.csv")
golden <- data.frame()
for (policy in c("certainty", "adjust", "average")) {
  options(survey.lonely.psu = policy)
  design <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, data = toy)
  for (i in c("share", "rating", "rare")) {
    m <- svymean(reformulate(i), design, na.rm = TRUE)
    add(policy, "", "all", i, coef(m), SE(m), degf(design[!is.na(design$variables[[i]]), ]))
  }
}
save(golden[, c("figure", "term", "est", "se", "df")], "data/lonely_psu_r.csv")
