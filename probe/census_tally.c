/*
 * Sockets counted by destination, state and port.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <netinet/tcp.h>

#include "natdiff/xalloc.h"
#include "probe/census_tally.h"

void
tally_clear(struct tally *t)
{
	address_table_clear(&t->destinations);
	address_table_clear(&t->locals);
	free(t->counts);
	pair_set_clear(&t->pairs);
	free(t->inodes);
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

void
census_unmap(struct endpoint_address *a)
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
	census_unmap(a);
}

size_t
tally_find_destination(struct tally *t, const struct endpoint_address *a)
{
	size_t known = t->destinations.n, i;

	if (t->closed)
		return address_table_find(&t->destinations, a);
	i = address_table_add(&t->destinations, a);
	if (i < known)
		return i;
	t->counts =
	    x_grow(t->counts, known, &t->counts_capacity, sizeof(*t->counts));
	memset(&t->counts[i], 0, sizeof(t->counts[i]));
	t->counts[i].destination = *a;
	return i;
}

void
tally_add_socket(struct tally *t, const struct inet_diag_msg *m)
{
	struct endpoint_address far, local;
	struct inode *inode;
	size_t to, from;

	if (m->id.idiag_dport == 0)
		return;
	make_address(&far, m->idiag_family, m->id.idiag_dst, m->id.idiag_dport);
	make_address(
	    &local, m->idiag_family, m->id.idiag_src, m->id.idiag_sport);
	from = address_table_add(&t->locals, &local);
	count_state(&t->total, m->idiag_state);
	t->ports[local.port / 64] |= UINT64_C(1) << (local.port % 64);

	to = tally_find_destination(t, &far);
	if (to == NO_ADDRESS)
		return;
	count_state(&t->counts[to], m->idiag_state);
	if (pair_set_add(&t->pairs, to, from))
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

int64_t
tally_ports(const struct tally *t, int64_t first, int64_t last)
{
	int64_t port, n = 0;

	if (first == NOT_MEASURED || last == NOT_MEASURED)
		return NOT_MEASURED;
	for (port = first < 0 ? 0 : first; port <= last && port <= UINT16_MAX;
	     port++)
		n += (int64_t)(t->ports[port / 64] >> (port % 64) & 1);
	return n;
}
