/*
 * Listening sockets.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/pathsocket.h"
#include "probe/witness_listen.h"

/* Connections that wait to be accepted; the kernel may allow fewer. */
#define BACKLOG 4096

static int
parse_port(const char *text, uint16_t *port)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n > 65535)
		return -1;
	*port = (uint16_t)n;
	return 0;
}

int
witness_listen_parse(const char *text, struct endpoint_address *a)
{
	const char *colon = strrchr(text, ':');
	char ip[INET6_ADDRSTRLEN];
	uint16_t port;
	size_t size;

	memset(a, 0, sizeof(*a));
	if (colon == NULL || parse_port(colon + 1, &port) != 0)
		return -1;
	size = (size_t)(colon - text);
	if (size > 0) {
		if (*text == '[' && text[size - 1] == ']') {
			text++;
			size -= size < 2 ? size : 2;
		} else if (memchr(text, ':', size) != NULL) {
			return -1;
		}
		if (size == 0 || size >= sizeof(ip))
			return -1;
		memcpy(ip, text, size);
		ip[size] = '\0';
		if (endpoint_address_parse(ip, a) != 0)
			return -1;
	}
	a->port = port;
	return 0;
}

/* Both families: an IPv6 socket that takes IPv4, too. */
static int
try_open(const struct endpoint_address *a, bool both)
{
	struct sockaddr_storage ss;
	socklen_t size = pathsocket_sockaddr(a, &ss);
	int on = 1, v6only = !both, sys;
	int fd =
	    socket(a->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (a->family != AF_INET6 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only,
		    sizeof(v6only)) == 0) &&
	    bind(fd, (struct sockaddr *)&ss, size) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	sys = errno;
	close(fd);
	errno = sys;
	return -1;
}

int
witness_listen_open(struct endpoint_address *a, struct err *e)
{
	struct endpoint_address any = *a;
	char text[ENDPOINT_ADDRESS_TEXT_SIZE];
	int fd;

	if (a->family != 0) {
		fd = try_open(a, false);
	} else {
		any.family = AF_INET6;
		any.ip.v6 = in6addr_any;
		fd = try_open(&any, true);
		if (fd < 0 &&
		    (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
			any.family = AF_INET;
			any.ip.v4.s_addr = INADDR_ANY;
			fd = try_open(&any, false);
		}
	}
	if (fd < 0)
		return err_sys(
		    e, "%s: cannot listen", endpoint_address_text(&any, text));
	*a = pathsocket_local(fd);
	return fd;
}

void
witness_listen_unmap(struct endpoint_address *a)
{
	struct in_addr v4;

	if (a->family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->ip.v6))
		return;
	memcpy(&v4, &a->ip.v6.s6_addr[12], sizeof(v4));
	a->family = AF_INET;
	a->ip.v4 = v4;
}
