/*
 * Writing whole files.
 */
#include "config.h"

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
	free(o->temporary);
	memset(o, 0, sizeof(*o));
}

/* Under another name, beside the file that name stands for. */
static FILE *
open_temporary(struct outfile *o)
{
	char *real = realpath(o->name, NULL);
	mode_t mask = umask(0);
	FILE *f;
	int fd;

	umask(mask);
	if (real != NULL) {
		free(o->name);
		o->name = real;
	}
	o->temporary = x_asprintf("%s.XXXXXX", o->name);
	fd = mkstemp(o->temporary);
	if (fd < 0)
		return NULL;
	f = fchmod(fd, 0644 & ~mask) == 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL) {
		close(fd);
		unlink(o->temporary);
	}
	return f;
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
	o->name = x_strdup(name);
	if (stat(name, &st) == 0 && S_ISDIR(st.st_mode)) {
		clear(o);
		return err_set(e, "%s: is a directory", name);
	}
	if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
		o->f = fopen(name, "we");
	else
		o->f = open_temporary(o);
	if (o->f == NULL) {
		err_sys(e, "%s: cannot write", name);
		clear(o);
		return -1;
	}
	return 0;
}

int
outfile_commit(struct outfile *o, struct err *e)
{
	const char *name = o->name != NULL ? o->name : "standard output";
	int result = 0;

	if (fflush(o->f) != 0 || ferror(o->f) ||
	    (o->temporary != NULL && fsync(fileno(o->f)) != 0))
		result = err_sys(e, "%s: cannot write", name);
	if (o->name != NULL && fclose(o->f) != 0 && result == 0)
		result = err_sys(e, "%s: cannot write", name);
	if (o->temporary != NULL && result == 0 &&
	    rename(o->temporary, o->name) != 0)
		result = err_sys(e, "%s: cannot write", name);
	if (o->temporary != NULL && result != 0)
		unlink(o->temporary);
	clear(o);
	return result;
}

void
outfile_abandon(struct outfile *o)
{
	if (o->name != NULL)
		fclose(o->f);
	if (o->temporary != NULL)
		unlink(o->temporary);
	clear(o);
}
