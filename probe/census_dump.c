/*
 * The kernel's TCP sockets: two dumps of sock_diag, IPv4 and IPv6.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

#include <libmnl/libmnl.h>

#include "probe/census_tally.h"
#include "probe/netlink.h"

#define DUMP_TRIES 5

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

/*
 * Count one family's sockets.  -1 and errno; EINTR: the tables changed so
 * much meanwhile that the kernel calls the dump inconsistent.
 */
static int
dump_family(struct mnl_socket *nl, int family, struct tally *t)
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
	return netlink_ask(nl, h, on_message, t);
}

static int
dump_once(struct tally *t)
{
	struct mnl_socket *nl = netlink_open(NETLINK_SOCK_DIAG);
	int result = -1;

	if (nl == NULL)
		return -1;
	if (dump_family(nl, AF_INET, t) == 0 &&
	    /* A kernel without IPv6 has no sockets of it. */
	    (dump_family(nl, AF_INET6, t) == 0 || errno == ENOENT))
		result = 0;
	netlink_close(nl);
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
