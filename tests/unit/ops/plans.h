/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plans.h: whole operations: the cases, the facts of each as gather would
 * find them, its plan as text, and what holds of every plan.
 *
 * The domain is "vm"; its images and volumes have the names that they have
 * in the system tests.
 */
#ifndef TEST_PLANS_H
#define TEST_PLANS_H

#include "../test.h"

/*-- cases --------------------------------------------------------------*/

enum guest {
    PV,
    PVH,
    HVM,
    HVM_EMULATED,               /* its guest has no PV drivers */
    NUM_GUESTS
};

enum what {
    MEMORY,                     /* with the disks; off: the disks alone */
    LIVE,                       /* the same, copied while the guest runs */
    DISKS,
    AGENT,                      /* the disks, frozen by the guest agent */
    COMMAND,                    /* or by a program */
    NUM_WHATS
};

enum disk_kind {
    NO_DISK,
    TAG,                        /* a qcow2: a tag in it */
    TAG_IN_OVERLAY,             /* the same, on a base */
    OVERLAY,                    /* a qcow2: an overlay on it */
    OVERLAY_ON_OVERLAY,
    OVERLAY_ON_RAW,
    OVERLAY_ON_VHD,
    OVERLAY_DISCARD,            /* the guest's discards reach the file */
    OVERLAY_DIRECT,             /* the file is opened without host cache */
    OVERLAY_ON_LV,              /* a volume that QEMU serves */
    OVERLAY_REUSED,             /* that the user has made */
    THICK, THICK_BY_QEMU,       /* served by blkback; by QEMU */
    THIN, THIN_BY_QEMU,
    THIN_OF_REVERT,             /* the volume that a revert has made */
    HOOK_FILE, HOOK_VOLUME,     /* served by blkback, known to a hook */
    VHD_BY_TAPDISK,             /* a differencing vhd on it */
    VHD_ON_LV,                  /* the same, the vhd being on a volume */
    READ_ONLY,                  /* left out */
    UNSUPPORTED,                /* storage without snapshots */
    NUM_DISK_KINDS
};

#define MAX_DISKS 8

enum {
    UNPAUSE = 1,                /* --unpause: may run to be saved */
    LEAVE_PAUSED = 2,
    SKIP = 4,                   /* --skip-unsupported */
    UNWATCHED = 8,              /* no xl monitors it */
    REBORN = 16,                /* revert: a new uuid at each boot */
};

struct plan_case {
    const char *name;           /* of its golden file */
    enum guest guest;
    enum what what;
    unsigned int flags;
    enum disk_kind disks[MAX_DISKS + 1];
};

/* Both end with a name of NULL. */
extern const struct plan_case create_cases[], revert_cases[];
const struct plan_case *plan_case_named(const struct plan_case *cases,
                                        const char *name);

/* For people. */
extern const char *const guest_names[], *const what_names[];
extern const char *const disk_names[];

enum state { RUNNING, PAUSED, OFF, NUM_STATES };
extern const char *const state_names[];

/*-- facts --------------------------------------------------------------*/

struct create_facts {
    libxl_domain_snapshot_params params;
    libxl_disk_snapshot_params disks[MAX_DISKS];
    struct snap_create c;
};
/* @pc, with UNPAUSE where a paused guest cannot be saved without. */
struct plan_case create_case(const struct plan_case *pc, enum state state);
/* Fill in @f.  Returns why a driver refuses a disk, or NULL. */
const char *create_facts(const struct plan_case *pc, enum state state,
                         struct create_facts *f);
/* Check the facts and fill in f->c.plan; or return why it is refused. */
const char *create_plan(struct create_facts *f);
void create_facts_dispose(struct create_facts *f);

struct revert_facts {
    libxl_domain_snapshot snap;
    libxl_domain_snapshot_revert_params params;
    struct snap_revert r;
};
void revert_facts(const struct plan_case *pc, enum state state,
                  struct revert_facts *f);
const char *revert_plan(struct revert_facts *f);
void revert_facts_dispose(struct revert_facts *f);

/*-- commits and pulls --------------------------------------------------*/

#define COMMIT LIBXL_SNAPSHOT_MERGE_COMMIT
#define PULL LIBXL_SNAPSHOT_MERGE_PULL
#define MERGE_LAYERS 5

enum {
    REMOVE = 1,                 /* --delete */
    KEEP_OVERLAY = 2,
    CONFIG = 4,                 /* --update-config */
    RELATIVE = 8,               /* the names of bases in headers */
    ON_VOLUME = 16,             /* the base */
    RUNS = 32,                  /* the domain */
};

struct merge_case {
    const char *name;           /* of its golden file */
    libxl_snapshot_merge_kind kind;
    int top, base;              /* layers; MERGE_LAYERS: none */
    unsigned int flags;
};
/* Ends with a name of NULL. */
extern const struct merge_case merge_cases[];

struct merge_facts {
    libxl_snapshot_merge_params params;
    libxl_device_disk stored;
    struct snap_layer layers[MERGE_LAYERS];
    struct snap_merge_layer files[MERGE_LAYERS];
    const char *records[MERGE_LAYERS][2];
    struct snap_lv lv;
    struct snap_disk disk;
    struct snap_merge m;
};
void merge_facts(const struct merge_case *mc, struct merge_facts *f);
/* Check the facts and fill in f->m.plan; or return why it is refused. */
const char *merge_plan(struct merge_facts *f);

/*-- golden files -------------------------------------------------------*/

/* All that a journal keeps of it: a step a line, its undo on the next. */
char *plan_text(const struct snap_plan *plan);
/* The kinds of its steps in one line, with "*" at commit points. */
char *plan_kinds(const struct snap_plan *plan);
/* Every file of golden/@folder has one of these names, and ".txt". */
void check_golden_folder(const char *folder, const char *const *names,
                         int num);

#endif /* TEST_PLANS_H */
