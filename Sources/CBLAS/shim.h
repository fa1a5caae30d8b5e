#pragma once
#include <cblas.h>

// The enumerations of cblas.h are small integers that a caller can mix up; these say what they mean.

// y (rows × columns) ← op(a) · op(b), all with rows of so many elements apart.
static inline void tessera_sgemm(
    int transposesA, int transposesB, int rows, int columns, int depth, float scale, const float *a, int aRow,
    const float *b, int bRow, float keep, float *y, int yRow) {
  cblas_sgemm(CblasRowMajor, transposesA ? CblasTrans : CblasNoTrans, transposesB ? CblasTrans : CblasNoTrans, rows, columns, depth, scale, a, aRow, b, bRow, keep, y, yRow);
}

// y ← scale · op(a) · x + keep · y with a: rows × columns.
static inline void tessera_sgemv(
    int transposes, int rows, int columns, float scale, const float *a, int aRow, const float *x, int xStep, float keep,
    float *y) {
  cblas_sgemv(CblasRowMajor, transposes ? CblasTrans : CblasNoTrans, rows, columns, scale, a, aRow, x, xStep, keep, y, 1);
}

// The library's own threads stay idle: who calls it shares the work out.
static inline void tessera_blas_alone(void) { openblas_set_num_threads(1); }
