/*
 * pcap: draft-ietf-opsawg-pcap; pcapng: draft-ietf-opsawg-pcapng.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/capfile.h"
#include "report/import/fields.h"

#define MAGIC_US     0xa1b2c3d4
#define MAGIC_NS     0xa1b23c4d
#define MAGIC_NG     0x0a0d0d0a
#define BYTE_ORDER_1 0x1a2b3c4d

#define RECORD_BYTES 16
#define BLOCK_BYTES  12 /* the least: type, length, length again */

enum block {
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_PACKET = 6
};

static uint32_t
raw_32(const uint8_t *s)
{
	uint32_t v;

	memcpy(&v, s, sizeof(v));
	return v;
}

static uint32_t
get_32(const struct capfile *c, const uint8_t *s)
{
	uint32_t v = raw_32(s);

	return c->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t
get_16(const struct capfile *c, const uint8_t *s)
{
	uint16_t v;

	memcpy(&v, s, sizeof(v));
	return c->swapped ? __builtin_bswap16(v) : v;
}

static uint64_t
get_64(const struct capfile *c, const uint8_t *s)
{
	uint64_t v;

	memcpy(&v, s, sizeof(v));
	return c->swapped ? __builtin_bswap64(v) : v;
}

bool
capfile_knows(const void *bytes, size_t n)
{
	uint32_t magic;

	if (n < 4)
		return false;
	magic = raw_32(bytes);
	return magic == MAGIC_NG || magic == MAGIC_US || magic == MAGIC_NS ||
	    __builtin_bswap32(magic) == MAGIC_US ||
	    __builtin_bswap32(magic) == MAGIC_NS;
}

void
capfile_clear(struct capfile *c)
{
	free(c->interfaces);
	memset(c, 0, sizeof(*c));
}

static size_t damaged(struct capfile *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static size_t
damaged(struct capfile *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	c->ended = true;
	return 0;
}

static struct capfile_interface *
add_interface(struct capfile *c)
{
	struct capfile_interface *i;

	c->interfaces = x_grow(c->interfaces, c->n_interfaces,
	    &c->interfaces_capacity, sizeof(*c->interfaces));
	i = &c->interfaces[c->n_interfaces++];
	memset(i, 0, sizeof(*i));
	i->ticks_a_second = 1000000;
	return i;
}

/* -------------------------------------------------------------- packets */

/* One packet's bytes: whether it is a TCP segment that p holds now. */
static bool
take(struct capfile *c, struct packet *p, uint32_t link, int64_t at_us,
    const uint8_t *bytes, size_t n)
{
	enum packet_result r = packet_read(p, link, bytes, n);

	c->packets++;
	c->mix = (c->mix ^ (uint64_t)at_us) * UINT64_C(0x9e3779b97f4a7c15) + n;
	c->mix ^= c->mix >> 32;
	if (r == PACKET_TCP && at_us >= 0 && at_us <= FIELD_TIME_MAX_US) {
		c->mix += p->seq;
		c->tcp++;
		p->at_us = at_us;
		return true;
	}
	c->no_time += r == PACKET_TCP;
	c->cut_short += r == PACKET_SHORT;
	c->unknown_link += r == PACKET_OTHER && !packet_knows_link(link);
	return false;
}

static int64_t
to_us(const struct capfile_interface *i, uint64_t ticks)
{
	uint64_t whole, part;

	if (i->ticks_a_second == 1000000)
		whole = ticks / 1000000, part = ticks % 1000000;
	else if (i->ticks_a_second == 1000000000)
		whole = ticks / 1000000000, part = ticks % 1000000000 / 1000;
	else {
		whole = ticks / i->ticks_a_second;
		part = (uint64_t)((double)(ticks % i->ticks_a_second) * 1e6 /
		    (double)i->ticks_a_second);
	}
	if (whole > (uint64_t)FIELD_TIME_MAX_US / 1000000)
		return -1;
	return (int64_t)(whole * 1000000 + part) + i->offset_us;
}

/* ----------------------------------------------------------------- pcap */

static size_t
begin_pcap(struct capfile *c, const uint8_t *s, size_t n)
{
	struct capfile_interface *i;
	uint32_t magic;

	if (n < 24)
		return 0;
	magic = raw_32(s);
	c->swapped = magic != MAGIC_US && magic != MAGIC_NS;
	if (c->swapped)
		magic = __builtin_bswap32(magic);
	i = add_interface(c);
	i->snap_bytes = get_32(c, s + 16);
	i->link = get_32(c, s + 20) & 0xffff; /* the rest: length of an FCS */
	if (magic == MAGIC_NS)
		i->ticks_a_second = 1000000000;
	if (!packet_knows_link(i->link))
		return damaged(c,
		    "link layer %" PRIu32 ", expected Ethernet (1), Linux "
		    "cooked (113, 276) or raw IP (101)",
		    i->link);
	return 24;
}

static size_t
read_pcap(struct capfile *c, const uint8_t *s, size_t n, struct packet *packet,
    size_t max, size_t *n_packets)
{
	const struct capfile_interface *i = c->interfaces;
	uint32_t divisor = i->ticks_a_second == 1000000 ? 1 : 1000;
	size_t at = 0, out = *n_packets;
	uint32_t captured;
	int64_t at_us;

	while (out < max && n - at >= RECORD_BYTES) {
		captured = get_32(c, s + at + 8);
		if (captured > CAPFILE_PACKET_MAX) {
			damaged(c,
			    "a packet of %" PRIu32 " bytes, expected at "
			    "most %d",
			    captured, CAPFILE_PACKET_MAX);
			break;
		}
		if (n - at - RECORD_BYTES < captured)
			break;
		at_us = (int64_t)get_32(c, s + at) * 1000000 +
		    get_32(c, s + at + 4) / divisor;
		out += take(c, &packet[out], i->link, at_us,
		    s + at + RECORD_BYTES, captured);
		at += RECORD_BYTES + captured;
	}
	*n_packets = out;
	return at;
}

/* --------------------------------------------------------------- pcapng */

/* A power of 10, or of 2 where the first bit is set. */
static uint64_t
ticks_of(uint8_t resolution)
{
	uint64_t ticks = 1;
	unsigned i;

	if (resolution & 0x80)
		return (resolution & 0x7f) <= 48
		    ? UINT64_C(1) << (resolution & 0x7f)
		    : 0;
	for (i = 0; i < resolution && i < 13; i++)
		ticks *= 10;
	return resolution <= 12 ? ticks : 0;
}

/* Options of an interface: the resolution of its clock, and its offset. */
static void
read_options(struct capfile *c, struct capfile_interface *out, const uint8_t *s,
    size_t n)
{
	int64_t seconds;
	unsigned code;
	size_t size;

	while (n >= 4) {
		code = get_16(c, s);
		size = get_16(c, s + 2);
		if (code == 0 || size > n - 4)
			return;
		if (code == 9 && size >= 1)
			out->ticks_a_second = ticks_of(s[4]);
		if (code == 14 && size >= 8) {
			seconds = (int64_t)get_64(c, s + 4);
			if (seconds > -(INT64_C(1) << 40) &&
			    seconds < INT64_C(1) << 40)
				out->offset_us = seconds * 1000000;
		}
		size = (size + 3) / 4 * 4;
		if (size > n - 4)
			return;
		s += 4 + size;
		n -= 4 + size;
	}
}

static void
read_interface(struct capfile *c, const uint8_t *s, size_t n)
{
	struct capfile_interface *i;

	if (n < 8 || c->n_interfaces == CAPFILE_INTERFACES_MAX)
		return;
	i = add_interface(c);
	i->link = get_16(c, s);
	i->snap_bytes = get_32(c, s + 4);
	read_options(c, i, s + 8, n - 8);
}

/* Body of a packet block: whether it was a TCP segment. */
static bool
read_packet_block(struct capfile *c, uint32_t type, const uint8_t *s, size_t n,
    struct packet *p)
{
	uint32_t number, captured;
	uint64_t ticks;

	if (type == BLOCK_SIMPLE_PACKET) {
		c->packets++;
		c->no_time++;
		return false;
	}
	if (n < 20)
		return false;
	number = type == BLOCK_PACKET ? get_32(c, s) : get_16(c, s);
	ticks = (uint64_t)get_32(c, s + 4) << 32 | get_32(c, s + 8);
	captured = get_32(c, s + 12);
	if (captured > n - 20)
		captured = (uint32_t)(n - 20);
	if (number >= c->n_interfaces ||
	    c->interfaces[number].ticks_a_second == 0) {
		c->packets++;
		c->no_time++;
		return false;
	}
	if (!packet_knows_link(c->interfaces[number].link)) {
		c->packets++;
		c->unknown_link++;
		return false;
	}
	return take(c, p, c->interfaces[number].link,
	    to_us(&c->interfaces[number], ticks), s + 20, captured);
}

/* A section has its own byte order and its own interfaces. */
static bool
begin_section(struct capfile *c, const uint8_t *s)
{
	uint32_t order = raw_32(s + 8);

	c->swapped = order == __builtin_bswap32(BYTE_ORDER_1);
	c->n_interfaces = 0;
	return c->swapped || order == BYTE_ORDER_1;
}

static size_t
read_ng(struct capfile *c, const uint8_t *s, size_t n, struct packet *packet,
    size_t max, size_t *n_packets)
{
	uint32_t type, size;
	size_t at = 0;

	while (*n_packets < max && n - at >= BLOCK_BYTES) {
		type = get_32(c, s + at);
		if (raw_32(s + at) == MAGIC_NG) {
			type = MAGIC_NG;
			if (!begin_section(c, s + at)) {
				damaged(c, "a section without a byte order");
				break;
			}
		}
		size = get_32(c, s + at + 4);
		if (size < BLOCK_BYTES || size % 4 != 0) {
			damaged(c,
			    "a block of %" PRIu32 " bytes, expected %d or more "
			    "in steps of 4",
			    size, BLOCK_BYTES);
			break;
		}
		if (type != BLOCK_PACKET && type != BLOCK_OLD_PACKET &&
		    type != BLOCK_SIMPLE_PACKET && type != BLOCK_INTERFACE) {
			c->skip = size;
			break;
		}
		if (size > CAPFILE_BUFFER) {
			damaged(c,
			    "a packet's block of %" PRIu32 " bytes, expected "
			    "at most %d",
			    size, CAPFILE_BUFFER);
			break;
		}
		if (n - at < size)
			break;
		if (type == BLOCK_INTERFACE)
			read_interface(c, s + at + 8, size - BLOCK_BYTES);
		else
			*n_packets += read_packet_block(c, type, s + at + 8,
			    size - BLOCK_BYTES, &packet[*n_packets]);
		at += size;
	}
	return at;
}

size_t
capfile_read(struct capfile *c, const uint8_t *bytes, size_t n,
    struct packet *packet, size_t max, size_t *n_packets)
{
	size_t at = 0, got;

	if (!c->is_ng && c->n_interfaces == 0 && n >= 4) {
		c->is_ng = raw_32(bytes) == MAGIC_NG;
		if (!c->is_ng)
			at = begin_pcap(c, bytes, n);
	}
	while (!c->ended && (c->is_ng || c->n_interfaces > 0)) {
		got = n - at < c->skip ? n - at : (size_t)c->skip;
		c->skip -= got;
		at += got;
		if (c->skip > 0)
			break;
		got = c->is_ng
		    ? read_ng(c, bytes + at, n - at, packet, max, n_packets)
		    : read_pcap(c, bytes + at, n - at, packet, max, n_packets);
		at += got;
		if (c->skip == 0)
			break;
	}
	c->at_byte += (int64_t)at;
	return at;
}
