/*
 * What the files of the witness share.
 *
 *	witness.c         listening, the loop, what is recorded when
 *	witness_conn.c    a connection: its phases, and their ends
 *	witness_answer.c  the responses' text
 *	witness_ws.c      WebSocket frames
 */
#ifndef NATDIFF_PROBE_WITNESS_CONN_H
#define NATDIFF_PROBE_WITNESS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <wslay/wslay.h>

#include "natdiff/text.h"
#include "probe/httprequest.h"
#include "probe/witness.h"

/*
 * What one connection may take.  With what OpenSSL and libevent take for it
 * (some 60 KiB with full buffers, 25 KiB when idle) this bounds the memory.
 */
#define WITNESS_READ_MAX       (4 * 1024) /* at once, and the TLS record */
#define WITNESS_WS_MESSAGE_MAX (8 * 1024) /* longer ones are refused */
#define WITNESS_WS_OUT_MAX     (8 * 1024) /* more: no frame is read */

/* Absolute: from the begin of the phase, however many bytes come. */
#define WITNESS_HANDSHAKE_US 10000000
#define WITNESS_REQUEST_US   10000000
/* Between two requests, and to take the answer. */
#define WITNESS_IDLE_US 60000000
/* For a client to read the last answer and to close. */
#define WITNESS_LINGER_US 2000000

enum witness_phase {
	WITNESS_HANDSHAKE,
	WITNESS_REQUEST,
	WITNESS_WEBSOCKET,
	WITNESS_LINGER /* all is said, the client is to close */
};

struct witness_conn {
	LIST_ENTRY(witness_conn) next;
	TAILQ_ENTRY(witness_conn) next_dirty;
	bool dirty; /* the record changed since it was put */
	struct witness *witness;
	struct bufferevent *bev;
	struct event *timer;
	enum witness_phase phase;
	enum arrival_end why; /* of WITNESS_LINGER */
	bool waits; /* nothing is read until the client takes its answers */
	wslay_event_context_ptr frames;
	size_t frame_budget; /* bytes that wslay may still read now */
	struct arrival_record record;
};
LIST_HEAD(witness_conns, witness_conn);
TAILQ_HEAD(witness_dirty, witness_conn);

struct witness {
	struct witness_options o;
	struct event_base *base;
	struct witness_conns conns;
	struct witness_dirty dirty;
	int64_t n_conns;
	int64_t next_arrival;
	struct witness_totals totals;
	struct listener {
		struct listener *next;
		struct evconnlistener *evl;
		struct witness *witness;
		struct event *again; /* accepts again after trouble */
	} * listeners;
	struct event *flush;
	struct event *alive;
	struct event *signals[2];
	bool stopping;
};

/* witness.c */

/* The record changed: it is stored soon. */
void witness_mark(struct witness_conn *c);

/* witness_conn.c */

/* Once, before the first connection. */
void witness_conn_prepare(SSL_CTX *tls);

/* A new connection, fd being its own; r is how far its record is filled. */
void witness_conn_new(
    struct witness *w, int fd, const struct arrival_record *r);

/* Record the end and free c.  The client is told by a TLS close. */
void witness_conn_end(struct witness_conn *c, enum arrival_end how);

/* Nothing more is sent but what waits; the client has a little time. */
void witness_conn_linger(struct witness_conn *c, enum arrival_end why);

/* Read nothing more (waits), or go on reading. */
void witness_conn_pace(struct witness_conn *c, bool waits);

/* Give the phase so much time from now. */
void witness_conn_limit(struct witness_conn *c, int64_t us);

/* witness_answer.c */

/* Append the response to a request; status is of r, or 403. */
void witness_answer(struct text *out, const struct httprequest *r, int status,
    const struct arrival_record *a);

/* witness_ws.c */

/* The 101 was answered.  c may be gone after each of these. */
void witness_ws_begin(struct witness_conn *c);
void witness_ws_run(struct witness_conn *c);

/* Tell the client that the witness ends. */
void witness_ws_stop(struct witness_conn *c);

#endif
