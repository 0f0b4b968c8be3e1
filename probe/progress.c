/*
 * One line, drawn over itself.
 */
#include "config.h"

#include <sys/ioctl.h>

#include <inttypes.h>
#include <limits.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "probe/progress.h"

/* Seconds as 0:42, 12:05 or 3:00:00. */
static void
add_clock(struct text *t, int64_t us)
{
	int64_t s = us / 1000000;

	if (s >= 3600)
		text_addf(t, "%" PRId64 ":%02d:%02d", s / 3600,
		    (int)(s / 60 % 60), (int)(s % 60));
	else
		text_addf(t, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

static void
add_rest(struct text *t, const struct agent_status *s)
{
	if (s->slots_begun == 0 && s->first_slot_at_us > s->now_us) {
		text_addf(t, "  first slot in ");
		add_clock(t, s->first_slot_at_us - s->now_us);
	} else if (s->until_us > s->now_us) {
		text_addf(t, "  ");
		add_clock(t, s->until_us - s->now_us);
		text_addf(t, " left");
	}
}

/* What fits on a line of the terminal: a longer one could not be erased. */
static int
width_of(FILE *out)
{
	struct winsize w;

	if (ioctl(fileno(out), TIOCGWINSZ, &w) != 0 || w.ws_col < 2)
		return INT_MAX;
	return w.ws_col - 1;
}

void
progress_draw_text(FILE *out, const char *text)
{
	fprintf(out, "\r\033[K%.*s", width_of(out), text);
	fflush(out);
}

void
progress_draw(FILE *out, const struct agent_status *s)
{
	struct text t;
	size_t i;

	text_init(&t, 1024);
	text_addf(&t, "slot %" PRId64, s->slots_begun);
	if (s->slots_wanted > 0)
		text_addf(&t, "/%" PRId64, s->slots_wanted);
	for (i = 0; i < s->n_paths; i++)
		text_addf(&t, "  %s: %" PRId64 " ok, %" PRId64 " failed",
		    s->paths[i].name, s->paths[i].ok, s->paths[i].failed);
	text_addf(&t, "  %zu in flight", s->in_flight);
	add_rest(&t, s);
	progress_draw_text(out, t.s);
	text_clear(&t);
}

void
progress_erase(FILE *out)
{
	fputs("\r\033[K", out);
	fflush(out);
}
