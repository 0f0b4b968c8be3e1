#include "config.h"

#include "report/attempts.h"

const char *
duration_name(enum duration d)
{
	static const char *const names[DURATION_COUNT] = {
		[DURATION_CONNECT] = "connect",
		[DURATION_TLS] = "tls",
		[DURATION_REQUEST] = "request",
		[DURATION_TOTAL] = "total",
	};

	return names[d];
}

/* Not of the path: its host could not begin, or there was no address. */
static bool
is_own(enum failure f)
{
	return failure_is_local(f) || failure_is_dns(f);
}

static unsigned
mark_if(bool has, enum mark mark)
{
	return has ? (unsigned)mark : 0;
}

static unsigned
marks_of(const struct attempt_row *row)
{
	enum failure f = (enum failure)row->failure;
	bool failed = f != FAILURE_NONE, own = failed && is_own(f);
	bool resent =
	    row->syn_retransmits != NO_COUNT && row->syn_retransmits > 0;
	/* Something came before the SYN-ACK: an old connection, perhaps. */
	bool answered = row->segs_in != NO_COUNT && row->segs_in > 1;

	return mark_if(failed && !own, MARK_FAILED) | mark_if(own, MARK_OWN) |
	    mark_if(!failed && row->status >= 400, MARK_STATUS) |
	    mark_if(resent, MARK_RESENT) |
	    mark_if(f == FAILURE_CONNECT_TIMEOUT || (resent && !answered),
		MARK_SILENT) |
	    mark_if(row->late != NO_COUNT && row->late > 0, MARK_LATE) |
	    mark_if(row->syn_retransmits == NO_COUNT, MARK_SYN_UNKNOWN) |
	    mark_if(row->late == NO_COUNT, MARK_LATE_UNKNOWN) |
	    mark_if(row->spurious, MARK_SPURIOUS);
}

void
attempts_add(struct attempts *a, const struct attempt_row *row)
{
	size_t i;

#define FIELD(field, type, kept, by) \
	packed_add(&a->column[field_##field], (kept)(row->field + (by)));
	ATTEMPT_FIELDS(FIELD)
#undef FIELD
	for (i = 0; i < DURATION_COUNT; i++)
		packed_add(&a->column[field_duration_us + i],
		    (uint32_t)(row->duration_us[i] + 1));
	packed_add(&a->column[field_marks], marks_of(row));
	a->n++;
}

void
attempts_clear(struct attempts *a)
{
	size_t i;

	for (i = 0; i < field_count; i++)
		packed_clear(&a->column[i]);
	a->n = 0;
}

void
attempts_join(struct attempts *a, struct attempts *from)
{
	size_t i;

	for (i = 0; i < field_count; i++)
		packed_join(&a->column[i], &from->column[i]);
	a->n += from->n;
	from->n = 0;
}

void
attempts_select(struct attempts *a, const uint32_t *order, size_t n)
{
	size_t i;

	for (i = 0; i < field_count; i++)
		packed_select(&a->column[i], order, n);
	a->n = n;
}

size_t
attempts_from(const struct attempts *a, int64_t slot)
{
	size_t lo = 0, hi = a->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (attempt_slot(a, mid) < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
