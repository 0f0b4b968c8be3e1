#include "config.h"

#include <sys/random.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/capfile.h"
#include "report/import/capture.h"
#include "report/import/format.h"

/* Its files never come to be pieces: import.c knows a capture by its magic. */
const struct format format_pcap = {
	.name = "pcap",
	.does = "packet captures (pcap, pcapng), of either side of the NAT",
};

/* Read at a time: little enough to stay in the processor's cache. */
#define PORTION ((size_t)512 * 1024)

struct capture {
	struct reader *reader;
	struct import_show *show;
	struct capfile file;
	struct flows *flows;
	uint8_t *bytes;
	size_t n;
	bool at_end;
};

/* What is in the buffer: whole packets, and what is left moves down. */
static int
read_buffer(struct capture *c, struct err *e)
{
	struct packet packets[FLOWS_BATCH];
	size_t at = 0, got, n_packets;

	do {
		n_packets = 0;
		got = capfile_read(&c->file, c->bytes + at, c->n - at, packets,
		    FLOWS_BATCH, &n_packets);
		at += got;
		if (flows_add(c->flows, packets, n_packets, e) != 0)
			return -1;
	} while (got > 0);
	memmove(c->bytes, c->bytes + at, c->n - at);
	c->n -= at;
	return 0;
}

static int
read_packets(struct capture *c, struct err *e)
{
	size_t room;
	int n;

	for (;;) {
		if (read_buffer(c, e) != 0)
			return -1;
		import_show(c->show, c->reader, c->file.packets);
		if (c->at_end || c->file.ended)
			return 0;
		room = 2 * CAPFILE_BUFFER - c->n;
		n = reader_read(c->reader, (char *)c->bytes + c->n,
		    room < PORTION ? room : PORTION, e);
		if (n < 0)
			return -1;
		c->n += (size_t)n;
		c->at_end = n == 0;
	}
}

/* Where reading ended before the file did. */
static void
tell_end(const struct capture *c, const char *name, char *why, size_t size)
{
	if (c->file.ended)
		snprintf(why, size, "%.60s: packet %" PRId64 ": %.99s", name,
		    c->file.packets + 1, c->file.why);
	else if (c->n > 0 || c->file.skip > 0)
		snprintf(why, size,
		    "%.60s: packet %" PRId64 ": cut off, expected the rest",
		    name, c->file.packets + 1);
}

/* What a capture is known by, in place of all its bytes. */
static void
add_to_digest(struct capture *c)
{
	int64_t numbers[4] = { reader_bytes(c->reader), c->file.packets,
		c->file.tcp, (int64_t)c->file.mix };

	reader_add_digest(c->reader, numbers, sizeof(numbers));
}

static int
read_capture(struct capture *c, const char *name, struct capture_result *result,
    struct err *e)
{
	struct capture_record *t = &result->totals;

	if (read_packets(c, e) != 0 || flows_end(c->flows, e) != 0)
		return -1;
	tell_end(c, name, result->why, sizeof(result->why));
	if (c->file.packets == 0 && result->why[0] != '\0')
		return err_set(e, "%s", result->why);
	add_to_digest(c);
	*t = *flows_totals(c->flows);
	t->packets = c->file.packets;
	t->tcp_packets = c->file.tcp;
	t->cut_packets = c->file.cut_short;
	return 0;
}

int
capture_read(struct reader *r, const void *head, size_t n_head,
    const struct flows_sink *sink, struct import_show *show, const char *name,
    struct capture_result *result, struct err *e)
{
	struct capture c = { .reader = r, .show = show };
	uint64_t seeds[2];
	int done;

	memset(result, 0, sizeof(*result));
	if (getrandom(seeds, sizeof(seeds), 0) != sizeof(seeds))
		return err_sys(e, "%s: no random numbers", name);
	c.flows = flows_new(sink, seeds, e);
	if (c.flows == NULL)
		return -1;
	c.bytes = x_calloc(2, CAPFILE_BUFFER);
	memcpy(c.bytes, head, n_head);
	c.n = n_head;
	reader_end_digest(r);
	done = read_capture(&c, name, result, e);
	flows_free(c.flows);
	capfile_clear(&c.file);
	free(c.bytes);
	return done;
}
