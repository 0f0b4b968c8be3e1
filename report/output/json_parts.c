/*
 * Small pieces of JSON.
 */
#include "config.h"

#include <math.h>

#include "natdiff/walltime.h"
#include "report/output/json_parts.h"

json_t *
json_count(size_t n)
{
	return json_integer((json_int_t)n);
}

json_t *
json_number(double value)
{
	if (!isfinite(value))
		return json_null();
	if (value == floor(value) && fabs(value) < 1e15)
		return json_integer((json_int_t)value);
	return json_real(value);
}

json_t *
json_interval(struct interval i)
{
	if (isnan(i.lo) || isnan(i.hi))
		return json_null();
	return json_pack("[o, o]", json_number(i.lo), json_number(i.hi));
}

json_t *
json_moment(int64_t at_us)
{
	char text[WALLTIME_TEXT_SIZE];

	if (at_us == NOT_MEASURED)
		return json_null();
	return json_string(walltime_format(at_us, 3, text));
}
