/*
 * A capture's way into the store: bytes, packets, flows, rows.
 */
#ifndef NATDIFF_IMPORT_CAPTURE_H
#define NATDIFF_IMPORT_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/capture.h"
#include "natdiff/err.h"
#include "report/import/flows.h"
#include "report/import/reader.h"
#include "report/import/show.h"

/* Rows of one capture; more is left out, and said so. */
#define CAPTURE_FLOWS_MAX 1000000

/* How a capture was read. */
struct capture_result {
	struct capture_record totals;
	/* Empty, or where and why reading ended before the file did. */
	char why[200];
};

/*
 * Read all of r, of which head was read already, and give its rows to sink.
 * -1 and e: it could not be read at all, or the sink refused.  What is cut
 * off or damaged is no failure, once a packet came.
 */
int capture_read(struct reader *r, const void *head, size_t n_head,
    const struct flows_sink *sink, struct import_show *show, const char *name,
    struct capture_result *result, struct err *e);

#endif
