/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/needs.h: who needs an image: snapshots, domains, tags, other images,
 * operations that have not ended; found on the whole host.
 *
 * An image is known by itself (device and inode), whatever name leads to
 * it, and stands on at most one other: so all images are a forest.  A need
 * is of one of them, and of all below it.
 */
#ifndef SNAP_FACTS_NEEDS_H
#define SNAP_FACTS_NEEDS_H

#include "config/config.h"

/* More than a host has: what is beyond is unknown, which is said. */
#define SNAP_NEEDS_IMAGES_MAX   (16 << 10)
#define SNAP_NEEDS_FILES_MAX    (16 << 10)      /* in a folder */
#define SNAP_NEEDS_UNKNOWN_MAX  256

struct snap_need {
    libxl_snapshot_need_kind kind;
    libxl_snapshot_need_how how;
    const char *who;            /* "snapshot s1 of web", "domain web" */
    const char *name;           /* the snapshot, domain or tag; an image's
                                 * path */
    const char *domain;         /* of a snapshot, a domain, a journal; NULL:
                                 * nobody says */
    libxl_uuid uuid;            /* the domain's; nil: nobody says */
    const char *vdev;           /* of a domain, or saved memory: which disk */
    const char *known;          /* the file that says so; NULL: a domain that
                                 * exists, or the image itself */
    const char *lost;           /* a snapshot's that is known by its state: the
                                 * place where it is not; else NULL */
    const char *layer;          /* the image, without symbolic links */
    enum snap_known_by known_by;    /* of a snapshot: the disk's state, */
    const char *state;          /* as it has that on record; or NULL */
    int image;                  /* its index in images */
};

struct snap_needs_image {
    struct snap_layer layer;    /* path: as it was called first; the rest as
                                 * far as it was looked at */
    bool is_there;
    struct snap_file_id id;     /* if it is */
    int base;                   /* the index of what it stands on; -1 */
    bool looked;                /* what that is was asked, */
    bool described;             /* and all else */
    bool has_tags;              /* its header says so */
    const char *problem;        /* why it cannot be told; or NULL */
    const char *said;           /* the format that was said of one that is not
                                 * there; NULL: none was */
};

/* What could not be looked at, and may need an image, too. */
struct snap_needs_unknown {
    const char *file;           /* that it is about; NULL: none */
    const char *why;            /* a sentence */
};

struct snap_needs {
    int num_images;
    struct snap_needs_image *images;
    int num_sorted, *sorted;    /* by what they are */
    int num;
    struct snap_need *list;
    int num_unknown;
    struct snap_needs_unknown *unknown;
    int num_disregarded;        /* files of which nothing is unknown, since */
    const char **disregarded;   /* somebody says that it does not matter */
    const char *given_up;       /* a snapshot config: it is going to be
                                 * deleted, and what it needs may be gone */
    const libxl_domain_config *own;     /* of the domain itself, which is off;
                                         * NULL: as all others */
    const char *own_file;       /* the xl.cfg that says so; NULL: none */
    int num_lost;               /* images of snapshots that are not where */
    struct snap_needs_lost {    /* their config says */
        struct snap_need need;
        const char *state;      /* as recorded; or NULL */
        bool is_found;
    } *lost;
};

/*-- needs: pure, but that a path is looked up ------------------------------*/

/* The image @path, which is added if it is new. @id: what is there; NULL:
 * nothing. */
int snap_needs_add_image(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                         const char *path, const struct snap_file_id *id);
/* The image that @path leads to now; -1: none that is known. */
int snap_needs_find_image(libxl_snapshot_ctx *sc,
                          const struct snap_needs *needs, const char *path);
/* The image stands on @base.  False, and it does not: that would be on
 * itself. */
bool snap_needs_set_base(struct snap_needs *needs, int image, int base);
/* True if @image is @below, or stands on it. */
bool snap_needs_is_on(const struct snap_needs *needs, int image, int below);
/* The lowest image below @image. */
int snap_needs_root(const struct snap_needs *needs, int image);
void snap_needs_add(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                    const struct snap_need *need);
/* @file: what it is about; NULL: nothing that has a name. */
void snap_needs_add_unknown(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                            const char *file, const char *sentence);
/* True if somebody says that what is not known of @file does not matter. */
bool snap_needs_is_disregarded(libxl_snapshot_ctx *sc,
                               const struct snap_needs *needs,
                               const char *file);
/* Why nobody can know all who need an image, and what to do; NULL: all is
 * known. */
const char *snap_needs_unknown_text(libxl_snapshot_ctx *sc,
                                    const struct snap_needs *needs);
/*
 * What shows that somebody needs the image @path whom nothing here names: it
 * is protected, and is the base of no snapshot that is known; or it has other
 * names.  A phrase; NULL: nothing does, or it is disregarded.
 */
const char *snap_needs_sign(libxl_snapshot_ctx *sc,
                            const struct snap_needs *needs,
                            const char *path);
/* The snapshot configs, up to NULL, that have the present state of the base
 * @path on record, and get the new one when that has changed
 * (record_again.c); but for the config @but, which may be NULL. */
const char **snap_needs_records(libxl_snapshot_ctx *sc,
                                const struct snap_needs *needs,
                                const char *path, const char *but);
/* The first snapshot that has its state in the image @path, which is not
 * where its config says; or NULL. */
const struct snap_need *snap_needs_lost_of(libxl_snapshot_ctx *sc,
                                           const struct snap_needs *needs,
                                           const char *path);

/* What does not count: the disk whose chain is changed, as long as it is the
 * active layer.  The domain's other disks count like anybody's, its saved
 * memory too, and each xl.cfg but the one that is to name the disk anew. */
struct snap_needs_except {
    const char *domain, *vdev;  /* NULL: everything counts */
    const char *file;           /* its xl.cfg; NULL: none.  What the domain's
                                 * stored config says never counts */
    const char *const *images;  /* its chain, the active layer first: images
                                 * that may stand on it */
    int num_images;
    const char *config;         /* nor does this snapshot; NULL: all count */
};
/*
 * Who needs the content of the image @path, but for @except (NULL: nobody);
 * *num_r of them.  A need of an image above it has HOW_IN_CHAIN, and an
 * image that stands on it is one, too.  HOW_CHILD is none.
 */
const struct snap_need *snap_needs_of(libxl_snapshot_ctx *sc,
                                      const struct snap_needs *needs,
                                      const char *path,
                                      const struct snap_needs_except *except,
                                      int *num_r);
const struct snap_need *snap_needs_of_image(
    libxl_snapshot_ctx *sc, const struct snap_needs *needs, int image,
    const struct snap_needs_except *except, int *num_r);
/* "snapshot s1 of web, domain db and 3 more"; NULL: there are none. */
const char *snap_needs_text(libxl_snapshot_ctx *sc,
                            const struct snap_need *list, int num);
/* True if a create or a revert of the domain @name or @uuid has made the
 * image, and nobody needs it any more, but for images of which the same is
 * true.  Who has it open is not asked. */
bool snap_needs_is_leftover(libxl_snapshot_ctx *sc,
                            const struct snap_needs *needs, int image,
                            const char *name, const libxl_uuid *uuid);

/*-- needs_gather: asks the whole host --------------------------------------*/

/* An image that matters, and its format. */
struct snap_needs_target {
    const char *path, *format;
};
/*
 * Find out who needs the images below @targets: by @sources, and by all
 * domains, xendomains' saved memory, and the images in the folders of all
 * images that stand on the same ones.  Chains of @targets are described, and
 * of the others those that have tags; a header tells the rest.  What cannot
 * be looked at is in needs->unknown, and no failure.
 * Begin with @needs zeroed, but for given_up and own.  Operations that have
 * not ended are not among them: see snap_needs_find() (ops/ops.h).
 */
void snap_needs_gather(libxl_snapshot_ctx *sc,
                       const libxl_snapshot_sources *sources,
                       const struct snap_needs_target *targets, int num,
                       struct snap_needs *needs);

/*-- for the files of this subject ------------------------------------------*/

/* The image that @path leads to, which is added if it is new. */
int snap_needs_image_at(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                        const char *path);
/* The same, and all that it stands on by its headers; @format NULL: nobody
 * says. */
int snap_needs_walk(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                    const char *path, const char *format);
/* Look into the folders of all images that stand on what @targets stand on,
 * for others; and describe those that need be. */
void snap_needs_look_around(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                            const int *targets, int num);

#endif /* SNAP_FACTS_NEEDS_H */
