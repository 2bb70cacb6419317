/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snapshot_recover.h: ends an operation that was cut off.
 */
#ifndef LIBXL_SNAPSHOT_RECOVER_H
#define LIBXL_SNAPSHOT_RECOVER_H

#include <libxl_snapshot.h>

/* An operation that was cut off, as its journal tells, and how it ends. */
typedef struct libxl_snapshot_recovery {
    char *domain;               /* its name */
    char *operation;            /* "create", "revert", "delete" ... */
    char *snapshot;             /* the name of the snapshot; or NULL */
    char *journal;              /* the path of the journal */
    uint64_t began;             /* seconds since the epoch */
    char *state;                /* a sentence, without the domain */
    char *host;                 /* another, that alone may end it; or NULL */
    bool forward;               /* it will be completed; false: undone */
    bool unknown;               /* it was refused before that was found out,
                                 * or is abandoned: nobody knows the disks */
    bool refused;               /* it cannot be ended yet, and nothing was
                                 * changed: the error says why */
    int num_done;
    char **done;                /* forward: the steps that it had done itself,
                                 * from that of no return on */
    int num_steps;
    char **steps;               /* the steps that this takes */
    int num_disks;
    char **disks;               /* the new disks of the domain, for its
                                 * xl.cfg: see xl-disk-configuration(5) */
    int num_given_up;
    char **given_up;            /* when abandoned: what is not done */
    int num_unprotected;        /* completed: bases that root can still */
    char **unprotected;         /* write to, since the storage cannot stop
                                 * that */
    char *left;                 /* of what is not ours: sentences; or NULL */
} libxl_snapshot_recovery;

void libxl_snapshot_recovery_init(libxl_snapshot_recovery *recovery);
void libxl_snapshot_recovery_dispose(libxl_snapshot_recovery *recovery);

/*
 * List the journals of operations on @domain, its name or uuid (NULL: on
 * any), that have not ended, perhaps because they are still at work.
 * *paths_r has *num_r paths; the array and its strings are malloc'd.
 * Errors: ERROR_FAIL (the folder cannot be read).
 */
int libxl_snapshot_journal_list(libxl_snapshot_ctx *sc, const char *domain,
                                char ***paths_r, int *num_r);

typedef struct libxl_snapshot_recover_params {
    bool dry_run;               /* change nothing */
    bool lose_writes;           /* a revert may overwrite what somebody has
                                 * written since it was cut off */
    bool take_over;             /* what another host has begun may be ended
                                 * here, as after a crash of that: it is
                                 * known not to be at work */
    const char *xl_path;        /* the xl that brings the domain back; one
                                 * that the journal names is run only if it
                                 * is this one */
} libxl_snapshot_recover_params;

/*
 * End the operation of @journal: undo it, or complete it if its commit
 * point was passed.  May be cut off itself and called again.  @result must
 * be initialised.
 * Errors: ERROR_LOCK_FAIL (the operation is still at work), ERROR_INVAL
 * (the journal cannot be used, or the domain or its disks are in a state
 * in which the operation must not be ended), ERROR_FAIL and others if a
 * step failed; the journal then stays.  @result has all that is known, also
 * after a failure.
 * Source: as the operation.
 */
int libxl_snapshot_recover(libxl_snapshot_ctx *sc, const char *journal,
                           const libxl_snapshot_recover_params *params,
                           libxl_snapshot_recovery *result);

/*
 * Give up what is left of an operation on @domain, its name or uuid, that
 * was cut off and cannot be ended: let the guest go, on the disks that it
 * has now, unless that would do harm (result->left), do nothing else, and
 * rename the journal, whose path is then in @result (NULL: there is none).
 * A person has to ask for it.  Errors: ERROR_LOCK_FAIL (it is still at
 * work), ERROR_FAIL (the journal stays: it cannot be renamed, or the domain
 * not be resumed).  Source: libxl_domain_unpause(), _resume().
 */
int libxl_snapshot_abandon(libxl_snapshot_ctx *sc, const char *domain,
                           bool dry_run, libxl_snapshot_recovery *result);

#endif /* LIBXL_SNAPSHOT_RECOVER_H */
