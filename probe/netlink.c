#include "config.h"

#include <sys/socket.h>

#include <linux/netfilter/nfnetlink.h>

#include <errno.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "probe/netlink.h"

struct mnl_socket *
netlink_open(int protocol)
{
	struct mnl_socket *nl = mnl_socket_open2(protocol, SOCK_CLOEXEC);

	if (nl == NULL)
		return NULL;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	netlink_close(nl);
	return NULL;
}

void
netlink_close(struct mnl_socket *nl)
{
	int sys = errno;

	mnl_socket_close(nl);
	errno = sys;
}

int
netlink_ask(struct mnl_socket *nl, const struct nlmsghdr *h,
    mnl_cb_t on_message, void *arg)
{
	char *buf = x_malloc(NETLINK_BUFFER_SIZE);
	unsigned int port = mnl_socket_get_portid(nl);
	int more = MNL_CB_OK, sys;
	ssize_t n;

	if (mnl_socket_sendto(nl, h, h->nlmsg_len) == -1)
		more = MNL_CB_ERROR;
	while (more > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(nl, buf, NETLINK_BUFFER_SIZE);
		if (n == -1 && errno == EINTR)
			continue;
		more = n == -1
		    ? MNL_CB_ERROR
		    : mnl_cb_run(buf, (size_t)n, 0, port, on_message, arg);
	}
	sys = errno;
	free(buf);
	errno = sys;
	return more == MNL_CB_ERROR ? -1 : 0;
}

int
netlink_ask_conntrack(struct mnl_socket *nl, uint8_t what, uint16_t flags,
    mnl_cb_t on_message, void *arg)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
	    MNL_ALIGN(sizeof(struct nfgenmsg))];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | what;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	return netlink_ask(nl, h, on_message, arg);
}
