# Belongs here: regressions of satisfaction and relative weights, computed by R and R survey.
# Not here: anything computed by our own software.
#
# R 4.2.2, package survey 4.1.1 (Debian: r-cran-survey). Run from this folder:
#   Rscript importance.R
# Reads  data/gov2y.csv, data/gov2y_spec.csv, data/lonely_psu.csv
# Writes data/importance_r.csv: figure, term, value
suppressMessages(library(survey))
options(survey.lonely.psu = "fail", digits = 15)

spec <- read.csv("data/gov2y_spec.csv")
rows <- subset(read.csv("data/gov2y.csv", stringsAsFactors = TRUE), year == 2023)
for (i in seq_len(nrow(spec))) {
  u <- 100 * (rows[[spec$indicator[i]]] - spec$min[i]) / (spec$max[i] - spec$min[i])
  rows[[paste0("u_", spec$indicator[i])]] <- if (spec$direction[i] < 0) 100 - u else u
}

golden <- data.frame()
add <- function(figure, term, value) {
  golden <<- rbind(golden, data.frame(figure, term, value = sprintf("%.15g", as.numeric(value))))
}
add_fit <- function(figure, fit, terms = names(coef(fit))) {
  for (k in terms) add(paste0(figure, ".coefficient"), k, coef(fit)[k])
  for (k in terms) add(paste0(figure, ".se"), k, SE(fit)[k])
  v <- vcov(fit)
  add(paste0(figure, ".covariance"), paste(terms[1:2], collapse = " "), v[terms[1], terms[2]])
  add(paste0(figure, ".df"), "", fit$df.residual)
}
design_of <- function(data) svydesign(id = ~psu, strata = ~stratum, weights = ~weight, data = data)
names_of <- c("u_q1", "u_q3", "u_q5", "u_b2")

add_fit("plain", svyglm(u_q8 ~ u_q1 + u_q3 + u_q5 + u_b2 + sex + age, design_of(rows)))
add_fit("dummies", svyglm(u_q8 ~ u_q1 + u_q3 + sex + age + district, design_of(rows)))
add_fit("within", svyglm(u_q8 ~ u_q1 + u_q3 + u_q5 + u_b2 + district, design_of(rows)), names_of)
# Nobody in three sampling units says how satisfied they are: units stay, degrees of freedom go.
silent <- rows
silent$u_q8[silent$psu %in% unique(silent$psu)[c(1, 2, 40)]] <- NA
add_fit("silent", svyglm(u_q8 ~ u_q1 + u_q3 + u_q5 + u_b2, design_of(silent)))

toy <- read.csv("data/lonely_psu.csv")
for (policy in c("certainty", "adjust", "average")) {
  options(survey.lonely.psu = policy)
  add_fit(policy, svyglm(rating ~ share, design_of(toy)))
}
options(survey.lonely.psu = "fail")

# ---- importance, by another road than eigenvectors of the correlations: the singular vectors of
# the data give the nearest orthogonal variables, and lm.fit on those gives what each explains.
x <- c("u_q1", "u_q2", "u_q3", "u_q4", "u_q5", "u_b1", "u_q6", "u_b2", "u_q7", "u_b3", "u_b4")
share_out <- function(data, prefix, with_fit) {
  data <- data[!is.na(data$u_q8), ]
  data$y <- data$u_q8
  for (k in x) {
    z <- data[[k]]
    for (d in levels(data$district)) {
      own <- data$district == d
      z[own] <- z[own] - weighted.mean(z[own], data$weight[own], na.rm = TRUE)
    }
    sd <- sqrt(weighted.mean(z^2, data$weight, na.rm = TRUE))
    z[is.na(z)] <- 0
    data[[paste0("z_", k)]] <- z / sd
  }
  for (d in levels(data$district)) {
    own <- data$district == d
    data$y[own] <- data$y[own] - weighted.mean(data$y[own], data$weight[own])
  }
  z <- paste0("z_", x)
  root <- sqrt(data$weight)
  columns <- sweep(as.matrix(data[, z]), 1, root, "*")
  columns <- sweep(columns, 2, sqrt(colSums(columns^2)), "/")
  y <- data$y * root
  y <- y / sqrt(sum(y^2))
  parts <- svd(columns)
  nearest <- parts$u %*% t(parts$v)
  loading <- t(columns) %*% nearest
  weight <- as.vector(loading^2 %*% lm.fit(nearest, y)$coefficients^2)
  for (k in seq_along(x)) add(paste0(prefix, ".relative_weight"), x[k], weight[k])
  add(paste0(prefix, ".r_squared"), "", 1 - sum(lm.fit(columns, y)$residuals^2))
  if (with_fit) {
    fit <- svyglm(reformulate(c(z, "district"), "u_q8"), design_of(data))
    for (k in seq_along(x)) add(paste0(prefix, ".coefficient"), x[k], coef(fit)[z[k]])
    for (k in seq_along(x)) add(paste0(prefix, ".se"), x[k], SE(fit)[z[k]])
    add(paste0(prefix, ".df"), "", fit$df.residual)
  }
}
share_out(rows, "importance", TRUE)
# One replicate: every second sampling unit twice, the others not at all.
half <- rows[rows$psu %in% sort(unique(rows$psu))[c(TRUE, FALSE)], ]
half$weight <- 2 * half$weight
share_out(half, "half", FALSE)
write.csv(golden, "data/importance_r.csv", row.names = FALSE, quote = FALSE)
