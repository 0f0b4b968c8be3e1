/*
 * Running gnuplot in a private folder, for as long as it may take.
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
#include <sys/wait.h>
#include <unistd.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/plot/plot.h"

#define SVG_MAX      (8 << 20)
#define SETTINGS_MAX 4096
#define NOT_FOUND    127    /* exit status, as of a shell */
#define LOOK_US      100000 /* between looks for a signal */

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

/* The files in the folder, whose names gnuplot is told. */
static const char *const files[] = { "common.gp", "plot.gp", "data", "log" };

static int
write_file(
    int folder, const char *name, const char *bytes, size_t size, struct err *e)
{
	int fd =
	    openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		return err_set(e, "plots: %s: %s", name, strerror(errno));
	while (size > 0) {
		n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			close(fd);
			return err_set(
			    e, "plots: %s: %s", name, strerror(errno));
		}
		bytes += n;
		size -= (size_t)n;
	}
	close(fd);
	return 0;
}

/* "W=880;H=160;from=1795242620;": names of ours, and numbers. */
static void
settings_text(const struct plot *p, struct text *t)
{
	size_t i;

	text_addf(t, "W=%d;H=%d;", p->width, p->height);
	for (i = 0; i < p->n_settings; i++)
		text_addf(
		    t, "%s=%.17g;", p->setting[i].name, p->setting[i].value);
}

/* Becomes gnuplot, with out as its standard output. */
static void __attribute__((noreturn))
become_gnuplot(const char *folder, int out, char *settings)
{
	static char name[] = "gnuplot", defaults[] = "-d", execute[] = "-e",
		    common[] = "common.gp", plot[] = "plot.gp";
	char *const argv[] = { name, defaults, execute, settings, common, plot,
		NULL };
	sigset_t none;
	int null, log;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDONLY);
	if (chdir(folder) != 0)
		_exit(1);
	log = open("log", O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (null < 0 || log < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(log, 2) < 0)
		_exit(1);
	setpgid(0, 0);
	/* Nothing of the user's own changes what is drawn. */
	setenv("LC_ALL", "C", 1);
	setenv("TZ", "UTC", 1);
	setenv("HOME", ".", 1);
	unsetenv("GNUTERM");
	unsetenv("GNUPLOT_LIB");
	unsetenv("GNUPLOT_FONTPATH");
	execvp(name, argv);
	_exit(errno == ENOENT || errno == EACCES ? NOT_FOUND : 1);
}

/*
 * Signals that would end us and leave the folder wait until it is gone; one
 * that waits ends the drawing.  What is ignored (nohup) would wait, too.
 */
static void
ending_signals(sigset_t *set)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction now;
	size_t i;

	sigemptyset(set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
}

static bool
is_told_to_end(void)
{
	sigset_t ending, pending;
	int number;

	ending_signals(&ending);
	sigpending(&pending);
	for (number = 1; number < NSIG; number++)
		if (sigismember(&ending, number) == 1 &&
		    sigismember(&pending, number) == 1)
			return true;
	return false;
}

/*
 * Read fd to its end; -1 where that takes longer than until deadline_us, or
 * we are told to end.
 */
static int
read_all(int fd, struct text *out, int64_t deadline_us)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	char buffer[16384];
	int64_t left_us;
	ssize_t n = 0;

	for (;;) {
		left_us = deadline_us - monotonic_now_us();
		if (left_us <= 0 || is_told_to_end())
			return -1;
		if (left_us > LOOK_US)
			left_us = LOOK_US;
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

/* The first line that gnuplot complained in, without its indentation. */
static void
complaint(int folder, char *line, size_t size)
{
	int fd = openat(folder, "log", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	line[0] = '\0';
	while (f != NULL && fgets(line, (int)size, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[strspn(line, " \t^")] != '\0')
			break;
	}
	if (f != NULL)
		fclose(f);
}

/* What became of gnuplot. */
static int
judge(int status, bool in_time, int folder, struct err *e)
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
	complaint(folder, line, sizeof(line));
	return err_set(e, "gnuplot failed: %s", line);
}

static int
run(const struct plot *p, const char *path, int folder, struct text *svg,
    struct err *e)
{
	struct text settings;
	int ends[2], status = 0;
	bool in_time;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(e, "plots: pipe: %s", strerror(errno));
	text_init(&settings, SETTINGS_MAX);
	settings_text(p, &settings);
	pid = fork();
	if (pid == 0)
		become_gnuplot(path, ends[1], settings.s);
	text_clear(&settings);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_set(e, "plots: fork: %s", strerror(errno));
	}
	in_time = read_all(ends[0], svg,
		      monotonic_now_us() + (int64_t)p->timeout_ms * 1000) == 0;
	close(ends[0]);
	if (!in_time) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return judge(status, in_time, folder, e);
}

static void
remove_folder(const char *path, int folder)
{
	size_t i;

	for (i = 0; folder >= 0 && i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(folder, files[i], 0);
	if (folder >= 0)
		close(folder);
	rmdir(path);
}

char *
plot_draw(const struct plot *p, struct err *e)
{
	const char *tmp = getenv("TMPDIR"), *script = scripts[p->script];
	char *path = x_asprintf("%s/natdiff-plot.XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	char *drawn = NULL;
	sigset_t ending, before;
	struct text svg;
	int folder;

	text_init(&svg, SVG_MAX);
	ending_signals(&ending);
	sigprocmask(SIG_BLOCK, &ending, &before);
	if (mkdtemp(path) == NULL) {
		err_set(e, "plots: %s: %s", path, strerror(errno));
		goto out;
	}
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		err_set(e, "plots: %s: %s", path, strerror(errno));
	else if (write_file(folder, files[0], common_text, strlen(common_text),
		     e) == 0 &&
	    write_file(folder, files[1], script, strlen(script), e) == 0 &&
	    write_file(folder, files[2], p->data, p->data_size, e) == 0 &&
	    run(p, path, folder, &svg, e) == 0)
		drawn = plot_clean(svg.s != NULL ? svg.s : "", svg.size);
	remove_folder(path, folder);
out:
	sigprocmask(SIG_SETMASK, &before, NULL);
	text_clear(&svg);
	free(path);
	return drawn;
}
