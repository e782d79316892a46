# Writes metafor_reference.json: what metafor and base R say of the data sets below.
# Run in this folder:  Rscript make_metafor_reference.R
# Needs metafor (with metadat) and jsonlite. The tests read the JSON and need no R.

suppressMessages({library(metafor); library(jsonlite)})

# ---- data sets ----------------------------------------------------------------------------------------------

bcg <- dat.bcg
counts <- list(
  bcg = data.frame(events_1 = bcg$tpos, n_1 = bcg$tpos + bcg$tneg, events_2 = bcg$cpos, n_2 = bcg$cpos + bcg$cneg),
  zero_cells = data.frame(events_1 = c(0, 5, 2, 10, 4, 1), n_1 = c(20, 18, 40, 10, 25, 15),
                          events_2 = c(3, 0, 6, 7, 4, 5), n_2 = c(21, 17, 38, 12, 25, 16)),
  two_studies = data.frame(events_1 = c(12, 9), n_1 = c(30, 25), events_2 = c(5, 8), n_2 = c(31, 24)),
  homogeneous = data.frame(events_1 = c(10, 21, 29, 42, 9), n_1 = c(50, 100, 150, 200, 45),
                           events_2 = c(5, 10, 16, 20, 5), n_2 = c(50, 100, 150, 200, 45)),
  dominating = data.frame(events_1 = c(4, 2, 7, 900), n_1 = c(12, 10, 15, 9000),
                          events_2 = c(2, 5, 3, 1000), n_2 = c(12, 11, 14, 9100))
)
stays <- dat.normand1999
means <- list(
  normand = data.frame(mean_1 = stays$m1i, sd_1 = stays$sd1i, n_1 = stays$n1i,
                       mean_2 = stays$m2i, sd_2 = stays$sd2i, n_2 = stays$n2i),
  small_arms = data.frame(mean_1 = c(4.1, 5.5, 3.0, 6.2), sd_1 = c(1.2, 2.0, 0.8, 3.1), n_1 = c(3, 5, 2, 10),
                          mean_2 = c(5.0, 5.9, 4.4, 7.7), sd_2 = c(1.9, 1.4, 1.1, 2.6), n_2 = c(4, 5, 2, 9)),
  two_means = data.frame(mean_1 = c(30.2, 27.5), sd_1 = c(6, 7.5), n_1 = c(15, 40),
                         mean_2 = c(34.1, 28.0), sd_2 = c(6.6, 7.1), n_2 = c(16, 38)),
  alike = data.frame(mean_1 = c(10, 10.1, 9.9), sd_1 = c(3, 3.2, 2.9), n_1 = c(30, 35, 28),
                     mean_2 = c(11, 11.1, 10.8), sd_2 = c(3.1, 3, 3), n_2 = c(30, 33, 29)),
  far_apart = data.frame(mean_1 = c(5, 80, -40, 12, 3), sd_1 = c(2, 3, 2, 1, 4), n_1 = c(40, 50, 60, 45, 30),
                         mean_2 = c(9, 11, 15, 10, 2), sd_2 = c(2, 2, 3, 2, 5), n_2 = c(41, 52, 58, 44, 31))
)
generic <- list(
  hackshaw = data.frame(yi = dat.hackshaw1998$yi, vi = dat.hackshaw1998$vi),
  two_far = data.frame(yi = c(-3, 4), vi = c(0.1, 0.2)),
  two_near = data.frame(yi = c(0.31, 0.29), vi = c(0.1, 0.2)),
  huge_heterogeneity = data.frame(yi = c(-9, 12, 0.5, 30, -21, 4), vi = c(1e-3, 2e-3, 5e-4, 1e-3, 4e-3, 2e-3)),
  dominating = data.frame(yi = c(0.2, 1.4, -0.9, 0.7), vi = c(1e-6, 0.5, 0.8, 0.4)),
  large_shift = data.frame(yi = 1e4 + c(0.1, 0.5, 0.9, 1.6, 0.2), vi = c(0.1, 0.05, 0.2, 0.1, 0.15)),
  tiny_units = data.frame(yi = c(1e-5, 4e-5, -2e-5, 9e-5), vi = c(1e-10, 4e-10, 2e-10, 3e-10)),
  near_boundary = data.frame(yi = c(0, 0.62, -0.61, 0.9, -0.1), vi = c(0.3, 0.3, 0.3, 0.3, 0.3)),
  three_studies = data.frame(yi = c(-0.8, 0.1, -0.4), vi = c(0.09, 0.04, 0.25))
)
# Proportions of one arm; none is 0 or 1.
single <- list(bcg_controls = counts$bcg[, 3:4], homogeneous_treated = counts$homogeneous[, 1:2])

# ---- helpers ------------------------------------------------------------------------------------------------

MEASURES <- list(counts = c("RR", "OR", "RD"), means = c("MD", "SMD"), single = "PR", generic = "GEN")
METHODS <- c("EE", "DL", "PM", "REML")
INTERVALS <- c(wald = "z", hksj = "knha")

effects_of <- function(kind, d, measure) {
  switch(kind,
    counts = if (measure == "RD") escalc("RD", ai = events_1, n1i = n_1, ci = events_2, n2i = n_2, data = d, add = 0, to = "none")
             else escalc(measure, ai = events_1, n1i = n_1, ci = events_2, n2i = n_2, data = d),
    means = escalc(measure, m1i = mean_1, sd1i = sd_1, n1i = n_1, m2i = mean_2, sd2i = sd_2, n2i = n_2, data = d),
    single = escalc("PR", xi = d[[1]], ni = d[[2]], add = 0, to = "none"),
    generic = d)[, c("yi", "vi")]
}
back <- function(measure) if (measure %in% c("RR", "OR")) exp else identity
plain <- function(x) as.numeric(unname(x))

# Tight control. The threshold is on the change of tau2, so that it is set in the units of the data; where steps
# of full length swing to and fro, shorter ones are tried.
fitted_model <- function(e, method, test, level = 95, tight = TRUE, ...) {
  y <- plain(e$yi); v <- plain(e$vi)
  if (!tight) return(suppressWarnings(rma(y, v, method = method, test = test, level = level)))
  for (step in c(1, 0.5, 0.2, 0.05)) {
    control <- list(threshold = 1e-12 * max(median(v), var(y)), tol = 1e-20, maxiter = 50000, tau2.max = 1e6, stepadj = step, ...)
    fit <- try(suppressWarnings(rma(y, v, method = method, test = test, level = level, control = control)), silent = TRUE)
    if (!inherits(fit, "try-error")) return(fit)
  }
  stop("no convergence")
}
described <- function(fit, measure) {
  turn <- back(measure)
  ahead <- predict(fit)
  pi <- if (is.null(ahead$pi.lb)) c(NA, NA) else c(ahead$pi.lb, ahead$pi.ub)
  list(estimate = turn(plain(fit$beta)), ci_low = turn(fit$ci.lb), ci_high = turn(fit$ci.ub), se = fit$se,
       p_value = fit$pval, k = fit$k, tau2 = fit$tau2, i2 = fit$I2, h2 = fit$H2, q = fit$QE, q_p = fit$QEp,
       pi_low = turn(plain(pi[1])), pi_high = turn(plain(pi[2])), weights = plain(weights(fit)))
}

# ---- pooled models ------------------------------------------------------------------------------------------

sets <- list(counts = counts, means = means, single = single, generic = generic)
pooled <- list(); one <- list(); datasets <- list()
add_pooled <- function(kind, name, measure, method, interval, level) {
  e <- effects_of(kind, sets[[kind]][[name]], measure)
  expected <- described(fitted_model(e, method, INTERVALS[[interval]], level), measure)
  loose <- try(fitted_model(e, method, "z", tight = FALSE), silent = TRUE)
  case <- paste("pool", paste0(kind, "-", name), measure, method, interval, sep = "/")
  if (level != 95) case <- paste(case, level, sep = "/")
  pooled[[length(pooled) + 1]] <<- list(name = case, kind = kind, dataset = name, measure = measure, method = method,
    interval = interval, level = level / 100, expected = expected,
    tau2_default = if (inherits(loose, "try-error")) NA else loose$tau2)
}
for (kind in names(sets)) for (name in names(sets[[kind]])) {
  d <- sets[[kind]][[name]]
  datasets[[paste0(kind, "-", name)]] <- as.list(d)
  for (measure in MEASURES[[kind]]) {
    for (method in METHODS) for (interval in names(INTERVALS)) add_pooled(kind, name, measure, method, interval, 95)
    if (kind == "generic") next
    e <- summary(effects_of(kind, d, measure))
    turn <- back(measure)
    for (i in seq_len(nrow(d))) one[[length(one) + 1]] <- list(
      name = paste("effect", paste0(kind, "-", name), measure, i, sep = "/"), kind = kind, measure = measure,
      input = as.list(d[i, ]), expected = list(estimate = turn(plain(e$yi[i])), ci_low = turn(e$ci.lb[i]),
      ci_high = turn(e$ci.ub[i]), se = e$sei[i], p_value = e$pval[i]))
  }
}
for (level in c(80, 99)) for (interval in names(INTERVALS)) add_pooled("counts", "bcg", "RR", "REML", interval, level)

# ---- leave one out, subgroups -------------------------------------------------------------------------------

left <- list()
for (method in METHODS) for (interval in names(INTERVALS)) {
  e <- effects_of("counts", counts$bcg, "RR")
  rows <- lapply(seq_len(nrow(e)), function(i) described(fitted_model(e[-i, ], method, INTERVALS[[interval]]), "RR"))
  pick <- function(field) sapply(rows, function(row) row[[field]])
  left[[length(left) + 1]] <- list(name = paste("leave_one_out/counts-bcg/RR", method, interval, sep = "/"),
    dataset = "counts-bcg", measure = "RR", method = method, interval = interval,
    expected = sapply(c("estimate", "ci_low", "ci_high", "se", "tau2", "i2", "q", "pi_low"), pick, simplify = FALSE))
}
groups <- list()
for (method in METHODS) for (interval in names(INTERVALS)) {
  e <- effects_of("counts", counts$bcg, "RR")
  fits <- lapply(unique(bcg$alloc), function(g) fitted_model(e[bcg$alloc == g, ], method, INTERVALS[[interval]]))
  between <- rma(sapply(fits, function(f) f$beta), sei = sapply(fits, function(f) f$se), method = "EE")
  groups[[length(groups) + 1]] <- list(name = paste("subgroups/counts-bcg/RR", method, interval, sep = "/"),
    dataset = "counts-bcg", by = bcg$alloc, measure = "RR", method = method, interval = interval,
    expected = list(group = unique(bcg$alloc), estimate = sapply(fits, function(f) exp(plain(f$beta))),
      tau2 = sapply(fits, function(f) f$tau2), q_between = between$QE, q_p = between$QEp))
}

# ---- data on which Fisher scoring from metafor's start ends in a lower maximum than the highest ---------------

several <- list(
  list(yi = c(-0.23, -0.21, 0.88, 1.12), vi = c(0.022, 0.016, 2.113, 0.243), start = 0.3),
  list(yi = c(-7.74, 9.31, -0.16, 0.61), vi = c(21.819, 15.503, 0.006, 0.045), start = 0.31),
  list(yi = c(-0.06, 0.66, -0.77, -0.09), vi = c(0.002, 0.081, 1.671, 0.011), start = 0.074),
  list(yi = c(-0.74, 2.22, 0.51, -0.62), vi = c(0.032, 13.849, 0.242, 0.01), start = 0.19),
  list(yi = c(-0.04, 1.96, 4.03, -0.04), vi = c(0.048, 66.508, 1.965, 0.09), start = 3.1),
  list(yi = c(-5.18, 0.52, 1.19, 0.02), vi = c(3.571, 0.139, 0.713, 0.031), start = 0.078)
)
stuck <- lapply(seq_along(several), function(i) {
  d <- several[[i]]
  usual <- fitted_model(d, "REML", "z")
  started <- fitted_model(d, "REML", "z", tau2.init = d$start)
  list(name = paste("stuck", i, sep = "/"), yi = d$yi, vi = d$vi, start = d$start,
       tau2_usual = usual$tau2, log_likelihood_usual = plain(logLik(usual)),
       tau2_started = started$tau2, log_likelihood_started = plain(logLik(started)))
})

# ---- what we do differently on purpose ----------------------------------------------------------------------

z <- counts$zero_cells
default_rd <- escalc("RD", ai = events_1, n1i = n_1, ci = events_2, n2i = n_2, data = z)
hopeless <- data.frame(events_1 = c(0, 12), n_1 = c(10, 12), events_2 = c(0, 9), n_2 = c(14, 9))
refused <- lapply(c("RR", "OR"), function(m) {
  e <- escalc(m, ai = events_1, n1i = n_1, ci = events_2, n2i = n_2, data = hopeless)
  list(measure = m, rows = hopeless, metafor_estimate = exp(plain(e$yi)))
})
on_purpose <- list(
  rd_zero_cells = list(rows = z, metafor_default = plain(default_rd$yi), metafor_default_se = sqrt(default_rd$vi)),
  pr_zero = list(events = c(0, 10), n = c(20, 10), metafor_default = plain(escalc("PR", xi = c(0, 10), ni = c(20, 10))$yi)),
  refused = refused)

# ---- base R: Wilson, Newcombe, Fisher, t tests --------------------------------------------------------------

wilson <- list()
for (x in list(c(0, 10), c(10, 10), c(1, 1), c(0, 1), c(3, 7), c(11, 25), c(41, 260), c(5, 10000)))
  for (level in c(0.80, 0.95, 0.99)) {
    test <- suppressWarnings(prop.test(x[1], x[2], conf.level = level, correct = FALSE))
    wilson[[length(wilson) + 1]] <- list(name = paste("wilson", x[1], x[2], level, sep = "/"), events = x[1], n = x[2],
      level = level, ci_low = test$conf.int[1], ci_high = test$conf.int[2])
  }
tables <- list(c(4, 6, 1, 6), c(0, 10, 0, 10), c(10, 10, 0, 10), c(3, 10, 3, 10), c(12, 20, 6, 20), c(1, 24, 9, 25),
  c(7, 7, 2, 9), c(0, 20, 3, 21), c(15, 31, 5, 31), c(250, 1000, 300, 1000), c(2, 500, 9, 510), c(29, 58, 14, 58))
newcombe <- lapply(tables, function(t) {
  one <- suppressWarnings(prop.test(t[1], t[2], correct = FALSE)$conf.int)
  two <- suppressWarnings(prop.test(t[3], t[4], correct = FALSE)$conf.int)
  p <- t[1] / t[2]; q <- t[3] / t[4]
  list(name = paste("newcombe", paste(t, collapse = "-"), sep = "/"), input = t,
       ci_low = p - q - sqrt((p - one[1])^2 + (two[2] - q)^2), ci_high = p - q + sqrt((one[2] - p)^2 + (q - two[1])^2))
})
fisher <- lapply(tables, function(t) list(name = paste("fisher", paste(t, collapse = "-"), sep = "/"), input = t,
  p_value = fisher.test(matrix(c(t[1], t[2] - t[1], t[3], t[4] - t[3]), 2))$p.value))

set.seed(20240501)
sample_with <- function(mean, sd, n) mean + sd * as.numeric(scale(rnorm(n)))
summaries <- c(list(c(5, 2, 20, 6.5, 3, 15), c(0, 1, 2, 10, 1, 2), c(100, 15, 50, 101, 30, 200)),
  lapply(seq_len(nrow(means$small_arms)), function(i) as.numeric(means$small_arms[i, ])),
  lapply(seq_len(nrow(means$normand)), function(i) as.numeric(means$normand[i, ])))
t_tests <- list()
for (i in seq_along(summaries)) {
  s <- summaries[[i]]
  x <- sample_with(s[1], s[2], s[3]); y <- sample_with(s[4], s[5], s[6])
  for (kind in c("welch", "pooled")) {
    test <- t.test(x, y, var.equal = kind == "pooled")
    t_tests[[length(t_tests) + 1]] <- list(name = paste(kind, i, sep = "/"), kind = kind, input = s, t = plain(test$statistic),
      df = plain(test$parameter), p_value = test$p.value, ci_low = test$conf.int[1], ci_high = test$conf.int[2])
  }
}

# ---- write --------------------------------------------------------------------------------------------------

reference <- list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                   metadat = as.character(packageVersion("metadat"))),
  datasets = datasets, effects = one, pooled = pooled, leave_one_out = left, subgroups = groups, stuck = stuck,
  on_purpose = on_purpose, wilson = wilson, newcombe = newcombe, fisher = fisher, t_tests = t_tests)
write_json(reference, "metafor_reference.json", digits = I(17), auto_unbox = TRUE, na = "null", null = "null", pretty = FALSE)
cat(length(pooled), "pooled,", length(one), "effects,", length(left) + length(groups), "leave-one-out and subgroups,",
    length(wilson) + length(newcombe) + length(fisher) + length(t_tests), "base R,", length(stuck), "stuck\n")
