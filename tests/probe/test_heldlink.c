#include "config.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/heldlink.h"
#include "probe/wsupgrade.h"

#define MS INT64_C(1000)

static char path_name[] = "nat", host[] = "127.0.0.1", resource[] = "/";
static struct conf_path path = { .name = path_name };
static struct conf_endpoint endpoint = { .host = host, .resource = resource };
static struct event_base *base;
static struct heldlink *l;
static int changes, listener;
static bool impatient; /* short timeouts */
static pid_t child;
static struct endpoint_address at;

/* ------------------------------------------------------------ the far end */

/* What it does when it has answered. */
enum then { THEN_HOLD, THEN_CLOSE, THEN_RESET, THEN_PONG, THEN_AGAIN };

static void
listen_here(int backlog)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t size = sizeof(in);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&in, size), 0);
	cr_assert_eq(listen(listener, backlog), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&in, &size), 0);
	at.family = AF_INET;
	at.ip.v4 = in.sin_addr;
	at.port = ntohs(in.sin_port);
}

/* Up to the empty line; false at the end of the connection. */
static bool
read_request(int fd, char *request, size_t size)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = read(fd, request + have, size - 1 - have);
		if (n <= 0)
			return false;
		have += (size_t)n;
		request[have] = '\0';
	} while (strstr(request, "\r\n\r\n") == NULL);
	return true;
}

static void
say(int fd, const char *text)
{
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* "@" stands for the right Sec-WebSocket-Accept. */
static void
answer(int fd, const char *request, const char *reply)
{
	const char *key = strstr(request, "Sec-WebSocket-Key: ");
	const char *mark = strchr(reply, '@');
	char text[WS_KEY_SIZE], accept[WS_ACCEPT_SIZE];

	if (mark == NULL || key == NULL) {
		say(fd, reply);
		return;
	}
	memcpy(text, key + 19, WS_KEY_SIZE - 1);
	text[WS_KEY_SIZE - 1] = '\0';
	ws_accept_for(text, accept);
	cr_assert_eq(write(fd, reply, (size_t)(mark - reply)), mark - reply);
	say(fd, accept);
	say(fd, mark + 1);
}

/* A ping of 16 bytes, masked, becomes its pong. */
static void
pong(int fd)
{
	unsigned char ping[22], reply[18] = { 0x8a, 16 };
	size_t have = 0, i;
	ssize_t n;

	while (have < sizeof(ping)) {
		n = read(fd, ping + have, sizeof(ping) - have);
		if (n <= 0)
			return;
		have += (size_t)n;
	}
	for (i = 0; i < 16; i++)
		reply[2 + i] = ping[6 + i] ^ ping[2 + i % 4];
	cr_assert_eq(write(fd, reply, sizeof(reply)), (ssize_t)sizeof(reply));
}

static void
serve(const char *reply, enum then then)
{
	struct linger now = { 1, 0 };
	char request[4096];
	int fd = accept(listener, NULL, NULL);

	if (!read_request(fd, request, sizeof(request)))
		_exit(1);
	answer(fd, request, reply);
	if (then == THEN_PONG)
		pong(fd);
	if (then == THEN_AGAIN && read_request(fd, request, sizeof(request)))
		answer(fd, request, reply);
	if (then == THEN_RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (then == THEN_CLOSE || then == THEN_RESET)
		_exit(0);
	while (read(fd, request, sizeof(request)) > 0)
		;
	_exit(0);
}

/* --------------------------------------------------------------- our side */

static void
on_change(void *arg, struct heldlink *link)
{
	(void)arg;
	(void)link;
	changes++;
	event_base_loopbreak(base);
}

static void
open_link(enum scheme scheme)
{
	struct heldlink_order o = { .base = base,
		.path = &path,
		.endpoint = &endpoint,
		.connect_timeout_us = 5000 * MS,
		.answer_timeout_us = 5000 * MS,
		.on_change = on_change };

	endpoint.scheme = scheme;
	endpoint.port = at.port;
	o.address = at;
	if (impatient)
		o.connect_timeout_us = o.answer_timeout_us = 2000 * MS;
	l = heldlink_open(&o);
	cr_assert_eq(changes, 0, "told within heldlink_open()");
}

static void
talk(enum scheme scheme, const char *reply, enum then then)
{
	listen_here(8);
	child = fork();
	if (child == 0)
		serve(reply, then);
	close(listener);
	open_link(scheme);
	event_base_dispatch(base);
}

static void
begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
}

static void
end(void)
{
	heldlink_free(l, HELDLINK_BY_RESET);
	event_base_free(base);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

TestSuite(heldlink, .init = begin, .fini = end);

static void
expect(enum heldlink_state state, enum heldlink_end how)
{
	const struct heldlink_facts *f = heldlink_facts(l);

	cr_expect_eq(f->state, state, "state %d", (int)f->state);
	cr_expect_eq(f->end, how, "end %d, %s", (int)f->end,
	    f->text != NULL ? f->text : "-");
}

Test(heldlink, is_up_when_it_is_answered_and_knows_who_it_is_seen_as)
{
	const struct heldlink_facts *f;

	talk(SCHEME_HTTP,
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	    "X-Observed-Source: 203.0.113.7:4711\r\n\r\nok",
	    THEN_HOLD);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	f = heldlink_facts(l);
	cr_expect_eq(changes, 1);
	cr_expect_eq(f->status, 200);
	cr_expect_eq(f->observed.port, 4711);
	cr_expect_gt(f->local.port, 0);
	cr_expect_eq(f->syn_retransmits, 0);
	cr_expect(f->opened_us <= f->connected_us &&
	    f->connected_us <= f->asked_us && f->asked_us <= f->answered_us);
}

Test(heldlink, a_body_in_chunks_is_read_to_its_end)
{
	talk(SCHEME_HTTP,
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	    THEN_HOLD);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	cr_expect_eq(heldlink_facts(l)->status, 404);
}

Test(heldlink, is_asked_again_over_http)
{
	talk(SCHEME_HTTP, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	    THEN_AGAIN);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	heldlink_ask(l);
	cr_expect_eq(heldlink_facts(l)->state, HELDLINK_ASKING);
	event_base_dispatch(base);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	cr_expect_eq(changes, 2);
}

#define UPGRADE                                                      \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" \
	"Connection: Upgrade\r\nSec-WebSocket-Accept: @\r\n"         \
	"X-Observed-Source: [2001:db8::1]:99\r\n\r\n"

Test(heldlink, a_websocket_is_asked_by_a_ping)
{
	talk(SCHEME_WS, UPGRADE, THEN_PONG);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	cr_expect_eq(heldlink_facts(l)->observed.family, AF_INET6);
	heldlink_ask(l);
	event_base_dispatch(base);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	cr_expect_eq(changes, 2);
}

Test(heldlink, a_websocket_that_does_not_answer_a_ping_is_silent)
{
	impatient = true;
	talk(SCHEME_WS, UPGRADE, THEN_HOLD);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	heldlink_ask(l);
	event_base_dispatch(base);
	expect(HELDLINK_ENDED, HELDLINK_SILENT);
}

Test(heldlink, bad_answers_are_told_apart)
{
	static const struct {
		enum scheme scheme;
		const char *reply;
		enum then then;
		enum heldlink_end end;
	} cases[] = {
		{ SCHEME_HTTP, "SSH-2.0-OpenSSH\r\n\r\n", THEN_HOLD,
		    HELDLINK_BAD },
		{ SCHEME_HTTP, "", THEN_CLOSE, HELDLINK_CLOSED },
		{ SCHEME_HTTP, "", THEN_RESET, HELDLINK_RESET },
		{ SCHEME_WS, "HTTP/1.1 403 No\r\n\r\n", THEN_HOLD,
		    HELDLINK_DENIED },
		{ SCHEME_WS,
		    "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
		    THEN_HOLD, HELDLINK_BAD },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		heldlink_free(l, HELDLINK_BY_RESET);
		changes = 0;
		talk(cases[i].scheme, cases[i].reply, cases[i].then);
		expect(HELDLINK_ENDED, cases[i].end);
		if (child > 0) {
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
			child = 0;
		}
	}
}

Test(heldlink, an_end_while_it_is_held_is_noticed)
{
	talk(SCHEME_HTTP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	    THEN_HOLD);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	kill(child, SIGKILL);
	event_base_dispatch(base);
	expect(HELDLINK_ENDED, HELDLINK_CLOSED);
	cr_expect_eq(changes, 2);
}

Test(heldlink, finishing_waits_for_the_far_ends_fin)
{
	talk(SCHEME_HTTP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	    THEN_HOLD);
	expect(HELDLINK_UP, HELDLINK_NOT_ENDED);
	heldlink_finish(l);
	event_base_dispatch(base);
	expect(HELDLINK_ENDED, HELDLINK_CLOSED);
	cr_expect_gt(heldlink_facts(l)->ended_us, 0);
}

Test(heldlink, a_port_where_nobody_listens_refuses)
{
	listen_here(1);
	close(listener);
	open_link(SCHEME_HTTP);
	event_base_dispatch(base);
	expect(HELDLINK_ENDED, HELDLINK_REFUSED);
}

Test(heldlink, a_syn_without_an_answer_is_starved)
{
	int fds[3], i;
	struct sockaddr_in in = { .sin_family = AF_INET };

	/* A listener whose queue is full drops SYNs. */
	listen_here(0);
	in.sin_addr = at.ip.v4;
	in.sin_port = htons(at.port);
	for (i = 0; i < 3; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fds[i], (struct sockaddr *)&in, sizeof(in));
	}
	impatient = true;
	open_link(SCHEME_HTTP);
	event_base_dispatch(base);
	expect(HELDLINK_ENDED, HELDLINK_STARVED);
	cr_expect_eq(heldlink_facts(l)->connected_us, 0);
	for (i = 0; i < 3; i++)
		close(fds[i]);
}

/* An address that is not ours: the kernel refuses, and it is told later. */
Test(heldlink, what_this_host_cannot_do_is_its_own)
{
	listen_here(1);
	path.source.family = AF_INET;
	path.source.ip.v4.s_addr = htonl(0xc0000201);
	open_link(SCHEME_HTTP);
	event_base_dispatch(base);
	expect(HELDLINK_ENDED, HELDLINK_HOST);
	cr_expect_eq(changes, 1);
	cr_expect_neq(heldlink_facts(l)->os_errno, 0);
	path.source.family = 0;
}
