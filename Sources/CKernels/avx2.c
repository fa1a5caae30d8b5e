// The kernels for processors with AVX2 and FMA: tiles of 6 × 16 numbers take 12 of the 16 registers.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
// A processor without prfchw ignores its instruction, so the kind does not ask for it.
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,prfchw"), min_vector_width(256))), apply_to = function)
#define W 8
#define PANEL 6
#define NAME(x) x##_avx2
#define HAS_PARTS
#define HAS_HALF

static inline __m256i first_avx2(long count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

typedef __m256i Lanes_avx2;

static inline __m256i lanes_avx2(long low, long high) { return _mm256_andnot_si256(first_avx2(low), first_avx2(high)); }

static inline __m256 load_lanes_avx2(const float *p, __m256i lanes, __m256 others) {
  return _mm256_blendv_ps(others, _mm256_maskload_ps(p, lanes), _mm256_castsi256_ps(lanes));
}

static inline __m256 load_part_avx2(const float *p, long count) { return _mm256_maskload_ps(p, first_avx2(count)); }

static inline void store_part_avx2(float *p, __m256 v, long count) { _mm256_maskstore_ps(p, first_avx2(count), v); }

#define wide_half_avx2(h) ((V)_mm256_cvtph_ps((__m128i)(h)))
#define half_avx2(v) ((H)_mm256_cvtps_ph((__m256)(v), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))

#include "kernels.h"
#pragma clang attribute pop
#endif
