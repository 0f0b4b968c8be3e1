/*
 * Conntrack's counters by ctnetlink and by /proc.
 */
#include "config.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "natdiff/record.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/conntrack.h"
#include "probe/hostfile.h"
#include "probe/netlink.h"

#define PROC_STAT    "/proc/net/stat/nf_conntrack"
#define PROC_ENTRIES "/proc/sys/net/netfilter/nf_conntrack_count"
#define PROC_MAX     "/proc/sys/net/netfilter/nf_conntrack_max"

#define CPUS_MAX     65536 /* more than any kernel is built for */
#define COLUMNS_MAX  64

/* Wall and monotonic clock may drift apart by this in an interval. */
#define STEP_US 100000

/*
 * An increase of more than half of the range is one that went backwards: a
 * counter that began anew.
 */
#define INCREASE_MAX INT32_MAX

static const struct {
	const char *name;
	const char *column; /* its heading in PROC_STAT */
	uint16_t attribute;
} counters[CONNTRACK_COUNTERS] = {
	[CONNTRACK_INSERT_FAILED] = { "insert_failed", "insert_failed",
	    CTA_STATS_INSERT_FAILED },
	[CONNTRACK_DROP] = { "drop", "drop", CTA_STATS_DROP },
	[CONNTRACK_EARLY_DROP] = { "early_drop", "early_drop",
	    CTA_STATS_EARLY_DROP },
	[CONNTRACK_SEARCH_RESTART] = { "search_restart", "search_restart",
	    CTA_STATS_SEARCH_RESTART },
	[CONNTRACK_CLASH_RESOLVE] = { "clash_resolve", "clashres",
	    CTA_STATS_CLASH_RESOLVE },
	/* The heading is older than what the column holds. */
	[CONNTRACK_CHAIN_TOO_LONG] = { "chaintoolong", "chainlength",
	    CTA_STATS_CHAIN_TOOLONG },
};

const char *
conntrack_counter_name(enum conntrack_counter c)
{
	return counters[c].name;
}

void
conntrack_reading_clear(struct conntrack_reading *r)
{
	free(r->cpus);
	memset(r, 0, sizeof(*r));
}

static void
reading_init(struct conntrack_reading *r)
{
	memset(r, 0, sizeof(*r));
	r->entries = r->entries_max = NOT_MEASURED;
}

static struct conntrack_cpu *
add_cpu(struct conntrack_reading *r, size_t *capacity)
{
	struct conntrack_cpu *cpu;

	if (r->n_cpus == CPUS_MAX)
		return NULL;
	r->cpus = x_grow(r->cpus, r->n_cpus, capacity, sizeof(*r->cpus));
	cpu = &r->cpus[r->n_cpus++];
	memset(cpu, 0, sizeof(*cpu));
	return cpu;
}

/* --------------------------------------------------------------- netlink */

struct dump {
	struct conntrack_reading *r;
	struct conntrack_cpu *cpu; /* whose attributes are read */
	size_t capacity;
};

static int
on_counter(const struct nlattr *a, void *arg)
{
	struct dump *d = arg;
	int i;

	for (i = 0; i < CONNTRACK_COUNTERS; i++) {
		if (mnl_attr_get_type(a) != counters[i].attribute ||
		    mnl_attr_validate(a, MNL_TYPE_U32) < 0)
			continue;
		d->cpu->counts[i] = ntohl(mnl_attr_get_u32(a));
		d->r->known[i] = true;
	}
	return MNL_CB_OK;
}

static int
on_processor(const struct nlmsghdr *h, void *arg)
{
	struct dump *d = arg;

	d->cpu = add_cpu(d->r, &d->capacity);
	if (d->cpu == NULL)
		return MNL_CB_STOP;
	return mnl_attr_parse(h, sizeof(struct nfgenmsg), on_counter, d);
}

static int
on_total(const struct nlattr *a, void *arg)
{
	struct dump *d = arg;

	if (mnl_attr_validate(a, MNL_TYPE_U32) < 0)
		return MNL_CB_OK;
	if (mnl_attr_get_type(a) == CTA_STATS_GLOBAL_ENTRIES)
		d->r->entries = ntohl(mnl_attr_get_u32(a));
	else if (mnl_attr_get_type(a) == CTA_STATS_GLOBAL_MAX_ENTRIES)
		d->r->entries_max = ntohl(mnl_attr_get_u32(a));
	return MNL_CB_OK;
}

static int
on_totals(const struct nlmsghdr *h, void *arg)
{
	return mnl_attr_parse(h, sizeof(struct nfgenmsg), on_total, arg);
}

/* -1 and errno.  Older kernels do not tell the totals here. */
static int
read_netlink(struct conntrack_reading *r)
{
	struct mnl_socket *nl = netlink_open(NETLINK_NETFILTER);
	struct dump d = { .r = r };
	int result = -1;

	if (nl == NULL)
		return -1;
	if (netlink_ask_conntrack(nl, IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_DUMP,
		on_processor, &d) == 0) {
		netlink_ask_conntrack(
		    nl, IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, on_totals, &d);
		errno = ENODATA;
		result = r->n_cpus > 0 ? 0 : -1;
	}
	netlink_close(nl);
	return result;
}

/* ----------------------------------------------------------------- /proc */

/* Which counter each column holds, CONNTRACK_COUNTERS for none. */
static size_t
read_headings(char *line, int columns[COLUMNS_MAX])
{
	char *word, *rest;
	size_t n = 0;
	int i;

	for (word = strtok_r(line, " \t\n", &rest);
	     word != NULL && n < COLUMNS_MAX;
	     word = strtok_r(NULL, " \t\n", &rest)) {
		for (i = 0; i < CONNTRACK_COUNTERS; i++)
			if (strcmp(word, counters[i].column) == 0)
				break;
		columns[n++] = i;
	}
	return n;
}

static int
read_processor(
    char *line, const int columns[], size_t n, struct conntrack_cpu *cpu)
{
	char *word = line, *end;
	unsigned long value;
	size_t i;

	for (i = 0; i < n; i++) {
		errno = 0;
		value = strtoul(word, &end, 16);
		if (end == word || errno != 0 || value > UINT32_MAX)
			return -1;
		if (columns[i] < CONNTRACK_COUNTERS)
			cpu->counts[columns[i]] = (uint32_t)value;
		word = end;
	}
	return 0;
}

int
conntrack_parse_proc(
    FILE *f, const char *name, struct conntrack_reading *r, struct err *e)
{
	int columns[COLUMNS_MAX], result = -1;
	size_t size = 0, capacity = 0, n, i;
	struct conntrack_cpu *cpu;
	char *line = NULL;

	if (getline(&line, &size, f) == -1) {
		err_set(e, "%s: empty, expected a line of headings", name);
		goto out;
	}
	n = read_headings(line, columns);
	for (i = 0; i < n; i++)
		if (columns[i] < CONNTRACK_COUNTERS)
			r->known[columns[i]] = true;
	if (!r->known[CONNTRACK_INSERT_FAILED] || !r->known[CONNTRACK_DROP]) {
		err_set(e, "%s: no columns insert_failed and drop", name);
		goto out;
	}
	while (getline(&line, &size, f) != -1) {
		cpu = add_cpu(r, &capacity);
		if (cpu == NULL || read_processor(line, columns, n, cpu) != 0) {
			err_set(e, "%s:%zu: expected %zu hexadecimal numbers",
			    name, r->n_cpus + 1, n);
			goto out;
		}
	}
	if (r->n_cpus == 0) {
		err_set(e, "%s: no line of a processor", name);
		goto out;
	}
	result = 0;
out:
	free(line);
	return result;
}

/* ----------------------------------------------------------------- both */

/* Why neither way works, by what the kernel said to ctnetlink. */
static int
no_counters(int sys, struct err *e)
{
	errno = sys;
	if (sys == EPERM)
		return err_set(e,
		    "conntrack: counters need CAP_NET_ADMIN here "
		    "(root, or the capability), for this kernel has "
		    "no " PROC_STAT);
	return err_sys(e,
	    "conntrack: no counters (no ctnetlink, no " PROC_STAT "): does "
	    "this host track connections?");
}

int
conntrack_read(struct conntrack_reading *r, struct err *e)
{
	int result = 0, sys;
	FILE *f;

	reading_init(r);
	if (read_netlink(r) != 0) {
		sys = errno;
		conntrack_reading_clear(r);
		reading_init(r);
		f = fopen(PROC_STAT, "re");
		if (f == NULL)
			return no_counters(sys, e);
		result = conntrack_parse_proc(f, PROC_STAT, r, e);
		fclose(f);
	}
	r->at_us = walltime_now_us();
	r->monotonic_us = monotonic_now_us();
	if (r->entries == NOT_MEASURED)
		r->entries = hostfile_number("", PROC_ENTRIES);
	if (r->entries_max == NOT_MEASURED)
		r->entries_max = hostfile_number("", PROC_MAX);
	if (result != 0)
		conntrack_reading_clear(r);
	return result;
}

static int64_t
increase(const struct conntrack_reading *before,
    const struct conntrack_reading *now, int counter)
{
	int64_t sum = 0;
	uint32_t one;
	size_t i;

	if (!before->known[counter] || !now->known[counter] ||
	    before->n_cpus != now->n_cpus)
		return NOT_MEASURED;
	for (i = 0; i < now->n_cpus; i++) {
		one = now->cpus[i].counts[counter] -
		    before->cpus[i].counts[counter];
		if (one > INCREASE_MAX)
			return NOT_MEASURED;
		sum += one;
	}
	return sum;
}

void
conntrack_compare(const struct conntrack_reading *before,
    const struct conntrack_reading *now, struct conntrack_sample *s)
{
	int64_t lasted = now->monotonic_us - before->monotonic_us;
	int64_t by_wall = now->at_us - before->at_us;
	int i;

	s->to_us = now->at_us;
	s->from_us = before->at_us;
	if (by_wall < 0 || llabs(by_wall - lasted) > STEP_US)
		s->from_us = now->at_us - lasted;
	for (i = 0; i < CONNTRACK_COUNTERS; i++)
		s->increase[i] = increase(before, now, i);
	s->entries = now->entries;
	s->entries_max = now->entries_max;
}
