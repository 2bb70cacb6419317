/* SPDX-License-Identifier: LGPL-2.1-only */
/* standalone/xl_cmdtable.c: the commands, rows for xen.git's xl_cmdtable.c. */
#include "../xl_snapshot.h"
#include "xl.h"

const struct cmd_spec cmd_table[] = {
    { "snapshot-create",
      &main_snapshot_create, 1, 1,
      "Take a snapshot of a domain: its memory and its disks, of one instant",
      "[options] <Domain> [ConfigFile]",
      "-n NAME, --name=NAME      Name of the snapshot (default: from the time).\n"
      "-D TEXT, --description=TEXT\n"
      "                          A line on what it is for.\n"
      "-d DIR, --directory=DIR   Folder that gets NAME/snapshot.cfg and\n"
      "                          NAME/memory (default:\n"
      "                          /var/lib/xen/snapshots/<Domain>).\n"
      "--internal                All disks: a tag inside the qcow2.\n"
      "--external                All disks: freeze the image, go on in an\n"
      "                          overlay.  Default: internal if every writable\n"
      "                          disk can, else external.\n"
      "--disk-only               No memory: the disks alone.\n"
      "--domain-config=FILE      The domain's xl.cfg, if it does not run; or to\n"
      "                          keep a copy for a revert to disks alone.\n"
      "--quiesce                 With --disk-only: freeze the guest's file systems\n"
      "                          for it, by its guest agent.\n"
      "--quiesce-command=FILE    The same by a program, FILE freeze|thaw <Domain>.\n"
      "--quiesce-timeout=SECONDS Longest time they are frozen (default: 10).\n"
      "--lvm-size=SIZE           Room of each LVM snapshot: 20% of the volume, or\n"
      "                          4G (default: as much as it can ever need).\n"
      "--skip-unsupported        Leave out disks whose storage has no snapshots.\n"
      "--live                    Copy memory while the domain runs.\n"
      "--unpause                 Let a paused domain run for the save.\n"
      "-p, --paused              Leave the domain paused.\n"
      "--update-config=FILE      Let the domain's xl.cfg FILE name the new\n"
      "                          disks; nothing else in it changes.\n"
      "-N, --dry-run             Print the plan, change nothing.\n"
      "--json                    Print the result as JSON.\n"
      "-v, --verbose             Say what is done; twice: all of it.\n"
      "-h, --help                Print this help.\n"
    },
    { "snapshot-list",
      &main_snapshot_list, 0, 0,
      "List a domain's snapshots: those on record, and what its images tell",
      "[options] <Domain>",
      "-d DIR, --directory=DIR   Folder of its snapshots (default:\n"
      "                          /var/lib/xen/snapshots/<Domain>).\n"
      "--domain-config=FILE      The domain's xl.cfg, if it does not run.\n"
      "--json                    Print the result as JSON.\n"
      "-v, --verbose             Say what is done; twice: all of it.\n"
      "-h, --help                Print this help.\n"
    },
    { "snapshot-recover",
      &main_snapshot_recover, 1, 1,
      "Undo or complete what was cut off: a create or a revert",
      "[options] <Domain>|--all",
      "--all                     Of all domains.\n"
      "-N, --dry-run             Say what would be done, change nothing.\n"
      "--json                    Print the result as JSON.\n"
      "-v, --verbose             Say what is done; twice: all of it.\n"
      "-h, --help                Print this help.\n"
    },
    { "snapshot-revert",
      &main_snapshot_revert, 1, 1,
      "Bring a domain back to a snapshot; its present state is lost",
      "[options] <Domain> <ConfigFile>",
      "--domain-config=FILE      The xl.cfg to boot from, where the snapshot has\n"
      "                          no memory.\n"
      "--force                   Take disks and memory as they are, even if they\n"
      "                          are not what they were at the snapshot.\n"
      "--keep                    Take a snapshot of the present first.\n"
      "--skip-unsupported        Take the disks that the snapshot left out as they\n"
      "                          are now.\n"
      "-p, --paused              Leave the domain paused.\n"
      "--update-config=FILE      Let the domain's xl.cfg FILE name the new\n"
      "                          disks; nothing else in it changes.\n"
      "-N, --dry-run             Print the plan, change nothing.\n"
      "--json                    Print the result as JSON.\n"
      "-v, --verbose             Say what is done; twice: all of it.\n"
      "-h, --help                Print this help.\n"
    },
    { "snapshot-drivers",
      &main_snapshot_drivers, 0, 0,
      "List what this host can take disk snapshots with",
      "[options]",
      "--json                    Print the list as JSON.\n"
      "-v, --verbose             Say what is done; twice: all of it.\n"
      "-h, --help                Print this help.\n"
    },
    { "snapshot-verify",
      &main_snapshot_verify, 0, 0,
      "Check all that a revert to a snapshot would check, and do nothing",
      "[options] <ConfigFile>",
      "--domain-config=FILE      The xl.cfg to boot from, where the snapshot has\n"
      "                          no memory.\n"
      "--skip-unsupported        As for snapshot-revert.\n"
      "--json                    Print the result as JSON.\n"
      "-v, --verbose             Say what is done; twice: all of it.\n"
      "-h, --help                Print this help.\n"
    },
};

const int cmdtable_len = sizeof(cmd_table) / sizeof(cmd_table[0]);
