// The kernels for every processor, and the choice between all.
#include "CKernels.h"

#define W 4
#define PANEL 6
#define NAME(x) x##_plain
#include "kernels.h"

#if defined(__x86_64__)
extern const tessera_kernels tessera_kernels_avx2, tessera_kernels_avx512;
#endif

const tessera_kernels *tessera_kernels_of_kind(tessera_kind kind) {
  switch (kind) {
    case tessera_plain: return &tessera_kernels_plain;
#if defined(__x86_64__)
    case tessera_avx2:
      __builtin_cpu_init();
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                     __builtin_cpu_supports("f16c")
                 ? &tessera_kernels_avx2
                 : 0;
    case tessera_avx512:
      return tessera_kernels_of_kind(tessera_avx2) && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512bw")
                 ? &tessera_kernels_avx512
                 : 0;
#endif
    default: return 0;
  }
}

const tessera_kernels *tessera_best_kernels(void) {
  const tessera_kernels *best = tessera_kernels_of_kind(tessera_avx512);
  if (!best) best = tessera_kernels_of_kind(tessera_avx2);
  return best ? best : &tessera_kernels_plain;
}
