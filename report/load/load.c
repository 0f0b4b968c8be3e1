/*
 * From files to columns: all files are opened and checked, and what others
 * recorded is read of all of them; then, some files at a time, the small
 * tables, the attempts, and what stands around them.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/load.h"
#include "report/load/loader.h"
#include "report/output/printable.h"
#include "report/parallel.h"

/* Of many: each of them is open meanwhile, and its attempts are held twice. */
#define FILES_AT_ONCE 16

void
load_filter_init(struct load_filter *f)
{
	memset(f, 0, sizeof(*f));
	f->since_us = f->until_us = NOT_MEASURED;
}

/* Whether name is among the names, or there are none. */
static bool
is_wanted(const char *name, const char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return n == 0;
}

bool
load_wants_endpoint(const struct load_filter *f, const char *name)
{
	return is_wanted(name, f->endpoints, f->n_endpoints);
}

bool
load_wants_path(const struct load_filter *f, const char *path)
{
	return is_wanted(path, f->paths, f->n_paths);
}

static void
loader_clear(struct loader *l)
{
	size_t i;

	for (i = 0; i < l->endpoints.n; i++)
		free(l->urls[i]);
	free(l->urls);
	idmap_clear(&l->runs);
	idmap_clear(&l->endpoints);
	idmap_clear(&l->targets);
	idmap_clear(&l->addresses);
	idmap_clear(&l->captures);
	idmap_clear(&l->certificates);
	database_close(l->db);
}

/* Some files that are opened side by side. */
struct some {
	struct loader *loaders;
	size_t n;
	struct err *e; /* of each */
};

static void
open_one(void *context, size_t i)
{
	struct some *some = context;
	struct loader *l = &some->loaders[i];

	l->db = database_open_again(l->file, &some->e[i]);
	if (l->db != NULL)
		l->rows_most = database_rows_most(l->db);
}

/* Open files first to first + n, load them, and close them. */
static int
with_some(int (*load)(struct loader *loaders, size_t n, struct err *e),
    struct dataset *d, char **files, size_t first, size_t n,
    const struct load_filter *f, struct err *e)
{
	struct some some = { .n = n };
	int result = 0;
	size_t i;

	some.loaders = x_calloc(n, sizeof(*some.loaders));
	some.e = x_calloc(n, sizeof(*some.e));
	for (i = 0; i < n; i++)
		some.loaders[i] = (struct loader){ .d = d,
			.filter = f,
			.file = files[first + i],
			.input = first + i };
	parallel_each(n, open_one, &some);
	for (i = 0; i < n && result == 0; i++) {
		if (some.loaders[i].db != NULL)
			continue;
		result = -1;
		*e = some.e[i];
	}
	if (result == 0)
		result = load(some.loaders, n, e);
	for (i = 0; i < n; i++)
		loader_clear(&some.loaders[i]);
	free(some.loaders);
	free(some.e);
	return result;
}

/* All files, as many at a time as are opened at once. */
static int
in_turn(int (*load)(struct loader *loaders, size_t n, struct err *e),
    struct dataset *d, char **files, size_t n, const struct load_filter *f,
    struct err *e)
{
	size_t i, many;
	int result = 0;

	for (i = 0; i < n && result == 0; i += FILES_AT_ONCE) {
		many = n - i < FILES_AT_ONCE ? n - i : FILES_AT_ONCE;
		result = with_some(load, d, files, i, many, f, e);
	}
	return result;
}

/* The files are inputs from here on, and what witnesses wrote in them known. */
static int
load_witnesses(struct loader *loaders, size_t n, struct err *e)
{
	struct dataset *d = loaders->d;
	struct input *input;
	size_t i;

	for (i = 0; i < n; i++) {
		d->inputs = x_grow(d->inputs, d->n_inputs, &d->inputs_capacity,
		    sizeof(*d->inputs));
		input = &d->inputs[d->n_inputs++];
		memset(input, 0, sizeof(*input));
		input->file =
		    utf8_repaired(loaders[i].file, strlen(loaders[i].file));
		if (load_arrivals(&loaders[i], e) != 0 ||
		    load_imports(&loaders[i], e) != 0 ||
		    load_captures(&loaders[i], e) != 0)
			return -1;
	}
	return 0;
}

/* Their attempts are read side by side, too. */
static int
load_measured(struct loader *loaders, size_t n, struct err *e)
{
	int result = 0;
	size_t i;

	for (i = 0; i < n && result == 0; i++)
		result = load_tables(&loaders[i], e);
	if (result == 0)
		result = load_attempts(loaders, n, e);
	for (i = 0; i < n && result == 0; i++)
		result = load_surroundings(&loaders[i], e);
	for (i = 0; i < n; i++)
		loader_use_left_urls(&loaders[i]);
	return result;
}

/* Whether what the filter names is anywhere. */
static int
check_filter(
    const struct dataset *d, const struct load_filter *f, struct err *e)
{
	size_t i, k;

	for (i = 0; i < f->n_endpoints; i++) {
		for (k = 0; k < d->n_endpoints; k++)
			if (strcmp(d->endpoints[k].name, f->endpoints[i]) == 0)
				break;
		if (k == d->n_endpoints)
			return err_set(e, "%s: no such endpoint in the input",
			    f->endpoints[i]);
	}
	for (i = 0; i < f->n_paths; i++) {
		for (k = 0; k < d->n_paths; k++)
			if (strcmp(d->paths[k].name, f->paths[i]) == 0)
				break;
		if (k == d->n_paths)
			return err_set(
			    e, "%s: no such path in the input", f->paths[i]);
	}
	return 0;
}

/*
 * All files, before anything is read of one.  Those in front, as many as are
 * together no larger than one that is checked, are checked as a whole.
 */
struct checks {
	char **files;
	size_t n_whole;
	int *result;
	struct err *e;
};

static void
check_file(void *context, size_t i)
{
	struct checks *c = context;
	sqlite3 *db = i < c->n_whole
	    ? database_open(c->files[i], &c->e[i])
	    : database_open_again(c->files[i], &c->e[i]);

	c->result[i] = db != NULL ? 0 : -1;
	database_close(db);
}

/* The first that is not in order is told. */
static int
check_files(char **files, size_t n, struct err *e)
{
	struct checks c = { files, 0, x_calloc(n + 1, sizeof(*c.result)),
		x_calloc(n + 1, sizeof(*c.e)) };
	off_t bytes = 0;
	struct stat st;
	int result = 0;
	size_t i;

	for (; c.n_whole < n; c.n_whole++) {
		bytes += stat(files[c.n_whole], &st) == 0 ? st.st_size : 0;
		if (bytes > DATABASE_CHECKED_BYTES)
			break;
	}
	parallel_each(n, check_file, &c);
	for (i = 0; i < n && result == 0; i++) {
		result = c.result[i];
		if (result != 0)
			*e = c.e[i];
	}
	free(c.result);
	free(c.e);
	return result;
}

int
load_files(struct dataset *d, char **files, size_t n,
    const struct load_filter *f, struct err *e)
{
	d->since_us = f->since_us;
	d->until_us = f->until_us;
	if (check_files(files, n, e) != 0)
		return -1;
	if (in_turn(load_witnesses, d, files, n, f, e) != 0)
		return -1;
	dataset_sort_arrivals(d);
	imports_finish(&d->imports);
	captures_finish(&d->captures);
	if (in_turn(load_measured, d, files, n, f, e) != 0)
		return -1;
	if (check_filter(d, f, e) != 0)
		return -1;
	dataset_finish(d);
	return 0;
}
