#include "config.h"

#include "report/evidence/outcome.h"

bool
outcome_is_dns(enum failure f)
{
	return f >= FAILURE_DNS_NXDOMAIN && f <= FAILURE_DNS_TIMEOUT;
}

/* Something came before the SYN-ACK: not silence, but an old connection. */
static bool
was_answered(const struct attempts *a, size_t i)
{
	return attempt_segs_in(a, i) != NO_COUNT && attempt_segs_in(a, i) > 1;
}

static unsigned
bit_if(bool has, enum outcome o)
{
	return (unsigned)has << o;
}

struct outcomes
outcomes_of(const struct attempts *a, size_t i)
{
	enum failure f = attempt_failure(a, i);
	uint8_t syn = attempt_syn_retransmits(a, i), late = attempt_late(a, i);
	bool failed = f != FAILURE_NONE, resent = syn != NO_COUNT && syn > 0;
	struct outcomes o = { 0, 0 };

	if (failed && (failure_is_local(f) || outcome_is_dns(f)))
		return o;
	o.known = bit_if(true, OUTCOME_FAILED) |
	    bit_if(syn != NO_COUNT, OUTCOME_SYN) |
	    bit_if(true, OUTCOME_TROUBLE) | bit_if(true, OUTCOME_SILENT) |
	    bit_if(late != NO_COUNT, OUTCOME_LATE) |
	    bit_if(!failed, OUTCOME_STATUS);
	o.has = bit_if(failed, OUTCOME_FAILED) | bit_if(resent, OUTCOME_SYN) |
	    bit_if(failed || resent, OUTCOME_TROUBLE) |
	    bit_if(
		f == FAILURE_CONNECT_TIMEOUT || (resent && !was_answered(a, i)),
		OUTCOME_SILENT) |
	    bit_if(late > 0, OUTCOME_LATE) |
	    bit_if(attempt_status(a, i) >= 400, OUTCOME_STATUS);
	o.has &= o.known;
	return o;
}

int
outcome_of(const struct attempts *a, size_t i, enum outcome o)
{
	struct outcomes all = outcomes_of(a, i);

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
	if (outcome_is_dns(f))
		return KIND_DNS;
	if (phase != PHASE_CONNECT)
		return KIND_TLS; /* cut, reset or silent after the connect */
	return f == FAILURE_CONNECT_TIMEOUT ? KIND_CONNECT_SILENT
					    : KIND_CONNECT_REFUSED;
}

enum kind
outcome_kind(const struct attempts *a, size_t i)
{
	enum failure f = attempt_failure(a, i);

	if (f != FAILURE_NONE)
		return kind_of_failure(f, attempt_phase(a, i));
	return attempt_status(a, i) >= 400 ? KIND_HTTP_STATUS : KIND_NONE;
}
