#include "config.h"

#include "report/evidence/outcome.h"

static unsigned
bit_if(bool has, enum outcome o)
{
	return (unsigned)has << o;
}

struct outcomes
outcomes_of_marks(unsigned marks)
{
	struct outcomes o = { OUTCOMES_ALL, 0 };
	bool failed, resent;

	if (marks == 0)
		return o;
	if ((marks & MARK_OWN) != 0)
		return (struct outcomes){ 0, 0 };
	failed = (marks & MARK_FAILED) != 0;
	resent = (marks & MARK_RESENT) != 0;
	o.known &= ~(bit_if((marks & MARK_SYN_UNKNOWN) != 0, OUTCOME_SYN) |
	    bit_if((marks & MARK_LATE_UNKNOWN) != 0, OUTCOME_LATE) |
	    bit_if(failed, OUTCOME_STATUS));
	o.has = bit_if(failed, OUTCOME_FAILED) | bit_if(resent, OUTCOME_SYN) |
	    bit_if(failed || resent, OUTCOME_TROUBLE) |
	    bit_if((marks & MARK_SILENT) != 0, OUTCOME_SILENT) |
	    bit_if((marks & MARK_LATE) != 0, OUTCOME_LATE) |
	    bit_if((marks & MARK_STATUS) != 0, OUTCOME_STATUS);
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

	if (marks_failed(marks))
		return kind_of_failure(
		    attempt_failure(a, i), attempt_phase(a, i));
	return (marks & MARK_STATUS) != 0 ? KIND_HTTP_STATUS : KIND_NONE;
}
