/*
 * Counters in Prometheus' text format, version 0.0.4, without timestamps, as
 * node_exporter's textfile collector wants it.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef NATDIFF_MONITOR_METRICS_H
#define NATDIFF_MONITOR_METRICS_H

#include <stdio.h>

#include "report/load/counters.h"

void metrics_write(const struct counters *c, FILE *out);

#endif
