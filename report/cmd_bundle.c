/*
 * natdiff-report bundle: what is sent to a provider or vendor.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/bundle/bundle.h"
#include "report/commands.h"
#include "report/options.h"

static const char help[] =
    "Examples:\n"
    "  natdiff-report bundle -o incident.tar.gz direct.db nat.db gateway.db\n"
    "  natdiff-report bundle -o i.tar.gz --sign key.pem --since 2026-11-21 "
    "*.db\n"
    "  natdiff-report bundle -o i.tar.gz --attach app.log --note \"ticket 7\" "
    "*.db\n"
    "  natdiff-report bundle -o public.tar.gz --pseudonymise *.db\n"
    "  openssl genpkey -algorithm ed25519 -out key.pem    a key to sign with\n"
    "\n"
    "Usage: natdiff-report bundle -o FILE.tar.gz [OPTIONS] FILE...\n"
    "\n"
    "Packs the attempts of a window with a letter (SUMMARY.md), the report,\n"
    "every failure, and a list of what the far end is asked.  The same input\n"
    "gives the same bytes.  \"natdiff-report verify\" checks it; so do\n"
    "sha256sum and openssl.\n"
    "\n"
    "  -o, --output FILE  the archive, a name that ends in .tar.gz\n"
    "  --sign KEY         sign with this Ed25519 key (PEM)\n"
    "  --attach FILE      add a file, a capture or a log; may be repeated\n"
    "  --note TEXT        words of your own, for the letter\n"
    "  --pseudonymise     replace private addresses and the names of hosts,\n"
    "                     in every file alike; attaches nothing\n" FILTER_HELP;

/* -1 and e where the options do not go together. */
static int
check_request(const struct bundle_request *q, struct err *e)
{
	size_t length = q->out != NULL ? strlen(q->out) : 0;
	size_t suffix = strlen(BUNDLE_SUFFIX);

	if (q->out == NULL)
		return err_set(e, "bundle: -o is missing, a FILE.tar.gz");
	if (length <= suffix || q->out[length - suffix - 1] == '/' ||
	    strcmp(q->out + length - suffix, BUNDLE_SUFFIX) != 0)
		return err_set(
		    e, "%s: expected a name that ends in .tar.gz", q->out);
	if (q->pseudonymise && q->n_attach > 0)
		return err_set(e,
		    "bundle: --pseudonymise cannot look into attachments and "
		    "captures, leave out --attach");
	if (q->n_files == 0)
		return err_set(e, "bundle: no database given");
	return options_check(&q->filter, e);
}

/* Take the options; -1: go on, else the exit status. */
static int
take_options(struct bundle_request *q, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "sign", required_argument, NULL, 'K' },
		{ "attach", required_argument, NULL, 'A' },
		{ "note", required_argument, NULL, 'N' },
		{ "pseudonymise", no_argument, NULL, 'P' },
		FILTER_OPTIONS,
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct err e;
	int c, taken;

	while ((c = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		taken = 1;
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return options_flushed() ? 0 : 1;
		case 'o':
			q->out = optarg;
			break;
		case 'K':
			q->sign = optarg;
			break;
		case 'A':
			q->attach = x_reallocarray(
			    q->attach, q->n_attach + 1, sizeof(*q->attach));
			q->attach[q->n_attach++] = optarg;
			break;
		case 'N':
			q->note = optarg;
			break;
		case 'P':
			q->pseudonymise = true;
			break;
		default:
			taken = options_filter(&q->filter, c, optarg, &e);
		}
		if (taken < 0)
			options_complain("bundle", &e);
		if (taken != 1)
			return EXIT_USAGE;
	}
	q->files = argv + optind;
	q->n_files = (size_t)(argc - optind);
	if (check_request(q, &e) == 0)
		return -1;
	options_complain("bundle", &e);
	return EXIT_USAGE;
}

int
cmd_bundle(int argc, char **argv)
{
	struct err e, remark = { 0, "" };
	struct bundle_request q = { .remark = &remark };
	int status;

	load_filter_init(&q.filter);
	status = take_options(&q, argc, argv);
	if (status == -1) {
		status = 0;
		if (bundle_make(&q, &e) != 0) {
			options_complain(NULL, &e);
			status = 1;
		}
		if (remark.msg[0] != '\0')
			options_complain(NULL, &remark);
	}
	free(q.attach);
	options_clear(&q.filter);
	return status;
}
