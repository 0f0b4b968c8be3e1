/*
 * stat_vectors DIR OUT: computes, for a directory of the form of
 * tests/data/vectors, the values that its *_expected.csv files hold, and
 * writes files of the same names, columns and order to OUT; only the keys of
 * tests/data/vectors/KEYS.  Calls the functions that the report calls.
 *
 * DIR may lack any of its files; what is there is computed.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "natdiff/xalloc.h"
#include "report/stats/adjust.h"
#include "report/stats/block.h"
#include "report/stats/bursts.h"
#include "report/stats/events.h"
#include "report/stats/latency.h"
#include "report/stats/power.h"
#include "report/stats/quantile.h"
#include "report/stats/rates.h"
#include "report/stats/sequential.h"
#include "report/stats/sort.h"

#define FIELDS 16

static const char *in_dir, *out_dir;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("stat_vectors: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* ------------------------------------------------------------------- CSV */

struct csv {
	FILE *file;
	char *path;
	char *line;
	size_t size;
	size_t number;
	char *field[FIELDS]; /* into line */
	size_t count;
};

/* Cut one field, quotes removed; returns what follows its comma or NULL. */
static char *
cut(char *s, char **field)
{
	bool quoted = *s == '"';
	char *to;

	if (quoted)
		s++;
	*field = to = s;
	while (*s != '\0' && (quoted || *s != ',')) {
		if (quoted && *s == '"') {
			if (s[1] == '"') {
				s++;
			} else {
				quoted = false;
				s++;
				continue;
			}
		}
		*to++ = *s++;
	}
	if (*s == '\0') {
		*to = '\0';
		return NULL;
	}
	*to = '\0';
	return s + 1;
}

/* The next line with something on it; false at the end. */
static bool
csv_next(struct csv *c)
{
	ssize_t n;
	char *s;

	do {
		n = getline(&c->line, &c->size, c->file);
		if (n < 0)
			return false;
		c->number++;
		while (n > 0 && strchr("\r\n", c->line[n - 1]) != NULL)
			c->line[--n] = '\0';
	} while (n == 0);
	c->count = 0;
	for (s = c->line; s != NULL && c->count < FIELDS; c->count++)
		s = cut(s, &c->field[c->count]);
	return true;
}

/* Opens DIR/name and reads the header; false where the file is not there. */
static bool
csv_open(struct csv *c, const char *name)
{
	*c = (struct csv){ .path = x_asprintf("%s/%s", in_dir, name) };
	c->file = fopen(c->path, "r");
	if (c->file == NULL && errno != ENOENT)
		die("%s: %s", c->path, strerror(errno));
	if (c->file == NULL) {
		free(c->path);
		return false;
	}
	csv_next(c);
	return true;
}

/* Which column of the header has this name. */
static size_t
csv_column(const struct csv *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (strcmp(c->field[i], name) == 0)
			return i;
	die("%s: no column %s", c->path, name);
}

static const char *
csv_text(const struct csv *c, size_t column)
{
	return column < c->count ? c->field[column] : "";
}

/* NaN for an empty field and for NA. */
static double
csv_number(const struct csv *c, size_t column)
{
	const char *s = csv_text(c, column);
	char *end;
	double v;

	if (*s == '\0' || strcmp(s, "NA") == 0)
		return NAN;
	v = strtod(s, &end);
	if (*end != '\0')
		die("%s:%zu: no number: %s", c->path, c->number, s);
	return v;
}

static void
csv_close(struct csv *c)
{
	fclose(c->file);
	free(c->line);
	free(c->path);
}

/* ---------------------------------------------------------------- output */

static FILE *
create(const char *name, const char *header)
{
	char *path = x_asprintf("%s/%s", out_dir, name);
	FILE *f = fopen(path, "w");

	if (f == NULL)
		die("%s: %s", path, strerror(errno));
	fprintf(f, "%s\n", header);
	free(path);
	return f;
}

static void
finish(FILE *f)
{
	if (ferror(f) || fclose(f) != 0)
		die("%s: %s", out_dir, strerror(errno));
}

static void
print_number(FILE *f, double v)
{
	if (isnan(v))
		fputs("NA", f);
	else if (isinf(v))
		fputs(v > 0 ? "Inf" : "-Inf", f);
	else
		fprintf(f, "%.17g", v);
}

/* NaN over nothing. */
static double
ratio(double x, double n)
{
	return n > 0 ? x / n : NAN;
}

/* Where the values of one case go. */
struct sheet {
	FILE *file;
	const char *name;
};

static void
put(const struct sheet *s, const char *key, double v)
{
	fprintf(s->file, "%s,%s,", s->name, key);
	print_number(s->file, v);
	fputc('\n', s->file);
}

static void __attribute__((format(printf, 3, 4)))
putf(const struct sheet *s, double v, const char *fmt, ...)
{
	char key[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(key, sizeof(key), fmt, ap);
	va_end(ap);
	put(s, key, v);
}

static void
put_interval(const struct sheet *s, const char *key, struct interval v)
{
	putf(s, v.lo, "%s_lo", key);
	putf(s, v.hi, "%s_hi", key);
}

/* ------------------------------------------------------------ one case */

struct row {
	int64_t slot;
	int64_t us;
	bool ok;
};

struct side {
	const char *name;
	struct row *row;
	size_t count, capacity;
	size_t failed;
	int64_t *us; /* of successes, slot order */
	int64_t *sorted;
	struct quantile q[3];
};

struct pairs {
	struct row *direct, *nat;
	size_t count, capacity, nat_capacity;
};

static const double quantiles[3] = { 0.5, 0.9, 0.99 };

static int
by_slot(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* Latencies of the successes, as they came and sorted. */
static void
side_finish(struct side *s)
{
	size_t i, n = 0;

	if (s->count > 0)
		qsort(s->row, s->count, sizeof(*s->row), by_slot);
	s->us = x_calloc(s->count, sizeof(*s->us));
	s->sorted = x_calloc(s->count, sizeof(*s->sorted));
	for (i = 0; i < s->count; i++)
		if (s->row[i].ok)
			s->us[n++] = s->row[i].us;
	s->failed = s->count - n;
	memcpy(s->sorted, s->us, n * sizeof(*s->us));
	sort_int64(s->sorted, n);
	for (i = 0; i < 3; i++)
		quantile_describe(
		    s->us, s->sorted, n, s->failed, quantiles[i], &s->q[i]);
}

static void
read_case(struct csv *c, struct side side[2])
{
	size_t slot = csv_column(c, "slot"), path = csv_column(c, "path");
	size_t ok = csv_column(c, "ok"), us = csv_column(c, "total_us");
	struct side *s;
	struct row r;

	while (csv_next(c)) {
		s = &side[csv_number(c, path) > 0];
		r.slot = (int64_t)csv_number(c, slot);
		r.ok = csv_number(c, ok) > 0;
		r.us = r.ok ? (int64_t)csv_number(c, us) : 0;
		s->row = x_grow(s->row, s->count, &s->capacity, sizeof(r));
		s->row[s->count++] = r;
	}
	side_finish(&side[0]);
	side_finish(&side[1]);
}

/* Both sides are in slot order. */
static void
join(const struct side side[2], struct pairs *p)
{
	const struct side *d = &side[0], *n = &side[1];
	size_t i = 0, j = 0;

	while (i < d->count && j < n->count) {
		if (d->row[i].slot != n->row[j].slot) {
			if (d->row[i].slot < n->row[j].slot)
				i++;
			else
				j++;
			continue;
		}
		p->direct = x_grow(
		    p->direct, p->count, &p->capacity, sizeof(struct row));
		p->nat = x_grow(
		    p->nat, p->count, &p->nat_capacity, sizeof(struct row));
		p->direct[p->count] = d->row[i++];
		p->nat[p->count++] = n->row[j++];
	}
}

static void
put_rates(const struct sheet *s, const struct side side[2])
{
	const double xd = (double)side[0].failed, nd = (double)side[0].count;
	const double xn = (double)side[1].failed, nn = (double)side[1].count;
	struct interval w;
	size_t i;

	put(s, "n_direct", nd);
	put(s, "n_nat", nn);
	put(s, "fail_direct", xd);
	put(s, "fail_nat", xn);
	for (i = 0; i < 2; i++) {
		w = rates_wilson(
		    (double)side[i].failed, (double)side[i].count, rates_z());
		putf(s, ratio((double)side[i].failed, (double)side[i].count),
		    "rate_%s", side[i].name);
		putf(s, w.lo, "wilson_lo_%s", side[i].name);
		putf(s, w.hi, "wilson_hi_%s", side[i].name);
	}
	put(s, "rd_unpaired", ratio(xn, nn) - ratio(xd, nd));
	put_interval(s, "newcombe_ind",
	    rates_newcombe_unpaired(xd, nd, xn, nn, rates_z()));
	put(s, "fisher_p",
	    rates_fisher((int64_t)xd, (int64_t)nd, (int64_t)xn, (int64_t)nn));
}

static void
count_cells(const struct pairs *p, struct rates_cells *c)
{
	size_t i;

	*c = (struct rates_cells){ 0, 0, 0, 0 };
	for (i = 0; i < p->count; i++) {
		if (p->direct[i].ok && p->nat[i].ok)
			c->both_ok++;
		else if (p->direct[i].ok)
			c->nat_only++;
		else if (p->nat[i].ok)
			c->direct_only++;
		else
			c->both_failed++;
	}
}

static void
put_cells(const struct sheet *s, const struct rates_cells *c, double n)
{
	struct rates_mcnemar m =
	    rates_mcnemar((int64_t)c->nat_only, (int64_t)c->direct_only);

	put(s, "n_pairs", n);
	put(s, "cell_oo", c->both_ok);
	put(s, "cell_b", c->nat_only);
	put(s, "cell_c", c->direct_only);
	put(s, "cell_ff", c->both_failed);
	put(s, "rd_paired", ratio(c->nat_only - c->direct_only, n));
	put_interval(s, "newcombe10", rates_newcombe_paired(c, rates_z()));
	put(s, "mcnemar_exact_p", n > 0 ? m.exact : NAN);
	put(s, "mcnemar_midp", n > 0 ? m.mid_p : NAN);
}

static void
put_block(const struct sheet *s, const int32_t *d, size_t n,
    const struct rates_cells *c)
{
	struct block_test b;

	if (n == 0)
		return;
	block_test(d, n, 1, &b);
	put(s, "blk_tau", b.tau);
	put(s, "blk_K", b.blocks > 0 ? (double)b.blocks : NAN);
	put(s, "blk_gate", b.blocks > 0 ? b.gate : NAN);
	put(s, "blk_se", b.se);
	put(s, "blk_t", b.t);
	put(s, "blk_p", b.p);
	put_interval(s, "blk", b.ci);
	put(s, "blk_deff", b.deff);
	put(s, "blk_signflip_p", b.flip_p);
	put(s, "robust_p", b.robust_p);
	if (n >= 2)
		put_interval(s, "robust", block_interval(&b, c));
}

static void
put_latency(const struct sheet *s, int64_t *d, size_t n)
{
	struct latency_shift r;

	latency_compare(d, n, &r);
	put(s, "lat_n", (double)n);
	put(s, "lat_n_zero", (double)r.rank.n_zero);
	put(s, "wilcox_V", r.rank.v);
	put(s, "wilcox_p", r.rank.p);
	if (r.rank.n > 0) {
		put(s, "hl_nz", r.hl);
		put_interval(s, "hl_nz", r.naive);
	}
	if (r.rank.n >= 2) {
		put(s, "lat_blk_tau", r.rank.block.tau);
		put(s, "lat_blk_K", (double)r.rank.block.blocks);
		put(s, "lat_blk_gate", r.rank.block.gate);
		put(s, "lat_blk_p", r.rank.block.p);
	}
	put(s, "lat_median_diff", r.median);
}

static void
put_failure_aware(const struct sheet *s, const int64_t *d, size_t n)
{
	struct latency_failures r;

	latency_with_failures(d, n, &r);
	put(s, "fa_worse", (double)r.worse);
	put(s, "fa_better", (double)r.better);
	put(s, "fa_tie", (double)r.tie);
	if (r.rank.n > 0) {
		put(s, "fa_wilcox_V", r.rank.v);
		put(s, "fa_wilcox_p", r.rank.p);
	}
}

static void
put_quantiles(const struct sheet *s, const struct side side[2])
{
	struct quantile_shift shift;
	const struct quantile *q;
	char key[32];
	size_t i, j;

	for (i = 0; i < 6; i++) {
		q = &side[i / 3].q[i % 3];
		snprintf(key, sizeof(key), "q%.0f_%s", quantiles[i % 3] * 100,
		    side[i / 3].name);
		put(s, key, q->value);
		put_interval(s, key, q->naive);
		putf(s, q->harrell_davis, "%s_hd", key);
		putf(s, q->shown.lo, "%s_blo", key);
		putf(s, q->shown.hi, "%s_bhi", key);
		putf(s, q->deff, "%s_deff", key);
		putf(s, q->all, "all_%s", key);
	}
	if (side[0].failed == side[0].count || side[1].failed == side[1].count)
		return;
	for (j = 0; j < 3; j++) {
		shift = quantile_shift_naive(&side[0].q[j], &side[1].q[j]);
		snprintf(key, sizeof(key), "shift_q%.0f", quantiles[j] * 100);
		put(s, key, shift.value);
		put_interval(s, key, shift.ci);
	}
}

static void
put_bursts(const struct sheet *s, const struct side *side)
{
	struct burst_count count = { 0 };
	struct bursts b;
	size_t i;

	for (i = 0; i < side->count; i++)
		bursts_add(&count, !side->row[i].ok);
	bursts_describe(&count, &b);
	putf(s, (double)b.count, "bursts_%s", side->name);
	putf(s, (double)b.longest, "burst_max_%s", side->name);
}

static void
put_sequential(const struct sheet *s, const int32_t *d, size_t n)
{
	struct sequential q;

	sequential_run(d, n, 1, &q);
	put(s, "seq_nblocks", (double)q.blocks);
	put(s, "seq_first_cross", q.blocks > 0 ? (double)q.e_first : NAN);
	put(s, "seq_cs_mean", q.mean);
	put(s, "seq_cs_half", q.half);
	put(s, "seq_cs_first", q.blocks > 0 ? (double)q.excluded_at : NAN);
}

static void
put_pairs(const struct sheet *s, const struct sheet *seq, const struct pairs *p)
{
	int64_t *both = x_calloc(p->count, sizeof(*both));
	int64_t *aware = x_calloc(p->count, sizeof(*aware));
	int32_t *d = x_calloc(p->count, sizeof(*d));
	const struct row *x, *y;
	struct rates_cells cells;
	size_t i, m = 0;

	for (i = 0; i < p->count; i++) {
		x = &p->direct[i];
		y = &p->nat[i];
		d[i] = !y->ok - !x->ok;
		aware[i] = latency_difference(x->ok, x->us, y->ok, y->us);
		if (x->ok && y->ok)
			both[m++] = aware[i];
	}
	count_cells(p, &cells);
	put_cells(s, &cells, (double)p->count);
	put_block(s, d, p->count, &cells);
	put_latency(s, both, m);
	put_failure_aware(s, aware, p->count);
	put_sequential(seq, d, p->count);
	free(both);
	free(aware);
	free(d);
}

static void
do_case(FILE *out, FILE *seq_out, const char *name)
{
	struct side side[2] = { { .name = "direct" }, { .name = "nat" } };
	struct sheet s = { out, name }, seq = { seq_out, name };
	char *file = x_asprintf("inputs/%s.csv", name);
	struct pairs p = { 0 };
	struct csv c;
	size_t i;

	if (csv_open(&c, file)) {
		read_case(&c, side);
		csv_close(&c);
		join(side, &p);
		put_rates(&s, side);
		put_pairs(&s, &seq, &p);
		put_quantiles(&s, side);
		for (i = 0; i < 2; i++)
			put_bursts(&s, &side[i]);
	}
	for (i = 0; i < 2; i++) {
		free(side[i].row);
		free(side[i].us);
		free(side[i].sorted);
	}
	free(p.direct);
	free(p.nat);
	free(file);
}

/* ---------------------------------------------------------------- files */

static int
not_hidden(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Cases of manifest.csv, or without one all of inputs/. */
static char **
list_cases(size_t *count)
{
	size_t capacity = 0;
	struct dirent **e;
	char **name = NULL, *path, *dot;
	struct csv c;
	int i, n;

	*count = 0;
	if (csv_open(&c, "manifest.csv")) {
		while (csv_next(&c)) {
			name = x_grow(name, *count, &capacity, sizeof(*name));
			name[(*count)++] = x_strdup(csv_text(&c, 0));
		}
		csv_close(&c);
		return name;
	}
	path = x_asprintf("%s/inputs", in_dir);
	n = scandir(path, &e, not_hidden, alphasort);
	for (i = 0; i < n; i++) {
		dot = strrchr(e[i]->d_name, '.');
		if (dot != NULL && strcmp(dot, ".csv") == 0) {
			name = x_grow(name, *count, &capacity, sizeof(*name));
			name[(*count)++] = x_strndup(
			    e[i]->d_name, (size_t)(dot - e[i]->d_name));
		}
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	free(path);
	return name;
}

static void
do_cases(void)
{
	FILE *out, *seq;
	size_t i, n;
	char **name = list_cases(&n);

	if (n == 0)
		return;
	out = create("expected.csv", "case,key,value");
	seq = create("sequential_expected.csv", "case,key,value");
	for (i = 0; i < n; i++) {
		do_case(out, seq, name[i]);
		free(name[i]);
	}
	free(name);
	finish(out);
	finish(seq);
}

static void
do_table(const struct sheet *s, const struct rates_cells *c)
{
	double n = c->both_ok + c->nat_only + c->direct_only + c->both_failed;
	double nat = c->nat_only + c->both_failed;
	double direct = c->direct_only + c->both_failed;
	struct rates_mcnemar m =
	    rates_mcnemar((int64_t)c->nat_only, (int64_t)c->direct_only);
	struct interval w;

	put(s, "n", n);
	put(s, "rd", ratio(c->nat_only - c->direct_only, n));
	put_interval(s, "newcombe10", rates_newcombe_paired(c, rates_z()));
	put(s, "mcnemar_exact_p", n > 0 ? m.exact : NAN);
	put(s, "mcnemar_midp", n > 0 ? m.mid_p : NAN);
	w = rates_wilson(nat, n, rates_z());
	put(s, "wilson_nat_lo", w.lo);
	put(s, "wilson_nat_hi", w.hi);
	w = rates_wilson(direct, n, rates_z());
	put(s, "wilson_direct_lo", w.lo);
	put(s, "wilson_direct_hi", w.hi);
	put_interval(s, "newcombe_ind",
	    rates_newcombe_unpaired(direct, n, nat, n, rates_z()));
	put(s, "fisher_p",
	    rates_fisher(
		(int64_t)direct, (int64_t)n, (int64_t)nat, (int64_t)n));
}

static void
do_tables(void)
{
	size_t id, oo, b, cc, ff;
	struct rates_cells cells;
	struct sheet s;
	struct csv c;

	if (!csv_open(&c, "counts2x2.csv"))
		return;
	id = csv_column(&c, "id");
	oo = csv_column(&c, "oo");
	b = csv_column(&c, "b");
	cc = csv_column(&c, "c");
	ff = csv_column(&c, "ff");
	s.file = create("counts2x2_expected.csv", "id,key,value");
	while (csv_next(&c)) {
		s.name = csv_text(&c, id);
		cells.both_ok = csv_number(&c, oo);
		cells.nat_only = csv_number(&c, b);
		cells.direct_only = csv_number(&c, cc);
		cells.both_failed = csv_number(&c, ff);
		do_table(&s, &cells);
	}
	finish(s.file);
	csv_close(&c);
}

/* One family of p-values, in the order of the file. */
static void
put_family(FILE *f, const char *set, char **i_text, const double *p, size_t n)
{
	double *holm = x_calloc(n, sizeof(*holm));
	double *bh = x_calloc(n, sizeof(*bh));
	size_t i;

	adjust_holm(p, n, holm);
	adjust_bh(p, n, bh);
	for (i = 0; i < n; i++) {
		fprintf(f, "%s,%s,", set, i_text[i]);
		print_number(f, p[i]);
		fputc(',', f);
		print_number(f, holm[i]);
		fputc(',', f);
		print_number(f, bh[i]);
		fputc('\n', f);
		free(i_text[i]);
	}
	free(holm);
	free(bh);
}

static void
do_pvalues(void)
{
	size_t set, i, p, n = 0, capacity = 0, text_capacity = 0;
	char *current = NULL, **text = NULL;
	double *v = NULL;
	struct csv c;
	FILE *f;

	if (!csv_open(&c, "pvalues.csv"))
		return;
	set = csv_column(&c, "set");
	i = csv_column(&c, "i");
	p = csv_column(&c, "p");
	f = create("pvalues_expected.csv", "set,i,p,holm,bh");
	while (csv_next(&c)) {
		if (current == NULL || strcmp(current, csv_text(&c, set))) {
			put_family(f, current, text, v, n);
			free(current);
			current = x_strdup(csv_text(&c, set));
			n = 0;
		}
		v = x_grow(v, n, &capacity, sizeof(*v));
		text = x_grow(text, n, &text_capacity, sizeof(*text));
		v[n] = csv_number(&c, p);
		text[n++] = x_strdup(csv_text(&c, i));
	}
	put_family(f, current, text, v, n);
	finish(f);
	csv_close(&c);
	free(current);
	free(text);
	free(v);
}

static void
do_power(void)
{
	size_t column[5], i;
	struct csv c;
	double v[5];
	FILE *f;
	static const char *const names[5] = { "p10", "p01", "power", "alpha",
		"deff" };

	if (!csv_open(&c, "power.csv"))
		return;
	for (i = 0; i < 5; i++)
		column[i] = csv_column(&c, names[i]);
	f = create("power_expected.csv", "id,p10,p01,power,alpha,deff,n_pairs");
	while (csv_next(&c)) {
		fputs(csv_text(&c, 0), f);
		for (i = 0; i < 5; i++) {
			v[i] = csv_number(&c, column[i]);
			fprintf(f, ",%s", csv_text(&c, column[i]));
		}
		fputc(',', f);
		print_number(f, power_pairs(v[0], v[1], v[2], v[3], v[4]));
		fputc('\n', f);
	}
	finish(f);
	csv_close(&c);
}

static void
do_events(FILE *f, const char *name)
{
	size_t n = 0, fail_capacity = 0, log_capacity = 0, fail, log_column;
	struct sheet s = { f, name };
	struct events_coincidence e;
	uint32_t *fails = NULL;
	uint8_t *logged = NULL;
	struct csv c;

	if (!csv_open(&c, name))
		return;
	fail = csv_column(&c, "fails");
	log_column = csv_column(&c, "events");
	while (csv_next(&c)) {
		fails = x_grow(fails, n, &fail_capacity, sizeof(*fails));
		logged = x_grow(logged, n, &log_capacity, 1);
		fails[n] = (uint32_t)csv_number(&c, fail);
		logged[n++] = csv_number(&c, log_column) > 0;
	}
	csv_close(&c);
	events_coincide(fails, logged, n, &e);
	put(&s, "T0", (double)e.together);
	put(&s, "p_circ", e.p);
	free(fails);
	free(logged);
}

static int
is_events(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return strncmp(e->d_name, "events_", 7) == 0 && n > 4 &&
	    strcmp(e->d_name + n - 4, ".csv") == 0 &&
	    strcmp(e->d_name, "events_expected.csv") != 0;
}

static void
do_all_events(void)
{
	struct dirent **e;
	FILE *f = NULL;
	int i, n;

	n = scandir(in_dir, &e, is_events, alphasort);
	if (n < 0)
		die("%s: %s", in_dir, strerror(errno));
	if (n > 0)
		f = create("events_expected.csv", "file,key,value");
	for (i = 0; i < n; i++) {
		do_events(f, e[i]->d_name);
		free(e[i]);
	}
	free(e);
	if (f != NULL)
		finish(f);
}

int
main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: stat_vectors DIR OUT\n", stderr);
		return 2;
	}
	in_dir = argv[1];
	out_dir = argv[2];
	if (mkdir(out_dir, 0777) != 0 && errno != EEXIST)
		die("%s: %s", out_dir, strerror(errno));
	do_cases();
	do_tables();
	do_pvalues();
	do_power();
	do_all_events();
	return 0;
}
