/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * standalone/xl_cmdtable.c: the commands: rows for xen.git's
 * xl_cmdtable.c.  Completion for bash is made from their text: "=FILE" or
 * "=DIR" behind an option says what completes its argument, "<Domain>" and
 * "<Snapshot>" in the usage what completes an operand.
 */
#include "../xl_snapshot.h"
#include "xl.h"

#define HELP_DIRECTORY \
    "-d DIR, --directory=DIR   Folder of the domain's snapshots (default:\n" \
    "                          /var/lib/xen/snapshots/<Domain>).\n"
#define HELP_DOMAIN_CONFIG \
    "--domain-config=FILE      The xl.cfg of the domain, if it does not run.\n"
#define HELP_BOOT_CONFIG \
    "--domain-config=FILE      The xl.cfg to boot the domain from, if the\n" \
    "                          snapshot has no memory; else to compare the\n" \
    "                          config in its memory image with.\n"
#define HELP_ACCEPT_CONFIG \
    "--accept-config           Take that config, whatever programs, files and\n" \
    "                          devices it names.\n"
#define HELP_SKIP_UNSUPPORTED \
    "--skip-unsupported        Leave the disks and devices that the snapshot left\n" \
    "                          out as they are now.\n"
#define HELP_TRUST_FOLDERS \
    "--trust-folders           Go on where others than root could put another\n" \
    "                          file in the place of an image.\n"
#define HELP_PAUSED \
    "-p, --paused              Leave the domain paused.\n"
#define HELP_UPDATE_CONFIG \
    "--update-config=FILE      Write the new disks into the domain's xl.cfg\n" \
    "                          FILE; nothing else in it changes.\n"
#define HELP_DRY_RUN \
    "-N, --dry-run             Print the plan, change nothing.\n"
#define HELP_SNAPSHOT \
    "\n" \
    "<Snapshot> is the name of a snapshot of the domain; or, if it has a \"/\",\n" \
    "the path of its snapshot.cfg, or of the folder that has it.\n"
#define HELP_ALL \
    "--json                    Print the result as JSON.\n" \
    "-v, --verbose             Print each step, and what QEMU is told and says;\n" \
    "                          given twice, all details.\n" \
    "-h, --help                Print this help.\n"

#define HELP_DELETE \
    "--delete                  Delete the layers that are superfluous then.\n"

#define HELP_DISREGARD \
    "--disregard=FILE          What is not known of FILE does not matter: it is\n" \
    "                          not there, cannot be read, or is protected.\n"

const struct cmd_spec cmd_table[] = {
    { "block-chain",
      &main_block_chain, 0, 0,
      "Show the images that a domain's disks stand on, and who needs them",
      "[options] <Domain> [vdev]",
      HELP_DIRECTORY
      HELP_DOMAIN_CONFIG
      HELP_ALL
    },
    { "block-commit",
      &main_block_commit, 1, 1,
      "Commit layers of a disk into one below them: a shorter chain",
      "[options] <Domain> <vdev>",
      "--base=FILE               The layer that gets the data (default: the lowest).\n"
      "--shallow                 The one right below the top instead.\n"
      "--top=FILE                The uppermost layer that is committed (default:\n"
      "                          the active one, which needs --active).\n"
      "--active                  Commit the active layer, too.\n"
      "--pivot                   The same, as virsh has it.\n"
      "--keep-overlay            The same, but the disk stays on that layer.\n"
      HELP_DELETE
      HELP_DISREGARD
      HELP_DIRECTORY
      HELP_DOMAIN_CONFIG
      HELP_TRUST_FOLDERS
      "--update-config=FILE      Write the new disk into the domain's xl.cfg\n"
      "                          FILE; nothing else in it changes.\n"
      HELP_DRY_RUN
      HELP_ALL
    },
    { "block-copy",
      &main_block_copy, 1, 1,
      "Copy a disk to another image, and let the domain go on there",
      "[options] <Domain> <vdev> <Target>",
      "--format=FORMAT           Of the copy: raw or qcow2 (default: the disk's).\n"
      "--shallow                 Only the active layer; the copy stands on the\n"
      "                          one below it.\n"
      "--reuse-external          Target exists: an empty image or volume.\n"
      "--pivot                   The domain goes on with the copy.\n"
      HELP_DELETE
      HELP_DISREGARD
      HELP_DIRECTORY
      HELP_DOMAIN_CONFIG
      HELP_TRUST_FOLDERS
      "--update-config=FILE      Write the new disk into the domain's xl.cfg\n"
      "                          FILE; nothing else in it changes.\n"
      HELP_DRY_RUN
      HELP_ALL
    },
    { "block-pull",
      &main_block_pull, 1, 1,
      "Pull layers of a disk up into one above them: a shorter chain",
      "[options] <Domain> <vdev>",
      "--base=FILE               The layer to stand on afterwards (default: none).\n"
      "--top=FILE                The layer that gets the data (default: the\n"
      "                          active one).\n"
      HELP_DELETE
      HELP_DISREGARD
      HELP_DIRECTORY
      HELP_DOMAIN_CONFIG
      HELP_TRUST_FOLDERS
      HELP_DRY_RUN
      HELP_ALL
    },
    { "snapshot-create",
      &main_snapshot_create, 1, 1,
      "Take a snapshot of a domain's memory and disks at one instant",
      "[options] <Domain> [Name|ConfigFile]",
      "-n NAME, --name=NAME      Name of the snapshot (default: date and time).\n"
      "-D TEXT, --description=TEXT\n"
      "                          A line that says what it is for.\n"
      HELP_DIRECTORY
      "--internal                All disks: a tag inside the qcow2 image.\n"
      "--external                All disks: freeze the image, continue in an\n"
      "                          overlay.  Default: internal if every writable\n"
      "                          disk supports it, else external.\n"
      "--reuse-external          The overlays that ConfigFile names are there: empty\n"
      "                          ones, each on the image of its disk.\n"
      "--disk-only               Without memory: the disks alone.\n"
      "--domain-config=FILE      The xl.cfg of the domain, if it does not run; or\n"
      "                          to keep a copy of it with --disk-only.\n"
      "--quiesce                 With --disk-only: let the guest agent freeze the\n"
      "                          guest's file systems meanwhile.\n"
      "--quiesce-command=FILE    The same by a program: FILE freeze|thaw <Domain>.\n"
      "--quiesce-timeout=SECONDS The longest that they stay frozen (default: 10).\n"
      "--lvm-size=SIZE           Size of each LVM snapshot: 20% of the volume, or\n"
      "                          4G (default: as much as it can ever need).\n"
      "--skip-unsupported        Leave out disks whose storage has no snapshots, and\n"
      "                          what else holds state that none has, such as PCI\n"
      "                          devices.\n"
      HELP_TRUST_FOLDERS
      "--live                    Copy memory while the domain runs.\n"
      "--unpause                 Let a paused domain run for the save.\n"
      HELP_PAUSED
      HELP_UPDATE_CONFIG
      HELP_DRY_RUN
      HELP_ALL
    },
    { "snapshot-delete",
      &main_snapshot_delete, 1, 1,
      "Delete a snapshot: what the disks have of it, its memory, its config",
      "[options] <Domain> <Snapshot>",
      HELP_DISREGARD
      HELP_DIRECTORY
      HELP_DOMAIN_CONFIG
      "--keep-data               Leave the disks as they are.\n"
      HELP_TRUST_FOLDERS
      HELP_DRY_RUN
      HELP_ALL
      HELP_SNAPSHOT
    },
    { "snapshot-list",
      &main_snapshot_list, 0, 0,
      "List a domain's snapshots: those recorded, and those in its images",
      "[options] <Domain>",
      HELP_DIRECTORY
      HELP_DOMAIN_CONFIG
      HELP_ALL
    },
    { "snapshot-recover",
      &main_snapshot_recover, 1, 1,
      "Undo or complete a command that was cut off",
      "[options] <Domain>|--all",
      "--all                     Recover all domains.\n"
      "--abandon                 Give up what cannot be recovered.\n"
      "--lose-writes             Overwrite what was written since a revert\n"
      "                          was cut off.\n"
      "--take-over               End what another host has begun, if that is\n"
      "                          gone, or is this one under another name.\n"
      HELP_DRY_RUN
      HELP_ALL
    },
    { "snapshot-revert",
      &main_snapshot_revert, 1, 1,
      "Bring a domain back to a snapshot; its present state is lost",
      "[options] <Domain> <Snapshot>",
      HELP_DIRECTORY
      HELP_BOOT_CONFIG
      HELP_ACCEPT_CONFIG
      "--force                   Use disks and memory even if they have changed\n"
      "                          since the snapshot.\n"
      "--keep                    Take a snapshot of the present state first.\n"
      HELP_SKIP_UNSUPPORTED
      HELP_TRUST_FOLDERS
      HELP_PAUSED
      HELP_UPDATE_CONFIG
      HELP_DRY_RUN
      HELP_ALL
      HELP_SNAPSHOT
    },
    { "snapshot-drivers",
      &main_snapshot_drivers, 0, 0,
      "List the kinds of disk snapshot that this host can take",
      "[options]",
      HELP_ALL
    },
    { "snapshot-verify",
      &main_snapshot_verify, 0, 0,
      "Check whether a revert to a snapshot would work; change nothing",
      "[options] [Domain] <Snapshot>",
      HELP_DIRECTORY
      HELP_BOOT_CONFIG
      HELP_ACCEPT_CONFIG
      HELP_SKIP_UNSUPPORTED
      HELP_TRUST_FOLDERS
      HELP_ALL
      HELP_SNAPSHOT
    },
};

const int cmdtable_len = sizeof(cmd_table) / sizeof(cmd_table[0]);
