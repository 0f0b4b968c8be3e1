/*
 * In what this host runs: a container, a virtual machine, one in the other.
 */
#ifndef NATDIFF_PROBE_VIRTUALISATION_H
#define NATDIFF_PROBE_VIRTUALISATION_H

/*
 * By the files below root (see hostfile.h), as new memory: "container docker,
 * vm amazon"; NULL where neither shows.
 */
char *virtualisation_find(const char *root);

#endif
