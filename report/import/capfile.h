/*
 * Capture files: pcap and pcapng, of either byte order, taken from a buffer
 * block by block.  A file that is cut off ends; one that is damaged ends
 * where it makes no sense any more, and says so.  Pure.
 */
#ifndef NATDIFF_IMPORT_CAPFILE_H
#define NATDIFF_IMPORT_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/import/packet.h"

/* libpcap's MAXIMUM_SNAPLEN: a longer packet is damage. */
#define CAPFILE_PACKET_MAX 262144

/* A buffer of so many bytes holds any block that is read as a whole. */
#define CAPFILE_BUFFER (1024 * 1024)

/* Interfaces of a section of pcapng; packets of others are left out. */
#define CAPFILE_INTERFACES_MAX 4096

struct capfile_interface {
	uint32_t link;
	uint32_t snap_bytes;     /* 0: no limit */
	uint64_t ticks_a_second; /* of its timestamps */
	int64_t offset_us;
};

struct capfile {
	bool is_ng, swapped;
	struct capfile_interface *interfaces;
	size_t n_interfaces, interfaces_capacity;
	uint64_t skip; /* bytes of a block that nobody needs */
	/* Counts. */
	int64_t packets;
	int64_t tcp;
	int64_t cut_short;    /* before their TCP flags */
	int64_t unknown_link; /* of link layers that are not read */
	int64_t no_time;      /* or one out of range */
	int64_t at_byte;      /* of the file */
	uint64_t mix;         /* of what was read: the same file, the same */
	bool ended;           /* damaged: why */
	char why[120];
};

/* Whether a file that begins so is a capture. */
bool capfile_knows(const void *bytes, size_t n);

/* Zeros are a struct before its file.  The first bytes come with the rest. */
void capfile_clear(struct capfile *c);

/*
 * Read whole blocks from bytes, until packets are full or more bytes are
 * needed; the TCP segments go to packet[*n_packets...], at most max.  How many
 * bytes are done with.  Packets point into bytes.
 */
size_t capfile_read(struct capfile *c, const uint8_t *bytes, size_t n,
    struct packet *packet, size_t max, size_t *n_packets);

#endif
