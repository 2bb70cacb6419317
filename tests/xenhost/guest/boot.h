/* What the witness does as the init of a guest, see boot.c. */
#ifndef BOOT_H
#define BOOT_H

#include <stdbool.h>

/* Mounts what there is to mount and loads the modules; prints why it cannot. */
void boot(void);

/* Mounts disk `name` on folder `dir` if it holds an ext4 file system. */
bool mount_disk(const char *name, const char *dir);

/* Starts QEMU's guest agent where the initrd has it and the domain a channel. */
void start_agent(void);

#endif
