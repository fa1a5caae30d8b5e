// The kernels for processors with AVX-512: tiles of 14 × 32 numbers take 28 of the 32 registers.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,f16c,prfchw"), min_vector_width(512))), apply_to = function)
#define W 16
#define PANEL 14
#define NAME(x) x##_avx512
#define HAS_PARTS
#define HAS_HALF
#define HAS_SCALE

typedef __mmask16 Lanes_avx512;

static inline __mmask16 lanes_avx512(long low, long high) { return (__mmask16)((1u << high) - (1u << low)); }

static inline __m512 load_lanes_avx512(const float *p, __mmask16 lanes, __m512 others) {
  return _mm512_mask_loadu_ps(others, lanes, p);
}

static inline __m512 load_part_avx512(const float *p, long count) {
  return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
}

static inline void store_part_avx512(float *p, __m512 v, long count) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), v);
}

#define wide_half_avx512(h) ((V)_mm512_cvtph_ps((__m256i)(h)))
#define half_avx512(v) ((H)_mm512_cvtps_ph((__m512)(v), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))

// x · 2ⁿ, rounded once.
#define scaled_avx512(x, n) ((V)_mm512_scalef_ps((__m512)(x), (__m512)(n)))

#include "kernels.h"
#pragma clang attribute pop
#endif
