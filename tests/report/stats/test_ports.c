#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "report/stats/ports.h"
#include "tests/tools/nullmodels.h"

#define N 400

static struct port_seen seen[N];
static struct ports p;

/* What a host picks: its own range, at random. */
static void
pick_local(struct rng *r)
{
	size_t i;

	for (i = 0; i < N; i++)
		seen[i].local = (uint16_t)(32768 + rng_next(r) % 28232);
}

Test(ports, few_say_nothing)
{
	memset(seen, 1, sizeof(seen));
	ports_classify(&p, seen, 0);
	cr_expect(p.order == PORTS_FEW && p.distinct == 0 && p.blocks == 0);
	ports_classify(&p, seen, PORTS_LEAST - 1);
	cr_expect_eq(p.order, PORTS_FEW);
	cr_expect_str_eq(port_order_name(p.order), "few");
}

/* Linux where it can: the host's own port, a collision now and then. */
Test(ports, kept_ones_are_preserved)
{
	struct rng r;
	size_t i;

	rng_seed(&r, 1, 1);
	pick_local(&r);
	for (i = 0; i < N; i++)
		seen[i].seen = i % 20 == 0 ? 1024 : seen[i].local;
	ports_classify(&p, seen, N);
	cr_expect_eq(p.order, PORTS_PRESERVED);
	cr_expect_eq(p.preserved, 380);
}

/* A counter, of which others take some, too, and which wraps. */
Test(ports, a_counter_is_sequential)
{
	uint32_t port = 60000, i;
	struct rng r;

	rng_seed(&r, 2, 1);
	pick_local(&r);
	for (i = 0; i < N; i++) {
		port += 1 + (uint32_t)(rng_next(&r) % 40);
		if (port > 65000)
			port = 1024 + (port - 65000);
		seen[i].seen = (uint16_t)port;
	}
	ports_classify(&p, seen, N);
	cr_expect_eq(p.order, PORTS_SEQUENTIAL);
	for (i = 0; i < N; i++)
		seen[i].seen = (uint16_t)(1024 + i % 32);
	ports_classify(&p, seen, N);
	cr_expect_eq(p.order, PORTS_SEQUENTIAL);
	cr_expect(p.lowest == 1024 && p.highest == 1055 && p.distinct == 32);
	cr_expect(p.blocks == 1 && p.block_width == 32);
}

/* Over many seeds, in pools of all sizes: never taken for more. */
Test(ports, random_ones_have_neither_order_nor_blocks)
{
	static const uint32_t sizes[] = { 32, 64, 100, 1000, 28232, 64512 };
	size_t blocks = 0, cases = 0, s, seed, i;
	struct rng r;

	for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (seed = 1; seed <= 100; seed++) {
			rng_seed(&r, (uint32_t)seed, (uint32_t)s);
			pick_local(&r);
			for (i = 0; i < N; i++)
				seen[i].seen =
				    (uint16_t)(1024 + rng_next(&r) % sizes[s]);
			ports_classify(&p, seen, N);
			cr_expect_eq(p.order, PORTS_RANDOM, "%zu %zu", s, seed);
			blocks += p.blocks > 1;
			cases++;
		}
	}
	cr_expect(blocks * 50 < cases, "%zu of %zu", blocks, cases);
}

/* As clouds deal them: k blocks of some ports, at random within. */
Test(ports, blocks_are_counted)
{
	static const struct {
		uint32_t blocks, width;
	} cases[] = { { 2, 64 }, { 3, 64 }, { 5, 128 }, { 2, 1024 },
		{ 4, 512 } };
	struct rng r;
	size_t c, i;

	for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		rng_seed(&r, 7, (uint32_t)c);
		pick_local(&r);
		for (i = 0; i < N; i++)
			seen[i].seen = (uint16_t)(2048 +
			    rng_next(&r) % cases[c].blocks * 9000 +
			    rng_next(&r) % cases[c].width);
		ports_classify(&p, seen, N);
		cr_expect_eq(
		    p.blocks, cases[c].blocks, "%zu: %zu", c, p.blocks);
		cr_expect_eq(p.order, PORTS_RANDOM);
		cr_expect(p.block_width <= cases[c].width &&
			p.block_width * 10 > cases[c].width * 8,
		    "%zu: %u", c, p.block_width);
	}
}
