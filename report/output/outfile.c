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

int
outfile_begin(struct outfile *o, const char *name, struct err *e)
{
	mode_t mask;
	int fd;

	memset(o, 0, sizeof(*o));
	if (name == NULL) {
		o->f = stdout;
		return 0;
	}
	o->name = x_strdup(name);
	o->temporary = x_asprintf("%s.XXXXXX", name);
	fd = mkstemp(o->temporary);
	if (fd < 0) {
		err_sys(e, "%s: cannot write", name);
		clear(o);
		return -1;
	}
	mask = umask(0);
	umask(mask);
	if (fchmod(fd, 0644 & ~mask) == 0)
		o->f = fdopen(fd, "w");
	if (o->f == NULL) {
		err_sys(e, "%s: cannot write", name);
		close(fd);
		unlink(o->temporary);
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
	    (o->name != NULL && fsync(fileno(o->f)) != 0))
		result = err_sys(e, "%s: cannot write", name);
	if (o->name != NULL) {
		if (fclose(o->f) != 0 && result == 0)
			result = err_sys(e, "%s: cannot write", name);
		if (result == 0 && rename(o->temporary, o->name) != 0)
			result = err_sys(e, "%s: cannot write", name);
		if (result != 0)
			unlink(o->temporary);
	}
	clear(o);
	return result;
}

void
outfile_abandon(struct outfile *o)
{
	if (o->name != NULL) {
		fclose(o->f);
		unlink(o->temporary);
	}
	clear(o);
}
