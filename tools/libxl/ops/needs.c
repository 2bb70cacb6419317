/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/needs.c: who needs an image, operations that have not ended among
 * them.
 */
#include "ops/ops.h"

#include <string.h>

/* A journal knows its images by their ids, too: they may have been moved. */
static void needs_add_journal_image(libxl_snapshot_ctx *sc,
                                    struct snap_needs *needs,
                                    struct snap_need *need,
                                    const struct snap_journal_image *image)
{
    const char *id;
    int i;

    need->how = image->reads ? LIBXL_SNAPSHOT_NEED_HOW_IN_CHAIN
                             : LIBXL_SNAPSHOT_NEED_HOW_ACTIVE;
    need->layer = image->path;
    need->image = snap_needs_find_image(sc, needs, image->path);
    for (i = 0; need->image < 0 && image->id && i < needs->num_images; i++) {
        id = snap_file_lasting_id(sc, needs->images[i].layer.path);
        if (id && !strcmp(id, image->id)) need->image = i;
    }
    if (need->image >= 0) snap_needs_add(sc, needs, need);
}

static void needs_add_journal(libxl_snapshot_ctx *sc,
                              struct snap_needs *needs,
                              const struct snap_journal_entry *entry)
{
    struct snap_journal_images images;
    struct snap_need need = {
        .kind = LIBXL_SNAPSHOT_NEED_KIND_JOURNAL, .known = entry->path,
        .name = entry->head.operation, .domain = entry->head.domain,
    };
    int i;

    if (entry->error) {
        snap_needs_add_unknown(sc, needs, NULL, entry->error);
        return;
    }
    if (entry->torn) return;
    need.who = snap_sprintf(sc, "%s of %s, which has not ended",
                            snap_command_name(sc, entry->head.operation),
                            entry->head.domain);
    images = snap_journal_images_of(sc, entry);
    for (i = 0; i < images.num; i++)
        needs_add_journal_image(sc, needs, &need, &images.list[i]);
}

void snap_needs_find(libxl_snapshot_ctx *sc,
                     const libxl_snapshot_sources *sources,
                     const struct snap_needs_target *targets, int num,
                     struct snap_needs *needs)
{
    struct snap_journal_entry *entries;
    libxl_snapshot_sources again;
    int i, num_entries;

    libxl_snapshot_sources_init(&again);
    if (sources->find_again) {
        sources->find_again(sources->data, &again);
        sources = &again;
    }
    snap_needs_gather(sc, sources, targets, num, needs);
    libxl_snapshot_sources_dispose(&again);
    if (snap_journal_list(sc, &entries, &num_entries))
        snap_needs_add_unknown(sc, needs, NULL, snap_take_error(sc));
    for (i = 0; i < num_entries; i++)
        needs_add_journal(sc, needs, &entries[i]);
}
