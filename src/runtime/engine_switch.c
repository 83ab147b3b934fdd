// SPDX-License-Identifier: Apache-2.0
/* engine_switch.c: a stack a fiber, switched by hand.  ucontext makes two system calls a switch, and
 * _FORTIFY_SOURCE refuses longjmp between stacks; so the thirty instructions are our own. */
#include "runtime/engine.h"

#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/mem.h"

/* The guard is wider than a page because not every library is built to probe its large frames page by page. */
enum { GUARD_SIZE = 64 << 10, STACK_SIZE = 256 << 10, MAPPING_SIZE = GUARD_SIZE + STACK_SIZE, PAGE = 4096 };
enum { KEPT_RESIDENT = PAGE, MAX_FREE = 64, MAX_FREE_DIRTY = 8 };

/* It lies at the top of its own stack, so that a fiber costs no page but that one. */
struct context {
    void        *sp;            /* while suspended */
    char        *mapping;
    void       (*entry)(void *);
    void        *arg;
    struct context *next_free;
    void        *fake_stack;    /* AddressSanitizer's */
    bool         ended;
};

static struct {
    void           *sp;         /* the loop's, while a context runs */
    void           *fake_stack;
    const void     *stack_bottom;   /* AddressSanitizer's view of the loop's stack */
    size_t          stack_size;
    struct context *free;
    size_t          n_free;
} loop;

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
static void asan_leave(void **save, const void *bottom, size_t size) { __sanitizer_start_switch_fiber(save, bottom, size); }
static void asan_arrive(void *saved, const void **bottom, size_t *size) { __sanitizer_finish_switch_fiber(saved, bottom, size); }
static void asan_forget(char *p, size_t n) { ASAN_UNPOISON_MEMORY_REGION(p, n); }
#else
static void asan_leave(void **save, const void *bottom, size_t size) { (void)save; (void)bottom; (void)size; }
static void asan_arrive(void *saved, const void **bottom, size_t *size) { (void)saved; (void)bottom; (void)size; }
static void asan_forget(char *p, size_t n) { (void)p; (void)n; }
#endif

/* Saves the callee-saved registers and both floating point control words on this stack, the stack pointer in
 * *save, and continues where `to` was saved. */
void runtime_switch_stacks(void **save, void *to);
/* First return address of a new stack: calls the function in the saved register with the argument in the other. */
void runtime_first_frame(void);

#if defined(__x86_64__)
__asm__(
    ".text\n"
    ".globl runtime_switch_stacks\n"
    ".hidden runtime_switch_stacks\n"
    ".type runtime_switch_stacks, @function\n"
    ".p2align 4\n"
    "runtime_switch_stacks:\n"
    ".cfi_startproc\n"
    "   endbr64\n"
    "   pushq %rbp\n"
    "   pushq %rbx\n"
    "   pushq %r12\n"
    "   pushq %r13\n"
    "   pushq %r14\n"
    "   pushq %r15\n"
    "   subq $8, %rsp\n"
    "   stmxcsr (%rsp)\n"
    "   fnstcw 4(%rsp)\n"
    "   movq %rsp, (%rdi)\n"
    "   movq %rsi, %rsp\n"
    "   ldmxcsr (%rsp)\n"
    "   fldcw 4(%rsp)\n"
    "   addq $8, %rsp\n"
    "   popq %r15\n"
    "   popq %r14\n"
    "   popq %r13\n"
    "   popq %r12\n"
    "   popq %rbx\n"
    "   popq %rbp\n"
    "   popq %rcx\n"
    "   jmpq *%rcx\n"       /* not ret: the return predictor would always be wrong */
    ".cfi_endproc\n"
    ".size runtime_switch_stacks, . - runtime_switch_stacks\n"
    ".globl runtime_first_frame\n"
    ".hidden runtime_first_frame\n"
    ".type runtime_first_frame, @function\n"
    "runtime_first_frame:\n"
    ".cfi_startproc\n"
    ".cfi_undefined rip\n"  /* a backtrace ends here */
    "   movq %r12, %rdi\n"
    "   callq *%rbx\n"
    "   ud2\n"
    ".cfi_endproc\n"
    ".size runtime_first_frame, . - runtime_first_frame\n");

static void *first_sp(char *top, void (*fn)(void *), void *arg)
{
    uint32_t control[2] = { 0, 0 };
    void **sp = (void **)top;       /* 16-byte aligned; the call in first_frame keeps the ABI's alignment */

    __asm__("stmxcsr %0\n fnstcw %1" : "=m"(control[0]), "=m"(control[1]));
    *--sp = NULL;
    *--sp = NULL;
    *--sp = (void *)runtime_first_frame;
    *--sp = NULL;                   /* rbp: ends a chain of frames */
    *--sp = (void *)fn;             /* rbx */
    *--sp = arg;                    /* r12 */
    *--sp = NULL;
    *--sp = NULL;
    *--sp = NULL;
    *--sp = (void *)(uintptr_t)(control[0] | (uint64_t)control[1] << 32);
    return sp;
}
#elif defined(__aarch64__)
__asm__(
    ".text\n"
    ".globl runtime_switch_stacks\n"
    ".hidden runtime_switch_stacks\n"
    ".type runtime_switch_stacks, %function\n"
    ".p2align 4\n"
    "runtime_switch_stacks:\n"
    ".cfi_startproc\n"
    "   hint #34\n"             /* bti c */
    "   sub sp, sp, #176\n"
    "   stp x19, x20, [sp]\n"
    "   stp x21, x22, [sp, #16]\n"
    "   stp x23, x24, [sp, #32]\n"
    "   stp x25, x26, [sp, #48]\n"
    "   stp x27, x28, [sp, #64]\n"
    "   stp x29, x30, [sp, #80]\n"
    "   stp d8, d9, [sp, #96]\n"
    "   stp d10, d11, [sp, #112]\n"
    "   stp d12, d13, [sp, #128]\n"
    "   stp d14, d15, [sp, #144]\n"
    "   mrs x9, fpcr\n"
    "   str x9, [sp, #160]\n"
    "   mov x9, sp\n"
    "   str x9, [x0]\n"
    "   mov sp, x1\n"
    "   ldr x9, [sp, #160]\n"
    "   msr fpcr, x9\n"
    "   ldp x19, x20, [sp]\n"
    "   ldp x21, x22, [sp, #16]\n"
    "   ldp x23, x24, [sp, #32]\n"
    "   ldp x25, x26, [sp, #48]\n"
    "   ldp x27, x28, [sp, #64]\n"
    "   ldp x29, x30, [sp, #80]\n"
    "   ldp d8, d9, [sp, #96]\n"
    "   ldp d10, d11, [sp, #112]\n"
    "   ldp d12, d13, [sp, #128]\n"
    "   ldp d14, d15, [sp, #144]\n"
    "   add sp, sp, #176\n"
    "   ret\n"
    ".cfi_endproc\n"
    ".size runtime_switch_stacks, . - runtime_switch_stacks\n"
    ".globl runtime_first_frame\n"
    ".hidden runtime_first_frame\n"
    ".type runtime_first_frame, %function\n"
    "runtime_first_frame:\n"
    ".cfi_startproc\n"
    ".cfi_undefined x30\n"
    "   mov x0, x20\n"
    "   blr x19\n"
    "   brk #0\n"
    ".cfi_endproc\n"
    ".size runtime_first_frame, . - runtime_first_frame\n");

static void *first_sp(char *top, void (*fn)(void *), void *arg)
{
    uint64_t *sp = (uint64_t *)(top - 176), fpcr;

    __asm__("mrs %0, fpcr" : "=r"(fpcr));
    for (size_t i = 0; i < 176 / sizeof *sp; i++)
        sp[i] = 0;
    sp[0] = (uint64_t)fn;                       /* x19 */
    sp[1] = (uint64_t)arg;                      /* x20 */
    sp[11] = (uint64_t)runtime_first_frame;     /* x30 */
    sp[20] = fpcr;
    return sp;
}
#else
#error "engine_switch.c knows x86_64 and aarch64; use -Dfiber_engine=thread"
#endif

static char *stack_bottom(const struct context *c)
{
    return c->mapping + GUARD_SIZE;
}

static struct context *map_stack(void)
{
    char *p = mmap(NULL, MAPPING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

    if (p == MAP_FAILED || mprotect(p + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) < 0)
        mem_die("clawdbot: no memory for another fiber's stack (see vm.max_map_count)\n");
    struct context *c = (struct context *)(p + MAPPING_SIZE - (sizeof(struct context) + 15) / 16 * 16);

    c->mapping = p;
    return c;
}

static struct context *take_stack(void)
{
    struct context *c = loop.free;

    if (c == NULL)
        return map_stack();
    loop.free = c->next_free;
    loop.n_free--;
    asan_forget(stack_bottom(c), (size_t)((char *)c - stack_bottom(c)));
    return c;
}

static void run_context(void *arg)
{
    struct context *c = arg;

    asan_arrive(NULL, &loop.stack_bottom, &loop.stack_size);
    c->entry(c->arg);
    c->ended = true;
    asan_leave(NULL, loop.stack_bottom, loop.stack_size);
    runtime_switch_stacks(&c->sp, loop.sp);
}

struct context *context_new(void (*entry)(void *), void *arg)
{
    struct context *c = take_stack();

    c->entry = entry;
    c->arg = arg;
    c->ended = false;
    c->fake_stack = NULL;
    c->sp = first_sp((char *)c, run_context, c);
    return c;
}

void context_resume(struct context *c)
{
    asan_leave(&loop.fake_stack, stack_bottom(c), STACK_SIZE);
    runtime_switch_stacks(&loop.sp, c->sp);
    asan_arrive(loop.fake_stack, NULL, NULL);
}

void context_suspend(struct context *c)
{
    asan_leave(&c->fake_stack, loop.stack_bottom, loop.stack_size);
    runtime_switch_stacks(&c->sp, loop.sp);
    asan_arrive(c->fake_stack, &loop.stack_bottom, &loop.stack_size);
}

void context_free(struct context *c)
{
    assert(c->ended);
    if (loop.n_free == MAX_FREE) {
        munmap(c->mapping, MAPPING_SIZE);
        return;
    }
    /* A few are kept as they are, since the next fiber comes soon; the rest must not stay resident for nothing. */
    if (loop.n_free >= MAX_FREE_DIRTY)
        madvise(stack_bottom(c), STACK_SIZE - KEPT_RESIDENT, MADV_DONTNEED);
    c->next_free = loop.free;
    loop.free = c;
    loop.n_free++;
}

size_t context_stack_used(const struct context *c)
{
    return (size_t)((char *)c - (char *)c->sp);
}

void context_trim(struct context *c)
{
    uintptr_t keep = (uintptr_t)c->sp / PAGE * PAGE;    /* the page the stack pointer is in stays */

    madvise(stack_bottom(c), keep - (uintptr_t)stack_bottom(c), MADV_DONTNEED);
}

bool context_overflowed(const struct context *c, const void *fault_address)
{
    const char *p = fault_address;

    return p >= c->mapping && p < stack_bottom(c);
}
