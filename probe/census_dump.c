/*
 * The kernel's TCP sockets: two dumps of sock_diag, IPv4 and IPv6.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

#include <libmnl/libmnl.h>

#include "natdiff/xalloc.h"
#include "probe/census_tally.h"

#define DUMP_TRIES 5
/* The kernel fills what a reader offers, up to 32 KiB. */
#define DUMP_BUFFER_SIZE (64 * 1024)

static int
on_message(const struct nlmsghdr *h, void *arg)
{
	struct tally *t = arg;
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return MNL_CB_OK;
	if (m->idiag_family == AF_INET || m->idiag_family == AF_INET6)
		tally_add_socket(t, m);
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

int
census_dump(struct tally *t, const struct endpoint_address *known, size_t n,
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
			census_unmap(&a);
			tally_find_destination(t, &a);
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
