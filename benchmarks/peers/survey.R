# R's survey package, the reference: means by district with linearised errors, one item at a time,
# and bootstrap of the whole composite. Not here: which of them run, and on what (engine.py).
suppressPackageStartupMessages(library(survey))
DISTRICTS <- 14
ITEMS <- 60
SLOW_REPETITIONS <- 3

read_doubles <- function(path) readBin(path, "double", file.size(path) / 8)
read_integers <- function(path) readBin(path, "integer", file.size(path) / 4, size = 4)

load_survey <- function(folder) {
  at <- function(name) file.path(folder, name)
  weights <- read_doubles(at("weights.f8"))
  levels <- matrix(read_doubles(at("levels.f8")), nrow = ITEMS, byrow = TRUE)
  frame <- data.frame(
    psu = read_integers(at("psu.i4")), stratum = read_integers(at("stratum.i4")),
    district = factor(read_integers(at("district.i4"))), weight = weights
  )
  file <- file(at("codes.i1"), "rb")
  for (item in seq_len(ITEMS)) {
    code <- readBin(file, "integer", length(weights), size = 1, signed = TRUE)
    code[code < 0] <- NA
    frame[[paste0("q", item - 1)]] <- levels[item, code + 1]
  }
  close(file)
  tree <- matrix(read_doubles(at("tree.f8")), ncol = ITEMS, byrow = TRUE)
  design <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, data = frame)
  list(design = design, tree = tree, offset = read_doubles(at("offset.f8")))
}

run_means <- function(subject, names, replicates) {
  lapply(names, function(name) {
    svyby(reformulate(name), ~district, subject$design, svymean, na.rm = TRUE)
  })
}

tidy_means <- function(raw) {
  list(unlist(lapply(raw, function(by) coef(by))), unlist(lapply(raw, function(by) SE(by))))
}

run_bootstrap <- function(subject, names, replicates) {
  set.seed(3051)
  replicated <- as.svrepdesign(subject$design, type = "subbootstrap", replicates = replicates)
  compute_scores <- function(weights, frame) {
    values <- as.matrix(frame[names])
    present <- !is.na(values)
    values[!present] <- 0
    means <- rowsum(weights * values, frame$district) / rowsum(weights * present, frame$district)
    as.vector(means %*% t(subject$tree) + rep(subject$offset, each = DISTRICTS))
  }
  withReplicates(replicated, compute_scores)
}

tidy_bootstrap <- function(raw) list(coef(raw), SE(raw))

read_status <- function(key) {
  line <- grep(key, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line))
}

words <- commandArgs(trailingOnly = TRUE)
names <- paste0("q", strsplit(words[7], ",")[[1]])
replicates <- as.integer(words[8])
run <- list(means = run_means, bootstrap = run_bootstrap)[[words[3]]]
tidy <- list(means = tidy_means, bootstrap = tidy_bootstrap)[[words[3]]]

subject <- load_survey(words[1])
invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- read_status("VmRSS")
seconds <- c()
wanted <- as.integer(words[4])
while (length(seconds) < wanted) {
  raw <- NULL
  invisible(gc())
  seconds <- c(seconds, system.time(raw <- run(subject, names, replicates))[["elapsed"]])
  if (tail(seconds, 1) > as.numeric(words[5])) wanted <- min(wanted, SLOW_REPETITIONS)
}
peak <- (read_status("VmHWM") - before) / 1024
writeBin(as.numeric(unlist(tidy(raw))), paste0(words[6], ".f8"))
version <- sprintf(
  "%s (R %s, %s)", packageVersion("survey"), getRversion(),
  basename(extSoftVersion()[["BLAS"]])
)
cat(sprintf(
  '{"seconds": [%s], "peak_mib": %.3f, "version": "%s"}',
  paste(sprintf("%.6f", seconds), collapse = ", "), peak, version
), file = paste0(words[6], ".json"))
