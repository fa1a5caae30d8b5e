// The kernels for one kind of processor. Included with W, the floats in a vector; PANEL, the rows of a tile of a product;
// and NAME(x), the name of a function for this kind.

typedef float NAME(V) __attribute__((vector_size(4 * W)));
typedef int NAME(I) __attribute__((vector_size(4 * W)));
typedef float NAME(Loose) __attribute__((vector_size(4 * W), aligned(4), may_alias));

#define V NAME(V)
#define I NAME(I)
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE V NAME(load)(const float *p) { return *(const NAME(Loose) *)p; }
INLINE void NAME(store)(float *p, V v) { *(NAME(Loose) *)p = v; }
INLINE V NAME(all)(float x) { return x - (V){}; }
INLINE V NAME(choose)(I mask, V yes, V no) { return (V)((mask & (I)yes) | (~mask & (I)no)); }
#define LOAD NAME(load)
#define STORE NAME(store)
#define ALL NAME(all)
#define CHOOSE NAME(choose)

// Places in two vectors: the even ones, the odd ones, and both vectors in turns, from their first and their second halves.
#if W == 16
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif W == 8
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#define ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#define ZIP_LOW 0, 4, 1, 5
#define ZIP_HIGH 2, 6, 3, 7
#endif

INLINE V NAME(even)(V a, V b) { return __builtin_shufflevector(a, b, EVEN); }
INLINE V NAME(odd)(V a, V b) { return __builtin_shufflevector(a, b, ODD); }

// The sums of four vectors, in the first four lanes.
INLINE V NAME(sums)(V a, V b, V c, V d) {
  V ab = NAME(even)(a, b) + NAME(odd)(a, b), cd = NAME(even)(c, d) + NAME(odd)(c, d);
  V v = NAME(even)(ab, cd) + NAME(odd)(ab, cd);
  for (int lanes = W / 4; lanes > 1; lanes /= 2) v = NAME(even)(v, v) + NAME(odd)(v, v);
  return v;
}

INLINE float NAME(sum)(V v) { return NAME(sums)(v, v, v, v)[0]; }

INLINE int NAME(any)(I mask) {
  int found = 0;
  UNROLL for (int lane = 0; lane < W; lane++) found |= mask[lane];
  return found;
}

#ifndef HAS_PARTS
// The lanes from `low` up to but without `high`, which is not smaller.
typedef struct { long low, high; } NAME(Lanes);

INLINE NAME(Lanes) NAME(lanes)(long low, long high) { return (NAME(Lanes)){low, high}; }

// These lanes of a vector at p; `others` in the other lanes, which are not read.
INLINE V NAME(load_lanes)(const float *p, NAME(Lanes) lanes, V others) {
  UNROLL for (int lane = 0; lane < W; lane++) if (lane >= lanes.low && lane < lanes.high) others[lane] = p[lane];
  return others;
}

// The first `count` numbers, and 0 in the other lanes.
INLINE V NAME(load_part)(const float *p, long count) {
  V v = {};
  UNROLL for (int lane = 0; lane < W; lane++) if (lane < count) v[lane] = p[lane];
  return v;
}

INLINE void NAME(store_part)(float *p, V v, long count) {
  UNROLL for (int lane = 0; lane < W; lane++) if (lane < count) p[lane] = v[lane];
}
#endif

// The first `count` numbers of a vector, or all of them.
INLINE V NAME(load_first)(const float *p, long count) { return count >= W ? LOAD(p) : NAME(load_part)(p, count); }

INLINE void NAME(store_first)(float *p, V v, long count) {
  if (count >= W) STORE(p, v);
  else NAME(store_part)(p, v, count);
}

// Exchanges rows and columns: each step interleaves the first half of the rows with the second.
INLINE void NAME(transpose)(V *rows) {
  UNROLL for (int step = 1; step < W; step *= 2) {
    V next[W];
    UNROLL for (int i = 0; i < W / 2; i++) {
      next[2 * i] = __builtin_shufflevector(rows[i], rows[i + W / 2], ZIP_LOW);
      next[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + W / 2], ZIP_HIGH);
    }
    UNROLL for (int i = 0; i < W; i++) rows[i] = next[i];
  }
}

// Products.

// A panel of `high` rows. Nothing after the last number of a is read, and nothing after that of the panel is written. For
// fewer than four rows, exchanging rows and columns takes longer than copying numbers.
INLINE void NAME(pack_panel)(
    long high, long depth, const float *a, long a_row, long a_column, float *packed) {
  long k = 0;
#if W >= PANEL
  if (a_column == 1 && high >= 4) {
    for (; k + W <= depth; k += W) {
      V rows[W];
      UNROLL for (int r = 0; r < W; r++) rows[r] = r < high ? LOAD(a + r * a_row + k) : (V){};
      NAME(transpose)(rows);
      UNROLL for (int i = 0; i < W; i++) {
        float *to = packed + (k + i) * high;
        // Numbers stored after the end of a row are replaced by the next row.
        if ((depth - k - i) * high >= W) STORE(to, rows[i]);
        else NAME(store_part)(to, rows[i], high);
      }
    }
  } else if (a_row == 1) {
    for (; k < depth; k++) NAME(store_part)(packed + k * high, NAME(load_part)(a + k * a_column, high), high);
  }
#endif
  for (; k < depth; k++)
    for (long r = 0; r < high; r++) packed[k * high + r] = a[r * a_row + k * a_column];
}

static void NAME(pack)(long rows, long depth, const float *a, long a_row, long a_column, float *packed) {
  for (long i = 0; i < rows; i += PANEL) {
    const float *from = a + i * a_row;
    if (rows - i >= PANEL) NAME(pack_panel)(PANEL, depth, from, a_row, a_column, packed);
    else NAME(pack_panel)(rows - i, depth, from, a_row, a_column, packed);
    packed += PANEL * depth;
  }
}

// What is fetched ahead, so that memory has time to answer: numbers of packed a (2 KiB), and rows of b for sums and copies.
#define AHEAD 512
#define ROWS_AHEAD 8
#define COPIES_AHEAD 16

// The end of the numbers at `place` of a row: the first `count` of v, or all.
INLINE V NAME(ended)(V v, const tessera_end *end, long row, long place, long count) {
  V other = {}, low = ALL(end->low), high = ALL(end->high);
  if (end->residual) other = NAME(load_first)(end->residual + place, count);
  v = v + (end->bias ? end->bias[row] : 0) + other;
  v = CHOOSE(v < low, low, v);
  return CHOOSE(v > high, high, v);
}

// Sums along `depth` for `rows` × `wide` vectors of c. The bias and the residual of `end` are those of the first row.
INLINE void NAME(tile)(
    int rows, int wide, long depth, const float *restrict a, const float *restrict b, long b_row,
    float *restrict c, long c_row, int keeps, const tessera_end *end) {
  V sums[PANEL][8];
  // Stores to lines that are not in the cache would wait for each other.
  if (!keeps)
    UNROLL for (int i = 0; i < rows; i++)
      UNROLL for (int j = 0; j < wide * W; j += 16) __builtin_prefetch(c + i * c_row + j, 1);
  UNROLL for (int i = 0; i < rows; i++)
    UNROLL for (int j = 0; j < wide; j++) sums[i][j] = keeps ? LOAD(c + i * c_row + j * W) : (V){};
  for (long k = 0; k < depth; k++) {
    V right[8];
    UNROLL for (int j = 0; j < wide; j++) right[j] = LOAD(b + j * W);
    // Packed weights come from memory one after the other, and rows of b at a distance.
    __builtin_prefetch(a + AHEAD);
    UNROLL for (int j = 0; j < wide * W; j += 16) __builtin_prefetch(b + ROWS_AHEAD * b_row + j);
    UNROLL for (int i = 0; i < rows; i++) {
      V left = ALL(a[i]);
      UNROLL for (int j = 0; j < wide; j++) sums[i][j] += left * right[j];
    }
    a += rows;
    b += b_row;
  }
  if (end)
    UNROLL for (int i = 0; i < rows; i++)
      UNROLL for (int j = 0; j < wide; j++) sums[i][j] = NAME(ended)(sums[i][j], end, i, i * c_row + j * W, W);
  UNROLL for (int i = 0; i < rows; i++)
    UNROLL for (int j = 0; j < wide; j++) STORE(c + i * c_row + j * W, sums[i][j]);
}

#define ROWS(R, WIDE) case R: NAME(tile)(R, WIDE, depth, a, b, b_row, c, c_row, keeps, end); break;
#if PANEL == 14
#define EACH(WIDE) ROWS(1, WIDE) ROWS(2, WIDE) ROWS(3, WIDE) ROWS(4, WIDE) ROWS(5, WIDE) ROWS(6, WIDE) ROWS(7, WIDE) \
  ROWS(8, WIDE) ROWS(9, WIDE) ROWS(10, WIDE) ROWS(11, WIDE) ROWS(12, WIDE) ROWS(13, WIDE) ROWS(14, WIDE)
#elif PANEL == 6
#define EACH(WIDE) ROWS(1, WIDE) ROWS(2, WIDE) ROWS(3, WIDE) ROWS(4, WIDE) ROWS(5, WIDE) ROWS(6, WIDE)
#endif

static void NAME(two)(
    long rows, long depth, const float *a, const float *b, long b_row, float *c, long c_row, int keeps,
    const tessera_end *end) {
  switch (rows) { EACH(2) }
}

static void NAME(one)(
    long rows, long depth, const float *a, const float *b, long b_row, float *c, long c_row, int keeps,
    const tessera_end *end) {
  switch (rows) { EACH(1) }
}
#undef ROWS
#undef EACH

// A part of the depth: its numbers of b for one tile stay in the first cache.
#define DEPTH 256

// A few columns: one vector for the rows of a panel instead of one for each row. Reads PANEL numbers of a at each step.
INLINE void NAME(narrow)(
    long rows, int columns, long depth, const float *a, const float *b, long b_row, long b_column, float *c, long c_row,
    int keeps) {
  V sums[4] = {{}, {}, {}, {}};
  for (long k = 0; k < depth; k++) {
    V left = LOAD(a);
    UNROLL for (int j = 0; j < columns; j++) sums[j] += left * b[k * b_row + j * b_column];
    a += rows;
  }
  for (int j = 0; j < columns; j++)
    for (long i = 0; i < rows; i++) c[i * c_row + j] = sums[j][i] + (keeps ? c[i * c_row + j] : 0);
}

static void NAME(few)(
    long rows, long columns, long depth, const float *a, const float *b, long b_row, long b_column, float *c, long c_row,
    int keeps) {
  for (; columns >= 4; columns -= 4, b += 4 * b_column, c += 4)
    NAME(narrow)(rows, 4, depth, a, b, b_row, b_column, c, c_row, keeps);
  switch (columns) {
    case 3: NAME(narrow)(rows, 3, depth, a, b, b_row, b_column, c, c_row, keeps); break;
    case 2: NAME(narrow)(rows, 2, depth, a, b, b_row, b_column, c, c_row, keeps); break;
    case 1: NAME(narrow)(rows, 1, depth, a, b, b_row, b_column, c, c_row, keeps); break;
  }
}

// `count` columns of b, at most 2W, in whole vectors with zeros at the end; returns the distance between rows.
static long NAME(copied)(
    long depth, long count, const float *b, long b_row, long b_column, float *copy) {
  long width = count > W ? 2 * W : W;
  if (b_column == 1) {
    for (long k = 0; k < depth; k++) {
      __builtin_prefetch(b + (k + COPIES_AHEAD) * b_row);
      __builtin_prefetch(b + (k + COPIES_AHEAD) * b_row + count - 1);
      for (long j = 0; j < count; j++) copy[k * width + j] = b[k * b_row + j];
      for (long j = count; j < width; j++) copy[k * width + j] = 0;
    }
  } else {
    for (long j = 0; j < count; j++)
      for (long k = 0; k < depth; k++) copy[k * width + j] = b[k * b_row + j * b_column];
    for (long j = count; j < width; j++)
      for (long k = 0; k < depth; k++) copy[k * width + j] = 0;
  }
  return width;
}

// The end of some columns of c, fewer than those of a vector.
static void NAME(end_part)(long rows, long columns, float *c, long c_row, const tessera_end *end) {
  for (long i = 0; i < rows; i++) {
    V v = NAME(load_part)(c + i * c_row, columns);
    NAME(store_part)(c + i * c_row, NAME(ended)(v, end, i, i * c_row, columns), columns);
  }
}

// The end of c for its part that begins with this row and column.
INLINE tessera_end NAME(end_from)(const tessera_end *end, long row, long column, long c_row) {
  tessera_end part = *end;
  if (part.bias) part.bias += row;
  if (part.residual) part.residual += row * c_row + column;
  return part;
}

static void NAME(product)(
    long rows, long columns, long depth, const float *a, const float *b, long b_row, long b_column, float *c,
    long c_row, int keeps, const tessera_end *end) {
  // Vectors read b along its rows. Other columns are copied, and rows whose distance would put them all at the same few
  // places of the cache.
  int copies = b_column != 1 || (b_row % 512 == 0 && rows > PANEL);
  float copy[DEPTH * 2 * W] __attribute__((aligned(64)));
  float edge[PANEL * W] __attribute__((aligned(64)));
  for (long k = 0; k < depth; k += DEPTH) {
    long deep = depth - k < DEPTH ? depth - k : DEPTH;
    int adds = keeps || k > 0;
    const tessera_end *last = k + deep == depth ? end : 0;
    long j = 0;
    if (!copies && deep <= 64) {
      // With so few sums, storing them takes as long: whole rows of c are stored one after the other.
      long whole = columns / (2 * W) * (2 * W);
      for (long i = 0; i < rows; i += PANEL) {
        long high = rows - i < PANEL ? rows - i : PANEL;
        const float *left = a + i * depth + k * high;
        for (j = 0; j < whole; j += 2 * W) {
          tessera_end part = last ? NAME(end_from)(last, i, j, c_row) : (tessera_end){};
          NAME(two)(
              high, deep, left, b + k * b_row + j, b_row, c + i * c_row + j, c_row, adds, last ? &part : 0);
        }
      }
      j = whole;
    }
    while (j < columns) {
      long wide = columns - j >= 2 * W ? 2 * W : columns - j >= W ? W : columns - j;
      const float *from = b + k * b_row + j * b_column;
      int isFew = wide < W && wide <= PANEL / 2 && PANEL <= W;
      const float *vectors = from;
      long vectors_row = b_row;
      if (!isFew && (copies || wide < W)) {
        vectors_row = NAME(copied)(deep, wide, from, b_row, b_column, copy);
        vectors = copy;
      }
      for (long i = 0; i < rows; i += PANEL) {
        long high = rows - i < PANEL ? rows - i : PANEL;
        const float *left = a + i * depth + k * high;
        float *to = c + i * c_row + j;
        tessera_end part = last ? NAME(end_from)(last, i, j, c_row) : (tessera_end){};
        if (wide == 2 * W) {
          NAME(two)(high, deep, left, vectors, vectors_row, to, c_row, adds, last ? &part : 0);
        } else if (wide == W) {
          NAME(one)(high, deep, left, vectors, vectors_row, to, c_row, adds, last ? &part : 0);
        } else {
          if (isFew) {
            NAME(few)(high, wide, deep, left, from, b_row, b_column, to, c_row, adds);
          } else {
            NAME(one)(high, deep, left, vectors, vectors_row, edge, W, 0, 0);
            for (long r = 0; r < high; r++)
              for (long l = 0; l < wide; l++) to[r * c_row + l] = edge[r * W + l] + (adds ? to[r * c_row + l] : 0);
          }
          if (last) NAME(end_part)(high, wide, to, c_row, &part);
        }
      }
      j += wide;
    }
  }
}

static void NAME(vector_product)(
    long columns, long depth, const float *a, const float *b, long b_row, long b_column, float *y, int keeps) {
  if (b_column == 1) {
    long j = 0;
    for (; j + 8 * W <= columns; j += 8 * W) NAME(tile)(1, 8, depth, a, b + j, b_row, y + j, 0, keeps, 0);
    for (; j + W <= columns; j += W) NAME(tile)(1, 1, depth, a, b + j, b_row, y + j, 0, keeps, 0);
    for (; j < columns; j++) {
      float sum = keeps ? y[j] : 0;
      for (long k = 0; k < depth; k++) sum += a[k] * b[k * b_row + j];
      y[j] = sum;
    }
    return;
  }
  long j = 0;
  if (b_row == 1) {
    // Four columns use each vector of a.
    for (; j + 4 <= columns; j += 4) {
      V sums[4] = {{}, {}, {}, {}};
      long k = 0;
      for (; k + W <= depth; k += W) {
        V left = LOAD(a + k);
        UNROLL for (int l = 0; l < 4; l++) sums[l] += left * LOAD(b + (j + l) * b_column + k);
      }
      V totals = NAME(sums)(sums[0], sums[1], sums[2], sums[3]);
      for (int l = 0; l < 4; l++) {
        float sum = totals[l];
        for (long i = k; i < depth; i++) sum += a[i] * b[(j + l) * b_column + i];
        y[j + l] = keeps ? y[j + l] + sum : sum;
      }
    }
  }
  for (; j < columns; j++) {
    float sum = 0;
    for (long k = 0; k < depth; k++) sum += a[k] * b[k * b_row + j * b_column];
    y[j] = keeps ? y[j] + sum : sum;
  }
}

INLINE void NAME(take_one)(const float *x, long step, float *y, long count) {
  long i = 0;
  if (step == 1) {
    for (; i + W <= count; i += W) STORE(y + i, LOAD(x + i));
    if (i < count) NAME(store_part)(y + i, NAME(load_part)(x + i, count - i), count - i);
    return;
  }
  if (step == 2) {
    // All numbers from the first to the last that is taken exist.
    for (; i < count; i += W) {
      long rest = 2 * (count - i) - 1;
      V low = NAME(load_first)(x + 2 * i, rest), high = NAME(load_first)(x + 2 * i + W, rest > W ? rest - W : 0);
      V v = NAME(even)(low, high);
      NAME(store_first)(y + i, v, count - i);
    }
    return;
  }
  for (; i < count; i++) y[i] = x[i * step];
}

static void NAME(take)(const float *x, long step, float *y, long count) { NAME(take_one)(x, step, y, count); }

static void NAME(gather)(const tessera_gather *g, const float *x, const long *input_rows, float *y) {
  for (long k = 0; k < g->kernel; k++) {
    // Outputs from `low` up to but without `high` use inputs; the others use padding.
    long start = g->first * g->step - g->pad + k * g->dilation;
    long low = start < 0 ? (-start + g->step - 1) / g->step : 0;
    low = low < g->count ? low : g->count;
    long high = start >= g->length ? 0 : (g->length - 1 - start) / g->step + 1;
    high = high < g->count ? high : g->count;
    high = high > low ? high : low;
    for (long c = g->from; c < g->to; c++) {
      for (long r = 0; r < g->rows; r++) {
        float *to = y + ((c * g->rows + r) * g->kernel + k) * g->width;
        if (input_rows[r] < 0) {
          for (long i = 0; i < g->count; i++) to[i] = 0;
          continue;
        }
        const float *from = x + c * g->plane + input_rows[r] * g->length + start;
        for (long i = 0; i < low; i++) to[i] = 0;
        NAME(take_one)(from + low * g->step, g->step, to + low, high - low);
        for (long i = high; i < g->count; i++) to[i] = 0;
      }
    }
  }
}

#include "windows.h"

// Functions. The polynomials are minimax fits of degree 4 to 8; each result is within 3 units of its last place.

INLINE V NAME(raise)(V x, float low) { return CHOOSE(x < ALL(low), ALL(low), x); }
INLINE V NAME(lower)(V x, float high) { return CHOOSE(x > ALL(high), ALL(high), x); }

INLINE V NAME(exp)(V x) {
  // Below −104, the result rounds to 0; above 89, it is infinite.
  V bounded = NAME(lower)(NAME(raise)(x, -104), 89);
  // Adding 1.5 · 2²³ rounds to a whole number, whose bits are then the last ones.
  V rounded = bounded * 1.44269504f + 12582912.0f;
  V whole = rounded - 12582912.0f;
  V r = bounded - whole * 0.693359375f;
  r = r + whole * 2.12194440e-4f;
  V p = r * 1.39505e-3f + 8.36888e-3f;
  p = p * r + 4.166621e-2f;
  p = p * r + 0.16666519f;
  p = p * r + 0.5f;
  V y = p * (r * r) + r + 1;
#ifdef HAS_SCALE
  return NAME(scaled)(y, whole);
#else
  // 2ⁿ in two factors, because results can be subnormal.
  I n = (I)rounded - (I)ALL(12582912.0f);
  I half = n >> 1;
  V scale = (V)((half + 127) << 23), rest = (V)((n - half + 127) << 23);
  return y * scale * rest;
#endif
}

INLINE V NAME(sign_of)(V x, V magnitude) {
  I sign = (I)x & (I)ALL(-0.0f);
  return (V)((I)magnitude | sign);
}

INLINE V NAME(magnitude)(V x) { return (V)((I)x & 0x7fffffff); }

// e^−|x| cannot overflow, so far negative numbers keep their digits.
INLINE V NAME(sigmoid)(V x) {
  V e = NAME(exp)(-NAME(magnitude)(x)), share = 1 / (1 + e);
  return CHOOSE(x < (V){}, e * share, share);
}

INLINE V NAME(tanh)(V x) {
  V t = NAME(magnitude)(x), s = x * x;
  V p = s * -0.00571704f + 0.02065058f;
  p = p * s - 0.0537435f;
  p = p * s + 0.13331491f;
  p = p * s - 0.33333284f;
  V near = x + x * s * p;
  V far = 1 - 2 / (NAME(exp)(2 * t) + 1);
  return CHOOSE(t > ALL(0.625f), NAME(sign_of)(x, far), near);
}

INLINE V NAME(erf)(V x) {
  V t = NAME(magnitude)(x), s = x * x;
  V p = s * 8.29660993e-05f - 8.12580646e-04f;
  p = p * s + 5.19959984e-03f;
  p = p * s - 2.68588512e-02f;
  p = p * s + 1.12836864e-01f;
  p = p * s - 3.76126332e-01f;
  V near = x * p * s + x * 1.12837917f;
  V u = NAME(lower)(t, 4);
  V q = u * 2.85965295e-07f + 1.76145867e-05f;
  q = q * u - 4.16496651e-04f;
  q = q * u + 4.11977315e-03f;
  q = q * u - 2.50310536e-02f;
  q = q * u + 1.08186290e-01f;
  q = q * u + 6.33406493e-01f;
  q = q * u + 1.12949439e+00f;
  q = q * u - 1.71787103e-04f;
  V far = 1 - NAME(exp)(-q);
  return CHOOSE(t > ALL(0.9375f), NAME(sign_of)(x, far), near);
}

INLINE V NAME(apply)(tessera_function function, float p, float q, V x) {
  switch (function) {
    case tessera_identity: return x;
    case tessera_clamp: return NAME(lower)(NAME(raise)(x, p), q);
    case tessera_leaky: return CHOOSE(x < (V){}, x * p, x);
    case tessera_hard_swish: return x * NAME(lower)(NAME(raise)(x / 6 + 0.5f, 0), 1);
    case tessera_hard_sigmoid: return NAME(lower)(NAME(raise)(x * p + q, 0), 1);
    case tessera_exp: return NAME(exp)(x);
    case tessera_tanh: return NAME(tanh)(x);
    case tessera_erf: return NAME(erf)(x);
    case tessera_sigmoid: return NAME(sigmoid)(x);
    case tessera_swish: return x * NAME(sigmoid)(x * p);
    case tessera_gelu: return x * 0.5f * (1 + NAME(erf)(x * 0.707106781f));
    case tessera_gelu_tanh: return x * 0.5f * (1 + NAME(tanh)((x * x * x * 0.044715f + x) * 0.797884561f));
    case tessera_sqrt: {
      V y = x;
#if __has_builtin(__builtin_elementwise_sqrt)
      return __builtin_elementwise_sqrt(y);
#else
      for (int lane = 0; lane < W; lane++) y[lane] = __builtin_sqrtf(y[lane]);
      return y;
#endif
    }
    case tessera_reciprocal: return 1 / x;
    case tessera_negative: return -x;
    case tessera_absolute: return NAME(magnitude)(x);
    case tessera_square: return x * x;
  }
  return x;
}

INLINE void NAME(map_one)(tessera_function f, float p, float q, const float *x, float *y, long count) {
  long i = 0;
  for (; i + W <= count; i += W) STORE(y + i, NAME(apply)(f, p, q, LOAD(x + i)));
  if (i < count) NAME(store_part)(y + i, NAME(apply)(f, p, q, NAME(load_part)(x + i, count - i)), count - i);
}

#define FUNCTIONS(DO) \
  DO(tessera_identity) DO(tessera_clamp) DO(tessera_leaky) DO(tessera_hard_swish) DO(tessera_hard_sigmoid) \
  DO(tessera_exp) DO(tessera_tanh) DO(tessera_erf) DO(tessera_sigmoid) DO(tessera_swish) DO(tessera_gelu) \
  DO(tessera_gelu_tanh) DO(tessera_sqrt) DO(tessera_reciprocal) DO(tessera_negative) DO(tessera_absolute) \
  DO(tessera_square)

static void NAME(map)(tessera_function function, float p, float q, const float *x, float *y, long count) {
#define DO(F) case F: NAME(map_one)(F, p, q, x, y, count); break;
  switch (function) { FUNCTIONS(DO) }
#undef DO
}

INLINE void NAME(finish_one)(
    tessera_function f, float p, float q, float *y, long count, float bias, const float *residual) {
  long i = 0;
  if (residual) {
    for (; i + W <= count; i += W) STORE(y + i, NAME(apply)(f, p, q, LOAD(y + i) + bias + LOAD(residual + i)));
    if (i < count) {
      V sum = NAME(load_part)(y + i, count - i) + bias + NAME(load_part)(residual + i, count - i);
      NAME(store_part)(y + i, NAME(apply)(f, p, q, sum), count - i);
    }
  } else {
    for (; i + W <= count; i += W) STORE(y + i, NAME(apply)(f, p, q, LOAD(y + i) + bias));
    if (i < count) {
      V sum = NAME(load_part)(y + i, count - i) + bias;
      NAME(store_part)(y + i, NAME(apply)(f, p, q, sum), count - i);
    }
  }
}

static void NAME(finish)(
    float *y, long count, float bias, const float *residual, tessera_function function, float p, float q) {
#define DO(F) case F: NAME(finish_one)(F, p, q, y, count, bias, residual); break;
  switch (function) { FUNCTIONS(DO) }
#undef DO
}
#undef FUNCTIONS

INLINE V NAME(operate)(tessera_operator operation, V a, V b) {
  switch (operation) {
    case tessera_add: return a + b;
    case tessera_subtract: return a - b;
    case tessera_multiply: return a * b;
    case tessera_divide: return a / b;
    case tessera_maximum: return CHOOSE((a > b) | (a != a), a, b);
    case tessera_minimum: return CHOOSE((a < b) | (a != a), a, b);
  }
  return a;
}

INLINE void NAME(combine_one)(
    tessera_operator op, const float *a, long a_step, const float *b, long b_step, float *y, long count) {
  long i = 0;
  V left = ALL(a[0]), right = ALL(b[0]);
  for (; i + W <= count; i += W) {
    if (a_step) left = LOAD(a + i);
    if (b_step) right = LOAD(b + i);
    STORE(y + i, NAME(operate)(op, left, right));
  }
  if (i < count) {
    if (a_step) left = NAME(load_part)(a + i, count - i);
    if (b_step) right = NAME(load_part)(b + i, count - i);
    NAME(store_part)(y + i, NAME(operate)(op, left, right), count - i);
  }
}

static void NAME(combine)(
    tessera_operator operation, const float *a, long a_step, const float *b, long b_step, float *y, long count) {
  if (count <= 0) return;
#define STEPS(OP) \
  case OP: \
    if (a_step && b_step) NAME(combine_one)(OP, a, 1, b, 1, y, count); \
    else if (a_step) NAME(combine_one)(OP, a, 1, b, 0, y, count); \
    else if (b_step) NAME(combine_one)(OP, a, 0, b, 1, y, count); \
    else NAME(combine_one)(OP, a, 0, b, 0, y, count); \
    break;
  switch (operation) {
    STEPS(tessera_add) STEPS(tessera_subtract) STEPS(tessera_multiply) STEPS(tessera_divide)
    STEPS(tessera_maximum) STEPS(tessera_minimum)
  }
#undef STEPS
}

static void NAME(softmax)(const float *x, float *y, long count, int is_log) {
  long whole = count - count % W;
  float greatest = -__builtin_inff();
  if (whole) {
    V most = LOAD(x);
    for (long i = W; i < whole; i += W) {
      V v = LOAD(x + i);
      most = CHOOSE(v > most, v, most);
    }
    for (int lane = 0; lane < W; lane++) greatest = most[lane] > greatest ? most[lane] : greatest;
  }
  for (long i = whole; i < count; i++) greatest = x[i] > greatest ? x[i] : greatest;
  V sums = {};
  for (long i = 0; i < whole; i += W) {
    V v = LOAD(x + i) - greatest, e = NAME(exp)(v);
    sums += e;
    STORE(y + i, is_log ? v : e);
  }
  float sum = NAME(sum)(sums);
  if (whole < count) {
    long rest = count - whole;
    V v = NAME(load_part)(x + whole, rest) - greatest, e = NAME(exp)(v);
    for (long lane = 0; lane < rest; lane++) sum += e[lane];
    NAME(store_part)(y + whole, is_log ? v : e, rest);
  }
  if (is_log) {
    float shift = __builtin_logf(sum);
    for (long i = 0; i < count; i++) y[i] -= shift;
  } else {
    float factor = 1 / sum;
    for (long i = 0; i < count; i++) y[i] *= factor;
  }
}

static void NAME(normalise)(
    const float *x, float *y, long count, const float *scale, const float *shift, float epsilon, int centres,
    float *mean, float *factor) {
  long whole = count - count % W;
  float middle = 0;
  if (centres) {
    // The mean of the distances from the first number: equal numbers have exactly their mean, however small epsilon is.
    V sums = {};
    for (long i = 0; i < whole; i += W) sums += LOAD(x + i) - x[0];
    float sum = NAME(sum)(sums);
    for (long i = whole; i < count; i++) sum += x[i] - x[0];
    middle = x[0] + sum / count;
  }
  V squares = {};
  for (long i = 0; i < whole; i += W) {
    V v = LOAD(x + i) - middle;
    squares += v * v;
  }
  float square = NAME(sum)(squares);
  for (long i = whole; i < count; i++) square += (x[i] - middle) * (x[i] - middle);
  float stretch = 1 / __builtin_sqrtf(square / count + epsilon);
  for (long i = 0; i < whole; i += W) {
    V v = (LOAD(x + i) - middle) * stretch * LOAD(scale + i);
    STORE(y + i, shift ? v + LOAD(shift + i) : v);
  }
  for (long i = whole; i < count; i++) {
    float v = (x[i] - middle) * stretch * scale[i];
    y[i] = shift ? v + shift[i] : v;
  }
  *mean = middle;
  *factor = stretch;
}

// Stored forms.

typedef unsigned NAME(U) __attribute__((vector_size(4 * W)));
typedef unsigned short NAME(H) __attribute__((vector_size(2 * W)));
typedef unsigned short NAME(LooseH) __attribute__((vector_size(2 * W), aligned(1), may_alias));
typedef unsigned char NAME(B) __attribute__((vector_size(W)));
typedef unsigned char NAME(LooseB) __attribute__((vector_size(W), aligned(1), may_alias));
typedef signed char NAME(S) __attribute__((vector_size(W)));
#define U NAME(U)
#define H NAME(H)
#define B NAME(B)

#ifdef HAS_HALF
#define WIDE_HALF NAME(wide_half)
#define HALF NAME(half)
#else
INLINE V NAME(wide_half)(H h) {
  U bits = __builtin_convertvector(h, U);
  // The bits of a number that is 2¹¹² times too small, also if it is subnormal.
  U magnitude = (bits & 0x7fff) << 13;
  U special = magnitude | 0x7f800000, scaled = (U)((V)magnitude * 0x1p112f);
  U chosen = (U)CHOOSE((I)(magnitude >= 0x0f800000), (V)special, (V)scaled);
  return (V)(chosen | (bits & 0x8000) << 16);
}

INLINE H NAME(half)(V v) {
  U bits = (U)v, sign = bits & 0x80000000u, x = bits ^ sign;
  // Too large, NaN, subnormal, and everything else; adding 1/2 puts the bits of a subnormal number last.
  V large = CHOOSE((I)(x > 0x7f800000), (V)((x >> 13 & 0x3ff) | 0x7e00), (V)((U){} + 0x7c00));
  V small = (V)((U)((V)x + 0.5f) - 0x3f000000);
  V normal = (V)((x + 0xc8000fff + (x >> 13 & 1)) >> 13);
  U y = (U)CHOOSE((I)(x >= 0x47800000), large, CHOOSE((I)(x < 0x38800000), small, normal));
  return __builtin_convertvector(y | sign >> 16, H);
}
#define WIDE_HALF NAME(wide_half)
#define HALF NAME(half)
#endif

INLINE V NAME(wide_brain)(H h) { return (V)(__builtin_convertvector(h, U) << 16); }

INLINE H NAME(brain)(V v) {
  U x = (U)v;
  V rounded = (V)((x + 0x7fff + (x >> 16 & 1)) >> 16), nan = (V)(x >> 16 | 0x40);
  return __builtin_convertvector((U)CHOOSE(v != v, nan, rounded), H);
}

INLINE void NAME(widen_halves)(int is_brain, const unsigned short *x, float *y, long count) {
  long i = 0;
  for (; i + W <= count; i += W) {
    H h = *(const NAME(LooseH) *)(x + i);
    STORE(y + i, is_brain ? NAME(wide_brain)(h) : WIDE_HALF(h));
  }
  if (i == count) return;
  H h = {};
  for (long lane = 0; lane < count - i; lane++) h[lane] = x[i + lane];
  V v = is_brain ? NAME(wide_brain)(h) : WIDE_HALF(h);
  for (long lane = 0; lane < count - i; lane++) y[i + lane] = v[lane];
}

INLINE void NAME(narrow_halves)(int is_brain, const float *x, unsigned short *y, long count) {
  long i = 0;
  for (; i + W <= count; i += W) {
    V v = LOAD(x + i);
    *(NAME(LooseH) *)(y + i) = is_brain ? NAME(brain)(v) : HALF(v);
  }
  if (i == count) return;
  V v = NAME(load_part)(x + i, count - i);
  H h = is_brain ? NAME(brain)(v) : HALF(v);
  for (long lane = 0; lane < count - i; lane++) y[i + lane] = h[lane];
}

INLINE void NAME(round_halves)(int is_brain, float *y, long count) {
  long i = 0;
  for (; i + W <= count; i += W) {
    V v = LOAD(y + i);
    STORE(y + i, is_brain ? NAME(wide_brain)(NAME(brain)(v)) : WIDE_HALF(HALF(v)));
  }
  if (i == count) return;
  V v = NAME(load_part)(y + i, count - i);
  v = is_brain ? NAME(wide_brain)(NAME(brain)(v)) : WIDE_HALF(HALF(v));
  NAME(store_part)(y + i, v, count - i);
}

INLINE V NAME(of_bytes)(int is_signed, B bytes) {
  return is_signed ? __builtin_convertvector((NAME(S))bytes, V) : __builtin_convertvector(bytes, V);
}

INLINE void NAME(widen_bytes)(int is_signed, const unsigned char *x, float *y, long count) {
  long i = 0;
  for (; i + W <= count; i += W) STORE(y + i, NAME(of_bytes)(is_signed, *(const NAME(LooseB) *)(x + i)));
  for (; i < count; i++) y[i] = is_signed ? (float)(signed char)x[i] : (float)x[i];
}

// Numbers of four bits, in pairs.
INLINE void NAME(widen_pairs)(int is_signed, const unsigned char *x, long first, float *y, long count) {
  int flip = is_signed ? 8 : 0;
  if (first % 2 && count > 0) {
    *y++ = (float)((x[first / 2] >> 4 ^ flip) - flip);
    first++, count--;
  }
  x += first / 2;
  long i = 0;
  for (; i + 2 * W <= count; i += 2 * W) {
    B bytes = *(const NAME(LooseB) *)(x + i / 2), low = bytes & 15, high = bytes >> 4;
    B a = __builtin_shufflevector(low, high, ZIP_LOW), b = __builtin_shufflevector(low, high, ZIP_HIGH);
    if (is_signed) a = (a ^ 8) - 8, b = (b ^ 8) - 8;
    STORE(y + i, NAME(of_bytes)(is_signed, a));
    STORE(y + i + W, NAME(of_bytes)(is_signed, b));
  }
  for (; i < count; i++) y[i] = (float)(((x[i / 2] >> (i % 2 * 4) & 15) ^ flip) - flip);
}

static void NAME(widen)(tessera_form form, const void *x, long first, const float *table, float *y, long count) {
  const unsigned char *bytes = x;
  switch (form) {
    case tessera_float16: NAME(widen_halves)(0, (const unsigned short *)x + first, y, count); break;
    case tessera_bfloat16: NAME(widen_halves)(1, (const unsigned short *)x + first, y, count); break;
    case tessera_coded:
      for (long i = 0; i < count; i++) y[i] = table[bytes[first + i]];
      break;
    case tessera_int8: NAME(widen_bytes)(1, bytes + first, y, count); break;
    case tessera_uint8: NAME(widen_bytes)(0, bytes + first, y, count); break;
    case tessera_int4: NAME(widen_pairs)(1, x, first, y, count); break;
    case tessera_uint4: NAME(widen_pairs)(0, x, first, y, count); break;
    case tessera_int2: case tessera_uint2: {
      int flip = form == tessera_int2 ? 2 : 0;
      for (long i = first; i < first + count; i++)
        y[i - first] = (float)(((bytes[i / 4] >> (i % 4 * 2) & 3) ^ flip) - flip);
    }
  }
}

static void NAME(narrow_to)(tessera_form form, const float *x, void *y, long count) {
  if (form == tessera_float16) NAME(narrow_halves)(0, x, y, count);
  else if (form == tessera_bfloat16) NAME(narrow_halves)(1, x, y, count);
}

static void NAME(round)(tessera_form form, float *y, long count) {
  if (form == tessera_float16) NAME(round_halves)(0, y, count);
  else if (form == tessera_bfloat16) NAME(round_halves)(1, y, count);
}

INLINE void NAME(rescale_all)(float *y, long count, float scale, float zero) {
  long i = 0;
  for (; i + W <= count; i += W) STORE(y + i, (LOAD(y + i) - zero) * scale);
  for (; i < count; i++) y[i] = (y[i] - zero) * scale;
}

static void NAME(rescale)(
    float *y, long count, const float *scale, const float *zero, long first, long block, long step) {
  if (step == 0) return NAME(rescale_all)(y, count, *scale, zero ? *zero : 0);
  if (block == 1) {
    long i = 0;
    scale += first;
    if (zero) zero += first;
    for (; i + W <= count; i += W) STORE(y + i, (LOAD(y + i) - (zero ? LOAD(zero + i) : (V){})) * LOAD(scale + i));
    for (; i < count; i++) y[i] = (y[i] - (zero ? zero[i] : 0)) * scale[i];
    return;
  }
  while (count > 0) {
    long place = first / block, length = block - first % block;
    if (length > count) length = count;
    NAME(rescale_all)(y, length, scale[place], zero ? zero[place] : 0);
    y += length, first += length, count -= length;
  }
}

static int NAME(is_finite)(const float *x, long count) {
  // 0 · x is 0 if x is finite, and NaN otherwise.
  V sums = {};
  long i = 0;
  for (; i + W <= count; i += W) sums += LOAD(x + i) * 0;
  float sum = NAME(sum)(sums);
  for (; i < count; i++) sum += x[i] * 0;
  return sum == 0;
}

static int NAME(has_no_nan)(const float *x, long count) {
  I found = {};
  long i = 0;
  for (; i + W <= count; i += W) {
    V v = LOAD(x + i);
    found |= v != v;
  }
  int any = NAME(any)(found);
  for (; i < count; i++) any |= x[i] != x[i];
  return !any;
}

const tessera_kernels NAME(tessera_kernels) = {
    PANEL, NAME(pack), NAME(product), NAME(vector_product), NAME(take), NAME(gather), NAME(windows), NAME(finish), NAME(map), NAME(combine),
    NAME(softmax), NAME(normalise), NAME(widen), NAME(narrow_to), NAME(round), NAME(rescale), NAME(is_finite), NAME(has_no_nan),
};
