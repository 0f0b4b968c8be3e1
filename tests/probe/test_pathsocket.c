#include "config.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe/pathsocket.h"

static char path_name[] = "nat";
static const struct conf_path any_path = { .name = path_name };

/* ------------------------------------------------------- loopback's far end */

static struct endpoint_address
address(const char *ip, uint16_t port)
{
	struct endpoint_address a;

	cr_assert_eq(endpoint_address_parse(ip, &a), 0, "%s", ip);
	a.port = port;
	return a;
}

static socklen_t
to_sockaddr(const struct endpoint_address *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *in = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)a->family;
	if (a->family == AF_INET6) {
		in6->sin6_addr = a->ip.v6;
		in6->sin6_port = htons(a->port);
		return sizeof(*in6);
	}
	in->sin_addr = a->ip.v4;
	in->sin_port = htons(a->port);
	return sizeof(*in);
}

/* A listener at a port of the kernel's choice; -1 where ip is not ours. */
static int
listen_at(const char *ip, int backlog, struct endpoint_address *at)
{
	struct sockaddr_storage ss;
	socklen_t size;
	int fd;

	*at = address(ip, 0);
	fd = socket(at->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	size = to_sockaddr(at, &ss);
	if (bind(fd, (struct sockaddr *)&ss, size) != 0) {
		close(fd);
		return -1;
	}
	cr_assert_eq(listen(fd, backlog), 0);
	*at = pathsocket_local(fd);
	cr_assert_neq(at->port, 0);
	return fd;
}

/* Begin to connect: 0 or EINPROGRESS, else the errno. */
static int
begin_connect(int fd, const struct endpoint_address *to)
{
	struct sockaddr_storage ss;
	socklen_t size = to_sockaddr(to, &ss);

	return connect(fd, (struct sockaddr *)&ss, size) == 0 ? 0 : errno;
}

/* Wait for the outcome of a connect: its errno. */
static int
end_connect(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t size;
	int result = -1;

	size = sizeof(result);
	cr_assert_eq(poll(&p, 1, 5000), 1, "no outcome within 5 s");
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size);
	return result;
}

/* Connected by the path, or the test ends. */
static int
connect_by(const struct conf_path *path, const struct endpoint_address *to)
{
	int fd = pathsocket_open(path, to->family, SOCK_STREAM), result;

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	result = begin_connect(fd, to);
	cr_assert(result == 0 || result == EINPROGRESS, "%s", strerror(result));
	cr_assert_eq(end_connect(fd), 0);
	return fd;
}

/* Who the listener says has connected. */
static struct endpoint_address
accepted_from(int listener)
{
	const struct sockaddr_in6 *in6;
	const struct sockaddr_in *in;
	struct endpoint_address a = { 0 };
	struct sockaddr_storage ss;
	socklen_t size = sizeof(ss);
	int fd = accept(listener, (struct sockaddr *)&ss, &size);

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	in6 = (const struct sockaddr_in6 *)&ss;
	in = (const struct sockaddr_in *)&ss;
	a.family = ss.ss_family;
	if (a.family == AF_INET6) {
		a.ip.v6 = in6->sin6_addr;
		a.port = ntohs(in6->sin6_port);
	} else {
		a.ip.v4 = in->sin_addr;
		a.port = ntohs(in->sin_port);
	}
	close(fd);
	return a;
}

/* gVisor fills TCP_INFO, but counts nothing. */
static bool
kernel_counts(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	    info.tcpi_segs_out > 0;
}

/* ------------------------------------------------------------ opened sockets
 */

Test(pathsocket, opens_what_it_is_asked_for)
{
	static const struct {
		int family, type;
	} kinds[] = { { AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM } };
	int fd, got;
	socklen_t size;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fd = pathsocket_open(&any_path, kinds[i].family, kinds[i].type);
		cr_assert_geq(fd, 0, "%s", strerror(errno));
		size = sizeof(got);
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &got, &size);
		cr_expect_eq(got, kinds[i].family);
		size = sizeof(got);
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &got, &size);
		cr_expect_eq(got, kinds[i].type);
		cr_expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
		cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
}

Test(pathsocket, an_interface_that_is_not_there_is_no_device)
{
	char interface[] = "natdiff-none";
	struct conf_path path = { .name = path_name, .interface = interface };
	int fd;

	errno = 0;
	cr_expect_eq(pathsocket_open(&path, AF_INET, SOCK_STREAM), -1);
	cr_expect_eq(errno, ENODEV, "%s", strerror(errno));
	/* Nothing was left open. */
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(fd);
	pathsocket_open(&path, AF_INET, SOCK_STREAM);
	cr_expect_eq(open("/dev/null", O_RDONLY | O_CLOEXEC), fd);
}

Test(pathsocket, leaves_by_the_interface)
{
	char interface[] = "lo", bound[16] = "";
	struct conf_path path = { .name = path_name, .interface = interface };
	socklen_t size = sizeof(bound);
	struct endpoint_address at;
	int listener = listen_at("127.0.0.1", 8, &at), fd;

	fd = connect_by(&path, &at);
	cr_assert_eq(
	    getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bound, &size), 0);
	cr_expect_str_eq(bound, "lo");
	close(fd);
	close(listener);
}

Test(pathsocket, leaves_from_the_source_address)
{
	struct conf_path path = { .name = path_name };
	struct endpoint_address at, local, peer, none;
	int listener = listen_at("127.0.0.1", 8, &at), fd;

	path.source = address("127.0.0.2", 0);
	fd = pathsocket_open(&path, AF_INET, SOCK_STREAM);
	cr_assert_geq(fd, 0, "%s", strerror(errno));
	/* A port taken now would be lost to all other destinations. */
	none = pathsocket_local(fd);
	cr_expect_eq(none.family, 0, "port %u", none.port);
	cr_assert(begin_connect(fd, &at) == 0 || errno == EINPROGRESS);
	cr_assert_eq(end_connect(fd), 0);
	local = pathsocket_local(fd);
	peer = accepted_from(listener);
	cr_expect_eq(local.ip.v4.s_addr, path.source.ip.v4.s_addr);
	cr_expect(endpoint_address_equal(&peer, &local));
	close(fd);
	close(listener);
}

Test(pathsocket, leaves_from_the_source_address_over_ipv6)
{
	struct conf_path path = { .name = path_name };
	struct endpoint_address at, local, peer, none;
	int listener = listen_at("::1", 8, &at), fd;

	if (listener < 0)
		cr_skip_test("no IPv6 on the loopback interface");
	path.source = address("::1", 0);
	fd = pathsocket_open(&path, AF_INET6, SOCK_STREAM);
	cr_assert_geq(fd, 0, "%s", strerror(errno));
	none = pathsocket_local(fd);
	cr_expect_eq(none.family, 0, "port %u", none.port);
	cr_assert(begin_connect(fd, &at) == 0 || errno == EINPROGRESS);
	cr_assert_eq(end_connect(fd), 0);
	local = pathsocket_local(fd);
	peer = accepted_from(listener);
	cr_expect(endpoint_address_equal(&peer, &local));
	close(fd);
	close(listener);
}

Test(pathsocket, a_source_is_of_its_family_alone)
{
	struct conf_path path = { .name = path_name };
	struct endpoint_address at;
	int listener = listen_at("127.0.0.1", 8, &at), fd;

	path.source = address("2001:db8::1", 0);
	fd = connect_by(&path, &at);
	close(fd);
	close(listener);
}

Test(pathsocket, a_source_that_is_not_ours_is_not_available)
{
	struct conf_path path = { .name = path_name };

	path.source = address("192.0.2.1", 0);
	cr_expect_eq(pathsocket_open(&path, AF_INET, SOCK_STREAM), -1);
	cr_expect_eq(errno, EADDRNOTAVAIL, "%s", strerror(errno));
}

/* -------------------------------------------------------------------- marks */

/* Give up every capability, as root too. */
static void
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	memset(data, 0, sizeof(data));
	cr_assert_eq(
	    syscall(SYS_capset, &header, data), 0, "%s", strerror(errno));
}

Test(pathsocket, a_mark_without_privilege_is_refused_in_words)
{
	struct conf_path path = { .name = path_name, .has_mark = true };
	struct err e = { 0 };

	path.mark = 7;
	drop_capabilities();
	cr_expect_eq(pathsocket_check(&path, &e), -1);
	cr_expect_eq(e.sys, EPERM);
	cr_expect_str_eq(e.msg,
	    "path nat: mark 7 needs CAP_NET_ADMIN: Operation not permitted",
	    "%s", e.msg);
	cr_expect_eq(pathsocket_open(&path, AF_INET, SOCK_STREAM), -1);
	cr_expect_eq(errno, EPERM, "%s", strerror(errno));
	/* Without a mark nothing is needed. */
	cr_expect_eq(pathsocket_check(&any_path, &e), 0);
}

Test(pathsocket, a_privileged_mark_is_set)
{
	struct conf_path path = { .name = path_name, .has_mark = true };
	struct err e = { 0 };
	socklen_t size = sizeof(uint32_t);
	uint32_t mark = 0;
	int fd;

	path.mark = 0x80000007;
	if (pathsocket_check(&path, &e) != 0)
		cr_skip_test("%s", e.msg);
	fd = pathsocket_open(&path, AF_INET, SOCK_STREAM);
	cr_assert_geq(fd, 0, "%s", strerror(errno));
	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &size), 0);
	cr_expect_eq(mark, path.mark);
	close(fd);
}

/* ------------------------------------------------------------------- routes */

Test(pathsocket, loopback_has_a_route)
{
	struct endpoint_address to = address("127.0.0.1", 443);
	struct conf_path path = { .name = path_name };

	cr_expect(pathsocket_has_route(&any_path, &to));
	path.source = address("127.0.0.2", 0);
	cr_expect(pathsocket_has_route(&path, &to));
}

Test(pathsocket, a_source_has_no_route_to_the_other_family)
{
	struct endpoint_address v4 = address("127.0.0.1", 443);
	struct endpoint_address v6 = address("::1", 443);
	struct conf_path path = { .name = path_name };

	path.source = address("127.0.0.1", 0);
	cr_expect_not(pathsocket_has_route(&path, &v6));
	path.source = address("::1", 0);
	cr_expect_not(pathsocket_has_route(&path, &v4));
}

/*
 * In a network namespace of its own, which is empty, by a child since a user
 * namespace is for single threads only: how many of the two families have a
 * route, 9 where there are no namespaces.
 */
static int
routes_without_a_network(void)
{
	struct endpoint_address v4 = address("203.0.113.7", 443);
	struct endpoint_address v6 = address("2001:db8::1", 443);
	pid_t child = fork();
	int status;

	cr_assert_geq(child, 0, "%s", strerror(errno));
	if (child == 0) {
		if (unshare(CLONE_NEWNET) != 0 &&
		    unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
			_exit(9);
		_exit(pathsocket_has_route(&any_path, &v4) +
		    pathsocket_has_route(&any_path, &v6));
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(pathsocket, a_host_without_a_network_has_no_route)
{
	int routes = routes_without_a_network();

	if (routes == 9)
		cr_skip_test("no network namespaces here");
	cr_expect_eq(routes, 0);
}

Test(pathsocket, a_broken_path_is_left_to_the_attempt)
{
	/* That the interface went away is a failure to record, not to hide. */
	struct endpoint_address to = address("127.0.0.1", 443);
	char interface[] = "natdiff-none";
	struct conf_path path = { .name = path_name, .interface = interface };

	cr_expect(pathsocket_has_route(&path, &to));
	path.interface = NULL;
	path.source = address("192.0.2.1", 0);
	cr_expect(pathsocket_has_route(&path, &to));
}

/* -------------------------------------------------------------------- facts */

Test(pathsocket, a_socket_that_went_nowhere_has_no_address)
{
	int fd = pathsocket_open(&any_path, AF_INET, SOCK_STREAM);

	cr_expect_eq(pathsocket_local(fd).family, 0);
	cr_expect_eq(pathsocket_local(fd).port, 0);
	close(fd);
	cr_expect_eq(pathsocket_local(fd).family, 0);
}

Test(pathsocket, knows_an_established_connection)
{
	struct endpoint_address at, local, peer;
	int listener = listen_at("127.0.0.1", 8, &at), fd;
	struct tcp_facts f;

	fd = connect_by(&any_path, &at);
	f = pathsocket_facts(fd);
	local = pathsocket_local(fd);
	peer = accepted_from(listener);
	cr_expect_eq(local.family, AF_INET);
	cr_expect(endpoint_address_equal(&peer, &local));
	cr_expect(f.established);
	/* Never 0: that is "not measured". */
	cr_expect(f.rtt_us == NOT_MEASURED || f.rtt_us > 0);
	if (!kernel_counts(fd))
		cr_skip_test("TCP_INFO of this kernel counts nothing");
	cr_expect(f.rtt_us > 0 && f.rtt_us < 5000000);
	cr_expect_geq(f.segs_in, 1);
	cr_expect_eq(f.retransmits, 0);
	cr_expect(f.dsack_dups == NOT_MEASURED || f.dsack_dups == 0);
	close(fd);
	close(listener);
}

Test(pathsocket, knows_an_established_connection_over_ipv6)
{
	struct endpoint_address at, local, peer;
	int listener = listen_at("::1", 8, &at), fd;

	if (listener < 0)
		cr_skip_test("no IPv6 on the loopback interface");
	fd = connect_by(&any_path, &at);
	cr_expect(pathsocket_facts(fd).established);
	local = pathsocket_local(fd);
	peer = accepted_from(listener);
	cr_expect_eq(local.family, AF_INET6);
	cr_expect(endpoint_address_equal(&peer, &local));
	close(fd);
	close(listener);
}

Test(pathsocket, a_connection_that_the_far_end_closed_was_established)
{
	struct endpoint_address at;
	int listener = listen_at("127.0.0.1", 8, &at), fd;
	struct pollfd p = { .events = POLLIN };
	struct tcp_facts f;

	fd = connect_by(&any_path, &at);
	accepted_from(listener);
	p.fd = fd;
	cr_assert_eq(poll(&p, 1, 5000), 1, "no end within 5 s");
	/* It may have closed before our loop came to look. */
	f = pathsocket_facts(fd);
	cr_expect(f.established);
	cr_expect(f.rtt_us == NOT_MEASURED || f.rtt_us > 0);
	close(fd);
	close(listener);
}

Test(pathsocket, knows_a_refused_connection)
{
	struct endpoint_address at;
	int listener = listen_at("127.0.0.1", 8, &at), fd, result;
	struct tcp_facts f;

	/* Nobody is given this port again so soon. */
	close(listener);
	fd = pathsocket_open(&any_path, AF_INET, SOCK_STREAM);
	result = begin_connect(fd, &at);
	if (result == EINPROGRESS)
		result = end_connect(fd);
	cr_assert_eq(result, ECONNREFUSED, "%s", strerror(result));
	f = pathsocket_facts(fd);
	cr_expect_not(f.established);
	if (!kernel_counts(fd))
		cr_skip_test("TCP_INFO of this kernel counts nothing");
	/* The SYN was answered at once, by a RST. */
	cr_expect_geq(f.segs_in, 1);
	cr_expect_eq(f.retransmits, 0);
	close(fd);
}

/*
 * A connect whose SYN nobody answers: the listener's queue is full.  -1 where
 * this kernel's queues are not filled so.
 */
static int
connect_unanswered(const struct endpoint_address *to, int *fillers, int n)
{
	struct pollfd p = { .events = POLLOUT };
	int i;

	for (i = 0; i < n; i++) {
		fillers[i] = pathsocket_open(&any_path, AF_INET, SOCK_STREAM);
		cr_assert_geq(fillers[i], 0, "%s", strerror(errno));
		begin_connect(fillers[i], to);
		p.fd = fillers[i];
		if (poll(&p, 1, 100) == 0)
			return fillers[i];
	}
	return -1;
}

Test(pathsocket, knows_a_connection_that_is_not_answered, .timeout = 20)
{
	struct timespec pause = { 0, 100000000 };
	struct endpoint_address at, local;
	int listener = listen_at("127.0.0.1", 0, &at), fillers[8], fd, i;
	struct tcp_facts f;

	fd = connect_unanswered(&at, fillers, 8);
	if (fd < 0)
		cr_skip_test("the listener's queue does not fill");
	/* The port is known before the outcome is. */
	local = pathsocket_local(fd);
	cr_expect_eq(local.family, AF_INET);
	cr_expect_neq(local.port, 0);
	cr_expect_eq(local.ip.v4.s_addr, htonl(INADDR_LOOPBACK));
	f = pathsocket_facts(fd);
	cr_expect_not(f.established);
	cr_expect_eq(f.rtt_us, NOT_MEASURED);
	if (!kernel_counts(fd))
		cr_skip_test("TCP_INFO of this kernel counts nothing");
	cr_expect_eq(f.segs_in, 0);
	/* The first SYN is sent again after a second. */
	for (i = 0; i < 50 && f.retransmits == 0; i++) {
		nanosleep(&pause, NULL);
		f = pathsocket_facts(fd);
	}
	cr_expect_geq(f.retransmits, 1);
	cr_expect_not(f.established);
	close(listener);
}

Test(pathsocket, facts_of_no_socket_are_not_measured)
{
	struct tcp_facts f = pathsocket_facts(-1);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_expect_not(f.established);
	cr_expect_eq(f.rtt_us, NOT_MEASURED);
	cr_expect_eq(f.retransmits, NOT_MEASURED);
	cr_expect_eq(f.segs_in, NOT_MEASURED);
	cr_expect_eq(f.dsack_dups, NOT_MEASURED);
	f = pathsocket_facts(fd);
	cr_expect_eq(f.retransmits, NOT_MEASURED);
	close(fd);
}

Test(pathsocket, a_socket_that_sent_nothing_measured_nothing)
{
	int fd = pathsocket_open(&any_path, AF_INET, SOCK_STREAM);
	struct tcp_facts f = pathsocket_facts(fd);

	cr_expect_not(f.established);
	cr_expect_eq(f.rtt_us, NOT_MEASURED);
	cr_expect_eq(f.retransmits, NOT_MEASURED);
	cr_expect_eq(f.segs_in, NOT_MEASURED);
	close(fd);
}
