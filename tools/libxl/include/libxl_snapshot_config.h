/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snapshot_config.h: the snapshot config, and xl.cfg syntax.
 */
#ifndef LIBXL_SNAPSHOT_CONFIG_H
#define LIBXL_SNAPSHOT_CONFIG_H

#include <libxl_snapshot.h>

/*
 * Read the snapshot config @path: xl.cfg syntax, keys as in
 * xl.snapshot.cfg(5).  @snap_r must be initialised.  Members whose keys
 * the file lacks stay NULL or 0: a file that a person wrote to choose the
 * disks of a create may have nothing but `disks'.  Whoever may have written
 * the file, see @doubt of @snap_r.
 * Errors: ERROR_INVAL (the sentence names the file, and the line if it is
 * known), ERROR_FAIL.
 */
int libxl_domain_snapshot_config_read(libxl_snapshot_ctx *sc,
                                      const char *path,
                                      libxl_domain_snapshot *snap_r);

/* More disks than Xen's guests have.  To read a list of more would take
 * libxlutil and the looks at each pair of disks minutes. */
#define LIBXL_SNAPSHOT_MAX_DISKS 256

/*
 * What libxlutil reads of anybody's xl.cfg, within what it can bear: else
 * it takes all memory, hours, or writes behind its buffers (4.17 to 4.20).
 * A complaint goes to @report, which is that of @cfg, as "SOURCE: ...".
 * Return 0 or ERROR_INVAL.
 *
 * xlu_cfg_readdata() of @text: 4,096 settings, 256 of them with "+=".
 */
int libxl_snapshot_cfg_readdata(XLU_Config *cfg, FILE *report,
                                const char *source, const char *text);
/* xlu_disk_parse() of one @spec of at most 12,288 characters, and 64 words.
 * @disk has been initialised, and must be disposed of whatever the
 * result. */
int libxl_snapshot_disk_parse(XLU_Config *cfg, FILE *report,
                              const char *source, const char *spec,
                              libxl_device_disk *disk);
/* xlu_pci_parse_spec_string(), the same. */
int libxl_snapshot_pci_parse(XLU_Config *cfg, FILE *report,
                             const char *source, const char *spec,
                             libxl_device_pci *pci);
/*
 * The specification of @disk, as in xl-disk-configuration(5), malloc'd:
 * with all that the syntax can say, apart from libxl's defaults.
 */
char *libxl_snapshot_disk_spec(const libxl_device_disk *disk);
/*
 * "target=PATH", malloc'd, which must be the last in a specification,
 * since its path may have commas.  A path that ends with a comma gets
 * another, because libxlutil (4.17) takes one off the end.
 */
char *libxl_snapshot_disk_target(const char *path);
/* Why libxl would find no backend for @disk, whose format is not raw; NULL
 * if it finds one.  Source: libxl__device_disk_set_backend() (4.17). */
const char *libxl_snapshot_disk_lacks_backend(
    const libxl_device_disk *disk);
/* The text of the snapshot config that describes @snap, malloc'd. */
char *libxl_domain_snapshot_config_text(libxl_snapshot_ctx *sc,
                                        const libxl_domain_snapshot *snap);

#endif /* LIBXL_SNAPSHOT_CONFIG_H */
