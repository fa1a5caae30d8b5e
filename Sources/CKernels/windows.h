// Depthwise convolutions and pooling, without a padded copy of the plane. Part of kernels.h.

// A vector of inputs for output columns j, j + 1, …: the input columns s, s + step, …, where s may be outside the plane.
INLINE V NAME(strided)(const float *x, long s, long step, long length, V padding) {
  V v = padding;
  UNROLL for (int lane = 0; lane < W; lane++) {
    long place = s + lane * step;
    if (place >= 0 && place < length) v[lane] = x[place];
  }
  return v;
}

// The lanes of a vector at x + s that are inside a row.
INLINE NAME(Lanes) NAME(inside)(long s, long length) {
  long low = s < 0 ? -s : 0, high = length - s;
  low = low < W ? low : W;
  high = high < 0 ? 0 : high < W ? high : W;
  return NAME(lanes)(low, high);
}

// One vector of columns of outputs, from j on, in all rows.
typedef struct {
  // Copies, so that the compiler knows that storing results does not change them.
  tessera_window g;
  tessera_end end;
  int ends;
  long j;
  const float *restrict x, *restrict w;
  float *restrict y;
  // The weights of a small kernel: all of them have room in registers.
  V weights[9];
  NAME(Lanes) lanes[8];
} NAME(Strip);

// `outs` rows of outputs from `row` on. The kernel has `size` rows and columns, the same stride, 1 or 2, in both directions,
// and no dilation. With `whole`, the vectors of all inputs are inside the rows.
INLINE void NAME(strip_rows)(
    int outs, int size, int stride, int whole, int adds, long row, const NAME(Strip) *t) {
  V padding = ALL(adds ? 0 : -__builtin_inff()), sums[2];
  UNROLL for (int o = 0; o < outs; o++) sums[o] = padding;
  long first = t->j * stride - t->g.pad_left, top = row * stride - t->g.pad_top;
  UNROLL for (int i = 0; i < (outs - 1) * stride + size; i++) {
    if (top + i < 0 || top + i >= t->g.input_rows) continue;
    const float *from = t->x + (top + i) * t->g.input_columns + first;
    V v[8];
    UNROLL for (int k = 0; k < size; k += stride) {
      v[k] = whole ? LOAD(from + k) : NAME(load_lanes)(from + k, t->lanes[k], padding);
      if (stride == 2) {
        V next = whole ? LOAD(from + k + W) : NAME(load_lanes)(from + k + W, t->lanes[k + 1], padding);
        v[k + 1] = NAME(odd)(v[k], next);
        v[k] = NAME(even)(v[k], next);
      }
    }
    UNROLL for (int o = 0; o < outs; o++) {
      int down = i - o * stride;
      if (down < 0 || down >= size) continue;
      UNROLL for (int k = 0; k < size; k++) {
        int tap = down * size + k;
        if (adds) sums[o] += v[k] * (size <= 3 ? t->weights[tap] : ALL(t->w[tap]));
        else sums[o] = CHOOSE((v[k] > sums[o]) | (v[k] != v[k]), v[k], sums[o]);
      }
    }
  }
  long count = t->g.columns - t->j;
  UNROLL for (int o = 0; o < outs; o++) {
    long place = (row + o) * t->g.columns + t->j;
    if (t->ends) sums[o] = NAME(ended)(sums[o], &t->end, 0, place, count);
    NAME(store_first)(t->y + place, sums[o], count);
  }
}

INLINE void NAME(strip)(int size, int stride, int whole, int adds, NAME(Strip) t) {
  if (!whole) {
    long first = t.j * stride - t.g.pad_left;
    UNROLL for (int k = 0; k < size; k += stride) {
      t.lanes[k] = NAME(inside)(first + k, t.g.input_columns);
      if (stride == 2) t.lanes[k + 1] = NAME(inside)(first + k + W, t.g.input_columns);
    }
  }
  // Two rows of outputs share most of their rows of inputs.
  long row = 0;
  for (; row + 2 <= t.g.rows; row += 2) NAME(strip_rows)(2, size, stride, whole, adds, row, &t);
  if (row < t.g.rows) NAME(strip_rows)(1, size, stride, whole, adds, row, &t);
}

INLINE void NAME(square_windows)(
    int size, int stride, int adds, const tessera_window *g, const float *x, const float *w, float *y,
    const tessera_end *end) {
  NAME(Strip) t = {.g = *g, .ends = end != 0, .x = x, .w = w, .y = y};
  if (end) t.end = *end;
  if (adds && size <= 3)
    UNROLL for (int k = 0; k < size * size; k++) t.weights[k] = ALL(w[k]);
  for (t.j = 0; t.j < t.g.columns; t.j += W) {
    // The last number that the vectors read.
    long first = t.j * stride - t.g.pad_left, last = first + (stride == 1 ? size - 1 + W - 1 : (size - 1) / 2 * 2 + 2 * W - 1);
    if (first >= 0 && last < t.g.input_columns) NAME(strip)(size, stride, 1, adds, t);
    else NAME(strip)(size, stride, 0, adds, t);
  }
}

// Windows of all extents, strides and dilations.
INLINE void NAME(general_windows)(
    int adds, const tessera_window *g, const float *x, const float *w, float *y, const tessera_end *end) {
  V padding = ALL(adds ? 0 : -__builtin_inff());
  for (long row = 0; row < g->rows; row++) {
    for (long j = 0; j < g->columns; j += W) {
      V sum = padding;
      for (long i = 0; i < g->kernel_rows; i++) {
        long line = row * g->row_stride - g->pad_top + i * g->row_dilation;
        if (line < 0 || line >= g->input_rows) continue;
        const float *from = x + line * g->input_columns;
        for (long k = 0; k < g->kernel_columns; k++) {
          long s = j * g->column_stride - g->pad_left + k * g->column_dilation;
          V v;
          if (g->column_stride == 1) {
            if (s >= 0 && s + W <= g->input_columns) v = LOAD(from + s);
            else v = NAME(load_lanes)(from + s, NAME(inside)(s, g->input_columns), padding);
          } else {
            v = NAME(strided)(from, s, g->column_stride, g->input_columns, padding);
          }
          if (adds) sum += v * w[i * g->kernel_columns + k];
          else sum = CHOOSE((v > sum) | (v != v), v, sum);
        }
      }
      long count = g->columns - j, place = row * g->columns + j;
      if (end) sum = NAME(ended)(sum, end, 0, place, count);
      NAME(store_first)(y + place, sum, count);
    }
  }
}

INLINE void NAME(one_plane)(
    int adds, const tessera_window *g, const float *x, const float *w, float *y, const tessera_end *end) {
  if (g->kernel_rows == g->kernel_columns && g->row_stride == g->column_stride && g->row_dilation == 1 && g->column_dilation == 1) {
    // Sizes and strides that networks use; as constants they let the compiler unroll loops.
    long size = g->kernel_rows;
#define SQUARE(SIZE, STRIDE) \
  if (size == SIZE && g->row_stride == STRIDE) return NAME(square_windows)(SIZE, STRIDE, adds, g, x, w, y, end);
    SQUARE(2, 1) SQUARE(2, 2) SQUARE(3, 1) SQUARE(3, 2) SQUARE(5, 1) SQUARE(5, 2) SQUARE(7, 1)
#undef SQUARE
  }
  NAME(general_windows)(adds, g, x, w, y, end);
}

static void NAME(windows)(
    const tessera_window *g, long planes, const float *x, const float *w, float *y, const tessera_end *end) {
  for (long plane = 0; plane < planes; plane++) {
    if (w) {
      tessera_end own = end ? NAME(end_from)(end, plane, 0, g->rows * g->columns) : (tessera_end){};
      NAME(one_plane)(1, g, x, w, y, end ? &own : 0);
      w += g->kernel_rows * g->kernel_columns;
    } else {
      NAME(one_plane)(0, g, x, 0, y, 0);
    }
    x += g->input_rows * g->input_columns, y += g->rows * g->columns;
  }
}
