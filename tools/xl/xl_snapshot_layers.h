/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_snapshot_layers.h: the layers of an external snapshot that is being
 * deleted. */
#ifndef XL_SNAPSHOT_LAYERS_H
#define XL_SNAPSHOT_LAYERS_H

#include <libxl_snapshot.h>

#include "xl_snapshot.h"

struct json;

/* What becomes of the layer that has the state of a disk. */
struct layer {
    const libxl_disk_snapshot *ds;
    bool merges;
    libxl_snapshot_merge_params params;
    libxl_snapshot_merge_result result;     /* of the dry run, or of it */
    char *stays;                /* why it is left as it is, words that
                                 * follow its name; or NULL */
};

struct layers {
    struct domain_target target;
    int num;
    struct layer *list;         /* the external disks */
};

/* Decide for each external disk of @snap, whose config is @config_path:
 * its layer is merged with the one above it, in the direction that copies
 * less, or stays.  All is checked, nothing changed.  Complains and returns
 * -1 if one can be neither.  Dispose of @l whatever the result. */
int layers_plan(const struct session *s, const char *domain,
                const struct common_options *o,
                const libxl_domain_snapshot *snap, const char *config_path,
                const libxl_snapshot_sources *sources, struct layers *l);
/* Merge them.  Complains and returns -1 if that fails: then the command
 * can be given again. */
int layers_merge(const struct session *s, struct layers *l);
void layers_dispose(struct layers *l);

/* Print what was planned; what was done; both in JSON, as an array. */
void print_layers_plan(const struct layers *l);
void print_layers_done(const struct layers *l);
void print_layers_json(struct json *j, const struct layers *l,
                       bool dry_run);

#endif /* XL_SNAPSHOT_LAYERS_H */
