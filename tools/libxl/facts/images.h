/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/images.h: images: who takes a disk's snapshot, who uses a layer, and
 * what tells a state from another.
 */
#ifndef SNAP_FACTS_IMAGES_H
#define SNAP_FACTS_IMAGES_H

#include "config/config.h"

/*-- hooks: the driver that takes a disk ------------------------------------*/

/* The hooks that an operation asks: found once, and one that fails is not
 * asked again.  Initialise with 0. */
struct snap_hooks {
    bool listed;
    int num;
    const char **names;
    const char **failed;        /* by name: how, or NULL */
};

/* Choose the drivers of @disk, once.  Hooks are asked if it is a data disk
 * that no other driver takes. */
void snap_choice_make(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                      struct snap_disk *disk);
/* Let the hook that @driver names, if it names one, say whether it takes
 * @disk: fills in disk->hook or disk->no_hook. */
void snap_choice_ask_hook(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                          const char *driver, struct snap_disk *disk);

/*-- program ----------------------------------------------------------------*/

/* The version that "@program --version" prints first, NULL if it prints
 * none. *problem_r: why the program is of no use, or NULL. */
void snap_program_version(libxl_snapshot_ctx *sc, const char *program,
                          const char **version_r, const char **problem_r);

/*-- layers: who uses the images of an operation ----------------------------*/

struct snap_layers {
    int num;
    struct snap_file_use *files;
};
/* Add @image of disk @vdev or, if @chain has layers, those.  Nobody else
 * may use the first one (@base: may write to it), nor write to the
 * others.  A NULL @image adds nothing. */
void snap_layers_add(libxl_snapshot_ctx *sc, struct snap_layers *layers,
                     const char *vdev, const char *image,
                     const struct snap_chain *chain, bool base);
/* Find out who uses @layers, apart from the QEMU @qemu_pid (0: none) and
 * the blkback of domain @domid. */
int snap_layers_find_users(libxl_snapshot_ctx *sc,
                           struct snap_layers *layers, pid_t qemu_pid,
                           uint32_t domid);

/*-- identity: the record of a disk's state at the snapshot -----------------*/

/* The snapshot config has a line for each disk and for the memory
 * image, which is written when the snapshot is made and compared before
 * a revert. */

/* What tells the tag @name of the qcow2 @path from another one of that
 * name; *text_r is NULL if there is none. */
int snap_identity_tag(libxl_snapshot_ctx *sc, const char *path,
                      const char *name, const char **text_r);
/* Write the snapshot config @content, with the states added, over the file
 * @path, if that is the one that was @made.  @unclean: its disks are as
 * after a power cut, whatever was planned. */
int snap_identity_record(libxl_snapshot_ctx *sc, const char *path,
                         const char *made, const char *content,
                         bool unclean);

/* Let the snapshot config @config have the state that its base @image has
 * now, and all else as it was.  Done again, it does no harm; of a config that
 * is gone by now that is told. */
int snap_identity_record_again(libxl_snapshot_ctx *sc, const char *config,
                               const char *image);

/* libxl_snapshot_is_base(), in the middle of an operation. */
bool snap_identity_is_base(libxl_snapshot_ctx *sc, const char *path,
                           const char *base, const char *state);

/* The state of the file or device @path; NULL: it cannot be read. */
const char *snap_identity_file(libxl_snapshot_ctx *sc, const char *path);
/* False if the file or device @path, a base, has another state than @state:
 * of a file, another date is enough. */
bool snap_identity_is_state(libxl_snapshot_ctx *sc, const char *path,
                            const char *state);

/* Refuse the disk of @op, whose driver has looked at it, or the memory image,
 * if its state is not the recorded one.  Without a record it passes. */
int snap_identity_check_disk(libxl_snapshot_ctx *sc,
                             const struct snap_disk_op *op);
/* *why_r: how the state of the disk of @op differs from the recorded one;
 * NULL: it does not, or there is no record.  *gone_r: since what had it is
 * not there any more. */
int snap_identity_compare_disk(libxl_snapshot_ctx *sc,
                               const struct snap_disk_op *op, bool *gone_r,
                               const char **why_r);
int snap_identity_check_memory(libxl_snapshot_ctx *sc,
                               const libxl_domain_snapshot *snap);

/* A print of the file or device @path, by which a later one tells if
 * somebody has written to it; never NULL. */
const char *snap_identity_print(libxl_snapshot_ctx *sc, const char *path);
/* One that tells no more than which file it is, and whether one does. */
const char *snap_identity_short_print(libxl_snapshot_ctx *sc,
                                      const char *path);
bool snap_identity_tells_writes(libxl_snapshot_ctx *sc, const char *print);
/* True if the print @then, of @path, proves that nobody has written to
 * that since.  Only equal prints do; dates may go backwards. */
bool snap_identity_is_unwritten(libxl_snapshot_ctx *sc, const char *path,
                                const char *then);
/* The same of a base, as far as @then tells that.  It may be renamed or
 * frozen; after a crash its date may be earlier, since file systems write
 * that late (@same_boot: this is the boot of the print); and to a device
 * nobody wrote in another boot if it was read-only. */
bool snap_identity_is_unwritten_base(libxl_snapshot_ctx *sc,
                                     const char *path, const char *then,
                                     bool same_boot);
/* True if it is known that @path, to which nobody was to write, is not as
 * it was @then.  The opposite of that proves nothing. */
bool snap_identity_has_changed(libxl_snapshot_ctx *sc, const char *path,
                               const char *then, bool same_boot);

/*-- known: what a step acts on is the one that it was ----------------------*/

/* Fail if a thing that @step knows is another one by now, or has changed.
 * @redo: in a recovery, before which anything may have happened. */
int snap_known_check(libxl_snapshot_ctx *sc, const struct snap_step *step,
                     bool redo);
/* Fail if others than root can have written one that root alone is to
 * have. */
int snap_known_check_writers(libxl_snapshot_ctx *sc,
                             const struct snap_step *step);
/* If @step takes a snapshot again that was merged: fail if the volume is
 * not as it was when it had been merged. */
int snap_known_check_merged(libxl_snapshot_ctx *sc,
                            const struct snap_step *step);

#endif /* SNAP_FACTS_IMAGES_H */
