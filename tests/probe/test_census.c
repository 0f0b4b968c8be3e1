#include "config.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "probe/census.h"

/* Listen on a port of 127.0.0.1 (or ::1) that the kernel picks. */
static int
listen_somewhere(int family, const char *ip, struct endpoint_address *at)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr *a;
	socklen_t size;
	int fd;

	cr_assert_eq(endpoint_address_parse(ip, at), 0);
	v4.sin_addr = at->ip.v4;
	v6.sin6_addr = at->ip.v6;
	a = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	size = family == AF_INET ? sizeof(v4) : sizeof(v6);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, a, size) == -1 || listen(fd, 512) == -1)
		return -1;
	cr_assert_eq(getsockname(fd, a, &size), 0);
	at->port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	return fd;
}

/* Connect to at; mapped: through an IPv6 socket. */
static int
connect_to(const struct endpoint_address *at, bool mapped)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(at->port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(at->port) };
	int fd = socket(at->family == AF_INET && !mapped ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_neq(fd, -1);
	if (at->family == AF_INET && !mapped) {
		v4.sin_addr = at->ip.v4;
		cr_assert_eq(connect(fd, (struct sockaddr *)&v4, sizeof(v4)), 0,
		    "%s", strerror(errno));
		return fd;
	}
	v6.sin6_addr = at->ip.v6;
	if (mapped) {
		memset(&v6.sin6_addr, 0, sizeof(v6.sin6_addr));
		v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
		memcpy(v6.sin6_addr.s6_addr + 12, &at->ip.v4, 4);
	}
	cr_assert_eq(connect(fd, (struct sockaddr *)&v6, sizeof(v6)), 0, "%s",
	    strerror(errno));
	return fd;
}

static void
expect_counts(const struct census_record *r, int64_t established,
    int64_t time_wait, int64_t closing, int64_t close_wait)
{
	cr_expect_eq(r->established, established, "established %ld",
	    (long)r->established);
	cr_expect_eq(
	    r->time_wait, time_wait, "time_wait %ld", (long)r->time_wait);
	cr_expect_eq(r->closing, closing, "closing %ld", (long)r->closing);
	cr_expect_eq(
	    r->close_wait, close_wait, "close_wait %ld", (long)r->close_wait);
	cr_expect_eq(r->local_ports,
	    established + time_wait + closing + close_wait, "local_ports %ld",
	    (long)r->local_ports);
	cr_expect_eq(r->own, 0);
}

enum { N = 24 };

Test(census, counts_each_state_of_a_destination)
{
	struct census_record *r;
	struct endpoint_address at;
	int listener = listen_somewhere(AF_INET, "127.0.0.1", &at);
	int ours[N], theirs[N], i;
	int64_t ports;
	struct err e;

	cr_assert_neq(listener, -1);
	for (i = 0; i < N; i++) {
		ours[i] = connect_to(&at, false);
		theirs[i] = accept(listener, NULL, NULL);
		cr_assert_neq(theirs[i], -1);
	}
	cr_assert_eq(
	    census_count(&at, 1, 1, 65535, &r, &ports, &e), 0, "%s", e.msg);
	expect_counts(&r[0], N, 0, 0, 0);
	cr_expect(endpoint_address_equal(&r[0].destination, &at));
	cr_expect_eq(r[1].destination.family, 0);
	cr_expect_geq(r[1].established, 2 * N); /* both ends are here */
	cr_expect_geq(r[1].local_ports, N + 1);
	cr_expect_geq(ports, N + 1);
	free(r);

	/* A third closed by us first, one by them only, one by us only. */
	for (i = 0; i < N; i++) {
		if (i % 4 == 0 || i % 4 == 2)
			close(ours[i]);
		if (i % 4 == 0 || i % 4 == 1)
			close(theirs[i]);
	}
	cr_assert_eq(
	    census_count(&at, 1, 1, 65535, &r, NULL, &e), 0, "%s", e.msg);
	expect_counts(&r[0], N / 4, N / 4, N / 4, N / 4);
	free(r);
}

Test(census, counts_a_mapped_address_as_the_ipv4_one)
{
	struct endpoint_address at, mapped;
	struct census_record *r;
	int listener = listen_somewhere(AF_INET, "127.0.0.1", &at), i;
	struct err e;

	cr_assert_neq(listener, -1);
	if (socket(AF_INET6, SOCK_STREAM, 0) == -1)
		cr_skip("no IPv6 here");
	for (i = 0; i < 3; i++) {
		connect_to(&at, true);
		connect_to(&at, false);
	}
	cr_assert_eq(endpoint_address_parse("::ffff:127.0.0.1", &mapped), 0);
	mapped.port = at.port;
	cr_assert_eq(census_count((struct endpoint_address[]){ at, mapped }, 2,
			 1, 65535, &r, NULL, &e),
	    0, "%s", e.msg);
	expect_counts(&r[0], 6, 0, 0, 0);
	expect_counts(&r[1], 6, 0, 0, 0);
	cr_expect(endpoint_address_equal(&r[1].destination, &mapped));
	free(r);
}

Test(census, counts_ipv6_destinations)
{
	struct endpoint_address at, other;
	struct census_record *r;
	int listener = listen_somewhere(AF_INET6, "::1", &at), i;
	struct err e;

	if (listener == -1)
		cr_skip("no IPv6 here");
	for (i = 0; i < 5; i++)
		connect_to(&at, false);
	other = at;
	other.ip.v6.s6_addr[3] = 1;
	cr_assert_eq(census_count((struct endpoint_address[]){ other, at, at },
			 3, 1, 65535, &r, NULL, &e),
	    0, "%s", e.msg);
	expect_counts(&r[0], 0, 0, 0, 0);
	expect_counts(&r[1], 5, 0, 0, 0);
	expect_counts(&r[2], 5, 0, 0, 0);
	free(r);
}

Test(census, counts_the_ports_of_the_range_only)
{
	struct endpoint_address at;
	struct census_record *r;
	int listener = listen_somewhere(AF_INET, "127.0.0.1", &at);
	int64_t ports;
	struct err e;

	cr_assert_neq(listener, -1);
	connect_to(&at, false);
	cr_assert_neq(accept(listener, NULL, NULL), -1);
	/* The accepted socket's own port is the listener's. */
	cr_assert_eq(census_count(NULL, 0, at.port, at.port, &r, &ports, &e), 0,
	    "%s", e.msg);
	cr_expect_eq(ports, 1);
	free(r);
	cr_assert_eq(census_count(NULL, 0, 1, 0, &r, &ports, &e), 0);
	cr_expect_eq(ports, 0);
	free(r);
	cr_assert_eq(
	    census_count(NULL, 0, NOT_MEASURED, NOT_MEASURED, &r, &ports, &e),
	    0);
	cr_expect_eq(ports, NOT_MEASURED);
	free(r);
}

Test(census, ranks_destinations_and_names_their_processes)
{
	struct endpoint_address few, many;
	const struct census_line *line = NULL;
	struct census c;
	size_t i;
	struct err e;

	cr_assert_neq(listen_somewhere(AF_INET, "127.0.0.1", &few), -1);
	cr_assert_neq(listen_somewhere(AF_INET, "127.0.0.2", &many), -1);
	cr_assert_eq(prctl(PR_SET_NAME, "cens\x1bus me"), 0);
	connect_to(&few, false);
	for (i = 0; i < 200; i++)
		connect_to(&many, false);
	cr_assert_eq(
	    census_take(&c, SIZE_MAX, 1, 65535, true, &e), 0, "%s", e.msg);
	cr_expect_eq(c.n_lines, c.n_destinations);
	for (i = 0; i < c.n_lines; i++) {
		if (i > 0)
			cr_expect_leq(census_sockets(&c.lines[i].counts),
			    census_sockets(&c.lines[i - 1].counts));
		if (endpoint_address_equal(
			&c.lines[i].counts.destination, &many))
			line = &c.lines[i];
	}
	cr_assert_not_null(line);
	expect_counts(&line->counts, 200, 0, 0, 0);
	cr_assert_eq(line->n_owners, 1);
	cr_expect_str_eq(line->owners[0].name, "cens?us me");
	cr_expect_eq(line->owners[0].sockets, 200);
	census_clear(&c);

	cr_assert_eq(census_take(&c, 1, 1, 65535, false, &e), 0);
	cr_expect_eq(c.n_lines, 1);
	cr_expect_geq(c.n_destinations, 2);
	cr_expect_eq(c.lines[0].n_owners, 0);
	census_clear(&c);
}

/* From here on socket(AF_NETLINK) fails as on a kernel that lacks it. */
static void
refuse_netlink(int sys)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)sys),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

Test(census, says_that_the_kernel_has_no_sock_diag)
{
	struct census_record *r = NULL;
	struct census c;
	struct err e;

	refuse_netlink(EPROTONOSUPPORT);
	cr_expect_eq(census_count(NULL, 0, 1, 2, &r, NULL, &e), -1);
	cr_expect_null(r);
	cr_expect_eq(e.sys, EPROTONOSUPPORT);
	cr_expect_not_null(strstr(e.msg, "inet_diag"), "%s", e.msg);
	cr_expect_eq(census_take(&c, 1, 1, 2, true, &e), -1);
	cr_expect_null(c.lines);
	census_clear(&c);
}
