/*
 * Inside the held link: heldlink.c has its socket and its course,
 * heldlink_talk.c what is said on it.
 */
#ifndef NATDIFF_PROBE_HELDLINK_INTERNAL_H
#define NATDIFF_PROBE_HELDLINK_INTERNAL_H

#include <stddef.h>

#include <event2/event.h>
#include <wslay/wslay.h>

#include "natdiff/text.h"
#include "probe/heldlink.h"
#include "probe/wsupgrade.h"

/* Bytes of an answer, head and body, that are read at most. */
#define HELDLINK_ANSWER_MAX (128 * 1024)

struct heldlink {
	struct heldlink_order order;
	struct heldlink_facts facts;
	int fd; /* -1: none */
	SSL *ssl;
	struct event *readable, *writable, *timer;

	struct text out; /* what is to be sent; holds secrets */
	size_t sent;
	struct text in; /* of the answer that is being read */
	bool pong;      /* the ping was answered */
	char accept[WS_ACCEPT_SIZE];
	wslay_event_context_ptr frames;
	size_t taken;             /* of in, by frames */
	enum heldlink_end io_end; /* why a read or a write failed */
};

/*
 * Read or write what goes without waiting: 1 and *n bytes, 0 where nothing
 * goes now, -1 where the connection ended (io_end says how).
 */
int heldlink_receive(struct heldlink *l, void *buffer, size_t size, size_t *n);
int heldlink_transmit(
    struct heldlink *l, const void *bytes, size_t size, size_t *n);

/* The course of the link; each may free it, so nothing follows a call. */
void heldlink_answered(struct heldlink *l);
void heldlink_fail(struct heldlink *l, enum heldlink_end end, const char *text);

/* heldlink_talk.c: put the request or the ping into what is to be sent. */
void heldlink_talk_ask(struct heldlink *l);
/* The socket is ready: the link may be gone after these. */
void heldlink_talk_write(struct heldlink *l);
void heldlink_talk_read(struct heldlink *l);
void heldlink_talk_clear(struct heldlink *l);

#endif
