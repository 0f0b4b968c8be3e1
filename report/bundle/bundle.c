/*
 * Putting a bundle together.
 */
#include "config.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "natdiff/xalloc.h"
#include "report/bundle/bundle.h"
#include "report/bundle/manifest.h"
#include "report/bundle/pack.h"
#include "report/bundle/parts.h"
#include "report/load/extract.h"
#include "report/output/output.h"
#include "report/pseudonyms.h"

/* What takes part in making one. */
struct bundle {
	const struct bundle_request *q;
	struct folder folder;
	struct signing_key *key; /* NULL: not signed */
	struct pseudonyms *pseudonyms;
	struct extracted extracted;
	char *note; /* with pseudonyms; or NULL */
	char fingerprint[FINGERPRINT_SIZE];
};

/* ----------------------------------------------------------- attachments */

/* Whether a file begins as a capture does: pcap, pcapng. */
static bool
is_capture(const unsigned char *start, size_t size)
{
	static const unsigned char magic[][4] = {
		{ 0xa1, 0xb2, 0xc3, 0xd4 },
		{ 0xd4, 0xc3, 0xb2, 0xa1 },
		{ 0xa1, 0xb2, 0x3c, 0x4d },
		{ 0x4d, 0x3c, 0xb2, 0xa1 },
		{ 0x0a, 0x0d, 0x0d, 0x0a },
	};
	size_t i;

	for (i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if (size >= 4 && memcmp(start, magic[i], 4) == 0)
			return true;
	return false;
}

/* A copy: a log may grow while the bundle is made. */
static int
copy_attachment(struct folder *f, FILE *in, const char *file, struct err *e)
{
	unsigned char block[65536];
	size_t n = fread(block, 1, sizeof(block), in);
	char *copy = x_strdup(file), *base = folder_name(basename(copy));
	char *name;
	FILE *out;

	name = x_asprintf(
	    "%s/%s", is_capture(block, n) ? "captures" : "attachments", base);
	free(base);
	free(copy);
	if (folder_has(f, name)) {
		err_set(e, "%s: there is another attachment %s", file, name);
		free(name);
		return -1;
	}
	out = folder_create(f, name, e);
	free(name);
	if (out == NULL)
		return -1;
	for (; n > 0; n = fread(block, 1, sizeof(block), in))
		fwrite(block, 1, n, out);
	if (folder_finish(f, out, e) != 0)
		return -1;
	return ferror(in) ? err_sys(e, "%s: cannot read", file) : 0;
}

static int
attach(struct folder *f, const char *file, struct err *e)
{
	struct stat sb;
	FILE *in;
	int result;

	/* A device may have no end, a fifo no writer. */
	if (stat(file, &sb) == 0 && !S_ISREG(sb.st_mode))
		return err_set(
		    e, "%s: expected a regular file to attach", file);
	in = fopen(file, "re");
	if (in == NULL)
		return err_sys(e, "%s: cannot open", file);
	result = copy_attachment(f, in, file, e);
	fclose(in);
	return result;
}

/* --------------------------------------------------------------- reports */

static int
write_report(
    struct bundle *b, const struct report *r, const char *format, struct err *e)
{
	const struct output_options options = { .explain = true,
		.remark = b->q->remark };
	const struct output_format *f = output_find(format, e);
	char *name = x_asprintf("report.%s", format);
	FILE *out = f != NULL ? folder_create(&b->folder, name, e) : NULL;

	free(name);
	if (out == NULL)
		return -1;
	f->write(r, &options, out);
	return folder_finish(&b->folder, out, e);
}

/* All that is made from the database and its report. */
static int
write_parts(struct bundle *b, const struct report *r, const char *database,
    struct err *e)
{
	struct bundle_source s = {
		.report = r,
		.note = b->note,
		.fingerprint = b->key != NULL ? b->fingerprint : NULL,
		.pseudonymised = b->pseudonyms != NULL,
	};
	int result = write_report(b, r, "json", e);
	size_t i;

	if (result == 0)
		result = write_report(b, r, "html", e);
	if (result == 0)
		s.rows = rows_open(database, e);
	if (s.rows == NULL)
		return -1;
	result = part_tables(&b->folder, &s, e);
	if (result == 0)
		result = part_hosts(&b->folder, &s, e);
	for (i = 0; i < b->q->n_attach && result == 0; i++)
		result = attach(&b->folder, b->q->attach[i], e);
	if (result == 0)
		result = part_letter(&b->folder, &s, e);
	rows_close(s.rows);
	return result;
}

/* The report of the database in the bundle, which has a name there. */
static int
report_on(struct bundle *b, const char *database, struct err *e)
{
	char *file = x_strdup(database);
	struct scorecard card;
	struct dataset d;
	struct report r;
	int result;

	dataset_init(&d);
	result = load_files(&d, &file, 1, &b->q->filter, e);
	if (result == 0) {
		free(d.inputs[0].file);
		d.inputs[0].file = x_strdup("attempts.db");
		scorecard_default(&card);
		report_make(&r, &d, &card, b->extracted.newest_us);
		result = write_parts(b, &r, database, e);
		report_clear(&r);
	}
	dataset_clear(&d);
	free(file);
	return result;
}

/* ------------------------------------------------------------------- all */

static int
extract(struct bundle *b, char **database, struct err *e)
{
	const struct bundle_request *q = b->q;

	*database = x_strdup(folder_add(&b->folder, "attempts.db"));
	if (b->pseudonyms != NULL && q->note != NULL)
		pseudonyms_see(b->pseudonyms, q->note);
	if (extract_database(*database, q->files, q->n_files, &q->filter,
		b->pseudonyms, &b->extracted, e) != 0)
		return -1;
	if (b->extracted.attempts == 0)
		return err_set(
		    e, "%s: the input has no attempt that is wanted", q->out);
	if (q->note != NULL)
		b->note = b->pseudonyms != NULL
		    ? pseudonyms_text(b->pseudonyms, q->note, true)
		    : x_strdup(q->note);
	return 0;
}

/* "incident-7" of "/tmp/incident 7.tar.gz". */
static char *
top_of(const char *out)
{
	char *copy = x_strdup(out), *base = basename(copy), *top;

	base[strlen(base) - strlen(BUNDLE_SUFFIX)] = '\0';
	top = folder_name(base);
	free(copy);
	return top;
}

static int
make(struct bundle *b, struct err *e)
{
	char *database = NULL, *top;
	int result = -1;

	if (extract(b, &database, e) == 0 && report_on(b, database, e) == 0 &&
	    pack_manifest(&b->folder, b->key, e) == 0) {
		top = top_of(b->q->out);
		result = pack_archive(&b->folder, b->q->out, top,
		    b->extracted.newest_us, b->key, e);
		free(top);
	}
	free(database);
	return result;
}

int
bundle_make(const struct bundle_request *q, struct err *e)
{
	struct bundle b = { .q = q };
	int result = -1;

	if (q->sign != NULL) {
		b.key = signing_read_private(q->sign, e);
		if (b.key == NULL)
			return -1;
		signing_fingerprint(b.key, b.fingerprint);
	}
	if (q->pseudonymise)
		b.pseudonyms = pseudonyms_new();
	if (folder_open(&b.folder, q->out, e) == 0)
		result = make(&b, e);
	folder_close(&b.folder);
	pseudonyms_free(b.pseudonyms);
	signing_free(b.key);
	free(b.note);
	return result;
}
