/*
 * The table of connections by ctnetlink.  Written for many entries: one pass
 * over each message, nothing allocated for an entry.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "probe/conntrack_ports.h"
#include "probe/netlink.h"

/* One direction of an entry. */
struct tuple {
	uint8_t protocol;
	struct endpoint_address from, to;
};

struct entry {
	struct tuple asked, answered;
	bool closed;
};

static int
set_ip(struct endpoint_address *a, const struct nlattr *attr, int family)
{
	size_t size = family == AF_INET ? sizeof(a->ip.v4) : sizeof(a->ip.v6);

	if (mnl_attr_get_payload_len(attr) == size) {
		a->family = family;
		memcpy(&a->ip, mnl_attr_get_payload(attr), size);
	}
	return MNL_CB_OK;
}

static int
on_address(const struct nlattr *a, void *arg)
{
	struct tuple *t = arg;

	switch (mnl_attr_get_type(a)) {
	case CTA_IP_V4_SRC:
		return set_ip(&t->from, a, AF_INET);
	case CTA_IP_V4_DST:
		return set_ip(&t->to, a, AF_INET);
	case CTA_IP_V6_SRC:
		return set_ip(&t->from, a, AF_INET6);
	case CTA_IP_V6_DST:
		return set_ip(&t->to, a, AF_INET6);
	default:
		return MNL_CB_OK;
	}
}

static int
on_port(const struct nlattr *a, void *arg)
{
	size_t size = mnl_attr_get_payload_len(a);
	uint16_t type = mnl_attr_get_type(a);
	struct tuple *t = arg;

	if (type == CTA_PROTO_NUM && size == sizeof(uint8_t))
		t->protocol = mnl_attr_get_u8(a);
	else if (type == CTA_PROTO_SRC_PORT && size == sizeof(uint16_t))
		t->from.port = ntohs(mnl_attr_get_u16(a));
	else if (type == CTA_PROTO_DST_PORT && size == sizeof(uint16_t))
		t->to.port = ntohs(mnl_attr_get_u16(a));
	return MNL_CB_OK;
}

static int
on_tuple(const struct nlattr *a, void *arg)
{
	if (mnl_attr_get_type(a) == CTA_TUPLE_IP)
		return mnl_attr_parse_nested(a, on_address, arg);
	if (mnl_attr_get_type(a) == CTA_TUPLE_PROTO)
		return mnl_attr_parse_nested(a, on_port, arg);
	return MNL_CB_OK;
}

static int
on_tcp(const struct nlattr *a, void *arg)
{
	struct entry *entry = arg;
	uint8_t state;

	if (mnl_attr_get_type(a) != CTA_PROTOINFO_TCP_STATE ||
	    mnl_attr_get_payload_len(a) != sizeof(state))
		return MNL_CB_OK;
	state = mnl_attr_get_u8(a);
	entry->closed =
	    state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE;
	return MNL_CB_OK;
}

static int
on_state(const struct nlattr *a, void *arg)
{
	if (mnl_attr_get_type(a) == CTA_PROTOINFO_TCP)
		return mnl_attr_parse_nested(a, on_tcp, arg);
	return MNL_CB_OK;
}

static int
on_part(const struct nlattr *a, void *arg)
{
	struct entry *entry = arg;

	switch (mnl_attr_get_type(a)) {
	case CTA_TUPLE_ORIG:
		return mnl_attr_parse_nested(a, on_tuple, &entry->asked);
	case CTA_TUPLE_REPLY:
		return mnl_attr_parse_nested(a, on_tuple, &entry->answered);
	case CTA_PROTOINFO:
		return mnl_attr_parse_nested(a, on_state, entry);
	default:
		return MNL_CB_OK;
	}
}

static int
on_entry(const struct nlmsghdr *h, void *arg)
{
	struct conntrack_entry counted = { 0 };
	struct entry entry = { 0 };

	mnl_attr_parse(h, sizeof(struct nfgenmsg), on_part, &entry);
	counted.protocol = entry.answered.protocol;
	counted.inside = entry.asked.from;
	counted.outside = entry.answered.to;
	counted.destination = entry.answered.from;
	counted.closed = entry.closed;
	conntrack_ports_add(arg, &counted);
	return MNL_CB_OK;
}

int
conntrack_ports_read(struct conntrack_ports *p, struct err *e)
{
	struct mnl_socket *nl = netlink_open(NETLINK_NETFILTER);
	int result = -1;

	memset(p, 0, sizeof(*p));
	if (nl != NULL) {
		result = netlink_ask_conntrack(
		    nl, IPCTNL_MSG_CT_GET, NLM_F_DUMP, on_entry, p);
		netlink_close(nl);
	}
	if (result == 0)
		return 0;
	if (errno == EPERM)
		err_sys(
		    e, "conntrack: ports by destination need CAP_NET_ADMIN");
	else
		err_sys(e, "conntrack: cannot read the table of connections");
	conntrack_ports_clear(p);
	return -1;
}
