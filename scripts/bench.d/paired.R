# The comparison of natdiff-report, without its intervals, with data.table:
# pairs by endpoint, target, slot and number in the slot; their outcomes and
# McNemar's test; quantiles of each path; Wilcoxon's signed ranks.
#
#   Rscript paired.R DATABASE

suppressMessages(library(data.table))

sql <- "SELECT endpoint_id AS endpoint, target_id AS target,
  CAST(slot AS REAL) AS slot, seq, role, failure IS NOT NULL AS failed,
  syn_retransmits AS syn, connect_us, tls_us, request_us, total_us
  FROM attempt JOIN run ON run.id = run_id"
durations <- c("connect_us", "tls_us", "request_us", "total_us")
key <- c("endpoint", "target", "slot", "seq")

db <- DBI::dbConnect(RSQLite::SQLite(), commandArgs(TRUE)[1])
rows <- setDT(DBI::dbGetQuery(db, sql))
print(rows[, .(n = .N, failed = sum(failed)), by = .(endpoint, role)])
print(rows[failed == 0, lapply(.SD, quantile, c(.5, .9, .99)),
  by = .(endpoint, role), .SDcols = durations])
pairs <- merge(rows[role == "direct"], rows[role == "nat"], by = key,
  suffixes = c("_d", "_n"))
rm(rows)
for (e in unique(pairs$endpoint)) {
  p <- pairs[endpoint == e]
  for (what in c("failed", "syn")) {
    d <- p[[paste0(what, "_d")]] > 0
    n <- p[[paste0(what, "_n")]] > 0
    cells <- c(sum(!d & !n), sum(!d & n), sum(d & !n), sum(d & n))
    cat(e, what, cells,
      binom.test(cells[2], max(cells[2] + cells[3], 1))$p.value, "\n")
  }
  both <- p[failed_d == 0 & failed_n == 0]
  for (name in durations) {
    d <- both[[paste0(name, "_n")]] - both[[paste0(name, "_d")]]
    d <- d[!is.na(d)]
    cat(e, name, median(d), wilcox.test(d[d != 0], exact = FALSE)$p.value,
      "\n")
  }
}
