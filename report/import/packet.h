/*
 * Packets: what a capture holds of one TCP segment, from the link layer up.
 * Pure, and safe on any bytes.
 */
#ifndef NATDIFF_IMPORT_PACKET_H
#define NATDIFF_IMPORT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LINKTYPE_ values, <https://www.tcpdump.org/linktypes.html>. */
enum packet_link {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_RAW_BSD = 12, /* what DLT_RAW is on most systems */
	LINK_RAW_OPENBSD = 14,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_COOKED = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_COOKED_2 = 276
};

/* Bits of tcp_flags. */
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct packet {
	int64_t at_us;
	/* IPv4 addresses, as numbers; with IPv6 the flow table's. */
	uint32_t source, destination;
	uint16_t source_port, destination_port;
	uint32_t seq, ack;
	uint8_t tcp_flags;
	bool is_v6;
	/* Source and destination, one after the other, in the capture. */
	const uint8_t *v6;
};

enum packet_result {
	PACKET_TCP,
	PACKET_OTHER, /* not TCP, or a later fragment */
	PACKET_SHORT  /* TCP, but cut off before its flags */
};

bool packet_knows_link(uint32_t link);

/*
 * Read the captured bytes of one packet; at_us is left alone.  p->v6 points
 * into bytes.
 */
enum packet_result packet_read(
    struct packet *p, uint32_t link, const uint8_t *bytes, size_t n);

/* Numbers of the network's byte order. */
static inline uint16_t
packet_16(const uint8_t *s)
{
	return (uint16_t)(s[0] << 8 | s[1]);
}

static inline uint32_t
packet_32(const uint8_t *s)
{
	return (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 |
	    (uint32_t)s[2] << 8 | s[3];
}

#endif
