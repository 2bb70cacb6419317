/*
 * Starts the unpacked kernel in an HVM guest.
 *
 * QEMU hands a kernel to an HVM guest byte by byte, through an I/O port, which
 * takes more than a minute in the emulated host.  So the guest's "kernel" is
 * this stub behind the real-mode part of the real one, and the kernel proper is
 * put at KERNEL (-D) by QEMU's loader device.
 *
 * Entered at 1 MiB as a 32-bit kernel is, goes on as a 64-bit kernel is entered:
 * see "32-bit" and "64-bit boot protocol" in Documentation/x86/boot.rst.
 * %esi, the boot parameters, goes through.
 */
#define BOOT_CS     0x10
#define BOOT_DS     0x18
#define TABLES      0x180000        /* six pages of page tables */

#define CR4_PAE     0x20
#define EFER        0xc0000080
#define EFER_LME    0x100
#define CR0_PG      0x80000000

    .text
    .code32
    .globl start
start:
    cli
    cld
    /* One to one: the first 4 GiB, in pages of 2 MiB. */
    movl $TABLES, %edi
    xorl %eax, %eax
    movl $(6 * 4096 / 4), %ecx
    rep stosl
    movl $(TABLES + 0x1007), TABLES
    movl $4, %ecx
    movl $(TABLES + 0x2007), %eax
    movl $(TABLES + 0x1000), %edi
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 1b
    movl $2048, %ecx
    movl $0x183, %eax
    movl $(TABLES + 0x2000), %edi
2:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 2b

    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $TABLES, %eax
    movl %eax, %cr3
    movl $EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $CR0_PG, %eax
    movl %eax, %cr0
    lgdt gdtr
    ljmp $BOOT_CS, $long_mode

    .code64
long_mode:
    movl $BOOT_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %esi, %esi
    movl $KERNEL, %eax
    jmp *%rax

    .balign 8
gdt:
    .quad 0, 0
    .quad 0x00af9a000000ffff        /* BOOT_CS: 64-bit code */
    .quad 0x00cf92000000ffff        /* BOOT_DS: flat data */
gdtr:
    .word . - gdt - 1
    .long gdt
    /* QEMU reads the kernel in whole sectors of what the header promises. */
    .balign 4096
