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
