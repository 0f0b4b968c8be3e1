/*
 * Sockets bound to a path, and TCP_INFO.
 */
#include "config.h"

#include <errno.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/pathsocket.h"

/* include/net/tcp_states.h; <netinet/tcp.h> has it, but an old tcp_info. */
#define STATE_ESTABLISHED 1
#define STATE_CLOSE_WAIT  8

/* Whether a field of struct tcp_info is within what the kernel filled. */
#define HAS_FIELD(size, field)                        \
	((size) >= offsetof(struct tcp_info, field) + \
		sizeof(((struct tcp_info *)0)->field))

socklen_t
pathsocket_sockaddr(
    const struct endpoint_address *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *in = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (a->family == AF_INET6) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(a->port);
		in6->sin6_addr = a->ip.v6;
		return sizeof(*in6);
	}
	in->sin_family = AF_INET;
	in->sin_port = htons(a->port);
	in->sin_addr = a->ip.v4;
	return sizeof(*in);
}

int
pathsocket_bind(const struct conf_path *path, int fd, int family)
{
	struct sockaddr_storage ss;
	socklen_t size;
	int on = 1;

	if (path->interface != NULL &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, path->interface,
		(socklen_t)strlen(path->interface)) != 0)
		return -1;
	if (path->has_mark &&
	    setsockopt(
		fd, SOL_SOCKET, SO_MARK, &path->mark, sizeof(path->mark)) != 0)
		return -1;
	if (path->source.family != family)
		return 0;
	/* bind() must not take a port away from other destinations. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	size = pathsocket_sockaddr(&path->source, &ss);
	return bind(fd, (struct sockaddr *)&ss, size);
}

int
pathsocket_open(const struct conf_path *path, int family, int type)
{
	int fd, saved;

	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (pathsocket_bind(path, fd, family) != 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
pathsocket_connect(int fd, const struct endpoint_address *to)
{
	struct sockaddr_storage ss;
	socklen_t size = pathsocket_sockaddr(to, &ss);

	return connect(fd, (struct sockaddr *)&ss, size);
}

int
pathsocket_check(const struct conf_path *path, struct err *e)
{
	int fd;

	if (!path->has_mark)
		return 0;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "path %s: socket", path->name);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &path->mark,
		sizeof(path->mark)) != 0) {
		err_sys(e, "path %s: mark %u needs CAP_NET_ADMIN", path->name,
		    path->mark);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

bool
pathsocket_has_route(
    const struct conf_path *path, const struct endpoint_address *to)
{
	struct sockaddr_storage ss;
	socklen_t size;
	bool has;
	int fd;

	if (path->source.family != 0 && path->source.family != to->family)
		return false;
	fd = pathsocket_open(path, to->family, SOCK_DGRAM);
	if (fd < 0)
		return errno != EAFNOSUPPORT;
	size = pathsocket_sockaddr(to, &ss);
	has = connect(fd, (struct sockaddr *)&ss, size) == 0 ||
	    (errno != ENETUNREACH && errno != EADDRNOTAVAIL);
	close(fd);
	return has;
}

struct endpoint_address
pathsocket_address(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	struct endpoint_address a = { 0 };

	if (ss->ss_family == AF_INET && in->sin_port != 0) {
		a.family = AF_INET;
		a.ip.v4 = in->sin_addr;
		a.port = ntohs(in->sin_port);
	} else if (ss->ss_family == AF_INET6 && in6->sin6_port != 0) {
		a.family = AF_INET6;
		a.ip.v6 = in6->sin6_addr;
		a.port = ntohs(in6->sin6_port);
	}
	return a;
}

struct endpoint_address
pathsocket_local(int fd)
{
	struct endpoint_address none = { 0 };
	struct sockaddr_storage ss;
	socklen_t size = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &size) != 0)
		return none;
	return pathsocket_address(&ss);
}

struct tcp_facts
pathsocket_facts(int fd)
{
	struct tcp_facts f = { false, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED,
		NOT_MEASURED };
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return f;
	f.established = info.tcpi_state == STATE_ESTABLISHED ||
	    info.tcpi_state == STATE_CLOSE_WAIT;
	if (HAS_FIELD(size, tcpi_rtt) && info.tcpi_rtt > 0)
		f.rtt_us = info.tcpi_rtt;
	/*
	 * A kernel that counts has counted our SYN by now.  gVisor fills the
	 * structure but leaves its counters 0: that is no measurement.
	 */
	if (!HAS_FIELD(size, tcpi_segs_out) || info.tcpi_segs_out == 0)
		return f;
	f.retransmits = info.tcpi_total_retrans;
	f.segs_in = info.tcpi_segs_in;
	if (HAS_FIELD(size, tcpi_dsack_dups))
		f.dsack_dups = info.tcpi_dsack_dups;
	return f;
}
