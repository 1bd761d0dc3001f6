# Belongs here: calibrated, raked, post-stratified and trimmed weights computed by R survey.
# Does not belong here: anything computed by our own software, or the package's own data.
#
# R 4.2.2, package survey 4.1.1 (Debian: r-cran-survey). Run from this folder:
#   Rscript calibration.R
# Reads  data/gov2y.csv, and apiclus1 and apistrat of the package
# Writes data/calibration_r.csv: design, row (1 is the data's first), weight
suppressMessages(library(survey))
data(api)

golden <- data.frame()
keep <- function(name, design) {
  weight <- sprintf("%.17g", weights(design))
  golden <<- rbind(golden, data.frame(design = name, row = seq_along(weight), weight))
}
margin <- function(variable, ...) {
  shares <- c(...)
  setNames(data.frame(names(shares), shares, row.names = NULL), c(variable, "Freq"))
}
tight <- list(maxit = 1000, epsilon = 1e-13)

# Schools, in one-stage clusters and in strata.
clusters <- svydesign(id = ~dnum, weights = ~pw, data = apiclus1, fpc = ~fpc)
types <- margin("stype", E = 4421, H = 755, M = 1018)
targets <- margin("sch.wide", No = 1072, Yes = 5122)
known <- c("(Intercept)" = 6194, stypeH = 755, stypeM = 1018, api99 = 3914069)
keep("clusters_poststratified", postStratify(clusters, ~stype, types))
raked <- rake(clusters, list(~stype, ~sch.wide), list(types, targets), control = tight)
keep("clusters_raked", raked)
keep("clusters_trimmed", trimWeights(raked, lower = 20, upper = 45, strict = TRUE))
school <- function(...) {
  calibrate(clusters, ~stype + api99, known, epsilon = 1e-13, maxit = 200, ...)
}
keep("clusters_linear", school())
keep("clusters_truncated", school(calfun = "linear", bounds = c(0.6, 1.6)))
keep("clusters_raking", school(calfun = "raking"))
keep("clusters_logit", school(calfun = "logit", bounds = c(0.4, 2.6)))
strata <- svydesign(id = ~1, strata = ~stype, weights = ~pw, data = apistrat, fpc = ~fpc)
improved <- margin("comp.imp", No = 1711, Yes = 4483)
keep("strata_raked",
     rake(strata, list(~sch.wide, ~comp.imp), list(targets, improved), control = tight))

# Three districts of gov2y, with the weights cubed: the largest is thousands of times the least.
g <- read.csv("data/gov2y.csv")
g <- g[g$year == 2023 & g$district %in% c("D01", "D02", "D03"), ]
g$base <- g$weight^3 * 30000 / sum(g$weight^3)
lopsided <- svydesign(id = ~psu, strata = ~stratum, weights = ~base, data = g)
people <- list(margin("district", D01 = 9000, D02 = 13000, D03 = 8000),
               margin("sex", F = 15600, M = 14400),
               margin("age", "18-29" = 7500, "30-44" = 9000, "45-59" = 7500, "60+" = 6000))
raked <- rake(lopsided, list(~district, ~sex, ~age), people, control = tight)
keep("lopsided_raked", raked)
keep("lopsided_trimmed_above", trimWeights(raked, upper = 200, strict = TRUE))
wanted <- c("(Intercept)" = 30000, districtD02 = 13000, districtD03 = 8000, sexM = 14400,
            "age30-44" = 9000, "age45-59" = 7500, "age60+" = 6000)
person <- function(...) {
  calibrate(lopsided, ~district + sex + age, wanted, epsilon = 1e-13, maxit = 500, ...)
}
keep("lopsided_linear", person())
keep("lopsided_truncated", person(calfun = "linear", bounds = c(0.5, 2)))
keep("lopsided_raking", person(calfun = "raking"))
keep("lopsided_logit", person(calfun = "logit", bounds = c(0.5, 2)))
write.csv(golden, "data/calibration_r.csv", row.names = FALSE, quote = FALSE)
