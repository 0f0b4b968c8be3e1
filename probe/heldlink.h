/*
 * A connection that is opened through a path and kept: TCP, TLS where the url
 * says so, then one request or a WebSocket upgrade.  No pooling, no retries;
 * what the active commands are made of.
 *
 *	l = heldlink_open(&order);      on_change: HELDLINK_UP, or _ENDED
 *	heldlink_ask(l);                after a silence: on_change again, with
 *	                                _UP where it was answered (answered_us)
 *	heldlink_free(l, HELDLINK_BY_RESET);
 *
 * A held connection says nothing by itself: no TCP keepalive, no WebSocket
 * ping; but it answers a server's ping, as RFC 6455 wants, so last_in_us
 * tells whether a silence was one.  What ends it while it is silent (FIN,
 * RST) is noticed at once.  A connection that a NAT has forgotten without a
 * word shows nothing at all until it is asked: then the end is
 * HELDLINK_SILENT (no answer within answer_timeout_us) or HELDLINK_RESET
 * (the NAT, or the far end behind it, refused).
 */
#ifndef NATDIFF_PROBE_HELDLINK_H
#define NATDIFF_PROBE_HELDLINK_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/conf.h"

struct event_base;
struct heldlink;

enum heldlink_state {
	HELDLINK_CONNECTING,
	HELDLINK_SECURING, /* TLS */
	HELDLINK_ASKING,   /* asked, not answered yet */
	HELDLINK_UP,
	HELDLINK_FINISHING, /* FIN sent, the far end's not seen */
	HELDLINK_ENDED
};

enum heldlink_end {
	HELDLINK_NOT_ENDED,
	HELDLINK_HOST,    /* this host: no port, no descriptor, no route */
	HELDLINK_STARVED, /* no answer to the SYNs in time */
	HELDLINK_REFUSED, /* the SYN was answered by a reset or by ICMP */
	HELDLINK_SILENT,  /* connected, then no answer in time */
	HELDLINK_RESET,   /* connected, then reset (or ended by ICMP) */
	HELDLINK_CLOSED,  /* the far end closed it: FIN */
	HELDLINK_BAD,     /* certificate, or no HTTP or WebSocket */
	HELDLINK_DENIED,  /* the upgrade was answered by another status */
	HELDLINK_ENDS
};

/* "starved", ...; NULL for HELDLINK_NOT_ENDED. */
const char *heldlink_end_name(enum heldlink_end end);

/* Times are monotonic_now_us(); 0: not yet. */
struct heldlink_facts {
	enum heldlink_state state;
	enum heldlink_end end;
	uint8_t id[ATTEMPT_ID_SIZE]; /* in X-Request-Id and traceparent */
	int os_errno;
	int status;        /* HTTP; 0: none */
	const char *text;  /* what was wrong, or NULL */
	int64_t opened_us; /* the first SYN */
	int64_t connected_us;
	int64_t asked_us;    /* last request, upgrade or ping sent */
	int64_t answered_us; /* the answer to it */
	int64_t last_in_us;  /* last bytes from the far end */
	int64_t ended_us;
	int64_t syn_retransmits; /* NOT_MEASURED where unknown */
	int64_t segs_in;         /* up to the connect */
	struct endpoint_address local;
	struct endpoint_address observed; /* X-Observed-Source; family 0 */
};

/* Everything pointed to outlives the link. */
struct heldlink_order {
	struct event_base *base;
	const struct conf_path *path;
	const struct conf_endpoint *endpoint;
	struct endpoint_address address; /* with port */
	SSL_CTX *tls;                    /* heldlink_tls(); NULL for plain */
	int64_t connect_timeout_us;
	int64_t answer_timeout_us; /* TLS, and each question */
	/*
	 * The link is UP, or ENDED; never called from within heldlink_open()
	 * or heldlink_ask().  The link may be freed in it.
	 */
	void (*on_change)(void *arg, struct heldlink *l);
	void *arg;
};

/*
 * What the endpoint's links need for TLS, SSL_CTX_free(); NULL for plain
 * ones.  -1 and e where its authorities cannot be read.
 */
int heldlink_tls(const struct conf_endpoint *ep, SSL_CTX **tls, struct err *e);

/* Begin; the SYN has left when this returns.  Never NULL. */
struct heldlink *heldlink_open(const struct heldlink_order *o);

/*
 * Ask an UP link for a sign of life: the request again, or a WebSocket ping.
 * The link is ASKING after it.
 */
void heldlink_ask(struct heldlink *l);

/*
 * Close an UP link by FIN and wait for the far end's: on_change with ENDED,
 * HELDLINK_CLOSED where it came (ended_us: the NAT's TIME_WAIT begins).  To
 * free a link with a FIN alone can make it a reset after all, where the far
 * end still says something.
 */
void heldlink_finish(struct heldlink *l);

const struct heldlink_facts *heldlink_facts(const struct heldlink *l);

/*
 * Segments that came in so far, TCP's own keep-alives among them, which
 * last_in_us does not show; NOT_MEASURED where the kernel does not tell.
 */
int64_t heldlink_segments(const struct heldlink *l);

/*
 * How an open connection is closed.  A reset frees the far end, this host and
 * most NATs at once or in seconds; after a FIN the port stays taken for the
 * NAT's TIME_WAIT.
 */
enum heldlink_closing { HELDLINK_BY_FIN, HELDLINK_BY_RESET };

/* Close and free; NULL does nothing. */
void heldlink_free(struct heldlink *l, enum heldlink_closing how);

#endif
