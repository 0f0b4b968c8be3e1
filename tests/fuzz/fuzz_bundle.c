/*
 * Fuzz the checking of a bundle: an archive, packed or not, as it comes.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/bundle/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verification v;
	size_t i;

	verify_memory(&v, data, size, NULL);
	/* What is good has the files that every bundle has. */
	check(v.n_problems > 0 || v.n_files >= 5);
	check(v.bytes <= VERIFY_BYTES_MAX + (1 << 20));
	check(v.bytes <= VERIFY_RATIO_FROM + (1 << 20) ||
	    v.bytes / VERIFY_RATIO_MAX <= (int64_t)size + (1 << 20));
	for (i = 0; i < v.n_problems && i < VERIFY_PROBLEMS_MAX; i++)
		check(strlen(v.problem[i]) > 0);
	verification_clear(&v);
	return 0;
}
