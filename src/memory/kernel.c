// SPDX-License-Identifier: Apache-2.0
#include "memory/kernel.h"

extern const struct kernel kernel_avx512, kernel_avx2, kernel_neon, kernel_scalar;

const struct kernel *const kernels[] = {
#if defined(__x86_64__)
    &kernel_avx512,
    &kernel_avx2,
#elif defined(__aarch64__)
    &kernel_neon,
#endif
    &kernel_scalar,
    NULL,
};

const struct kernel *kernel_best(void)
{
    size_t i = 0;

    while (!kernels[i]->usable())
        i++;
    return kernels[i];
}
