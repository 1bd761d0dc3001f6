# Belongs here: one-way analyses of variance by interviewer, raw and net of areas, computed by R.
# Not here: anything computed by our own software.
#
# R 4.2.2, base stats, and lme4 (Debian: r-cran-lme4) for the balanced data. Run from this folder:
#   Rscript interviewer_effects.R
# Writes data/interviewer_answers.csv: invented answers, lopsided on purpose: unequal interviewers,
#        one with a single interview (I9), one alone in an area and nowhere else (I8), missing
#        answers (x; a question few were asked: q4), an answer that never varies (q5)
# Writes data/interviewer_balanced.csv: invented, complete: 8 interviewers of 12 interviews
# Writes data/interviewer_effects_r.csv: data, model, question, figure, value
options(digits = 15)
RNGversion("4.2.2")
set.seed(20190815)

golden <- data.frame()
add <- function(data, model, question, ...) {
  figures <- c(...)
  golden <<- rbind(golden, data.frame(data, model, question, figure = names(figures),
                                      value = sprintf("%.15g", as.numeric(figures))))
}
one_way <- function(data, rows, question) {
  rows <- droplevels(rows[!is.na(rows[[question]]), ])
  rows$y <- rows[[question]]
  squares <- summary(aov(y ~ interviewer, rows))[[1]]
  n <- table(rows$interviewer)
  n0 <- (sum(n) - sum(n^2) / sum(n)) / (length(n) - 1)
  ms <- squares[["Mean Sq"]]
  add(data, "raw", question, icc = (ms[1] - ms[2]) / (ms[1] + (n0 - 1) * ms[2]),
      f = squares[["F value"]][1], p_value = squares[["Pr(>F)"]][1],
      df_between = squares[["Df"]][1], df_within = squares[["Df"]][2])
}
net_of_areas <- function(data, rows, question) {
  rows <- droplevels(rows[!is.na(rows[[question]]), ])
  rows$y <- rows[[question]]
  both <- anova(lm(y ~ area, rows), lm(y ~ area + interviewer, rows))
  df <- both[["Df"]][2]
  msb <- both[["Sum of Sq"]][2] / df
  msw <- both[["RSS"]][2] / both[["Res.Df"]][2]
  # Trace of Z'MZ: what of each interviewer's own column areas cannot foretell.
  left <- sapply(levels(rows$interviewer), function(i)
    sum(resid(lm(as.numeric(rows$interviewer == i) ~ rows$area))^2))
  n0 <- sum(left) / df
  add(data, "net", question, icc = (msb - msw) / (msb + (n0 - 1) * msw), f = both[["F"]][2],
      p_value = both[["Pr(>F)"]][2], df_between = df, df_within = both[["Res.Df"]][2])
}

sizes <- rbind(
  c("A1", "I1", 31), c("A1", "I2", 9), c("A2", "I2", 22), c("A2", "I3", 14), c("A2", "I4", 5),
  c("A3", "I4", 27), c("A3", "I1", 3), c("A4", "I5", 18), c("A4", "I6", 11), c("A5", "I6", 24),
  c("A5", "I7", 8), c("A5", "I9", 1), c("A6", "I8", 19))
cells <- data.frame(area = sizes[, 1], interviewer = sizes[, 2])
rows <- cells[rep(seq_len(nrow(cells)), as.integer(sizes[, 3])), ]
rows <- data.frame(lapply(rows, factor))
count <- nrow(rows)
area <- rnorm(6, 0, 0.5)[rows$area]
who <- rnorm(9)[rows$interviewer]
scale <- function(strength) pmin(5, pmax(1, round(3 + area + strength * who + rnorm(count))))
rows$q0 <- scale(0)
rows$q1 <- scale(0.4)
rows$q2 <- scale(1.5)
rows$q3 <- as.integer(runif(count) < plogis(who))
rows$q4 <- scale(0.6)
rows$q5 <- 2
for (question in c("q1", "q2", "q3")) rows[[question]][runif(count) < 0.15] <- NA
rows$q4[runif(count) < 0.7] <- NA
for (question in paste0("q", 0:4)) {
  one_way("lopsided", rows, question)
  net_of_areas("lopsided", rows, question)
}
write.csv(rows, "data/interviewer_answers.csv", row.names = FALSE, na = "", quote = FALSE)

balanced <- data.frame(interviewer = factor(rep(sprintf("I%d", 1:8), each = 12)))
for (k in 0:2) {
  effect <- rnorm(8, 0, 0.3 + 0.3 * k)[balanced$interviewer]
  balanced[[paste0("q", k)]] <- pmin(5, pmax(1, round(3 + effect + rnorm(96))))
  # Balanced and not negative, the ANOVA figure is that of REML.
  fit <- lme4::lmer(reformulate("(1 | interviewer)", paste0("q", k)), balanced,
                    control = lme4::lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14)))
  parts <- as.data.frame(lme4::VarCorr(fit))$vcov
  add("balanced", "reml", paste0("q", k), icc = parts[1] / sum(parts))
}
write.csv(balanced, "data/interviewer_balanced.csv", row.names = FALSE, quote = FALSE)
write.csv(golden, "data/interviewer_effects_r.csv", row.names = FALSE, quote = FALSE)
