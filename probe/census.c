/*
 * The census: two dumps of sock_diag (IPv4, IPv6) counted into hash tables.
 * A socket costs a few lookups whatever the number of destinations; the far
 * ends choose part of the keys, so the hash is seeded.
 */
#include "config.h"

#include <sys/random.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

#include <libmnl/libmnl.h>

#include "natdiff/xalloc.h"
#include "probe/census.h"

#define DUMP_TRIES 5
/* The kernel fills what a reader offers, up to 32 KiB. */
#define DUMP_BUFFER_SIZE (64 * 1024)

/* ----------------------------------------------------------- hash tables */

static uint64_t
mix(uint64_t x)
{
	/* The finaliser of MurmurHash3. */
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	x ^= x >> 33;
	return x;
}

static uint64_t
hash_seed(void)
{
	static uint64_t seed;

	if (seed == 0 &&
	    getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 32);
	return seed;
}

/* Distinct addresses with port, numbered as they come. */
struct address_table {
	struct endpoint_address *items;
	size_t n, capacity;
	uint32_t *slots; /* number + 1, or 0; open addressing */
	size_t n_slots;  /* a power of 2, at least 2 n */
};

#define NO_ADDRESS SIZE_MAX

static uint64_t
hash_address(const struct endpoint_address *a)
{
	uint64_t words[2] = { 0, 0 };

	memcpy(words, &a->ip, a->family == AF_INET ? 4 : 16);
	return mix(mix(mix(hash_seed() ^ words[0]) ^ words[1]) ^
	    ((uint64_t)a->port << 16 | (uint64_t)a->family));
}

/* The slot that holds a, or the free one where it belongs. */
static uint32_t *
find_slot(const struct address_table *t, const struct endpoint_address *a)
{
	size_t i = hash_address(a) & (t->n_slots - 1);

	while (t->slots[i] != 0 &&
	    !endpoint_address_equal(&t->items[t->slots[i] - 1], a))
		i = (i + 1) & (t->n_slots - 1);
	return &t->slots[i];
}

static void
grow_slots(struct address_table *t)
{
	size_t i;

	free(t->slots);
	t->n_slots = t->n_slots == 0 ? 256 : t->n_slots * 2;
	t->slots = x_calloc(t->n_slots, sizeof(*t->slots));
	for (i = 0; i < t->n; i++)
		*find_slot(t, &t->items[i]) = (uint32_t)i + 1;
}

/* The number of a, NO_ADDRESS where it is not in the table. */
static size_t
address_find(const struct address_table *t, const struct endpoint_address *a)
{
	uint32_t number = t->n_slots == 0 ? 0 : *find_slot(t, a);

	return number == 0 ? NO_ADDRESS : number - 1;
}

/* The number of a, which is added where it is new. */
static size_t
address_add(struct address_table *t, const struct endpoint_address *a)
{
	uint32_t *slot;

	if (t->n_slots < 2 * (t->n + 1))
		grow_slots(t);
	slot = find_slot(t, a);
	if (*slot == 0) {
		t->items =
		    x_grow(t->items, t->n, &t->capacity, sizeof(*t->items));
		t->items[t->n++] = *a;
		*slot = (uint32_t)t->n;
	}
	return *slot - 1;
}

static void
address_table_clear(struct address_table *t)
{
	free(t->items);
	free(t->slots);
}

/* A set of pairs of numbers. */
struct pair_set {
	uint64_t *slots; /* the pair + 1, or 0 */
	size_t n, n_slots;
};

static uint64_t *
pair_slot(const struct pair_set *p, uint64_t key)
{
	size_t i = mix(key) & (p->n_slots - 1);

	while (p->slots[i] != 0 && p->slots[i] != key)
		i = (i + 1) & (p->n_slots - 1);
	return &p->slots[i];
}

/* Whether the pair was not in the set before. */
static bool
pair_add(struct pair_set *p, size_t a, size_t b)
{
	uint64_t key = ((uint64_t)a << 32 | (uint64_t)b) + 1, *slot;
	struct pair_set larger;
	size_t i;

	if (p->n_slots < 2 * (p->n + 1)) {
		larger.n = p->n;
		larger.n_slots = p->n_slots == 0 ? 256 : p->n_slots * 2;
		larger.slots = x_calloc(larger.n_slots, sizeof(*slot));
		for (i = 0; i < p->n_slots; i++)
			if (p->slots[i] != 0)
				*pair_slot(&larger, p->slots[i]) = p->slots[i];
		free(p->slots);
		*p = larger;
	}
	slot = pair_slot(p, key);
	if (*slot != 0)
		return false;
	*slot = key;
	p->n++;
	return true;
}

/* -------------------------------------------------------------- counting */

/* A socket's inode and destination: to find the process that owns it. */
struct inode {
	uint32_t inode;
	uint32_t destination;
	bool held; /* a process was seen that has it open */
};

struct tally {
	bool closed; /* count only destinations that are known already */
	bool want_inodes;
	struct address_table destinations;
	struct census_record *counts; /* by number of destination */
	size_t counts_capacity;
	struct address_table locals;
	struct pair_set pairs; /* destination, local */
	struct census_record total;
	uint64_t ports[65536 / 64]; /* bits: local ports in use */
	struct inode *inodes;
	size_t n_inodes, inodes_capacity;
};

static void
tally_clear(struct tally *t)
{
	address_table_clear(&t->destinations);
	address_table_clear(&t->locals);
	free(t->counts);
	free(t->pairs.slots);
	free(t->inodes);
}

int64_t
census_sockets(const struct census_record *r)
{
	return r->established + r->syn_sent + r->time_wait + r->closing +
	    r->close_wait;
}

static void
count_state(struct census_record *r, int state)
{
	if (state == TCP_ESTABLISHED)
		r->established++;
	else if (state == TCP_SYN_SENT)
		r->syn_sent++;
	else if (state == TCP_TIME_WAIT)
		r->time_wait++;
	else if (state == TCP_CLOSE_WAIT)
		r->close_wait++;
	else
		r->closing++; /* FIN_WAIT1, FIN_WAIT2, CLOSING, LAST_ACK */
}

/* An IPv6 address that wraps an IPv4 one becomes it. */
static void
unmap(struct endpoint_address *a)
{
	struct in_addr v4;

	if (a->family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->ip.v6))
		return;
	memcpy(&v4, a->ip.v6.s6_addr + 12, sizeof(v4));
	memset(&a->ip, 0, sizeof(a->ip));
	a->family = AF_INET;
	a->ip.v4 = v4;
}

static void
make_address(
    struct endpoint_address *a, int family, const void *ip, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	a->family = family;
	a->port = ntohs(port);
	memcpy(&a->ip, ip, family == AF_INET ? 4 : 16);
	unmap(a);
}

/* The number of a destination, with its counts; NO_ADDRESS: not wanted. */
static size_t
find_destination(struct tally *t, const struct endpoint_address *a)
{
	size_t known = t->destinations.n, i;

	if (t->closed)
		return address_find(&t->destinations, a);
	i = address_add(&t->destinations, a);
	if (i < known)
		return i;
	t->counts =
	    x_grow(t->counts, known, &t->counts_capacity, sizeof(*t->counts));
	memset(&t->counts[i], 0, sizeof(t->counts[i]));
	t->counts[i].destination = *a;
	return i;
}

static void
count_socket(struct tally *t, const struct inet_diag_msg *m)
{
	struct endpoint_address far, local;
	struct inode *inode;
	size_t to, from;

	if (m->id.idiag_dport == 0)
		return;
	make_address(&far, m->idiag_family, m->id.idiag_dst, m->id.idiag_dport);
	make_address(
	    &local, m->idiag_family, m->id.idiag_src, m->id.idiag_sport);
	from = address_add(&t->locals, &local);
	count_state(&t->total, m->idiag_state);
	t->ports[local.port / 64] |= UINT64_C(1) << (local.port % 64);

	to = find_destination(t, &far);
	if (to == NO_ADDRESS)
		return;
	count_state(&t->counts[to], m->idiag_state);
	if (pair_add(&t->pairs, to, from))
		t->counts[to].local_ports++;
	if (!t->want_inodes || m->idiag_inode == 0)
		return;
	t->inodes = x_grow(
	    t->inodes, t->n_inodes, &t->inodes_capacity, sizeof(*t->inodes));
	inode = &t->inodes[t->n_inodes++];
	inode->inode = m->idiag_inode;
	inode->destination = (uint32_t)to;
	inode->held = false;
}

static int64_t
count_ports(const struct tally *t, int64_t first, int64_t last)
{
	int64_t port, n = 0;

	if (first == NOT_MEASURED || last == NOT_MEASURED)
		return NOT_MEASURED;
	for (port = first < 0 ? 0 : first; port <= last && port <= UINT16_MAX;
	     port++)
		n += (int64_t)(t->ports[port / 64] >> (port % 64) & 1);
	return n;
}

/* --------------------------------------------------------------- dumping */

static int
on_message(const struct nlmsghdr *h, void *arg)
{
	struct tally *t = arg;
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return MNL_CB_OK;
	if (m->idiag_family == AF_INET || m->idiag_family == AF_INET6)
		count_socket(t, m);
	return MNL_CB_OK;
}

static int
ask(struct mnl_socket *nl, int family)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
	    MNL_ALIGN(sizeof(struct inet_diag_req_v2))];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *r;

	h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	r = mnl_nlmsg_put_extra_header(h, sizeof(*r));
	r->sdiag_family = (uint8_t)family;
	r->sdiag_protocol = IPPROTO_TCP;
	r->idiag_states = 1 << TCP_ESTABLISHED | 1 << TCP_SYN_SENT |
	    1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_TIME_WAIT |
	    1 << TCP_CLOSE_WAIT | 1 << TCP_LAST_ACK | 1 << TCP_CLOSING;
	return mnl_socket_sendto(nl, h, h->nlmsg_len) == -1 ? -1 : 0;
}

/*
 * Count one family's sockets.  -1 and errno; EINTR: the tables changed so
 * much meanwhile that the kernel calls the dump inconsistent.
 */
static int
dump_family(struct mnl_socket *nl, int family, struct tally *t)
{
	char *buf = x_malloc(DUMP_BUFFER_SIZE);
	unsigned int port = mnl_socket_get_portid(nl);
	int more = MNL_CB_OK, sys;
	ssize_t n;

	if (ask(nl, family) == -1)
		more = MNL_CB_ERROR;
	while (more > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(nl, buf, DUMP_BUFFER_SIZE);
		if (n == -1 && errno == EINTR)
			continue;
		more = n == -1
		    ? MNL_CB_ERROR
		    : mnl_cb_run(buf, (size_t)n, 0, port, on_message, t);
	}
	sys = errno;
	free(buf);
	errno = sys;
	return more == MNL_CB_ERROR ? -1 : 0;
}

static int
dump_once(struct tally *t)
{
	struct mnl_socket *nl;
	int result = -1, sys;

	nl = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (nl == NULL)
		return -1;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    dump_family(nl, AF_INET, t) == 0 &&
	    /* A kernel without IPv6 has no sockets of it. */
	    (dump_family(nl, AF_INET6, t) == 0 || errno == ENOENT))
		result = 0;
	sys = errno;
	mnl_socket_close(nl);
	errno = sys;
	return result;
}

static int
dump_error(int sys, struct err *e)
{
	errno = sys;
	switch (sys) {
	case EINTR:
		return err_set(e,
		    "census: the sockets changed during each of "
		    "%d readings",
		    DUMP_TRIES);
	case ENOENT:
	case EPROTONOSUPPORT:
	case EOPNOTSUPP:
	case EAFNOSUPPORT:
	case EINVAL:
		return err_sys(e,
		    "census: this kernel does not tell its TCP "
		    "sockets (sock_diag, modules inet_diag and tcp_diag)");
	default:
		return err_sys(e,
		    "census: cannot read the TCP sockets "
		    "(sock_diag)");
	}
}

/*
 * Count all sockets into t.  With closed set, only the n known destinations
 * are counted on their own.
 */
static int
take(struct tally *t, const struct endpoint_address *known, size_t n,
    bool closed, bool want_inodes, struct err *e)
{
	struct endpoint_address a;
	size_t i;
	int try, sys = 0;

	for (try = 0; try < DUMP_TRIES; try++) {
		memset(t, 0, sizeof(*t));
		t->want_inodes = want_inodes;
		for (i = 0; i < n; i++) {
			a = known[i];
			unmap(&a);
			find_destination(t, &a);
		}
		t->closed = closed;
		if (dump_once(t) == 0) {
			t->total.local_ports = (int64_t)t->locals.n;
			return 0;
		}
		sys = errno;
		tally_clear(t);
		if (sys != EINTR)
			break;
	}
	return dump_error(sys, e);
}

int
census_count(const struct endpoint_address *wanted, size_t n_wanted,
    int64_t first, int64_t last, struct census_record **records,
    int64_t *ports_in_use, struct err *e)
{
	struct census_record *r;
	struct endpoint_address a;
	struct tally t;
	size_t i;

	*records = NULL;
	if (take(&t, wanted, n_wanted, true, false, e) == -1)
		return -1;
	r = x_calloc(n_wanted + 1, sizeof(*r));
	for (i = 0; i < n_wanted; i++) {
		a = wanted[i];
		unmap(&a);
		r[i] = t.counts[address_find(&t.destinations, &a)];
		r[i].destination = wanted[i];
	}
	r[n_wanted] = t.total;
	if (ports_in_use != NULL)
		*ports_in_use = count_ports(&t, first, last);
	tally_clear(&t);
	*records = r;
	return 0;
}

/* ---------------------------------------------------------------- owners */

/* One open socket of one process. */
struct holding {
	uint32_t destination;
	uint32_t inode;
	char name[CENSUS_NAME_SIZE];
};

struct holdings {
	struct holding *items;
	size_t n, capacity;
};

static int
by_inode(const void *a, const void *b)
{
	const struct inode *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* By destination, then name, then inode. */
static int
by_holding(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;
	int order;

	if (x->destination != y->destination)
		return x->destination < y->destination ? -1 : 1;
	order = strcmp(x->name, y->name);
	if (order != 0)
		return order;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* The process's name, what is not printable ASCII as '?'. */
static void
read_name(int process, char name[CENSUS_NAME_SIZE])
{
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1, i;

	memset(name, 0, CENSUS_NAME_SIZE);
	if (fd != -1) {
		n = read(fd, name, CENSUS_NAME_SIZE - 1);
		close(fd);
	}
	for (i = 0; i < n; i++) {
		if (name[i] == '\n' && i == n - 1)
			name[i] = '\0';
		else if (!isprint((unsigned char)name[i]))
			name[i] = '?';
	}
	if (name[0] == '\0')
		name[0] = '?';
}

/* Add what a process holds; fd is its folder of descriptors. */
static void
scan_descriptors(int process, DIR *fds, struct tally *t, struct holdings *h)
{
	char link[64], name[CENSUS_NAME_SIZE] = "";
	struct inode key = { 0, 0, false }, *found;
	struct holding *holding;
	struct dirent *d;
	char *end;
	ssize_t n;

	while ((d = readdir(fds)) != NULL) {
		n = readlinkat(dirfd(fds), d->d_name, link, sizeof(link) - 1);
		if (n <= 8 || memcmp(link, "socket:[", 8) != 0)
			continue;
		link[n] = '\0';
		key.inode = (uint32_t)strtoul(link + 8, &end, 10);
		found = bsearch(
		    &key, t->inodes, t->n_inodes, sizeof(key), by_inode);
		if (found == NULL)
			continue;
		found->held = true;
		if (name[0] == '\0')
			read_name(process, name);
		h->items =
		    x_grow(h->items, h->n, &h->capacity, sizeof(*h->items));
		holding = &h->items[h->n++];
		holding->destination = found->destination;
		holding->inode = found->inode;
		memcpy(holding->name, name, sizeof(name));
	}
}

static void
scan_process(int proc, const char *pid, struct tally *t, struct holdings *h)
{
	int process, fd = -1;
	DIR *fds = NULL;

	process = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process == -1)
		return; /* it ended */
	fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1)
		fds = fdopendir(fd);
	if (fds != NULL) {
		scan_descriptors(process, fds, t, h);
		closedir(fds);
	} else if (fd != -1) {
		close(fd);
	}
	close(process);
}

/* Which processes hold the sockets; sorted by destination and name. */
static void
find_holdings(struct tally *t, struct holdings *h)
{
	struct dirent *d;
	DIR *proc;

	memset(h, 0, sizeof(*h));
	if (t->n_inodes == 0)
		return;
	qsort(t->inodes, t->n_inodes, sizeof(*t->inodes), by_inode);
	proc = opendir("/proc");
	if (proc == NULL)
		return;
	while ((d = readdir(proc)) != NULL)
		if (isdigit((unsigned char)d->d_name[0]))
			scan_process(dirfd(proc), d->d_name, t, h);
	closedir(proc);
	if (h->n > 0)
		qsort(h->items, h->n, sizeof(*h->items), by_holding);
}

/* Give the line one more owner, if it is among those with most sockets. */
static void
add_owner(struct census_line *line, const char *name, int64_t sockets)
{
	size_t i = line->n_owners;

	while (i > 0 && line->owners[i - 1].sockets < sockets)
		i--;
	if (i == CENSUS_OWNERS_MAX)
		return;
	if (line->n_owners < CENSUS_OWNERS_MAX)
		line->n_owners++;
	memmove(&line->owners[i + 1], &line->owners[i],
	    (line->n_owners - i - 1) * sizeof(line->owners[0]));
	memcpy(line->owners[i].name, name, CENSUS_NAME_SIZE);
	line->owners[i].sockets = sockets;
}

/* Count the holdings of each name and destination, sockets only once. */
static void
name_owners(const struct holdings *h, struct census_line **line_of)
{
	const struct holding *first, *p, *end = h->items + h->n;
	int64_t sockets;

	for (first = h->items; first < end; first = p) {
		sockets = 0;
		for (p = first;
		     p < end && p->destination == first->destination &&
		     strcmp(p->name, first->name) == 0;
		     p++)
			sockets += p == first || p->inode != p[-1].inode;
		if (line_of[first->destination] != NULL)
			add_owner(
			    line_of[first->destination], first->name, sockets);
	}
}

/* ----------------------------------------------------- all destinations */

struct rank {
	int64_t sockets;
	uint32_t destination;
};

static int
by_sockets(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->sockets != y->sockets)
		return x->sockets > y->sockets ? -1 : 1;
	return (x->destination > y->destination) -
	    (x->destination < y->destination);
}

/* The busiest destinations as lines; line_of[number] finds each again. */
static void
choose_lines(struct census *c, size_t max, const struct tally *t,
    struct census_line **line_of)
{
	size_t n = t->destinations.n, i;
	struct rank *ranks = x_calloc(n, sizeof(*ranks));

	for (i = 0; i < n; i++) {
		ranks[i].sockets = census_sockets(&t->counts[i]);
		ranks[i].destination = (uint32_t)i;
	}
	qsort(ranks, n, sizeof(*ranks), by_sockets);
	c->n_destinations = n;
	c->n_lines = n < max ? n : max;
	c->lines = x_calloc(c->n_lines, sizeof(*c->lines));
	for (i = 0; i < c->n_lines; i++) {
		c->lines[i].counts = t->counts[ranks[i].destination];
		line_of[ranks[i].destination] = &c->lines[i];
	}
	free(ranks);
}

int
census_take(struct census *c, size_t max, int64_t first, int64_t last,
    bool owners, struct err *e)
{
	struct census_line **line_of;
	struct holdings h;
	struct tally t;
	size_t i;

	memset(c, 0, sizeof(*c));
	if (take(&t, NULL, 0, false, owners, e) == -1)
		return -1;
	line_of = x_calloc(t.destinations.n, sizeof(struct census_line *));
	choose_lines(c, max, &t, line_of);
	c->total = t.total;
	c->ports_in_use = count_ports(&t, first, last);
	if (owners) {
		find_holdings(&t, &h);
		name_owners(&h, line_of);
		for (i = 0; i < t.n_inodes; i++)
			c->unnamed_sockets += !t.inodes[i].held;
		free(h.items);
	}
	free(line_of);
	tally_clear(&t);
	return 0;
}

void
census_clear(struct census *c)
{
	free(c->lines);
	memset(c, 0, sizeof(*c));
}
