#pragma once

/**
 * Compiles a function for several processors; the fittest runs. Only where the linker can choose: elsewhere (arm64 has
 * its vector instructions always) the function is compiled once.
 */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)
#define PIXCON_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PIXCON_CLONES
#endif
