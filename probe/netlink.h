/*
 * Questions to the kernel by netlink, one at a time.
 */
#ifndef NATDIFF_PROBE_NETLINK_H
#define NATDIFF_PROBE_NETLINK_H

#include <stdint.h>

#include <libmnl/libmnl.h>

/* The kernel fills what a reader offers, up to 32 KiB. */
#define NETLINK_BUFFER_SIZE (64 * 1024)

/* A socket of a protocol, NETLINK_X; NULL and errno on failure. */
struct mnl_socket *netlink_open(int protocol);

/* Close it; errno stays as it was. */
void netlink_close(struct mnl_socket *nl);

/*
 * Ask h and hand each message of the answer to on_message.  -1 and errno;
 * EINTR: what was dumped changed so much meanwhile that the kernel calls the
 * answer inconsistent.
 */
int netlink_ask(struct mnl_socket *nl, const struct nlmsghdr *h,
    mnl_cb_t on_message, void *arg);

/*
 * The same of ctnetlink: a request IPCTNL_MSG_X for all families, without
 * attributes; flags are besides NLM_F_REQUEST.
 */
int netlink_ask_conntrack(struct mnl_socket *nl, uint8_t what, uint16_t flags,
    mnl_cb_t on_message, void *arg);

#endif
