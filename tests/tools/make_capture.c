/*
 * Make a classic pcap for measuring: TCP over Ethernet, cut at 64 bytes.
 *
 *   make_capture FILE PACKETS TUPLES
 *
 * Each tuple opens with SYN, SYN-ACK and ACK; what follows is data, an ACK at
 * a time from either side, of tuples in a fixed pseudo-random order.  One
 * tuple in 100 sends its SYN again.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD 16
#define FRAME  64
#define BATCH  4096

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static uint8_t batch[BATCH * (RECORD + FRAME)];
static size_t batched;
static FILE *out;
static uint64_t written;

static void
put_16(uint8_t *s, unsigned v)
{
	s[0] = (uint8_t)(v >> 8);
	s[1] = (uint8_t)v;
}

static void
put_32(uint8_t *s, uint32_t v)
{
	put_16(s, v >> 16);
	put_16(s + 2, v & 0xffff);
}

static void
flush_batch(void)
{
	if (fwrite(batch, RECORD + FRAME, batched, out) != batched) {
		perror("make_capture");
		exit(1);
	}
	batched = 0;
}

/* A segment of a tuple; a microsecond after the last one. */
static void
put(uint32_t tuple, int from_server, unsigned flags, uint32_t seq, uint32_t ack)
{
	uint8_t *r = batch + batched * (RECORD + FRAME), *f = r + RECORD;
	uint32_t client = 0x0a000000 + tuple / 50000;
	uint32_t server = 0xc6336400 + tuple % 4, header[4];
	unsigned port = 10000 + tuple % 50000;
	uint64_t at = written++;

	header[0] = (uint32_t)(1773147900 + at / 1000000);
	header[1] = (uint32_t)(at % 1000000);
	header[2] = FRAME;
	header[3] = flags & SYN ? 74 : 1460;
	memcpy(r, header, RECORD);
	memset(f, 0, FRAME);
	put_16(f + 12, 0x0800);
	f[14] = 0x45;
	put_16(f + 16, header[3] - 14);
	f[22] = 64;
	f[23] = 6;
	put_32(f + 26, from_server ? server : client);
	put_32(f + 30, from_server ? client : server);
	put_16(f + 34, from_server ? 443 : port);
	put_16(f + 36, from_server ? port : 443);
	put_32(f + 38, seq);
	put_32(f + 42, ack);
	f[46] = 0x50;
	f[47] = (uint8_t)flags;
	if (++batched == BATCH)
		flush_batch();
}

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

int
main(int argc, char **argv)
{
	static const uint32_t header[6] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0,
		FRAME, 1 };
	uint64_t packets, tuples, i, x = 88172645463325252U;
	uint32_t t;

	if (argc != 4) {
		fprintf(stderr, "usage: make_capture FILE PACKETS TUPLES\n");
		return 2;
	}
	packets = strtoull(argv[2], NULL, 10);
	tuples = strtoull(argv[3], NULL, 10);
	out = fopen(argv[1], "wb");
	if (out == NULL || fwrite(header, sizeof(header), 1, out) != 1) {
		perror(argv[1]);
		return 1;
	}
	for (i = 0; i < tuples && written + 4 <= packets; i++) {
		t = (uint32_t)i;
		put(t, 0, SYN, 1000, 0);
		if (i % 100 == 0) {
			written += 10000;
			put(t, 0, SYN, 1000, 0);
			packets += 10000;
		}
		put(t, 1, SYN | ACK, 5000, 1001);
		put(t, 0, ACK, 1001, 5001);
	}
	while (written < packets) {
		t = (uint32_t)(next_random(&x) % tuples);
		put(t, (int)(x >> 40 & 1), ACK, (uint32_t)x,
		    (uint32_t)(x >> 32));
	}
	flush_batch();
	if (fclose(out) != 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
