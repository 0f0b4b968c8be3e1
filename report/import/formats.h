/*
 * Every format there is; a file each.
 */
#ifndef NATDIFF_IMPORT_FORMATS_H
#define NATDIFF_IMPORT_FORMATS_H

#include "report/import/format.h"

extern const struct format format_gcp_nat;
extern const struct format format_gcp_metrics;
extern const struct format format_aws_metrics;
extern const struct format format_aws_flow;
extern const struct format format_azure_metrics;
extern const struct format format_azure_flow;
extern const struct format format_conntrack;
extern const struct format format_settings;
extern const struct format format_gcp_lb;
extern const struct format format_alb;
extern const struct format format_envoy;
extern const struct format format_nginx;
extern const struct format format_syslog;
extern const struct format format_edge;
extern const struct format format_app;
extern const struct format format_pcap;
extern const struct format format_witness;

#endif
