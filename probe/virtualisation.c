#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "probe/hostfile.h"
#include "probe/virtualisation.h"

/*
 * The kind of container, NULL where none shows.  First what replaces the
 * kernel, then who started it, from the surest sign to the weakest.
 */
static const char *
find_container(const char *root, char *buf, size_t size)
{
	/* In the paths of /proc/1/cgroup, the more particular first. */
	static const struct {
		const char *word, *kind;
	} cgroups[] = {
		{ "kubepods", "kubernetes" },
		{ "libpod", "podman" },
		{ "docker", "docker" },
		{ "lxc", "lxc" },
		{ "containerd", "containerd" },
	};
	ssize_t size_read, at;
	size_t i;

	/* gVisor shows this banner, with the same date, in every release. */
	hostfile_read(root, "/proc/version", buf, size);
	if (strstr(buf, "gVisor") != NULL ||
	    strstr(buf,
		"Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST "
		"2016") != NULL)
		return "gvisor";
	hostfile_read(root, "/proc/sys/kernel/osrelease", buf, size);
	if (strcasestr(buf, "microsoft") != NULL)
		return "wsl";
	if (hostfile_exists(root, "/run/secrets/kubernetes.io"))
		return "kubernetes";
	hostfile_read(root, "/proc/1/cgroup", buf, size);
	if (strstr(buf, cgroups[0].word) != NULL)
		return cgroups[0].kind;
	if (hostfile_exists(root, "/.dockerenv"))
		return "docker";
	if (hostfile_exists(root, "/run/.containerenv"))
		return "podman";
	for (i = 1; i < sizeof(cgroups) / sizeof(cgroups[0]); i++)
		if (strstr(buf, cgroups[i].word) != NULL)
			return cgroups[i].kind;

	/* lxc, systemd-nspawn and podman name themselves to their init. */
	size_read = hostfile_read(root, "/proc/1/environ", buf, size);
	for (at = 0; at < size_read; at += (ssize_t)strlen(buf + at) + 1) {
		if (strncmp(buf + at, "container=", 10) != 0)
			continue;
		memmove(buf, buf + at + 10, strlen(buf + at + 10) + 1);
		hostfile_clean(buf);
		return buf[0] == '\0' ? NULL : buf;
	}
	return NULL;
}

/* Whether the processor says that a hypervisor runs it; -1: it cannot say. */
static int
hypervisor_flag(const char *root, char *buf, size_t size)
{
	const char *line, *end, *word;

	/* The first processor's entry speaks for all. */
	hostfile_read(root, "/proc/cpuinfo", buf, size);
	line = strstr(buf, "\nflags\t");
	if (line == NULL)
		return -1;
	end = strchrnul(line + 1, '\n');
	word = strstr(line, " hypervisor");
	return word != NULL && word < end;
}

/*
 * The kind of virtual machine: "" where one shows but not which, NULL where
 * none does.
 */
static const char *
find_machine(const char *root, char *buf, size_t size)
{
	/* vendor and product as the firmware gives them: a part of each */
	static const struct {
		const char *vendor, *product, *kind;
	} machines[] = {
		{ "Amazon EC2", "", "amazon" },
		{ "Google", "Google Compute Engine", "google" },
		{ "Microsoft Corporation", "Virtual Machine", "hyperv" },
		{ "Alibaba Cloud", "", "alibaba" },
		{ "DigitalOcean", "", "digitalocean" },
		{ "Hetzner", "vServer", "hetzner" },
		{ "OpenStack", "", "openstack" },
		{ "", "OpenStack", "openstack" },
		{ "VMware", "", "vmware" },
		{ "innotek GmbH", "", "virtualbox" },
		{ "", "VirtualBox", "virtualbox" },
		{ "Parallels", "", "parallels" },
		{ "Apple Inc.", "Apple Virtualization", "apple" },
		{ "Xen", "", "xen" },
		{ "", "KVM", "kvm" },
		{ "QEMU", "", "qemu" },
	};
	char vendor[HOSTFILE_SMALL_SIZE], product[HOSTFILE_SMALL_SIZE];
	int flag = hypervisor_flag(root, buf, size);
	size_t i;

	/* Xen's own file says "xen"; it is there on its dom0 too. */
	if (hostfile_line(root, "/sys/hypervisor/type", buf, size) == 0)
		return buf;
	hostfile_line(
	    root, "/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	hostfile_line(
	    root, "/sys/class/dmi/id/product_name", product, sizeof(product));
	/* The clouds' bare machines carry the vendor's name as well. */
	if (flag == 0 || strstr(product, ".metal") != NULL)
		return NULL;
	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strstr(vendor, machines[i].vendor) != NULL &&
		    strstr(product, machines[i].product) != NULL)
			return machines[i].kind;
	return flag == 1 ? "" : NULL;
}

char *
virtualisation_find(const char *root)
{
	size_t size = 64 * 1024;
	char *buf = x_malloc(size);
	struct text t;
	const char *kind;

	text_init(&t, 2 * HOSTFILE_FACT_MAX + 64);
	kind = find_container(root, buf, size);
	if (kind != NULL)
		text_addf(&t, "container %s", kind);
	kind = find_machine(root, buf, size);
	if (kind != NULL)
		text_addf(&t, "%svm%s%s", t.size > 0 ? ", " : "",
		    kind[0] != '\0' ? " " : "", kind);
	free(buf);
	return t.s;
}
