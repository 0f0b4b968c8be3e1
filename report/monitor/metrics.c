/*
 * One family after the other; labels are path, role, endpoint, and failure
 * or phase, whose values come from closed lists.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/monitor/metrics.h"
#include "report/output/printable.h"

/* What a counter of the database becomes. */
struct family {
	const char *counter;
	const char *metric;
	const char *label;  /* NULL: none */
	const char *ok;     /* value for an empty label */
	bool microseconds;  /* shown in seconds */
	const char *header; /* HELP and TYPE, but for a later part */
};

static const struct family families[] = {
	{ "attempts", "natdiff_attempts_total", "failure", "none", false,
	    "# HELP natdiff_attempts_total Attempts by failure, none is "
	    "success.\n"
	    "# TYPE natdiff_attempts_total counter\n" },
	{ "resolutions", "natdiff_resolutions_total", "failure", "none", false,
	    "# HELP natdiff_resolutions_total Names asked for by failure, none "
	    "is success.\n"
	    "# TYPE natdiff_resolutions_total counter\n" },
	{ "syn_retransmits", "natdiff_syn_retransmits_total", NULL, NULL, false,
	    "# HELP natdiff_syn_retransmits_total SYNs sent again.\n"
	    "# TYPE natdiff_syn_retransmits_total counter\n" },
	{ "phase_us", "natdiff_phase_seconds_total", "phase", NULL, true,
	    "# HELP natdiff_phase_seconds_total Time spent in a phase.\n"
	    "# TYPE natdiff_phase_seconds_total counter\n" },
	{ "phase_count", "natdiff_phases_total", "phase", NULL, false,
	    "# HELP natdiff_phases_total How often a phase was gone through.\n"
	    "# TYPE natdiff_phases_total counter\n" },
};

/* A label's value, fit for a terminal and escaped as the format asks. */
static void
write_value(const char *value, FILE *out)
{
	char *shown = printable(value, 0);
	const char *s;

	for (s = shown; *s != '\0'; s++) {
		if (*s == '\\' || *s == '"')
			fputc('\\', out);
		fputc(*s, out);
	}
	free(shown);
}

static void
write_label(const char *name, const char *value, bool first, FILE *out)
{
	fprintf(out, "%s%s=\"", first ? "" : ",", name);
	write_value(value, out);
	fputc('"', out);
}

static const char *
role_name(const struct counters *c, const char *path)
{
	size_t i;

	for (i = 0; i < c->n_paths; i++)
		if (strcmp(c->path[i].name, path) == 0)
			return c->path[i].role == ROLE_NAT ? "nat" : "direct";
	return "unknown"; /* its runs are gone */
}

static void
write_family(const struct counters *c, const struct family *f, FILE *out)
{
	bool begun = false;
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct counter *k = &c->counter[i];

		if (strcmp(k->name, f->counter) != 0)
			continue;
		if (!begun)
			fputs(f->header, out);
		begun = true;
		fprintf(out, "%s{", f->metric);
		write_label("path", k->path, true, out);
		write_label("role", role_name(c, k->path), false, out);
		write_label("endpoint", k->endpoint, false, out);
		if (f->label != NULL)
			write_label(f->label,
			    *k->label == '\0' && f->ok != NULL ? f->ok
							       : k->label,
			    false, out);
		if (f->microseconds)
			fprintf(out, "} %.6f\n", (double)k->value / 1e6);
		else
			fprintf(out, "} %" PRId64 "\n", k->value);
	}
}

void
metrics_write(const struct counters *c, FILE *out)
{
	bool begun = false;
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		write_family(c, &families[i], out);
	for (i = 0; i < c->n_paths; i++) {
		if (c->path[i].newest_us == NOT_MEASURED)
			continue;
		if (!begun)
			fputs("# HELP natdiff_newest_attempt_timestamp_seconds "
			      "When the newest attempt began.\n"
			      "# TYPE natdiff_newest_attempt_timestamp_seconds "
			      "gauge\n",
			    out);
		begun = true;
		fputs("natdiff_newest_attempt_timestamp_seconds{", out);
		write_label("path", c->path[i].name, true, out);
		write_label("role", role_name(c, c->path[i].name), false, out);
		fprintf(out, "} %.3f\n", (double)c->path[i].newest_us / 1e6);
	}
	fprintf(out,
	    "# HELP natdiff_databases Databases that these are the sums of.\n"
	    "# TYPE natdiff_databases gauge\n"
	    "natdiff_databases %zu\n",
	    c->files);
}
