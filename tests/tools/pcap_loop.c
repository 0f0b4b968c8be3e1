/*
 * The yardstick of the capture import: libpcap's own loop, with the same
 * table of flows under it, and nothing else.
 *
 *   pcap_loop FILE
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "report/import/flowtable.h"
#include "report/import/packet.h"

int
main(int argc, char **argv)
{
	static const uint64_t seeds[2] = { 0x243f6a8885a308d3,
		0x13198a2e03707344 };
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	struct flowtable table;
	struct flow_key k;
	struct packet p;
	struct flow *f;
	const u_char *bytes;
	int64_t packets = 0;
	struct err e;
	pcap_t *pcap;

	pcap = argc == 2 ? pcap_open_offline(argv[1], why) : NULL;
	if (pcap == NULL) {
		fprintf(stderr, "pcap_loop: %s\n",
		    argc == 2 ? why : "one FILE, please");
		return 1;
	}
	if (flowtable_init(&table, seeds, &e) != 0) {
		fprintf(stderr, "pcap_loop: %s\n", e.msg);
		return 1;
	}
	while (pcap_next_ex(pcap, &h, &bytes) == 1) {
		packets++;
		if (packet_read(&p, (uint32_t)pcap_datalink(pcap), bytes,
			h->caplen) != PACKET_TCP)
			continue;
		memset(&k, 0, sizeof(k));
		k.a = p.source < p.destination ? p.source : p.destination;
		k.b = p.source < p.destination ? p.destination : p.source;
		k.port_a = p.source < p.destination ? p.source_port
						    : p.destination_port;
		k.port_b = p.source < p.destination ? p.destination_port
						    : p.source_port;
		f = flowtable_find(&table, &k, flowtable_hash(&table, &k));
		if (f == NULL)
			f = flowtable_add(
			    &table, &k, flowtable_hash(&table, &k));
		if (f == NULL)
			continue;
		f->last_us =
		    (int64_t)h->ts.tv_sec * 1000000 + (int64_t)h->ts.tv_usec;
	}
	printf("%" PRId64 " packets, %zu flows\n", packets, table.n);
	flowtable_clear(&table);
	pcap_close(pcap);
	return 0;
}
