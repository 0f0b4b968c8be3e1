/*
 * What a probe records, as plain data: each struct is one row of the store
 * (lib/schema.c) before it is written.  Strings are owned by the struct where
 * a *_clear() says so, else they outlive it.
 */
#ifndef NATDIFF_RECORD_H
#define NATDIFF_RECORD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/failure.h"
#include "natdiff/measurement.h"

#define ATTEMPT_ID_SIZE 16 /* bytes; a traceparent's trace id */
#define SHA256_SIZE     32

/*
 * "Not measured", in every integer field that can be missing: stored as
 * NULL, never as 0.
 */
#define NOT_MEASURED INT64_MIN

enum role { ROLE_DIRECT, ROLE_NAT };

/* An IP address and port; family 0 is "none". */
struct endpoint_address {
	int family; /* AF_INET, AF_INET6 or 0 */
	uint16_t port;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} ip;
};

/* One life of an agent process on one path. */
struct run_record {
	uint8_t uuid[16];
	const char *agent; /* random, kept in the database: store_agent() */
	const char *host_name;
	const char *path;
	enum role role;
	const char *interface; /* NULL where not configured; so the next two */
	const char *source;
	int64_t mark;
	const char *version;
	int64_t started_at_us;
	int64_t interval_us;
	const char *config_digest; /* SHA-256 of the file's bytes, hex */
	int64_t pid;
	/* Facts of the host; NULL or NOT_MEASURED where unreadable. */
	const char *kernel;
	const char *boot_id;
	int64_t boot_at_us;
	const char *virtualisation; /* "container docker", "vm kvm" */
	int64_t clock_synchronised; /* 0, 1: ntp_adjtime(2) */
	int64_t clock_max_error_us;
	const char *facts_json;   /* sysctls by name: an object */
	const char *gateway_json; /* [gateway] as configured, or NULL */
};

/* How a run ended. */
struct run_end {
	int64_t ended_at_us;
	int64_t planned; /* attempts that the schedule asked for */
	int64_t fired;
	int64_t lost_rows;     /* measured, but not storable */
	int64_t clock_step_us; /* largest step of the wall clock seen */
	const char *how;       /* finished | interrupted | failed */
};

/* What an endpoint is; a changed one is a new row under the same name. */
struct endpoint_record {
	const char *name;
	const char *url;
	bool control;
	bool verify;
	const char *kind; /* endpoint | witness | whoami */
};

/* One answer of the resolver, once per slot, endpoint and path. */
struct resolution_record {
	int64_t serial; /* the run's own number, which attempts refer to */
	int run;        /* as given by recorder_add_run() */
	int endpoint;   /* as given by recorder_add_endpoint() */
	int64_t slot;
	int64_t started_at_us;
	int64_t duration_us;
	enum failure failure;
	char *failure_text; /* owned, may be NULL */
	char *addresses;    /* owned: sorted, blank between; NULL on failure */
};

struct header_record {
	char *name;
	char *value;
};

/* One connection and one handshake. */
struct attempt_record {
	uint8_t id[ATTEMPT_ID_SIZE];
	int run;
	int endpoint;
	struct endpoint_address target; /* family 0: not resolved */
	int64_t resolution_serial;      /* 0: addresses were pinned */
	int64_t slot;
	int seq;
	int64_t started_at_us;
	/* Durations; NOT_MEASURED for a phase that was not reached. */
	int64_t connect_us;
	int64_t tls_us;
	int64_t request_us;
	int64_t done_us;
	int64_t other_us;
	int64_t total_us;
	int64_t ws_ping_us; /* within done_us */
	int64_t kernel_rtt_us;
	int64_t loop_lag_us;
	enum failure failure;
	enum phase failed_phase; /* where failure is not FAILURE_NONE */
	char *failure_text;      /* owned, may be NULL */
	int64_t curl_code;
	int64_t os_errno;
	int64_t tls_alert; /* received from the far end */
	int64_t http_status;
	struct endpoint_address local;
	struct endpoint_address observed; /* as the far end saw us */
	int64_t syn_retransmits;          /* up to the connect */
	int64_t connect_segs_in;
	int64_t late_retransmits; /* after it, dsack_dups not subtracted */
	int64_t dsack_dups;
	int64_t server_date_offset_us; /* server's Date minus our clock */
	int64_t bytes_in;
	int64_t bytes_out;
	/* TLS facts; owned, NULL where TLS was not up. */
	char *tls_version;
	char *tls_cipher;
	char *cert_issuer;
	bool has_cert;
	uint8_t cert_sha256[SHA256_SIZE];
	int64_t cert_verify; /* X509_V_*; 0 is trusted */
	/* Response headers that the configuration asks to keep; owned. */
	struct header_record *headers;
	size_t n_headers;
};

/* One line of the census: this host's TCP sockets to one destination. */
struct census_record {
	struct endpoint_address destination; /* family 0: all of them */
	int64_t established;
	int64_t syn_sent;
	int64_t time_wait;
	int64_t closing; /* FIN_WAIT1/2, CLOSING, LAST_ACK */
	int64_t close_wait;
	int64_t local_ports; /* distinct, with a far end */
	int64_t own;         /* of these, the probe's */
};

/* The host's own limits and load, once a slot. */
struct host_sample_record {
	int run;
	int64_t slot;
	int64_t at_us;
	int64_t ports_in_use; /* of the range, distinct */
	int64_t port_range_first;
	int64_t port_range_last;
	int64_t conntrack_count;
	int64_t conntrack_max;
	int64_t conntrack_drops;      /* drop + insert_failed, since boot */
	int64_t allowance_exceeded;   /* ethtool *_allowance_exceeded, summed */
	int64_t cpu_stall_us;         /* /proc/pressure/cpu some, total */
	int64_t load1_milli;          /* load average of 1 minute, by 1000 */
	struct census_record *census; /* owned */
	size_t n_census;
};

/*
 * What a NAT's own counters or log say of a stretch of time.  A counter's
 * value is its increase from from_at_us to to_at_us.
 */
struct gateway_event_record {
	int64_t import_id;  /* NOT_MEASURED: not from an import */
	const char *source; /* which gateway or log */
	const char *kind;
	int64_t from_at_us;
	int64_t to_at_us;
	int64_t value;    /* NOT_MEASURED in a log line without a number */
	int64_t protocol; /* IP protocol number */
	struct endpoint_address inside; /* family 0: not told */
	struct endpoint_address outside;
	struct endpoint_address destination;
	const char *identity; /* drops duplicates; NULL: none */
	const char *detail;
};

/* What an active command found on one path. */
struct measurement_record {
	enum measurement_kind kind;
	const char *path;
	enum role role;
	const char *host_name;
	const char *version;
	const char *destination; /* "203.0.113.10:443" */
	int64_t started_at_us;
	int64_t ended_at_us;
	enum measurement_end ended_how;
	enum measurement_finding finding;
	int64_t low; /* connections, or microseconds; NOT_MEASURED */
	int64_t best;
	int64_t high;
	const char *detail_json; /* an object, or NULL */
};

/* One life of a witness. */
struct witness_run_record {
	const char *host_name;
	const char *version;
	int64_t pid;
	const char *listen; /* "203.0.113.5:8443 [2001:db8::5]:8443" */
	int64_t started_at_us;
	int64_t clock_synchronised;
	int64_t clock_max_error_us;
	const char *kernel; /* NULL where unreadable; so the next */
	const char *boot_id;
};

/* How long it lasted, as far as it was written down. */
struct witness_life {
	int64_t alive_at_us;
	int64_t ended_at_us; /* NOT_MEASURED: lives, or was killed; so */
	int64_t lost_rows;
};

/* How an arrival ended. */
enum arrival_end {
	ARRIVAL_OPEN,    /* it has not */
	ARRIVAL_CLOSED,  /* by the client, or by both as WebSockets do */
	ARRIVAL_RESET,   /* by the client, or on the way */
	ARRIVAL_BROKEN,  /* it spoke no TLS, HTTP or WebSocket */
	ARRIVAL_TIMEOUT, /* it was silent or slow for too long */
	ARRIVAL_REFUSED, /* without the key, or one too many */
	ARRIVAL_STOPPED  /* the witness ended */
};

/* "closed" and so on; NULL is ARRIVAL_OPEN, and so is an unknown name. */
const char *arrival_end_name(enum arrival_end end);
enum arrival_end arrival_end_parse(const char *name);

/* A connection at a witness, as far as it came. */
struct arrival_record {
	int64_t id; /* of its row: see recorder_add_witness() */
	bool has_attempt_id;
	uint8_t attempt_id[ATTEMPT_ID_SIZE];
	struct endpoint_address observed;
	struct endpoint_address listen;
	int64_t accepted_at_us;
	/* NOT_MEASURED where it did not come so far. */
	int64_t client_hello_at_us;
	int64_t handshake_at_us;
	int64_t request_at_us;
	int64_t upgrade_at_us;
	int64_t ended_at_us;
	int64_t requests;
	int64_t http_status;
	enum arrival_end ended;
};

/* What the vendor's own access log has of one request. */
struct edge_entry_record {
	int64_t import_id;
	bool has_attempt_id;
	uint8_t attempt_id[ATTEMPT_ID_SIZE];
	int64_t at_us;
	struct endpoint_address client; /* family 0: not told; so its port */
	int64_t status;
	const char *request_id; /* the vendor's own */
	const char *identity;
	const char *detail;
};

/* A failure that the application itself saw. */
struct app_failure_record {
	int64_t import_id;
	int64_t at_us;
	struct endpoint_address source; /* family 0: not told; so its port */
	struct endpoint_address destination;
	const char *error;
	const char *identity;
};

/* A file that was imported, with what came of it. */
struct import_record {
	const char *kind;
	const char *file;
	const char *sha256; /* of its content, unpacked; hex */
	int64_t rows, duplicates, bad_lines;
	const char *first_bad; /* NULL: none */
};

/* A struct with every number NOT_MEASURED and every pointer NULL. */
void edge_entry_record_init(struct edge_entry_record *en);
void app_failure_record_init(struct app_failure_record *f);
void gateway_event_record_init(struct gateway_event_record *ev);
void attempt_record_init(struct attempt_record *a);

/* Release what the record owns. */
void attempt_record_clear(struct attempt_record *a);
void resolution_record_clear(struct resolution_record *r);
void host_sample_record_clear(struct host_sample_record *s);

/* "203.0.113.10", "2001:db8::1"; out has INET6_ADDRSTRLEN bytes. */
char *endpoint_address_ip(const struct endpoint_address *a, char *out);

/* "203.0.113.10:443", "[2001:db8::1]:443". */
#define ENDPOINT_ADDRESS_TEXT_SIZE (INET6_ADDRSTRLEN + 8)
char *endpoint_address_text(
    const struct endpoint_address *a, char out[ENDPOINT_ADDRESS_TEXT_SIZE]);

/* An IP address from text, without a port; -1 if it is none. */
int endpoint_address_parse(const char *text, struct endpoint_address *a);

/* Address and port; the address alone. */
bool endpoint_address_equal(
    const struct endpoint_address *a, const struct endpoint_address *b);
bool endpoint_address_same_ip(
    const struct endpoint_address *a, const struct endpoint_address *b);

#endif
