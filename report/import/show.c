#include "config.h"

#include <sys/ioctl.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "natdiff/walltime.h"
#include "report/import/show.h"
#include "report/output/printable.h"

#define EVERY_US 250000

void
import_show_begin(struct import_show *s, bool on, const char *name)
{
	s->on = on;
	s->drawn = false;
	s->name = name;
	s->begun_us = s->last_us = monotonic_now_us();
}

char *
import_show_bytes(int64_t bytes, char *out)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double v = (double)bytes;
	int i = 0;

	while (v >= 1000 && i < 4) {
		v /= 1000;
		i++;
	}
	snprintf(out, SHOW_BYTES_SIZE, i > 0 && v < 100 ? "%.1f %s" : "%.0f %s",
	    v, units[i]);
	return out;
}

void
import_show(struct import_show *s, const struct reader *r, int64_t rows)
{
	char line[200], bytes[SHOW_BYTES_SIZE], rate[SHOW_BYTES_SIZE];
	char share[16] = "", *name;
	int64_t now = s->on ? monotonic_now_us() : 0;
	struct winsize w;
	int width = 79;

	if (!s->on || now - s->last_us < EVERY_US)
		return;
	s->last_us = now;
	s->drawn = true;
	if (ioctl(fileno(stderr), TIOCGWINSZ, &w) == 0 && w.ws_col > 1)
		width = w.ws_col - 1;
	if (reader_share(r) >= 0)
		snprintf(
		    share, sizeof(share), "%.0f %%  ", 100 * reader_share(r));
	import_show_bytes((int64_t)((double)reader_bytes(r) * 1e6 /
			      (double)(now - s->begun_us)),
	    rate);
	name = printable(s->name, 30);
	snprintf(line, sizeof(line), "%s  %s%s  %" PRId64 " rows  %s/s", name,
	    share, import_show_bytes(reader_bytes(r), bytes), rows, rate);
	free(name);
	fprintf(stderr, "\r\033[K%.*s", width, line);
	fflush(stderr);
}

void
import_show_end(struct import_show *s)
{
	if (s->drawn)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}
