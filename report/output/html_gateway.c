/*
 * What gateways said, by source and kind.
 */
#include "config.h"

#include <inttypes.h>

#include "report/gateway_sums.h"
#include "report/output/html.h"

void
html_gateway(struct html_report *h)
{
	struct gateway_sums sums;
	struct table t;
	size_t i;

	gateway_sums_find(&sums, h->r->d);
	table_init(&t, 3);
	t.left[1] = true;
	table_row(&t, "source");
	table_cell(&t, "kind");
	table_cell(&t, "count");
	for (i = 0; i < sums.n; i++) {
		table_row(&t, sums.sum[i].source);
		table_cell(&t, "%s", sums.sum[i].kind);
		table_cell(&t, "%" PRId64, sums.sum[i].value);
	}
	if (sums.n > 0) {
		page_heading(&h->page.page, "gateway events");
		page_table(&h->page.page, &t);
	}
	table_clear(&t);
	gateway_sums_clear(&sums);
}
