#include "config.h"

#include "report/import/packet.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

/* Tags and extension headers that are gone through: more are nobody's. */
#define TAGS_MAX       4
#define EXTENSIONS_MAX 8

/* Up to the flags. */
#define TCP_BYTES    14

#define PROTOCOL_TCP 6

bool
packet_knows_link(uint32_t link)
{
	static const uint16_t known[] = { LINK_NULL, LINK_ETHERNET,
		LINK_RAW_BSD, LINK_RAW_OPENBSD, LINK_RAW, LINK_LOOP,
		LINK_COOKED, LINK_IPV4, LINK_IPV6, LINK_COOKED_2 };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == link)
			return true;
	return false;
}

static enum packet_result
read_tcp(struct packet *p, const uint8_t *s, size_t n)
{
	if (n < TCP_BYTES)
		return PACKET_SHORT;
	p->source_port = packet_16(s);
	p->destination_port = packet_16(s + 2);
	p->seq = packet_32(s + 4);
	p->ack = packet_32(s + 8);
	p->tcp_flags = s[13];
	return PACKET_TCP;
}

static enum packet_result
read_ipv4(struct packet *p, const uint8_t *s, size_t n)
{
	size_t header;

	if (n < 20 || s[0] >> 4 != 4)
		return PACKET_OTHER;
	header = (size_t)(s[0] & 15) * 4;
	if (header < 20 || s[9] != PROTOCOL_TCP ||
	    (packet_16(s + 6) & 0x1fff) != 0)
		return PACKET_OTHER;
	if (n < header)
		return PACKET_SHORT;
	p->is_v6 = false;
	p->source = packet_32(s + 12);
	p->destination = packet_32(s + 16);
	return read_tcp(p, s + header, n - header);
}

/* How long an extension header is; 0: it is none, or no first fragment. */
static size_t
extension_bytes(unsigned type, const uint8_t *s, size_t n)
{
	if (n < 8)
		return 0;
	switch (type) {
	case 0:   /* hop by hop */
	case 43:  /* routing */
	case 60:  /* destination */
	case 135: /* mobility */
		return ((size_t)s[1] + 1) * 8;
	case 44: /* fragment */
		return (packet_16(s + 2) & 0xfff8) == 0 ? 8 : 0;
	case 51: /* authentication */
		return ((size_t)s[1] + 2) * 4;
	default:
		return 0;
	}
}

static enum packet_result
read_ipv6(struct packet *p, const uint8_t *s, size_t n)
{
	size_t at = 40, size;
	unsigned type, i;

	if (n < 40 || s[0] >> 4 != 6)
		return PACKET_OTHER;
	type = s[6];
	for (i = 0; type != PROTOCOL_TCP && i < EXTENSIONS_MAX; i++) {
		size = extension_bytes(type, s + at, n - at);
		if (size == 0 || size > n - at)
			return PACKET_OTHER;
		type = s[at];
		at += size;
	}
	if (type != PROTOCOL_TCP)
		return PACKET_OTHER;
	p->is_v6 = true;
	p->v6 = s + 8;
	return read_tcp(p, s + at, n - at);
}

static enum packet_result
read_ip(struct packet *p, const uint8_t *s, size_t n)
{
	return n > 0 && s[0] >> 4 == 6 ? read_ipv6(p, s, n)
				       : read_ipv4(p, s, n);
}

/* What follows an Ethernet type: tags, then IP. */
static enum packet_result
read_typed(struct packet *p, unsigned type, const uint8_t *s, size_t n)
{
	unsigned i;

	for (i = 0; type == 0x8100 || type == 0x88a8 || type == 0x9100; i++) {
		if (n < 4 || i == TAGS_MAX)
			return PACKET_OTHER;
		type = packet_16(s + 2);
		s += 4;
		n -= 4;
	}
	if (type == ETHERTYPE_IPV4)
		return read_ipv4(p, s, n);
	return type == ETHERTYPE_IPV6 ? read_ipv6(p, s, n) : PACKET_OTHER;
}

enum packet_result
packet_read(struct packet *p, uint32_t link, const uint8_t *bytes, size_t n)
{
	switch (link) {
	case LINK_ETHERNET:
		return n < 14
		    ? PACKET_OTHER
		    : read_typed(p, packet_16(bytes + 12), bytes + 14, n - 14);
	case LINK_COOKED:
		return n < 16
		    ? PACKET_OTHER
		    : read_typed(p, packet_16(bytes + 14), bytes + 16, n - 16);
	case LINK_COOKED_2:
		return n < 20
		    ? PACKET_OTHER
		    : read_typed(p, packet_16(bytes), bytes + 20, n - 20);
	case LINK_NULL:
	case LINK_LOOP:
		/* The family's number is the system's own: IP tells itself. */
		return n < 4 ? PACKET_OTHER : read_ip(p, bytes + 4, n - 4);
	default:
		return read_ip(p, bytes, n);
	}
}
