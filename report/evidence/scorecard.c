/*
 * Reading the table and adding it up.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/scorecard.h"

/* Larger than any table that makes sense. */
#define FILE_BYTES_MAX  65536

#define PROBABILITY_MIN 0.004
#define PROBABILITY_MAX 0.98

/* Generated from scorecard.conf: see Makefile.am. */
extern const char scorecard_text[];

static const char *const clue_names[CLUE_COUNT] = {
	[CLUE_DIRECT_ALSO_FAILS] = "direct_also_fails",
	[CLUE_SYN_EXCESS] = "syn_retrans_excess_nat",
	[CLUE_LATE_EXCESS] = "late_retrans_excess_nat",
	[CLUE_CONTROL_AFFECTED] = "control_also_affected",
	[CLUE_LOAD_TREND] = "load_trend_nat",
	[CLUE_CERT_DIFFERS] = "cert_differs",
	[CLUE_ALL_FAIL] = "all_nat_attempts_fail",
	[CLUE_RECOVERS] = "recovers_in_retransmit",
	[CLUE_ANSWERED_FIRST] = "answered_before_syn_ack",
	[CLUE_REFUSED_BY_STATUS] = "refused_by_status",
	[CLUE_TOLD_NO] = "told_no",
	[CLUE_OTHERS_STAY] = "others_stay_connected",
	[CLUE_GATEWAY_REFUSES] = "gateway_refuses_ports",
	[CLUE_GATEWAY_TABLE_FULL] = "gateway_table_full",
	[CLUE_NAT_LOG_DROPS] = "nat_log_drops_coincide",
	[CLUE_HOST_CONNTRACK_DROPS] = "host_conntrack_drops",
	[CLUE_HOST_CONNTRACK_FULL] = "host_conntrack_full",
	[CLUE_HOST_ALLOWANCE] = "host_allowance_exceeded",
	[CLUE_HOST_PORTS] = "host_ports_used_up",
	[CLUE_EDGE_LOG_LACKS] = "edge_log_lacks_failures",
	[CLUE_LEDGER_LACKS] = "ledger_lacks_failures",
	[CLUE_CEILING_REACHED] = "measured_ceiling_reached",
	[CLUE_TOTAL_REACHED] = "measured_total_reached",
	[CLUE_SHORT_HOLD_DOWN] = "short_hold_down",
	[CLUE_IDLE_LIMIT] = "idle_limit_nat_only",
	[CLUE_EDGE_LOG_PARTLY] = "edge_log_partly_lacks",
	[CLUE_FLOW_REJECTED] = "flow_log_rejects",
	[CLUE_GATEWAY_PORTS_FULL] = "gateway_ports_used_up",
	[CLUE_NAT_LOG_JOINED] = "nat_log_names_attempts",
	[CLUE_CAPTURE_LACKS_SYNS] = "capture_lacks_syns",
	[CLUE_CAPTURE_REUSE] = "capture_reuses_ports",
};

static const char *const kind_names[KIND_COUNT] = {
	[KIND_CONNECT_SILENT] = "connect_silent",
	[KIND_CONNECT_REFUSED] = "connect_refused",
	[KIND_LOCAL_ERRNO] = "local_errno",
	[KIND_DNS] = "dns",
	[KIND_TLS] = "tls_reset_or_timeout",
	[KIND_HTTP_STATUS] = "http_status",
	[KIND_IDLE] = "idle",
	[KIND_NONE] = "none",
};

const char *
clue_name(enum clue c)
{
	return clue_names[c];
}

const char *
kind_name(enum kind k)
{
	return k < KIND_COUNT ? kind_names[k] : "unknown";
}

/* ------------------------------------------------------------- reading */

struct reader {
	struct scorecard *s;
	const char *file;
	int line;
	enum cause column[CAUSE_COUNT];
	size_t n_columns;
	bool clue_seen[CLUE_COUNT], kind_seen[KIND_COUNT];
	struct err *e;
};

static int
find_name(const char *const *names, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static int
read_cause(struct reader *r, char **rest)
{
	const char *code = strtok_r(NULL, " \t", rest);
	const char *name = strtok_r(NULL, " \t", rest);
	enum cause c = name != NULL ? cause_parse(name) : CAUSE_COUNT;

	if (code == NULL || c == CAUSE_COUNT || r->s->has[c])
		return err_set(r->e,
		    "%s:%d: %s, expected \"cause CODE NAME\", "
		    "NAME a cause not named before",
		    r->file, r->line, name != NULL ? name : "cause");
	r->s->has[c] = true;
	r->column[r->n_columns++] = c;
	return 0;
}

static int
read_values(struct reader *r, double row[], char **rest)
{
	const char *word;
	char *end;
	size_t i;

	for (i = 0; i < r->n_columns; i++) {
		word = strtok_r(NULL, " \t", rest);
		if (word == NULL)
			return err_set(r->e,
			    "%s:%d: %zu values, expected "
			    "%zu, one a cause",
			    r->file, r->line, i, r->n_columns);
		row[r->column[i]] = strtod(word, &end);
		if (*end != '\0' ||
		    !(row[r->column[i]] >= PROBABILITY_MIN &&
			row[r->column[i]] <= PROBABILITY_MAX))
			return err_set(r->e,
			    "%s:%d: %s, expected a number "
			    "from %g to %g",
			    r->file, r->line, word, PROBABILITY_MIN,
			    PROBABILITY_MAX);
	}
	word = strtok_r(NULL, " \t", rest);
	if (word != NULL)
		return err_set(r->e, "%s:%d: %s, expected only %zu values",
		    r->file, r->line, word, r->n_columns);
	return 0;
}

static int
read_row(struct reader *r, bool is_class, char **rest)
{
	const char *name = strtok_r(NULL, " \t", rest);
	int i = name == NULL ? -1
	    : is_class       ? find_name(kind_names, KIND_COUNT, name)
			     : find_name(clue_names, CLUE_COUNT, name);
	bool *seen = is_class ? r->kind_seen : r->clue_seen;

	if (i < 0 || seen[i])
		return err_set(r->e, "%s:%d: %s, expected a known name, once",
		    r->file, r->line, name != NULL ? name : "nothing");
	seen[i] = true;
	return read_values(r, is_class ? r->s->kind[i] : r->s->clue[i], rest);
}

static int
read_line(struct reader *r, char *line)
{
	char *rest, *word;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, " \t", &rest);
	if (word == NULL)
		return 0;
	if (strcmp(word, "cause") == 0)
		return read_cause(r, &rest);
	if (strcmp(word, "yes") == 0 || strcmp(word, "class") == 0)
		return read_row(r, *word == 'c', &rest);
	return err_set(r->e, "%s:%d: %s, expected cause, yes or class", r->file,
	    r->line, word);
}

static int
check_complete(const struct reader *r)
{
	int i;

	if (r->n_columns < 2)
		return err_set(r->e,
		    "%s:%d: %zu causes, expected two at "
		    "least",
		    r->file, r->line, r->n_columns);
	for (i = 0; i < CLUE_COUNT; i++)
		if (!r->clue_seen[i])
			return err_set(r->e,
			    "%s:%d: end of file, expected "
			    "a line \"yes %s\"",
			    r->file, r->line, clue_names[i]);
	for (i = 0; i < KIND_COUNT; i++)
		if (!r->kind_seen[i])
			return err_set(r->e,
			    "%s:%d: end of file, expected "
			    "a line \"class %s\"",
			    r->file, r->line, kind_names[i]);
	return 0;
}

int
scorecard_parse(struct scorecard *s, const char *file, const char *text,
    size_t size, struct err *e)
{
	struct reader r = { .s = s, .file = file, .e = e };
	char *copy = x_strndup(text, size), *line = copy, *next;
	int result = 0;

	memset(s, 0, sizeof(*s));
	while (line != NULL && *line != '\0' && result == 0) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		r.line++;
		line[strcspn(line, "\r")] = '\0';
		result = read_line(&r, line);
		line = next;
	}
	if (result == 0)
		result = check_complete(&r);
	free(copy);
	return result;
}

int
scorecard_read(struct scorecard *s, const char *file, struct err *e)
{
	FILE *f = fopen(file, "re");
	char *text;
	size_t n;
	int result;

	if (f == NULL)
		return err_sys(e, "%s", file);
	text = x_malloc(FILE_BYTES_MAX + 1);
	errno = 0;
	n = fread(text, 1, FILE_BYTES_MAX + 1, f);
	if (ferror(f))
		result = err_sys(e, "%s", file);
	else if (n > FILE_BYTES_MAX)
		result = err_set(e,
		    "%s: larger than %d bytes, expected a "
		    "scorecard",
		    file, FILE_BYTES_MAX);
	else
		result = scorecard_parse(s, file, text, n, e);
	fclose(f);
	free(text);
	return result;
}

void
scorecard_default(struct scorecard *s)
{
	struct err e;

	/* A test reads it, so this cannot fail in a build that passed. */
	if (scorecard_parse(s, "scorecard.conf", scorecard_text,
		strlen(scorecard_text), &e) != 0)
		abort();
}

/* ------------------------------------------------------------- adding up */

double
scorecard_clue(
    const struct scorecard *s, enum clue c, enum state state, enum cause cause)
{
	double p = s->clue[c][cause];

	switch (state) {
	case STATE_YES:
		return log10(p);
	case STATE_NO:
		return log10(1 - p);
	case STATE_UNKNOWN:
	default:
		return 0;
	}
}

double
scorecard_kind(const struct scorecard *s, enum kind k, enum cause cause)
{
	return k < KIND_COUNT ? log10(s->kind[k][cause]) : 0;
}

double
scorecard_total(
    const struct scorecard *s, const struct clues *clues, enum cause cause)
{
	double total = scorecard_kind(s, clues->kind, cause);
	int c;

	for (c = 0; c < CLUE_COUNT; c++)
		total +=
		    scorecard_clue(s, (enum clue)c, clues->state[c], cause);
	return total;
}

double
scorecard_weight(
    const struct scorecard *s, const double row[], enum cause cause)
{
	double others = 0;
	int c, n = 0;

	for (c = 0; c < CAUSE_COUNT; c++) {
		if (!s->has[c] || c == (int)cause)
			continue;
		others += row[c];
		n++;
	}
	return log10(row[cause] * n / others);
}

void
scorecard_rank(const struct scorecard *s, const struct clues *clues,
    enum cause ranked[CAUSE_COUNT], double total[CAUSE_COUNT], size_t *n)
{
	double t;
	size_t i;
	int c;

	*n = 0;
	for (c = 0; c < CAUSE_COUNT; c++) {
		if (!s->has[c])
			continue;
		t = scorecard_total(s, clues, (enum cause)c);
		for (i = *n; i > 0 && total[i - 1] < t; i--) {
			ranked[i] = ranked[i - 1];
			total[i] = total[i - 1];
		}
		ranked[i] = (enum cause)c;
		total[i] = t;
		(*n)++;
	}
}
