/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/journal_host.c: which host has begun an operation.  Hosts may share
 * the folder of the journals, and only the one that has begun an operation
 * can tell whether it is still at work.
 */
#include "run/run.h"

#include <string.h>

/* A machine-id; NULL if there is none, or none yet. */
static const char *host_machine(libxl_snapshot_ctx *sc)
{
    const char *id = snap_file_first_line(sc, "/etc/machine-id");
    bool is_one = id && strspn(id, "0123456789abcdef") == 32 && !id[32];

    return is_one ? id : NULL;
}

/* The name is the static one: at boot the kernel may not have its name
 * yet. */
struct snap_journal_host snap_journal_host(libxl_snapshot_ctx *sc)
{
    return (struct snap_journal_host){
        .name = snap_file_first_line(sc, "/etc/hostname"),
        .machine = host_machine(sc),
        .boot = snap_file_first_line(sc, "/proc/sys/kernel/random/boot_id"),
    };
}

/* Hosts that were cloned may have one machine-id, and others no name but
 * "localhost".  Journals of older versions have neither: they count as
 * ours. */
const char *snap_journal_host_other(libxl_snapshot_ctx *sc,
                                    const struct snap_journal_host *here,
                                    const struct snap_journal_host *of)
{
    bool other_name = of->name && here->name && strcmp(of->name, here->name);
    bool other_machine =
        of->machine
        && (!here->machine || strcmp(of->machine, here->machine));

    if (of->boot && here->boot && !strcmp(of->boot, here->boot))
        return NULL;
    if (other_name) return snap_sprintf(sc, "host %s", of->name);
    return other_machine ? snap_sprintf(sc, "the host with the machine-id %s",
                                        of->machine) : NULL;
}
