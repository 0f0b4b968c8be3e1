#include "config.h"

#include "report/evidence/outcome.h"

#define SYN    OUTCOME_BIT(OUTCOME_SYN)
#define LATE   OUTCOME_BIT(OUTCOME_LATE)
#define STATUS OUTCOME_BIT(OUTCOME_STATUS)

static unsigned
bits_if(bool has, unsigned bits)
{
	return has ? bits : 0;
}

struct outcomes
outcomes_of_marks(unsigned marks)
{
	struct outcomes o = { OUTCOMES_ALL, 0 };

	if (marks == 0)
		return o;
	if ((marks & MARK_OWN) != 0)
		return (struct outcomes){ 0, 0 };
	o.known &= ~(bits_if((marks & MARK_SYN_UNKNOWN) != 0, SYN) |
	    bits_if((marks & MARK_LATE_UNKNOWN) != 0, LATE) |
	    bits_if((marks & MARK_FAILED) != 0, STATUS));
	o.has =
	    bits_if((marks & MARK_FAILED) != 0,
		OUTCOME_BIT(OUTCOME_FAILED) | OUTCOME_BIT(OUTCOME_TROUBLE)) |
	    bits_if((marks & MARK_RESENT) != 0,
		SYN | OUTCOME_BIT(OUTCOME_TROUBLE)) |
	    bits_if((marks & MARK_SILENT) != 0, OUTCOME_BIT(OUTCOME_SILENT)) |
	    bits_if((marks & MARK_LATE) != 0, LATE) |
	    bits_if((marks & MARK_STATUS) != 0, STATUS);
	return o;
}

int
outcome_of(const struct attempts *a, size_t i, enum outcome o)
{
	struct outcomes all = outcomes_of_marks(attempt_marks(a, i));

	if ((all.known & OUTCOME_BIT(o)) == 0)
		return -1;
	return (all.has & OUTCOME_BIT(o)) != 0;
}

/* The class of the scorecard that a failure falls into. */
static enum kind
kind_of_failure(enum failure f, enum phase phase)
{
	if (failure_is_local(f))
		return KIND_LOCAL_ERRNO;
	if (failure_is_dns(f))
		return KIND_DNS;
	if (phase != PHASE_CONNECT)
		return KIND_TLS; /* cut, reset or silent after the connect */
	return f == FAILURE_CONNECT_TIMEOUT ? KIND_CONNECT_SILENT
					    : KIND_CONNECT_REFUSED;
}

enum kind
outcome_kind(const struct attempts *a, size_t i)
{
	unsigned marks = attempt_marks(a, i);

	if ((marks & MARKS_NOT_OK) != 0)
		return kind_of_failure(
		    attempt_failure(a, i), attempt_phase(a, i));
	return (marks & MARK_STATUS) != 0 ? KIND_HTTP_STATUS : KIND_NONE;
}
