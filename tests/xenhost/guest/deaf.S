/*
 * A PVH kernel that halts for ever: a domain that runs and never answers, be it
 * a shutdown or a suspend request.
 */
#define XEN_ELFNOTE_PHYS32_ENTRY 18

    .section .note.Xen, "a", @note
    .align 4
    .long 4                     /* length of the name */
    .long 4                     /* length of the value */
    .long XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long start

    .text
    .code32
    .globl start
start:
    sti                         /* halted with interrupts off is a shutdown */
1:  hlt
    jmp 1b
