/*
 * Writing whole files: the text grows in memory, so that a program that ends
 * before its time leaves nothing behind.
 */
#include "config.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "report/output/outfile.h"

static void
clear(struct outfile *o)
{
	free(o->name);
	free(o->text);
	memset(o, 0, sizeof(*o));
}

/* A slip such as -o direct.db must not cost what was measured. */
static bool
is_database(const char *name)
{
	static const char magic[] = "SQLite format 3";
	char start[sizeof(magic)] = "";
	FILE *f = fopen(name, "re");

	if (f == NULL)
		return false;
	if (fread(start, 1, sizeof(start), f) < sizeof(start))
		start[0] = '\0';
	fclose(f);
	return memcmp(start, magic, sizeof(magic)) == 0;
}

int
outfile_begin(struct outfile *o, const char *name, struct err *e)
{
	struct stat st;

	memset(o, 0, sizeof(*o));
	if (name == NULL) {
		o->f = stdout;
		return 0;
	}
	if (stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(e, "%s: is a directory", name);
	if (stat(name, &st) == 0 && S_ISREG(st.st_mode) && is_database(name))
		return err_set(
		    e, "%s: is a database, expected a file to write", name);
	if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
		o->f = fopen(name, "we");
	else
		o->f = open_memstream(&o->text, &o->size);
	if (o->f == NULL)
		return err_sys(e, "%s: cannot write", name);
	o->name = x_strdup(name);
	return 0;
}

/* All of it into a new file of this name, with the mode that open() gives. */
static int
write_file(const struct outfile *o, char *name)
{
	mode_t mask = umask(0);
	int fd = mkstemp(name);
	FILE *f = NULL;
	bool good;

	umask(mask);
	if (fd < 0)
		return -1;
	if (fchmod(fd, 0644 & ~mask) == 0)
		f = fdopen(fd, "w");
	if (f == NULL) {
		close(fd);
		return -1;
	}
	good = fwrite(o->text, 1, o->size, f) == o->size && fflush(f) == 0 &&
	    fsync(fd) == 0;
	return fclose(f) == 0 && good ? 0 : -1;
}

/* Beside the file that the name stands for, then in its place. */
static int
replace(const struct outfile *o, struct err *e)
{
	char *real = realpath(o->name, NULL);
	const char *name = real != NULL ? real : o->name;
	char *temporary = x_asprintf("%s.XXXXXX", name);
	int result = 0;

	if (write_file(o, temporary) != 0 || rename(temporary, name) != 0) {
		result = err_sys(e, "%s: cannot write", o->name);
		unlink(temporary);
	}
	free(temporary);
	free(real);
	return result;
}

/* What would end the program waits until the file is there, or is not. */
static int
replace_undisturbed(const struct outfile *o, struct err *e)
{
	sigset_t ending, before;
	int result;

	sigemptyset(&ending);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &before);
	result = replace(o, e);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

int
outfile_commit(struct outfile *o, struct err *e)
{
	const char *name = o->name != NULL ? o->name : "standard output";
	int result = 0;

	if (fflush(o->f) != 0 || ferror(o->f))
		result = err_sys(e, "%s: cannot write", name);
	if (o->name != NULL && fclose(o->f) != 0 && result == 0)
		result = err_sys(e, "%s: cannot write", name);
	if (o->text != NULL && result == 0)
		result = replace_undisturbed(o, e);
	clear(o);
	return result;
}

void
outfile_abandon(struct outfile *o)
{
	if (o->name != NULL)
		fclose(o->f);
	clear(o);
}
