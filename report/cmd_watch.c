/*
 * natdiff-report watch: the verdict on one screen, while agents run.
 */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/commands.h"
#include "report/load/load.h"
#include "report/monitor/strip.h"
#include "report/options.h"
#include "report/output/output.h"
#include "report/output/printable.h"
#include "report/report.h"

#define EVERY_US   INT64_C(30000000)
#define WINDOW_US  INT64_C(3600000000)
#define NAME_WIDTH 12
#define WIDTH      80

/*
 * Of a screen, beside the text: the time, that there is more, the next command
 * after a blank line, and the cursor's.
 */
#define NEXT_LINES  3
#define OTHER_LINES (1 + 1 + NEXT_LINES + 1)

static const char help[] =
    "Examples:\n"
    "  natdiff-report watch direct.db nat.db\n"
    "  natdiff-report watch -i 10s --window 20m *.db\n"
    "\n"
    "Usage: natdiff-report watch [OPTIONS] FILE...\n"
    "\n"
    "Shows, anew every 30 seconds, what can be said now, what is missing and\n"
    "what to do next.  Databases that an agent is writing may be read.\n"
    "Ctrl-C ends it.\n"
    "\n"
    "  -i, --interval DURATION  how often (30s)\n"
    "  --window DURATION        how far to look back (1h)\n"
    "  --count N                look N times, then end\n"
    "  --endpoint NAME          of this endpoint; may be repeated\n"
    "  --path NAME              of this path; may be repeated\n"
    "\n"
    "A line a path shows the last 60 slots: \".\" all well, \"r\" a SYN had to\n"
    "be sent again, \"1\" to \"9\" tenths of the attempts failed, \"#\" all "
    "did.\n";

struct watch {
	struct load_filter filter;
	int64_t every_us;
	int64_t window_us;
	long count; /* 0: until told */
	char **files;
	size_t n_files;
};

struct screen {
	char *text, *next; /* NULL: nothing was read */
	size_t text_size, next_size;
};

static volatile sig_atomic_t told_to_end;

static void
on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

static int
take_option(void *arg, int c, char *value, struct err *e)
{
	struct watch *w = arg;
	char *end;

	switch (c) {
	case 'i':
		return options_duration(&w->every_us, "--interval", value, e);
	case 'W':
		return options_duration(&w->window_us, "--window", value, e);
	case 'n':
		w->count = strtol(value, &end, 10);
		if (*value != '\0' && *end == '\0' && w->count >= 1)
			return 1;
		return err_set(
		    e, "--count %s: expected a number of 1 or more", value);
	default:
		return options_filter(&w->filter, c, value, e);
	}
}

/* Take the options; -1: go on, else the exit status. */
static int
take_options(struct watch *w, int argc, char **argv)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "window", required_argument, NULL, 'W' },
		{ "count", required_argument, NULL, 'n' },
		{ "endpoint", required_argument, NULL, 'e' },
		{ "path", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct options_table table = { "watch", "hi:", options,
		help, take_option };
	int status = options_take(&table, argc, argv, w);

	if (status != -1)
		return status;
	if (optind == argc)
		return options_no_database("watch");
	w->files = argv + optind;
	w->n_files = (size_t)(argc - optind);
	return -1;
}

/* --------------------------------------------------------------- a screen */

static void
write_strips(const struct report *r, int64_t now_us, FILE *out)
{
	int64_t interval_us = report_interval_us(r);
	char strip[STRIP_SLOTS + 1];
	const struct dataset *d = r->d;
	size_t i;

	if (interval_us == NOT_MEASURED)
		return;
	for (i = 0; i < d->n_paths; i++) {
		char *name = printable(d->paths[i].name, NAME_WIDTH);

		strip_make(d, (uint32_t)i, interval_us, now_us, strip);
		fprintf(out, "  %s%*s |%s|\n", name,
		    (int)(NAME_WIDTH - printable_width(name)), "", strip);
		free(name);
	}
	fputc('\n', out);
}

/* Whether a shell takes the name as it is, and a terminal, too. */
static bool
is_plain(const char *name)
{
	return *name != '-' &&
	    name[strspn(name,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._/+@%:-")] == '\0';
}

/* The databases as one line has room for them behind used columns. */
static void
write_files(const struct watch *w, size_t used, FILE *out)
{
	size_t width = used, i;

	for (i = 0; i < w->n_files && width < WIDTH; i++)
		width +=
		    is_plain(w->files[i]) ? 1 + strlen(w->files[i]) : WIDTH;
	for (i = 0; i < w->n_files && width < WIDTH; i++)
		fprintf(out, " %s", w->files[i]);
	fputs(width < WIDTH ? "\n" : " FILE...\n", out);
}

/* The command that helps most now, in NEXT_LINES. */
static void
write_next(const struct watch *w, const struct report *r, FILE *out)
{
	static const char explain[] = "      --explain";
	static const char pack[] = "      -o evidence.tar.gz";
	const struct verdict *v = &r->verdict;
	char since[WALLTIME_TEXT_SIZE];
	bool unclear =
	    v->cause == CAUSE_HEALTHY || v->cause == CAUSE_INCONCLUSIVE;

	if (r->d->first_us == NOT_MEASURED)
		return;
	fprintf(out, "\nnext: natdiff-report %s --since %s \\\n%s",
	    unclear ? "diff" : "bundle",
	    walltime_format(r->d->first_us, 0, since),
	    unclear ? explain : pack);
	write_files(w, unclear ? sizeof(explain) : sizeof(pack), out);
}

static void
write_screen(const struct watch *w, const struct report *r, int64_t now_us,
    struct screen *screen)
{
	FILE *text = open_memstream(&screen->text, &screen->text_size);
	FILE *next = open_memstream(&screen->next, &screen->next_size);

	if (text == NULL || next == NULL)
		abort();
	write_strips(r, now_us, text);
	output_watch(r, text);
	write_next(w, r, next);
	fclose(text);
	fclose(next);
}

/* What can be said now; where nothing can be read -1, and e says why. */
static int
look(struct watch *w, struct screen *screen, struct err *e)
{
	int64_t now_us = walltime_now_us();
	struct scorecard card;
	struct dataset d;
	struct report r;
	int result;

	scorecard_default(&card);
	dataset_init(&d);
	w->filter.since_us = now_us - w->window_us;
	result = load_files(&d, w->files, w->n_files, &w->filter, e);
	if (result == 0) {
		report_make(&r, &d, &card, now_us);
		write_screen(w, &r, now_us, screen);
		report_clear(&r);
	}
	dataset_clear(&d);
	return result;
}

/* As many lines of text as there is room for. */
static void
print_cut(const char *text, int room)
{
	const char *end;

	for (; room > 0 && *text != '\0'; room--) {
		end = strchr(text, '\n');
		end = end == NULL ? text + strlen(text) : end + 1;
		fwrite(text, 1, (size_t)(end - text), stdout);
		text = end;
	}
	if (*text != '\0')
		fputs("(more: natdiff-report diff)\n", stdout);
}

/* What comes next is seen whatever else a terminal has no room for. */
static void
show(const char *text, const char *next, bool terminal)
{
	char now[WALLTIME_TEXT_SIZE];
	struct winsize size;

	if (terminal)
		fputs("\033[H\033[2J", stdout);
	walltime_format(walltime_now_us(), 0, now);
	printf("%s\n", now);
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_row > OTHER_LINES)
		print_cut(text, size.ws_row - OTHER_LINES);
	else
		fputs(text, stdout);
	printf("%s%s", next, terminal ? "" : "\n");
	fflush(stdout);
}

/* Sleep until told to end or the next look is due. */
static void
pause_until(int64_t due_us)
{
	int64_t wait_us = due_us - monotonic_now_us();
	struct timespec t;

	if (wait_us <= 0 || told_to_end)
		return;
	t.tv_sec = (time_t)(wait_us / 1000000);
	t.tv_nsec = (long)(wait_us % 1000000) * 1000;
	nanosleep(&t, NULL); /* a signal ends it */
}

static int
watch(struct watch *w)
{
	bool terminal = isatty(STDOUT_FILENO);
	int64_t due_us = monotonic_now_us();
	struct screen screen;
	struct err e;
	long looks;

	for (looks = 0; !told_to_end && (w->count == 0 || looks < w->count);
	     looks++) {
		if (looks > 0) {
			due_us += w->every_us;
			pause_until(due_us);
			if (told_to_end)
				break;
		}
		memset(&screen, 0, sizeof(screen));
		if (look(w, &screen, &e) == 0) {
			show(screen.text, screen.next, terminal);
		} else if (looks > 0) {
			show(e.msg, "\n", terminal); /* it may come back */
		} else {
			options_complain(NULL, &e);
			return 1;
		}
		free(screen.text);
		free(screen.next);
		if (!options_flushed())
			return 1;
	}
	return 0;
}

int
cmd_watch(int argc, char **argv)
{
	struct watch w = { .every_us = EVERY_US, .window_us = WINDOW_US };
	struct sigaction action = { .sa_handler = on_signal };
	int status;

	load_filter_init(&w.filter);
	status = take_options(&w, argc, argv);
	if (status == -1) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		status = watch(&w);
	}
	options_clear(&w.filter);
	return status;
}
