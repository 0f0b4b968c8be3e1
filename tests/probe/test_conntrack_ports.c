#include "config.h"

#include <netinet/in.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "probe/conntrack_ports.h"

static struct endpoint_address
address(const char *ip, uint16_t port)
{
	struct endpoint_address a;

	cr_assert_eq(endpoint_address_parse(ip, &a), 0, "%s", ip);
	a.port = port;
	return a;
}

/* n connections to a destination, from outside's ports 1 to n. */
static void
add(struct conntrack_ports *p, const char *outside, const char *to,
    uint16_t port, int n)
{
	struct conntrack_entry entry;
	int i;

	memset(&entry, 0, sizeof(entry));
	entry.protocol = IPPROTO_TCP;
	entry.inside = address(
	    strchr(outside, ':') == NULL ? "10.0.0.5" : "fd00::5", 40000);
	entry.destination = address(to, port);
	for (i = 0; i < n; i++) {
		entry.outside = address(outside, (uint16_t)(i + 1));
		conntrack_ports_add(p, &entry);
	}
}

/* The i-th use is of this address and port, and has so many ports. */
static void
expect_use(
    const struct conntrack_ports *p, size_t i, const char *to, int64_t ports)
{
	char ip[INET6_ADDRSTRLEN];

	cr_expect_str_eq(endpoint_address_ip(&p->uses[i].destination, ip), to);
	cr_expect_eq(p->uses[i].ports, ports, "%s: %lld, not %lld", to,
	    (long long)p->uses[i].ports, (long long)ports);
}

Test(conntrack_ports, those_with_most_ports_come_first)
{
	struct conntrack_ports p = { 0 };

	add(&p, "203.0.113.1", "198.51.100.1", 443, 3);
	add(&p, "203.0.113.1", "198.51.100.2", 443, 9);
	add(&p, "203.0.113.1", "198.51.100.3", 443, 1);
	add(&p, "203.0.113.1", "198.51.100.4", 443, 7);
	add(&p, "203.0.113.1", "198.51.100.1", 443, 5);
	cr_expect_eq(p.translated, 25);
	cr_expect_eq(p.n, 4);
	cr_expect_eq(conntrack_ports_rank(&p, 3), 3);
	expect_use(&p, 0, "198.51.100.2", 9);
	expect_use(&p, 1, "198.51.100.1", 8);
	expect_use(&p, 2, "198.51.100.4", 7);
	conntrack_ports_clear(&p);
}

Test(conntrack_ports, fewer_destinations_than_asked_for_are_all_ranked)
{
	struct conntrack_ports p = { 0 };

	cr_expect_eq(conntrack_ports_rank(&p, 10), 0);
	add(&p, "203.0.113.1", "198.51.100.1", 443, 1);
	add(&p, "203.0.113.1", "198.51.100.2", 443, 2);
	cr_expect_eq(conntrack_ports_rank(&p, 10), 2);
	expect_use(&p, 0, "198.51.100.2", 2);
	expect_use(&p, 1, "198.51.100.1", 1);
	conntrack_ports_clear(&p);
}

Test(conntrack_ports, the_ranking_is_that_of_a_full_sort)
{
	struct conntrack_ports p = { 0 };
	unsigned int seed = 1;
	size_t i, ranked;
	int64_t sum = 0;
	char to[32];

	for (i = 0; i < 500; i++) {
		seed = seed * 1103515245 + 12345;
		snprintf(to, sizeof(to), "10.9.%zu.%zu", i / 250, i % 250 + 1);
		add(&p, "203.0.113.1", to, 443, (int)(seed >> 16) % 300 + 1);
	}
	ranked = conntrack_ports_rank(&p, 10);
	cr_expect_eq(ranked, 10);
	for (i = 1; i < ranked; i++)
		cr_expect_geq(p.uses[i - 1].ports, p.uses[i].ports);
	for (i = ranked; i < p.n; i++)
		cr_expect_leq(p.uses[i].ports, p.uses[ranked - 1].ports);
	for (i = 0; i < p.n; i++)
		sum += p.uses[i].ports;
	cr_expect_eq(sum, p.translated);
	conntrack_ports_clear(&p);
}

Test(conntrack_ports, a_port_an_address_a_protocol_each_have_a_pool)
{
	struct conntrack_ports p = { 0 };
	struct conntrack_entry udp;

	add(&p, "203.0.113.1", "198.51.100.1", 443, 4);
	add(&p, "203.0.113.2", "198.51.100.1", 443, 5);
	add(&p, "203.0.113.1", "198.51.100.1", 80, 6);
	add(&p, "2001:db8::1", "2001:db8::2", 443, 2);
	memset(&udp, 0, sizeof(udp));
	udp.protocol = IPPROTO_UDP;
	udp.inside = address("10.0.0.5", 40000);
	udp.outside = address("203.0.113.1", 1);
	udp.destination = address("198.51.100.1", 443);
	conntrack_ports_add(&p, &udp);
	cr_expect_eq(p.n, 5);
	conntrack_ports_rank(&p, 1);
	cr_expect_eq(p.uses[0].destination.port, 80);
	cr_expect_eq(p.uses[0].outside.port, 0);
	conntrack_ports_clear(&p);
}

Test(conntrack_ports, what_is_not_translated_takes_no_port)
{
	struct conntrack_ports p = { 0 };
	struct conntrack_entry entry;

	memset(&entry, 0, sizeof(entry));
	entry.protocol = IPPROTO_TCP;
	entry.inside = entry.outside = address("192.0.2.1", 1234);
	entry.destination = address("198.51.100.1", 443);
	conntrack_ports_add(&p, &entry);
	cr_expect_eq(p.translated, 0);
	/* The same address by another port is translated. */
	entry.outside.port = 1235;
	entry.closed = true;
	conntrack_ports_add(&p, &entry);
	cr_expect_eq(p.translated, 1);
	cr_expect_eq(p.uses[0].closed, 1);
	/* An echo request has no port, and half an entry no address. */
	entry.protocol = IPPROTO_ICMP;
	conntrack_ports_add(&p, &entry);
	entry.protocol = IPPROTO_TCP;
	memset(&entry.outside, 0, sizeof(entry.outside));
	conntrack_ports_add(&p, &entry);
	cr_expect_eq(p.translated, 1);
	conntrack_ports_clear(&p);
}

Test(conntrack_ports, a_scan_through_the_nat_is_counted_but_not_told_apart)
{
	struct conntrack_ports p = { 0 };
	struct conntrack_entry entry;
	uint32_t i;

	memset(&entry, 0, sizeof(entry));
	entry.protocol = IPPROTO_TCP;
	entry.inside = address("10.0.0.5", 40000);
	entry.outside = address("203.0.113.1", 1);
	entry.destination = address("198.51.100.1", 443);
	for (i = 0; i < 300000; i++) {
		entry.destination.ip.v4.s_addr = htonl(0x0b000000 + i);
		conntrack_ports_add(&p, &entry);
	}
	cr_expect_eq(p.translated, 300000);
	cr_expect_eq(p.n, 262144);
	/* Those that are known go on to be counted. */
	entry.destination.ip.v4.s_addr = htonl(0x0b000000 + 7);
	conntrack_ports_add(&p, &entry);
	cr_expect_eq(conntrack_ports_rank(&p, 1), 1);
	expect_use(&p, 0, "11.0.0.7", 2);
	conntrack_ports_clear(&p);
}
