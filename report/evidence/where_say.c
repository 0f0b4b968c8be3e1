/*
 * Where the trouble is, in sentences.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/evidence/where.h"

#define NAMES_MOST 3

/* An interval of a change longer than this needs no seconds. */
#define SECONDS_UP_TO_US INT64_C(600000000)

static void
add(char ***list, size_t *n, const char *prefix, char *text)
{
	*list = x_reallocarray(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = x_asprintf("%s%s", prefix, text);
	free(text);
}

char *
where_host_name(const struct dataset *d, uint32_t series)
{
	const struct series *s = &d->series[series], *other;
	const char *host = d->hosts.text[s->host];
	bool path = false;
	size_t i;

	for (i = 0; i < d->n_series; i++) {
		other = &d->series[i];
		if (other->host != s->host ||
		    d->paths[other->path].role != ROLE_NAT)
			continue;
		if (other->agent != s->agent)
			return x_asprintf(
			    "%s (%.8s)", host, d->agents.text[s->agent]);
		path |= other->path != s->path;
	}
	if (path)
		return x_asprintf("%s (%s)", host, d->paths[s->path].name);
	return x_strdup(host);
}

/* --------------------------------------------------------------- places */

/* What differs between hosts and addresses in a sentence. */
struct sort {
	const char *one, *many; /* "only at host nat2", "only at hosts ..." */
	const char *on;         /* "0 of 300 on the other two" */
	const char *plural;     /* "at all 3 hosts" */
	char *(*name)(const struct dataset *d, uint32_t key);
};

static char *
target_name(const struct dataset *d, uint32_t key)
{
	return x_strdup(
	    key < d->targets.n ? d->targets.text[key] : "no address");
}

static const struct sort hosts = { "host ", "hosts ", "on", "hosts",
	where_host_name };
static const struct sort targets = { "", "", "at", "addresses", target_name };

/* The places shown and the others, added up. */
struct sums {
	size_t shown, shown_bad, shown_pairs;
	size_t others, others_bad, others_pairs;
};

static void
add_up(struct sums *s, const struct places *places, bool silent)
{
	const struct contrast *c;
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < places->n; i++) {
		c = silent ? &places->place[i].silent
			   : &places->place[i].failed;
		if (c->pairs == 0)
			continue;
		if (places->place[i].shown) {
			s->shown++;
			s->shown_bad += c->nat;
			s->shown_pairs += c->pairs;
		} else {
			s->others++;
			s->others_bad += c->nat;
			s->others_pairs += c->pairs;
		}
	}
}

/* Failures are what people count; silence where only that is shown. */
static bool
speaks_of_silence(const struct places *places)
{
	const struct place *p;
	size_t i;

	for (i = 0; i < places->n; i++) {
		p = &places->place[i];
		if (p->shown && p->failed.test.gate && p->failed_p <= WHERE_P)
			return false;
	}
	return true;
}

/* "nat2, nat7 and 4 more" */
static char *
name_shown(const struct places *places, const struct sort *sort,
    const struct dataset *d, size_t shown)
{
	char *names = x_strdup(""), *name, *longer;
	size_t named = 0, i;

	for (i = 0; i < places->n && named < NAMES_MOST; i++) {
		if (!places->place[i].shown)
			continue;
		name = sort->name(d, places->place[i].key);
		longer = x_asprintf("%s%s%s", names,
		    named == 0               ? ""
			: named + 1 == shown ? " and "
					     : ", ",
		    name);
		free(name);
		free(names);
		names = longer;
		named++;
	}
	if (named < shown) {
		longer = x_asprintf("%s and %zu more", names, shown - named);
		free(names);
		names = longer;
	}
	return names;
}

/* "the other two" */
static char *
others_in_words(size_t n)
{
	static const char *const words[] = { "", "one", "two", "three" };

	if (n < sizeof(words) / sizeof(words[0]))
		return x_asprintf("the other %s", words[n]);
	return x_asprintf("the other %zu", n);
}

static char *
say_places(const struct places *places, const struct sort *sort,
    const struct dataset *d)
{
	bool silent = speaks_of_silence(places), only;
	char *names, *others, *text;
	const char *what;
	struct sums s;

	add_up(&s, places, silent);
	if (s.shown + s.others < 2 || s.shown == 0)
		return NULL;
	what = silent ? "got no answer to a SYN" : "failed";
	if (s.others == 0)
		return x_asprintf("at all %zu %s: %zu of %zu %s", s.shown,
		    sort->plural, s.shown_bad, s.shown_pairs, what);
	only = (double)s.others_bad * (double)s.shown_pairs <=
	    WHERE_ONLY_SHARE * (double)s.shown_bad * (double)s.others_pairs;
	names = name_shown(places, sort, d, s.shown);
	others = others_in_words(s.others);
	text = x_asprintf("%s at %s%s: %zu of %zu %s there, %zu of %zu %s %s",
	    only ? "only" : "above all", s.shown == 1 ? sort->one : sort->many,
	    names, s.shown_bad, s.shown_pairs, what, s.others_bad,
	    s.others_pairs, sort->on, others);
	free(names);
	free(others);
	return text;
}

/* ----------------------------------------------------------------- time */

static const char *
outcome_words(enum outcome o)
{
	return o == OUTCOME_SILENT ? "SYNs without an answer" : "failures";
}

static char *
say_hours(const struct where *w)
{
	size_t all = 0, peak = 0, h;
	size_t to = (w->peak_from + w->peak_hours) % DAY_HOURS;

	for (h = 0; h < DAY_HOURS; h++) {
		all += w->hour[h].nat;
		if ((h + DAY_HOURS - w->peak_from) % DAY_HOURS < w->peak_hours)
			peak += w->hour[h].nat;
	}
	return x_asprintf("%02zu:00 to %02zu:00 UTC has %.0f %% of the %s, "
			  "on %zu of %zu day%s",
	    w->peak_from, to == 0 ? (size_t)DAY_HOURS : to,
	    100 * (double)peak / (double)all, outcome_words(w->outcome),
	    w->peak_days, w->days, w->days == 1 ? "" : "s");
}

/*
 * 2026-11-21T05:12Z, or with seconds; without the date where it is that of
 * the day given (NULL: always with it).
 */
static char *
clock_text(int64_t at_us, bool seconds, const char *day)
{
	char text[WALLTIME_TEXT_SIZE];
	const char *from = text;
	char *end;

	walltime_format(at_us, 0, text);
	if (day != NULL && strncmp(text, day, strlen("2026-11-21T")) == 0)
		from = text + strlen("2026-11-21T");
	end = text + strlen(text) - strlen(seconds ? "Z" : ":00Z");
	return x_asprintf(
	    "%.*s%s", (int)(end - from), from, day == NULL ? "Z" : "");
}

static char *
say_change(const struct where *w)
{
	const struct change *c = &w->change;
	bool seconds = c->to_us - c->from_us < SECONDS_UP_TO_US;
	char *at = clock_text(c->at_us, seconds, NULL);
	char *from = clock_text(c->from_us, seconds, at);
	char *to = clock_text(c->to_us, seconds, at), *text;

	text = x_asprintf("%s %s (between %s and %s): %s on the NAT path "
			  "beyond those on the direct one: %.1f %% before, "
			  "%.1f %% after",
	    c->after > c->before ? "since" : "until", at, from, to,
	    outcome_words(w->outcome), 100 * c->before, 100 * c->after);
	free(at);
	free(from);
	free(to);
	return text;
}

void
where_say(char ***list, size_t *n, const struct where *w,
    const struct dataset *d, const char *prefix, bool troubled)
{
	char *text = say_places(&w->hosts, &hosts, d);

	if (text != NULL)
		add(list, n, prefix, text);
	text = say_places(&w->targets, &targets, d);
	if (text != NULL)
		add(list, n, prefix, text);
	if (troubled && w->peak_hours > 0)
		add(list, n, prefix, say_hours(w));
	if (troubled && w->change.shown)
		add(list, n, prefix, say_change(w));
}
