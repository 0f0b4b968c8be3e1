/*
 * The attempts at one endpoint as packed columns: about 16 bytes an attempt,
 * so that months of them fit.
 */
#ifndef NATDIFF_REPORT_ATTEMPTS_H
#define NATDIFF_REPORT_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/failure.h"
#include "report/packed.h"

/* "Not measured" in the columns. */
#define NO_DURATION UINT32_MAX
#define NO_STATUS   0
#define NO_INDEX    UINT16_MAX /* of a target or an address */
#define NO_COUNT    UINT8_MAX
#define NO_PORT     0
#define NO_ARRIVAL  0

/* In the certificate column: a session, but no issuer is known of it. */
#define CERTIFICATE_UNKNOWN 0

/*
 * Where in its slot an attempt began: in units of interval / OFFSET_UNIT, and
 * saturating (two intervals either way).
 */
#define OFFSET_UNIT 16384

/* Phases whose durations are columns, and the total. */
enum duration {
	DURATION_CONNECT,
	DURATION_TLS,
	DURATION_REQUEST,
	DURATION_TOTAL,
	DURATION_COUNT
};

/* "connect", ..., "total". */
const char *duration_name(enum duration d);

/* One attempt on its way into the columns. */
struct attempt_row {
	int64_t slot;
	uint32_t run;
	uint32_t arrival; /* 1 + that in dataset.arrivals, or NO_ARRIVAL */
	uint32_t duration_us[DURATION_COUNT];
	uint16_t target; /* in dataset.targets; NO_INDEX: not resolved */
	uint16_t seq;
	uint16_t status;
	uint16_t observed;      /* in dataset.addresses, or NO_INDEX */
	uint16_t certificate;   /* in dataset.certificates, or NO_INDEX */
	uint16_t observed_port; /* or NO_PORT; so the next */
	uint16_t local_port;
	int16_t offset;  /* of OFFSET_UNIT */
	uint8_t failure; /* enum failure */
	uint8_t phase;   /* enum phase, where failure is not 0 */
	uint8_t syn_retransmits;
	uint8_t late;    /* retransmits after the connect, less DSACKs */
	bool spurious;   /* late is 0, though some were sent: all had arrived */
	uint8_t segs_in; /* up to the connect */
	uint8_t seen;    /* in what was imported: SEEN_... */
};

/*
 * The columns but the durations: each field, what it is read as, and what it
 * is moved by, modulo its size, so that the numbers that are often beside each
 * other need few bits ("none" of all bits set becomes 0).
 */
#define ATTEMPT_FIELDS(FIELD)                       \
	FIELD(slot, int64_t, uint64_t, 0)           \
	FIELD(run, uint32_t, uint32_t, 0)           \
	FIELD(target, uint16_t, uint16_t, 1)        \
	FIELD(seq, uint16_t, uint16_t, 0)           \
	FIELD(status, uint16_t, uint16_t, 0)        \
	FIELD(observed, uint16_t, uint16_t, 1)      \
	FIELD(observed_port, uint16_t, uint16_t, 0) \
	FIELD(local_port, uint16_t, uint16_t, 0)    \
	FIELD(arrival, uint32_t, uint32_t, 0)       \
	FIELD(certificate, uint16_t, uint16_t, 1)   \
	FIELD(offset, int16_t, uint16_t, 32768)     \
	FIELD(failure, enum failure, uint8_t, 0)    \
	FIELD(phase, enum phase, uint8_t, 0)        \
	FIELD(syn_retransmits, uint8_t, uint8_t, 1) \
	FIELD(late, uint8_t, uint8_t, 1)            \
	FIELD(segs_in, uint8_t, uint8_t, 1)         \
	FIELD(seen, uint8_t, uint8_t, 0)

/*
 * What stands out about an attempt, as flags: most have none.  They are what is
 * counted by, and follow from its row.  The commonest are the lowest, which
 * take the fewest bits.
 */
enum mark {
	MARK_FAILED = 1,       /* in any way but as MARK_OWN, cut short too */
	MARK_RESENT = 2,       /* a SYN was sent again */
	MARK_SILENT = 4,       /* no answer at all came to a SYN */
	MARK_LATE_UNKNOWN = 8, /* as of what never connected */
	MARK_STATUS = 16,      /* answered with 400 or more */
	MARK_LATE = 32,        /* a later segment was sent again */
	MARK_OWN = 64, /* failed by its own host, or for want of a name */
	MARK_SYN_UNKNOWN = 128,
	MARK_SPURIOUS = 256 /* all that was sent again later had arrived */
};

enum attempt_field {
#define FIELD(field, type, kept, by) field_##field,
	ATTEMPT_FIELDS(FIELD)
#undef FIELD
	    field_duration_us,
	field_marks = field_duration_us + DURATION_COUNT,
	field_count
};

/* By (slot, seq, target, run, offset) after dataset_finish(). */
struct attempts {
	size_t n;
	struct packed column[field_count];
};

/* attempt_slot(a, i), ...: a field of attempt i. */
#define FIELD(field, type, kept, by)                                           \
	static inline type attempt_##field(const struct attempts *a, size_t i) \
	{                                                                      \
		return (type)(kept)(packed_get(&a->column[field_##field], i) - \
		    (by));                                                     \
	}
ATTEMPT_FIELDS(FIELD)
#undef FIELD

/* Its duration, or NO_DURATION. */
static inline uint32_t
attempt_duration_us(const struct attempts *a, enum duration d, size_t i)
{
	return (uint32_t)(packed_get(&a->column[field_duration_us + d], i) - 1);
}

/* Flags of enum mark. */
static inline unsigned
attempt_marks(const struct attempts *a, size_t i)
{
	return (unsigned)packed_get(&a->column[field_marks], i);
}

/* Whether it failed in any way, by its marks. */
static inline bool
marks_failed(unsigned marks)
{
	return (marks & (MARK_FAILED | MARK_OWN)) != 0;
}

static inline bool
attempt_failed(const struct attempts *a, size_t i)
{
	return marks_failed(attempt_marks(a, i));
}

/* Whether its SYN was sent again, as far as is known. */
static inline bool
attempt_resent(const struct attempts *a, size_t i)
{
	return (attempt_marks(a, i) & MARK_RESENT) != 0;
}

void attempts_add(struct attempts *a, const struct attempt_row *row);
void attempts_clear(struct attempts *a);

/* Add all of from to a, whose order is another then; from is empty. */
void attempts_join(struct attempts *a, struct attempts *from);

/*
 * By slot, then seq, target, run and offset: the order for attempts_select(),
 * for the caller to free; NULL where they are in it.
 */
uint32_t *attempts_order(const struct attempts *a);

/* Those at order[0], ... order[n - 1] are all there is, in this order. */
void attempts_select(struct attempts *a, const uint32_t *order, size_t n);

/* The first attempt at slot or later; a->n if there is none.  O(log n). */
size_t attempts_from(const struct attempts *a, int64_t slot);

#endif
