/*
 * natdiff-report import: logs of gateways, of the vendor's edge and of the
 * application, into a database beside the attempts.
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natdiff/store.h"
#include "natdiff/walltime.h"
#include "report/commands.h"
#include "report/import/import.h"
#include "report/import/reader.h"
#include "report/import/show.h"
#include "report/options.h"
#include "report/output/printable.h"

static const char help[] =
    "Examples:\n"
    "  natdiff-report import auto nat-log.json.gz --into gateway.db\n"
    "  gcloud logging read ... --format=json |\n"
    "      natdiff-report import gcp-nat - --into gateway.db\n"
    "  natdiff-report import app failures.csv --columns time=ts,error=what \\\n"
    "      --into gateway.db\n"
    "  natdiff-report import pcap outside.pcapng --into gateway.db\n"
    "  natdiff-report diff direct.db nat.db gateway.db\n"
    "\n"
    "Usage: natdiff-report import [OPTIONS] KIND FILE... --into DB\n"
    "\n"
    "Reads logs and metrics into DB, which is made where it is missing, as\n"
    "evidence for diff.  FILE may be gzip; - is standard input.  Each file is\n"
    "one transaction; importing it again changes nothing.  Lines that cannot\n"
    "be read are counted, and the first ones shown.\n"
    "\n"
    "  --into DB         the database; needed\n"
    "  --source NAME     what to call the gateway\n"
    "  --zone OFFSET     of times without one, as +02:00 (UTC)\n"
    "  --at TIME         of samples without a time (when FILE was written)\n"
    "  --columns A=B,..  column B of a table has the meaning A\n"
    "\n"
    "KIND is auto, or:\n";

struct arguments {
	const char *into;
	struct import_request rq;
};

static void
print_help(void)
{
	size_t i;

	fputs(help, stdout);
	for (i = 0; formats[i] != NULL; i++)
		printf("  %-14s %s\n", formats[i]->name, formats[i]->does);
}

/* "+02:00", "-0530", "Z". */
static int
read_zone(const char *text, int64_t *us)
{
	char time[64];
	int64_t at;

	if (strlen(text) > 6 || (*text != '+' && *text != '-' && *text != 'Z'))
		return -1;
	snprintf(time, sizeof(time), "2000-01-01T00:00:00%s", text);
	if (walltime_parse(time, &at) != 0)
		return -1;
	*us = INT64_C(946684800000000) - at;
	return 0;
}

/* One option: -1 and e where its value is no good. */
static int
take_option(struct arguments *a, int option, const char *value, struct err *e)
{
	struct import_hints *h = &a->rq.hints;

	switch (option) {
	case 'i':
		a->into = value;
		return 0;
	case 's':
		if (*value == '\0' || strlen(value) > 100)
			return err_set(e, "--source: 1 to 100 bytes, please");
		h->source = value;
		return 0;
	case 'z':
		if (read_zone(value, &h->zone_us) != 0)
			return err_set(e,
			    "--zone %s: not an offset such as +02:00", value);
		return 0;
	case 'a':
		if (walltime_parse(value, &h->at_us) != 0 || h->at_us < 0)
			return err_set(e,
			    "--at %s: not a time such as "
			    "2026-11-21T04:45:00Z",
			    value);
		return 0;
	default:
		if (strchr(value, '=') == NULL)
			return err_set(
			    e, "--columns %s: expected MEANING=COLUMN", value);
		h->columns = value;
		return 0;
	}
}

static int
take_kind(struct arguments *a, const char *kind, struct err *e)
{
	if (strcmp(kind, "auto") == 0)
		return 0;
	if (strcmp(kind, "edge") == 0) {
		a->rq.edge = true;
		return 0;
	}
	a->rq.format = format_find(kind);
	if (a->rq.format == NULL)
		return err_set(e,
		    "%s: no such kind, expected auto or another of "
		    "\"natdiff-report import --help\"",
		    kind);
	return 0;
}

/* What the bounds left out: nothing is dropped in silence. */
static void
print_left_out(const char *name, const struct capture_record *c)
{
	if (c->packets_left_out > 0)
		printf("%s: the table of flows was full: %" PRId64
		       " packets of others were left out\n",
		    name, c->packets_left_out);
	if (c->targets_left_out > 0)
		printf("%s: more than %d destinations: those of %" PRId64
		       " SYNs were left out\n",
		    name, FLOWS_TARGETS_MAX, c->targets_left_out);
	if (c->rows_left_out > 0)
		printf("%s: more than %d connections stand out: %" PRId64
		       " were left out\n",
		    name, CAPTURE_FLOWS_MAX, c->rows_left_out);
	if (c->cut_packets > 0)
		printf("%s: %" PRId64 " packets are cut before their TCP "
		       "flags: capture more bytes of each\n",
		    name, c->cut_packets);
}

/* The numbers of a capture. */
static void
print_capture(const char *name, const struct capture_record *c)
{
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];

	if (c->from_at_us == NOT_MEASURED) {
		printf("%s: no TCP in %" PRId64 " packets\n", name, c->packets);
		return;
	}
	printf("  %s to %s, %" PRId64 " packets, %" PRId64 " flows\n",
	    walltime_format(c->from_at_us, 3, from),
	    walltime_format(c->to_at_us, 3, to), c->packets, c->flows);
	printf("  connections %" PRId64 ", answered %" PRId64
	       "; SYNs sent again %" PRId64 "\n",
	    c->connections, c->answered, c->syn_retransmits);
	printf("  SYN-ACKs: none to %" PRId64
	       " SYNs, after 1 s or more to %" PRId64 "\n",
	    c->syn_acks_missing, c->syn_acks_late);
	printf("  RSTs: %" PRId64 " of clients, %" PRId64
	       " of servers; ACKs of older connections %" PRId64
	       ", answered with RST %" PRId64 "\n",
	    c->client_resets, c->server_resets, c->challenges,
	    c->challenge_resets);
	printf("  tuples used again: %" PRId64 " while alive, %" PRId64
	       " within TIME_WAIT, %" PRId64 " after, %" PRId64
	       " after no answer\n",
	    c->reuses[CAPTURE_REUSE_ALIVE], c->reuses[CAPTURE_REUSE_TIME_WAIT],
	    c->reuses[CAPTURE_REUSE_AFTER],
	    c->reuses[CAPTURE_REUSE_UNANSWERED]);
	print_left_out(name, c);
}

/* What came of a file, for people. */
static void
print_result(const char *file, const struct import_result *r)
{
	char bytes[SHOW_BYTES_SIZE], at[WALLTIME_TEXT_SIZE];
	char *name = printable(file, 0), *line;
	int64_t i;

	for (i = 0; i < r->bad_lines && i < BAD_LINES_TOLD; i++) {
		line = printable(r->bad_line[i], 0);
		fprintf(stderr, "%s\n", line);
		free(line);
	}
	if (r->bad_lines > BAD_LINES_TOLD)
		fprintf(stderr, "%s: %" PRId64 " more lines like these\n", name,
		    r->bad_lines - BAD_LINES_TOLD);
	if (r->before_us != NOT_MEASURED)
		printf("%s: %s: imported before, %s: nothing was changed\n",
		    name, r->kind, walltime_format(r->before_us, 0, at));
	else
		printf("%s: %s: %" PRId64 " rows, %" PRId64
		       " duplicates, %" PRId64 " skipped, %" PRId64
		       " bad lines (%s)\n",
		    name, r->kind, r->rows, r->duplicates, r->skipped,
		    r->bad_lines, import_show_bytes(r->bytes, bytes));
	if (r->is_capture && r->before_us == NOT_MEASURED)
		print_capture(name, &r->capture);
	free(name);
}

/* Whether there is something to import; not asked of what is read but once. */
static int
is_there(const char *file, struct err *e)
{
	struct reader *r;
	struct stat sb;

	if (strcmp(file, "-") == 0 ||
	    (stat(file, &sb) == 0 && !S_ISREG(sb.st_mode) &&
		!S_ISDIR(sb.st_mode)))
		return 0;
	r = reader_open(file, e);
	if (r == NULL)
		return -1;
	reader_close(r);
	return 0;
}

/* The database is not made for files that are not there. */
static int
import_all(struct arguments *a, char **files, int n)
{
	struct import_result r;
	struct store *st = NULL;
	struct err e;
	int i, status = 0;

	for (i = 0; i < n; i++) {
		if (is_there(files[i], &e) != 0) {
			options_complain(NULL, &e);
			status = 1;
			continue;
		}
		if (st == NULL)
			st = store_open(a->into, &e);
		if (st == NULL) {
			options_complain(NULL, &e);
			return 1;
		}
		a->rq.file = files[i];
		if (import_file(st, &a->rq, &r, &e) == 0) {
			print_result(files[i], &r);
		} else {
			options_complain(NULL, &e);
			status = 1;
		}
	}
	store_close(st);
	return options_flushed() ? status : 1;
}

int
cmd_import(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "into", required_argument, NULL, 'i' },
		{ "source", required_argument, NULL, 's' },
		{ "zone", required_argument, NULL, 'z' },
		{ "at", required_argument, NULL, 'a' },
		{ "columns", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct arguments a = { 0 };
	struct err e;
	int c;

	a.rq.hints.at_us = NOT_MEASURED;
	a.rq.show_progress = isatty(STDERR_FILENO);
	for (;;) {
		c = getopt_long(argc, argv, "h", options, NULL);
		if (c == -1)
			break;
		if (c == 'h') {
			print_help();
			return options_flushed() ? 0 : 1;
		}
		if (c == '?')
			return EXIT_USAGE;
		if (take_option(&a, c, optarg, &e) != 0) {
			options_complain("import", &e);
			return EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || a.into == NULL)
		err_set(&e, "import: KIND, FILE and --into DB are needed");
	else if (take_kind(&a, argv[0], &e) == 0)
		return import_all(&a, argv + 1, argc - 1);
	options_complain("import", &e);
	return EXIT_USAGE;
}
