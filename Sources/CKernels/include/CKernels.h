// Kernels over binary32 numbers, compiled for several kinds of processors. The best kind is chosen when first asked for.
//
// Callers check all extents; every pointer is to as many numbers as its comment says.

#ifndef TESSERA_CKERNELS_H
#define TESSERA_CKERNELS_H

// Lets the processor save power, or work for another thread, while this one waits in a loop.
static inline void tessera_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Functions of one number. `p` and `q` are their parameters.
typedef enum {
  tessera_identity,
  // min(max(x, p), q); NaN stays.
  tessera_clamp,
  // x for x ≥ 0, otherwise p · x
  tessera_leaky,
  // x · min(max(x / 6 + 1 / 2, 0), 1)
  tessera_hard_swish,
  // min(max(p · x + q, 0), 1)
  tessera_hard_sigmoid,
  tessera_exp,
  tessera_tanh,
  tessera_erf,
  // 1 / (1 + e⁻ˣ)
  tessera_sigmoid,
  // x / (1 + e⁻ᵖˣ)
  tessera_swish,
  // x / 2 · (1 + erf(x / √2))
  tessera_gelu,
  // x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
  tessera_gelu_tanh,
  tessera_sqrt,
  tessera_reciprocal,
  tessera_negative,
  tessera_absolute,
  tessera_square,
} tessera_function;

// Operators on two numbers.
typedef enum {
  tessera_add,
  tessera_subtract,
  tessera_multiply,
  tessera_divide,
  // NaN if one of them is.
  tessera_maximum,
  tessera_minimum,
} tessera_operator;

// Forms in which numbers are stored; those of fewer than eight bits are packed, low bits first.
typedef enum {
  tessera_float16,
  tessera_bfloat16,
  // Bytes that are places in a table of 256 numbers.
  tessera_coded,
  tessera_int8,
  tessera_uint8,
  tessera_int4,
  tessera_uint4,
  tessera_int2,
  tessera_uint2,
} tessera_form;

// Windows over a plane. Output (r, c) and kernel element (i, k) use input row r · row_stride + i · row_dilation − pad_top;
// columns likewise.
typedef struct {
  long rows, columns, input_rows, input_columns, kernel_rows, kernel_columns, row_stride, column_stride, row_dilation,
      column_dilation, pad_top, pad_left;
} tessera_window;

// Outputs first..<first + count of a row, and the inputs that kernel elements need for them: for channels from..<to and
// each of `rows` input rows (−1: padding) and `kernel` elements along it. Rows of inputs have `length` numbers, planes
// `plane`; rows of the result are `width` apart.
typedef struct {
  long first, count, from, to, rows, kernel, length, plane, step, dilation, pad, width;
} tessera_gather;

// What is done with each number of `product` or `windows`: min(max(c[i, j] + bias[i] + residual[i, j], low), high), where
// i is a plane and j a position for `windows`; bias and residual
// may be null, and rows of the residual are as far apart as those of c.
typedef struct {
  const float *bias, *residual;
  float low, high;
} tessera_end;

typedef struct {
  // Rows of a panel of the first factor of a product.
  long panel;

  // Copies a[i, k] (strides a_row and a_column) to panels of `panel` rows, each [depth, rows of the panel]: rows · depth
  // numbers.
  void (*pack)(long rows, long depth, const float *a, long a_row, long a_column, float *packed);

  // c[i, j] = (keeps ? c[i, j] : 0) + Σ_k a[i, k] · b[k, j], with a packed by `pack`: [rows, depth]; b: [depth,
  // columns], with a stride of 1 along one of its axes; c: rows that are c_row apart. 16 numbers after a may be read.
  // Then `end`, if it is not null, is applied to c.
  void (*product)(
      long rows, long columns, long depth, const float *a, const float *b, long b_row, long b_column, float *c,
      long c_row, int keeps, const tessera_end *end);

  // y[j] = (keeps ? y[j] : 0) + Σ_k a[k] · b[k, j], with b: [depth, columns] as in `product`.
  void (*vector_product)(
      long columns, long depth, const float *a, const float *b, long b_row, long b_column, float *y,
      int keeps);

  // y[i] = x[i · step]
  void (*take)(const float *x, long step, float *y, long count);

  // y[(c · rows + r) · kernel + k, p]: the input of output p for channel c and kernel element (r, k), 0 in the padding.
  void (*gather)(const tessera_gather *what, const float *x, const long *input_rows, float *y);

  // Windows over several planes. Without w, y[p, r, c] is the greatest input of a window, NaN if one is, −∞ if there are
  // none; `end` is not used. With w: [planes, kernel_rows, kernel_columns], y[p, r, c] is Σ w · input, and then `end`, if it
  // is not null, is applied with a bias for each plane. Nothing outside a plane is read.
  // Rows in the padding are left out; columns in it are multiplied as 0, so an infinite weight gives NaN there.
  void (*windows)(
      const tessera_window *window, long planes, const float *x, const float *w, float *y, const tessera_end *end);

  // y[i] = function(y[i] + bias + residual[i]); residual may be null.
  void (*finish)(
      float *y, long count, float bias, const float *residual, tessera_function function, float p, float q);

  // y[i] = function(x[i]); y may be x.
  void (*map)(tessera_function function, float p, float q, const float *x, float *y, long count);

  // y[i] = a[i · a_step] op b[i · b_step], with steps of 0 or 1; y may be a or b.
  void (*combine)(
      tessera_operator operation, const float *a, long a_step, const float *b, long b_step, float *y, long count);

  // y[i] = e^x[i] / Σ e^x, or its logarithm; y may be x.
  void (*softmax)(const float *x, float *y, long count, int is_log);

  // y[i] = (x[i] − mean) / √(variance + epsilon) · scale[i] + shift[i]; shift may be null. Without centring, the mean is
  // 0. Sets the mean and 1 / √(variance + epsilon). y may be x.
  void (*normalise)(
      const float *x, float *y, long count, const float *scale, const float *shift, float epsilon, int centres,
      float *mean, float *factor);

  // y[i] = number `first + i` of x. Only tessera_coded reads the table.
  void (*widen)(tessera_form form, const void *x, long first, const float *table, float *y, long count);

  // y[i] = x[i], rounded to nearest, ties to even; only for floating-point forms.
  void (*narrow)(tessera_form form, const float *x, void *y, long count);

  // y[i] = y[i], rounded to a floating-point form.
  void (*round)(tessera_form form, float *y, long count);

  // y[i] = (y[i] - zero[p]) · scale[p], p = (first + i) / block · step; zero may be null, and step is 0 or 1.
  void (*rescale)(
      float *y, long count, const float *scale, const float *zero, long first, long block, long step);

  // Whether all numbers are finite, and whether none is NaN.
  int (*is_finite)(const float *x, long count);
  int (*has_no_nan)(const float *x, long count);
} tessera_kernels;

// The kinds of processors with kernels of their own; each has all instructions of those before it.
typedef enum { tessera_plain, tessera_avx2, tessera_avx512 } tessera_kind;

// The kernels for a kind of processors; null if this processor lacks its instructions.
const tessera_kernels *tessera_kernels_of_kind(tessera_kind kind);

// The kernels for this processor.
const tessera_kernels *tessera_best_kernels(void);

#endif
