#include "config.h"

#include <criterion/criterion.h>
#include <stdatomic.h>

#include "report/parallel.h"

static atomic_int called[1000];

static void
count(void *context, size_t i)
{
	atomic_fetch_add(&((atomic_int *)context)[i], 1);
}

Test(parallel, does_each_part_once)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 1000 };
	size_t s, i;

	for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (i = 0; i < 1000; i++)
			atomic_store(&called[i], 0);
		parallel_each(sizes[s], count, called);
		for (i = 0; i < 1000; i++)
			cr_assert_eq(atomic_load(&called[i]), i < sizes[s],
			    "part %zu of %zu", i, sizes[s]);
	}
}
