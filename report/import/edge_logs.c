/*
 * Access logs of nginx (combined, or with more behind it), Envoy (its default
 * format) and the AWS application load balancer.  Our id is looked for
 * anywhere in a line, since formats are extended at will.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "report/import/fields.h"
#include "report/import/formats.h"

/* Tokens of one line, by their number; those that are not there are "". */
#define TOKENS_MAX 40

static size_t
cut(char *line, const char *token[TOKENS_MAX])
{
	size_t n = 0, i;
	char *word;

	for (word = field_token(&line); word != NULL && n < TOKENS_MAX;
	     word = field_token(&line))
		token[n++] = word;
	for (i = n; i < TOKENS_MAX; i++)
		token[i] = "";
	return n;
}

static bool
status_of(const char *s, int64_t *status)
{
	*status = NOT_MEASURED;
	return strcmp(s, "-") == 0 || field_number(s, 0, 999, status);
}

/* Our id and an identity, before the line is cut. */
static void
begin(struct parse *p, const char *line, struct edge_entry_record *en,
    char identity[LINE_IDENTITY_SIZE])
{
	edge_entry_record_init(en);
	field_line_identity(p, line, identity);
	en->identity = identity;
	en->has_attempt_id = field_find_attempt_id(line, en->attempt_id);
}

/* ---------------------------------------------------------------- nginx */

static bool
knows_nginx(const char *line)
{
	const char *s = strchr(line, '[');

	return s != NULL && isdigit((unsigned char)s[1]) && s > line &&
	    strchr(line, '/') == s + 3 && strstr(s, "] \"") != NULL;
}

/* IP - USER [10/Mar/2026:12:00:05 +0000] "GET / HTTP/1.1" 200 ... */
static enum piece_result
read_nginx(struct parse *p, char *line)
{
	char identity[LINE_IDENTITY_SIZE];
	const char *token[TOKENS_MAX];
	struct edge_entry_record en;

	begin(p, line, &en, identity);
	cut(line, token);
	if (!field_address(token[0], &en.client))
		return parse_bad(p, "no address in front");
	if (!field_time(p->hints, token[3], &en.at_us))
		return parse_bad(
		    p, "no good time, expected [10/Mar/2026:12:00:05 +0000]");
	if (!status_of(token[5], &en.status))
		return parse_bad(p, "no good status behind the request");
	return parse_edge_entry(p, &en);
}

const struct format format_nginx = {
	.name = "nginx",
	.does = "nginx or Apache access log, combined or extended",
	.is_edge = true,
	.knows_line = knows_nginx,
	.line = read_nginx,
};

/* ---------------------------------------------------------------- Envoy */

static bool
knows_envoy(const char *line)
{
	return strncmp(line, "[20", 3) == 0 && strchr(line, 'T') != NULL &&
	    strstr(line, "] \"") != NULL;
}

/*
 * [START_TIME] "METHOD PATH PROTOCOL" CODE FLAGS RECEIVED SENT DURATION
 * UPSTREAM "X-FORWARDED-FOR" "USER-AGENT" "X-REQUEST-ID" "AUTHORITY" ...
 */
static enum piece_result
read_envoy(struct parse *p, char *line)
{
	char identity[LINE_IDENTITY_SIZE], detail[80];
	const char *token[TOKENS_MAX];
	struct edge_entry_record en;
	char *comma;

	begin(p, line, &en, identity);
	if (cut(line, token) < 11)
		return parse_bad(p, "expected Envoy's default format");
	if (!field_time(p->hints, token[0], &en.at_us))
		return parse_bad(p, "no good time in front");
	if (!status_of(token[2], &en.status))
		return parse_bad(p, "no good status behind the request");
	/* A list of addresses: the first is the client. */
	comma = strchr(token[8], ',');
	if (comma != NULL)
		*comma = '\0';
	if (!field_address(token[8], &en.client))
		en.client.family = 0;
	en.request_id = strcmp(token[10], "-") != 0 ? token[10] : NULL;
	snprintf(detail, sizeof(detail), "flags %.60s", token[3]);
	en.detail = detail;
	return parse_edge_entry(p, &en);
}

const struct format format_envoy = {
	.name = "envoy",
	.does = "Envoy access log, its default format",
	.is_edge = true,
	.knows_line = knows_envoy,
	.line = read_envoy,
};

/* ------------------------------------------------------------------ ALB */

static bool
knows_alb(const char *line)
{
	static const char *const types[] = { "http ", "https ", "h2 ", "grpcs ",
		"ws ", "wss " };
	size_t i, n;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		n = strlen(types[i]);
		if (strncmp(line, types[i], n) == 0 &&
		    isdigit((unsigned char)line[n]))
			return true;
	}
	return false;
}

/*
 * Fields in AWS's order, new ones at the end: 3 client:port, 8 status, 17
 * trace, 21 when the request came (the line's time is that of its end).
 */
static enum piece_result
read_alb(struct parse *p, char *line)
{
	char identity[LINE_IDENTITY_SIZE], request[FIELD_TEXT_SIZE];
	const char *token[TOKENS_MAX];
	struct edge_entry_record en;

	begin(p, line, &en, identity);
	/* AWS's own trace is an id of its own, not ours. */
	if (cut(line, token) < 22)
		return parse_bad(p,
		    "expected the fields of an ALB access "
		    "log, 22 at least");
	if (!field_address(token[3], &en.client))
		return parse_bad(p, "no good client:port");
	if (!field_time(p->hints, token[21], &en.at_us) &&
	    !field_time(p->hints, token[1], &en.at_us))
		return parse_bad(p, "no good time");
	if (!status_of(token[8], &en.status))
		return parse_bad(p, "no good elb_status_code");
	snprintf(request, sizeof(request), "%s", token[17]);
	en.request_id = request;
	return parse_edge_entry(p, &en);
}

const struct format format_alb = {
	.name = "alb",
	.does = "AWS application load balancer access log",
	.is_edge = true,
	.knows_line = knows_alb,
	.line = read_alb,
};
