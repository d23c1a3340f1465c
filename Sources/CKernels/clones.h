#pragma once

// One compiled copy of a function for each level of x86-64 (AVX-512, AVX2 with FMA, SSE2), chosen when the program is
// loaded, so that one binary runs everywhere and fast where it can.
#if defined(__x86_64__) && defined(__linux__)
#define CK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CK_CLONES
#endif

// Functions that a clone calls must be inlined into it to be compiled for its level.
#define CK_INLINE static inline __attribute__((always_inline))
