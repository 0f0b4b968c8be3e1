/*
 * One attempt, from the socket to the record: what the engine's files share.
 *
 * The engine (engine.c) owns the loop and libcurl's multi handle; attempt.c
 * the course of an attempt through its phases; attempt_curl.c its libcurl
 * handle; attempt_end.c how it ends; attempt_ws.c what follows the TLS
 * handshake of a WebSocket.
 */
#ifndef NATDIFF_PROBE_ATTEMPT_H
#define NATDIFF_PROBE_ATTEMPT_H

#include <curl/curl.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "natdiff/record.h"
#include "natdiff/text.h"
#include "probe/classify.h"
#include "probe/engine.h"
#include "probe/httpreply.h"
#include "probe/pathsocket.h"
#include "probe/tlsfacts.h"

struct websocket;

/*
 * libcurl copies what it sends into a buffer that it keeps, 16 KiB at least,
 * for a request of 300 bytes.  From this size on malloc() takes pages of their
 * own, of which only those in use cost memory: 4 KiB.
 */
#define ATTEMPT_PAGES_FROM 131072L

struct attempt {
	LIST_ENTRY(attempt) entries;
	struct engine *engine;
	struct attempt_order order;
	struct attempt_record record;

	CURL *easy;
	struct curl_slist *headers;    /* holds secrets */
	struct curl_slist *connect_to; /* the pinned address */
	char curl_error[CURL_ERROR_SIZE];

	int fd;         /* -1: not open, or closed by libcurl */
	int open_errno; /* why the socket could not be made */
	enum phase phase;
	struct event *timer; /* of the phase */
	int64_t deadline_us;

	/* Monotonic times, 0 where not reached. */
	int64_t opened_us;
	int64_t connected_us;
	int64_t tls_us;     /* the TLS handshake begins */
	int64_t request_us; /* the request may be sent */
	int64_t first_byte_us;

	struct tcp_facts facts; /* as last read while the socket was open */
	struct tls_facts tls;
	int64_t connect_lag_us; /* bound on the connect event's wait */
	int64_t lag_us;         /* longest that our own loop kept it waiting */

	/* The response. */
	size_t head_bytes;
	size_t body_bytes;
	bool head_too_large;
	bool body_enough;
	struct text body;     /* only where an address is looked for in it */
	struct websocket *ws; /* NULL but for ws and wss after connect */
};

/* attempt.c */

/* A new attempt with its easy handle made, not yet added to the multi. */
struct attempt *attempt_new(struct engine *en, const struct attempt_order *o);

/* libcurl began to watch the socket: connect() has been called. */
void attempt_on_socket_known(struct attempt *a);

/* The socket is ready after at most lag_us of waiting for our loop. */
void attempt_on_socket_ready(struct attempt *a, int64_t lag_us);

/* Enter a phase and start its timer. */
void attempt_begin_phase(struct attempt *a, enum phase phase);

/* Keep what a header of the final response is kept for. */
void attempt_note_header(void *arg, const struct http_header *h);

/* The connection is up and nothing was sent on it yet. */
void attempt_note_connected(struct attempt *a);

/* The first byte of the response is here. */
void attempt_note_first_byte(struct attempt *a);

/* attempt_curl.c */

/* Make the request and set the easy handle's options, by the order. */
void attempt_set_up(struct attempt *a);

/* attempt_end.c */

/* libcurl is done with the transfer. */
void attempt_on_transfer_done(struct attempt *a, CURLcode result);

/*
 * The end of it: the record is completed and handed over, the attempt freed.
 * failure FAILURE_NONE is success; text, which may be NULL, is copied.
 */
void attempt_finish(struct attempt *a, enum failure failure, enum phase phase,
    const char *text);

/* The same from a symptom, with libcurl's or the kernel's own words. */
void attempt_fail(struct attempt *a, const struct symptom *s);

/* A symptom of now: no errno, no curl code, what TLS has shown. */
struct symptom attempt_symptom(const struct attempt *a);

/* attempt_ws.c */

/* The connection stands (and TLS where it is wss): upgrade, ping, close. */
void websocket_begin(struct attempt *a);

/* What the phase timer means now that a WebSocket is under way. */
enum failure websocket_timeout(const struct websocket *ws, enum failure f);

void websocket_free(struct websocket *ws);

/* engine.c */

struct event_base *engine_base(struct engine *en);
CURLM *engine_multi(struct engine *en);

/* Called at the begin of each callback of the loop: see loopclock.h. */
int64_t engine_enter(struct engine *en);
void engine_leave(struct engine *en);

/* Take an attempt's handle out; on_done with its record. */
void engine_forget(struct engine *en, struct attempt *a);
void engine_deliver(struct engine *en, struct attempt_record *r);

#endif
