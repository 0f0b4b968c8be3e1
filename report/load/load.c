/*
 * From files to columns, some files at a time.  First each is checked, and
 * what others recorded in it is read; when that is known of all, the small
 * tables are, the attempts, and what stands around them.
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

/* All files, and what is done with some of them at a time. */
struct files {
	struct dataset *d;
	const struct load_filter *filter;
	char **name;
	size_t n;
	bool check; /* each as a whole before it is read */
	int (*load)(struct loader *loaders, size_t n, struct err *e);
};

/* Some that are opened side by side. */
struct some {
	const struct files *files;
	struct loader *loaders;
	struct err *e; /* of each */
};

static void
open_one(void *context, size_t i)
{
	struct some *some = context;
	struct loader *l = &some->loaders[i];

	l->db = some->files->check ? database_open(l->file, &some->e[i])
				   : database_open_again(l->file, &some->e[i]);
	if (l->db != NULL)
		l->rows_most = database_rows_most(l->db);
}

/* Open files first to first + n, load them, and close them. */
static int
load_some(const struct files *files, size_t first, size_t n, struct err *e)
{
	struct some some = { .files = files };
	int result = 0;
	size_t i;

	some.loaders = x_calloc(n, sizeof(*some.loaders));
	some.e = x_calloc(n, sizeof(*some.e));
	for (i = 0; i < n; i++)
		some.loaders[i] = (struct loader){ .d = files->d,
			.filter = files->filter,
			.file = files->name[first + i],
			.input = first + i };
	parallel_each(n, open_one, &some);
	for (i = 0; i < n && result == 0; i++) {
		if (some.loaders[i].db != NULL)
			continue;
		result = -1;
		*e = some.e[i];
	}
	if (result == 0)
		result = files->load(some.loaders, n, e);
	for (i = 0; i < n; i++)
		loader_clear(&some.loaders[i]);
	free(some.loaders);
	free(some.e);
	return result;
}

/* All, as many at a time as are opened at once. */
static int
load_all(const struct files *files, struct err *e)
{
	size_t n = files->n, i, many;
	int result = 0;

	for (i = 0; i < n && result == 0; i += FILES_AT_ONCE) {
		many = n - i < FILES_AT_ONCE ? n - i : FILES_AT_ONCE;
		result = load_some(files, i, many, e);
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
 * Whether the files are together no larger than one that is checked page by
 * page: all or none, whatever their order.
 */
static bool
can_check(char **files, size_t n)
{
	off_t left = DATABASE_CHECKED_BYTES;
	struct stat st;
	size_t i;

	for (i = 0; i < n && left >= 0; i++)
		left -= stat(files[i], &st) == 0 ? st.st_size : 0;
	return left >= 0;
}

int
load_files(struct dataset *d, char **names, size_t n,
    const struct load_filter *f, struct err *e)
{
	struct files files = { d, f, names, n, can_check(names, n),
		load_witnesses };

	d->since_us = f->since_us;
	d->until_us = f->until_us;
	if (load_all(&files, e) != 0)
		return -1;
	dataset_sort_arrivals(d);
	imports_finish(&d->imports);
	captures_finish(&d->captures);
	/* They were checked just now. */
	files.check = false;
	files.load = load_measured;
	if (load_all(&files, e) != 0)
		return -1;
	if (check_filter(d, f, e) != 0)
		return -1;
	dataset_finish(d);
	return 0;
}
