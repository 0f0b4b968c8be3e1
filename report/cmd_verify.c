/*
 * natdiff-report verify: whether a bundle is what its sender packed.
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/bundle/verify.h"
#include "report/commands.h"
#include "report/options.h"
#include "report/output/printable.h"

static const char help[] =
    "Examples:\n"
    "  natdiff-report verify incident.tar.gz\n"
    "  natdiff-report verify --key sender.pub incident.tar.gz\n"
    "\n"
    "Usage: natdiff-report verify [--key PUB] FILE.tar.gz\n"
    "\n"
    "Checks every file of a bundle against its manifest, and the manifest\n"
    "against its signature.  Nothing is unpacked.  The exit status is 0 where\n"
    "all is well, 1 where something is not: each problem is a line.\n"
    "\n"
    "  --key PUB   the public key (PEM) that must have signed it\n";

static void
print_printable(const char *text)
{
	char *shown = printable(text, 0);

	fputs(shown, stdout);
	free(shown);
}

static void
print_signer(const struct verification *v, bool key_given)
{
	if (!v->has_signer)
		puts("not signed: complete, but nobody says who packed it");
	else if (key_given)
		printf(
		    "signed by %s, the key that was given\n", v->fingerprint);
	else
		printf("signed by %s, a key that came with it: ask the sender "
		       "for the fingerprint in another way, or give --key\n",
		    v->fingerprint);
}

static void
print_result(const char *file, const struct verification *v, bool key_given)
{
	size_t i;

	print_printable(file);
	if (v->n_problems == 0) {
		printf(": good, %zu files, %" PRId64 " bytes\n", v->n_files,
		    v->bytes);
		print_signer(v, key_given);
		return;
	}
	printf(": NOT good, %zu problem%s\n", v->n_problems,
	    v->n_problems == 1 ? "" : "s");
	for (i = 0; i < v->n_problems && i < VERIFY_PROBLEMS_MAX; i++) {
		fputs("  ", stdout);
		print_printable(v->problem[i]);
		putchar('\n');
	}
	if (v->n_problems > VERIFY_PROBLEMS_MAX)
		printf("  and %zu more\n", v->n_problems - VERIFY_PROBLEMS_MAX);
	if (v->has_signer)
		printf("its manifest was signed by %s\n", v->fingerprint);
}

static int
verify(const char *file, const char *key_file)
{
	struct signing_key *key = NULL;
	struct verification v;
	struct err e;
	int status = 1;

	if (key_file != NULL) {
		key = signing_read_public(key_file, &e);
		if (key == NULL) {
			options_complain(NULL, &e);
			return 1;
		}
	}
	if (verify_file(&v, file, key, &e) != 0) {
		options_complain(NULL, &e);
	} else {
		print_result(file, &v, key != NULL);
		status = options_flushed() && v.n_problems == 0 ? 0 : 1;
	}
	verification_clear(&v);
	signing_free(key);
	return status;
}

int
cmd_verify(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *key_file = NULL;
	struct err e;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return options_flushed() ? 0 : 1;
		}
		if (c != 'k')
			return EXIT_USAGE;
		key_file = optarg;
	}
	if (argc - optind != 1) {
		err_set(&e, "verify: one FILE.tar.gz is needed");
		options_complain("verify", &e);
		return EXIT_USAGE;
	}
	return verify(argv[optind], key_file);
}
