#!/usr/bin/python3
"""The comparison of natdiff-report, without its intervals, with pandas and
SciPy: pairs by endpoint, target, slot and number in the slot; their outcomes
and McNemar's test; quantiles of each path; Wilcoxon's signed ranks.

    paired.py DATABASE
"""
import sqlite3
import sys

import pandas
import scipy.stats

SQL = """SELECT endpoint_id AS endpoint, target_id AS target, slot, seq,
  role, failure IS NOT NULL AS failed, syn_retransmits AS syn,
  connect_us, tls_us, request_us, total_us
  FROM attempt JOIN run ON run.id = run_id"""
DURATIONS = ["connect_us", "tls_us", "request_us", "total_us"]
KEY = ["endpoint", "target", "slot", "seq"]

rows = pandas.read_sql_query(SQL, sqlite3.connect(sys.argv[1]))
good = rows[rows.failed == 0]
print(rows.groupby(["endpoint", "role"]).failed.agg(["size", "sum"]))
print(good.groupby(["endpoint", "role"])[DURATIONS].quantile([.5, .9, .99]))
pairs = rows[rows.role == "direct"].merge(
    rows[rows.role == "nat"], on=KEY, suffixes=("_d", "_n"))
for endpoint, p in pairs.groupby("endpoint"):
    for what, d, n in (("failed", p.failed_d > 0, p.failed_n > 0),
                       ("syn", p.syn_d > 0, p.syn_n > 0)):
        cells = [int((a & b).sum())
                 for a in (~d, d) for b in (~n, n)]
        test = scipy.stats.binomtest(cells[1], max(cells[1] + cells[2], 1))
        print(endpoint, what, cells, test.pvalue)
    both = p[(p.failed_d == 0) & (p.failed_n == 0)]
    for name in DURATIONS:
        d = (both[name + "_n"] - both[name + "_d"]).dropna()
        print(endpoint, name, d.median(),
              scipy.stats.wilcoxon(d[d != 0], correction=True,
                                   mode="approx").pvalue)
