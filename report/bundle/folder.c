/*
 * Files by number in one folder, so that a signal handler can remove them.
 */
#include "config.h"

#include <ctype.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "report/bundle/folder.h"
#include "report/bundle/manifest.h"

static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* For on_signal(): the folder, open, and how many files were named in it. */
static volatile sig_atomic_t signal_folder = -1;
static volatile sig_atomic_t signal_files;
static char *volatile signal_path;

/* The name of the n-th file, without what a handler must not call. */
static void
number_name(char out[16], unsigned n)
{
	char digits[12];
	int length = 0, i;

	do {
		digits[length++] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	for (i = 0; i < length; i++)
		out[i] = digits[length - 1 - i];
	out[length] = '\0';
}

static void
remove_files(int folder, unsigned n)
{
	char name[16];
	unsigned i;

	for (i = 0; i < n; i++) {
		number_name(name, i);
		unlinkat(folder, name, 0);
	}
}

static void
on_signal(int number)
{
	if (signal_folder >= 0) {
		/* One more: the archive itself (pack.c). */
		remove_files(signal_folder, (unsigned)signal_files + 1);
		rmdir(signal_path);
	}
	signal(number, SIG_DFL);
	raise(number);
}

static void
catch_signals(void (*handler)(int))
{
	struct sigaction action, now;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigfillset(&action.sa_mask);
	for (i = 0; i < SIGNALS; i++)
		/* What was ignored by who started us stays so (nohup). */
		if (sigaction(signals[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

int
folder_open(struct folder *f, const char *beside, struct err *e)
{
	char *copy = x_strdup(beside);

	memset(f, 0, sizeof(*f));
	f->path = x_asprintf("%s/.natdiff-bundle.XXXXXX", dirname(copy));
	free(copy);
	if (mkdtemp(f->path) == NULL) {
		err_sys(e, "%s: cannot make a folder beside it", beside);
		free(f->path);
		f->path = NULL;
		return -1;
	}
	signal_path = f->path;
	signal_files = 0;
	signal_folder = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	catch_signals(on_signal);
	return 0;
}

void
folder_close(struct folder *f)
{
	size_t i;

	if (f->path == NULL)
		return;
	for (i = 0; i < f->n; i++) {
		unlink(f->file[i].path);
		free(f->file[i].name);
		free(f->file[i].path);
	}
	rmdir(f->path);
	catch_signals(SIG_DFL);
	if (signal_folder >= 0)
		close(signal_folder);
	signal_folder = -1;
	free(f->file);
	free(f->path);
	memset(f, 0, sizeof(*f));
}

const char *
folder_add(struct folder *f, const char *name)
{
	struct folder_file *file;
	char number[16];

	f->file = x_grow(f->file, f->n, &f->capacity, sizeof(*f->file));
	file = &f->file[f->n];
	number_name(number, (unsigned)f->n);
	file->name = x_strdup(name);
	file->path = x_asprintf("%s/%s", f->path, number);
	f->n++;
	signal_files = (sig_atomic_t)f->n;
	return file->path;
}

FILE *
folder_create(struct folder *f, const char *name, struct err *e)
{
	const char *path = folder_add(f, name);
	FILE *out = fopen(path, "wxe");

	if (out == NULL)
		err_sys(e, "%s: cannot write %s", f->path, name);
	return out;
}

int
folder_finish(struct folder *f, FILE *out, struct err *e)
{
	int bad = ferror(out);

	if (fclose(out) != 0 || bad)
		return err_sys(e, "%s: cannot write", f->path);
	return 0;
}

int
folder_has(const struct folder *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strcmp(f->file[i].name, name) == 0)
			return 1;
	return 0;
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const struct folder_file *)a)->name,
	    ((const struct folder_file *)b)->name);
}

void
folder_sort(struct folder *f)
{
	if (f->n > 0)
		qsort(f->file, f->n, sizeof(*f->file), compare_files);
}

char *
folder_name(const char *text)
{
	char *name = x_strndup(text, BUNDLE_NAME_MAX / 2), *p;

	for (p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) &&
		    (strchr("._+-", *p) == NULL || (p == name && *p == '.')))
			*p = '-';
	if (*name == '\0') {
		free(name);
		name = x_strdup("-");
	}
	return name;
}
