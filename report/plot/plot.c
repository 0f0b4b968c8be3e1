/*
 * Running gnuplot for as long as it may take.  What it reads and what it
 * complains of are files in memory: nothing of it can stay behind.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "report/plot/plot.h"

#define SVG_MAX   (8 << 20)
#define NOT_FOUND 127 /* exit status, as of a shell */

/* common.gp and the others, as they ship: built in. */
extern const char common_text[], failures_text[], hours_text[], level_text[],
    map_text[], ports_text[], times_text[];

static const char *const scripts[] = {
	[PLOT_FAILURES] = failures_text,
	[PLOT_LEVEL] = level_text,
	[PLOT_TIMES] = times_text,
	[PLOT_HOURS] = hours_text,
	[PLOT_MAP] = map_text,
	[PLOT_PORTS] = ports_text,
};

/* What gnuplot reads, and where it complains. */
struct files {
	FILE *script, *data, *log;
};

/* A file in memory; NULL and e where there is none. */
static FILE *
memory_file(struct err *e)
{
	int fd = memfd_create("plot", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");

	if (f == NULL) {
		err_set(e, "plots: a file in memory: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return f;
}

static void
close_files(struct files *f)
{
	FILE *const all[] = { f->script, f->data, f->log };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NULL)
			fclose(all[i]);
}

/* The script names the data by the descriptor that gnuplot inherits. */
static int
write_files(const struct plot *p, struct files *f, struct err *e)
{
	size_t i;

	f->script = memory_file(e);
	f->data = f->script != NULL ? memory_file(e) : NULL;
	f->log = f->data != NULL ? memory_file(e) : NULL;
	if (f->log == NULL)
		return -1;
	fprintf(f->script, "W = %d\nH = %d\ndata = \"/dev/fd/%d\"\n", p->width,
	    p->height, fileno(f->data));
	for (i = 0; i < p->n_settings; i++)
		fprintf(f->script, "%s = %.17g\n", p->setting[i].name,
		    p->setting[i].value);
	fputs(common_text, f->script);
	fputs(scripts[p->script], f->script);
	fwrite(p->data, 1, p->data_size, f->data);
	if (fflush(f->script) != 0 || fflush(f->data) != 0 ||
	    ferror(f->script) || ferror(f->data))
		return err_set(
		    e, "plots: a file in memory: %s", strerror(errno));
	return 0;
}

/* Becomes gnuplot, with out as its standard output; ends with us. */
static void __attribute__((noreturn))
become_gnuplot(const struct files *f, int out, pid_t parent)
{
	static char name[] = "gnuplot", defaults[] = "-d";
	char script[32];
	char *const argv[] = { name, defaults, script, NULL };
	int null = open("/dev/null", O_RDONLY);

	snprintf(script, sizeof(script), "/dev/fd/%d", fileno(f->script));
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(fileno(f->log), 2) < 0 ||
	    fcntl(fileno(f->script), F_SETFD, 0) != 0 ||
	    fcntl(fileno(f->data), F_SETFD, 0) != 0 || chdir("/") != 0)
		_exit(1);
	setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	/* Nothing of the user's own changes what is drawn. */
	setenv("LC_ALL", "C", 1);
	setenv("TZ", "UTC", 1);
	setenv("HOME", "/", 1);
	unsetenv("GNUTERM");
	unsetenv("GNUPLOT_LIB");
	unsetenv("GNUPLOT_FONTPATH");
	execvp(name, argv);
	_exit(errno == ENOENT || errno == EACCES ? NOT_FOUND : 1);
}

/* Read fd to its end; -1 where that takes longer than until deadline_us. */
static int
read_all(int fd, struct text *out, int64_t deadline_us)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	char buffer[16384];
	int64_t left_us;
	ssize_t n = 0;

	for (;;) {
		left_us = deadline_us - monotonic_now_us();
		if (left_us <= 0)
			return -1;
		if (poll(&ready, 1, (int)(left_us / 1000) + 1) < 0 &&
		    errno != EINTR)
			return -1;
		if (ready.revents == 0)
			continue;
		n = read(fd, buffer, sizeof(buffer));
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0 && text_add(out, buffer, (size_t)n) != 0)
			return -1;
	}
}

/* The first line that gnuplot complained in. */
static void
complaint(FILE *log, char *line, size_t size)
{
	line[0] = '\0';
	rewind(log);
	while (fgets(line, (int)size, log) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[strspn(line, " \t^")] != '\0')
			break;
	}
}

/* What became of gnuplot. */
static int
judge(int status, bool in_time, FILE *log, struct err *e)
{
	char line[200];

	if (!in_time)
		return err_set(e, "gnuplot took too long, or wrote too much");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return err_set(e,
		    "gnuplot is not installed (Debian: gnuplot-nox), so the "
		    "report has no plots");
	complaint(log, line, sizeof(line));
	return err_set(e, "gnuplot failed: %s", line);
}

static int
run(const struct files *f, int timeout_ms, struct text *svg, struct err *e)
{
	pid_t pid, parent = getpid();
	int ends[2], status = 0;
	bool in_time;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(e, "plots: pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		become_gnuplot(f, ends[1], parent);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_set(e, "plots: fork: %s", strerror(errno));
	}
	in_time = read_all(ends[0], svg,
		      monotonic_now_us() + (int64_t)timeout_ms * 1000) == 0;
	close(ends[0]);
	if (!in_time) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return judge(status, in_time, f->log, e);
}

char *
plot_draw(const struct plot *p, struct err *e)
{
	struct files f = { 0 };
	char *drawn = NULL;
	struct text svg;

	text_init(&svg, SVG_MAX);
	if (write_files(p, &f, e) == 0 && run(&f, p->timeout_ms, &svg, e) == 0)
		drawn = plot_clean(svg.s != NULL ? svg.s : "", svg.size);
	close_files(&f);
	text_clear(&svg);
	return drawn;
}
