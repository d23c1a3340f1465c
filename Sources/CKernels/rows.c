#include "rows.h"

#include <string.h>

#include "clones.h"

CK_CLONES void ck_add_to_rows(size_t rows, size_t columns, const float *restrict bias, float *restrict matrix) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) matrix[i * columns + j] += bias[j];
  }
}

// Sums of products in float64. A compiler may not reorder a floating-point sum, so the lanes are written out: 32
// partial sums, which is also four independent chains of the widest vector.
enum { LANES = 32 };

CK_INLINE double dot(size_t count, const float *a, const float *b) {
  double lanes[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (size_t l = 0; l < LANES; l++) lanes[l] += (double)a[i + l] * (double)b[i + l];
  }
  double sum = 0;
  for (; i < count; i++) sum += (double)a[i] * (double)b[i];
  for (size_t l = 0; l < LANES; l++) sum += lanes[l];
  return sum;
}

enum { WIDTH = 16 };

// Sixteen columns of m(s, t) b(s, t), added to the lanes with a weight of 1 or 2.
CK_INLINE void add_gram_block(const float *a, size_t shift_count, const size_t *places, const float *b, double weight,
                              double *lanes) {
  float m[WIDTH] = {0};
  for (size_t k = 0; k < shift_count; k++) {
    for (size_t l = 0; l < WIDTH; l++) m[l] += a[places[k] + l];
  }
  for (size_t l = 0; l < WIDTH; l++) lanes[l] += weight * (double)m[l] * (double)b[l];
}

CK_INLINE double gram_term(const float *a, size_t shift_count, const size_t *places, float b) {
  float m = 0;
  for (size_t k = 0; k < shift_count; k++) m += a[places[k]];
  return (double)m * (double)b;
}

// Both matrices are symmetric. In squares of 16 × 16, those on the diagonal count once and those above it twice:
//
//     1 2 2 r        r: the columns that fill no square, one by one; what lies in their rows has been counted
//     . 1 2 r           with the columns above, but for the corner.
//     . . 1 r
//     . . . r
CK_CLONES double ck_gram_product(size_t size, size_t a_stride, const float *a, size_t shift_count,
                                 const size_t *shifts, size_t b_stride, const float *b, double *diagonal) {
  size_t whole = size / WIDTH * WIDTH, places[shift_count];
  double lanes[WIDTH] = {0}, sum = 0, on_diagonal = 0;
  for (size_t k = 0; k < shift_count; k++) places[k] = shifts[k] * a_stride + shifts[k];
  for (size_t s = 0; s < size; s++, a += a_stride, b += b_stride) {
    size_t t = s / WIDTH * WIDTH;
    if (t < whole) {
      add_gram_block(a + t, shift_count, places, b + t, 1, lanes);
      for (t += WIDTH; t < whole; t += WIDTH) add_gram_block(a + t, shift_count, places, b + t, 2, lanes);
    }
    for (t = whole; t < size; t++) sum += (s < whole ? 2 : 1) * gram_term(a + t, shift_count, places, b[t]);
    on_diagonal += gram_term(a + s, shift_count, places, b[s]);
  }
  for (size_t l = 0; l < WIDTH; l++) sum += lanes[l];
  *diagonal = on_diagonal;
  return sum;
}

CK_CLONES void ck_row_squared_norms(size_t rows, size_t columns, const float *matrix, double *norms) {
  for (size_t i = 0; i < rows; i++) norms[i] = dot(columns, matrix + i * columns, matrix + i * columns);
}

CK_CLONES void ck_scale_rows(size_t rows, size_t columns, const float *restrict factors,
                             const float *restrict matrix, float *restrict output) {
  for (size_t i = 0; i < rows; i++) {
    float factor = factors[i];
    for (size_t j = 0; j < columns; j++) output[i * columns + j] = factor * matrix[i * columns + j];
  }
}

// Four rows at a time: the sum is read and written once for the four.
CK_CLONES void ck_add_weighted_row_sum(size_t rows, size_t columns, const float *restrict factors,
                                       const float *restrict matrix, float *restrict sum) {
  size_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    const float *a = matrix + i * columns, *b = a + columns, *c = b + columns, *d = c + columns;
    float f = factors[i], g = factors[i + 1], h = factors[i + 2], k = factors[i + 3];
    for (size_t j = 0; j < columns; j++) sum[j] += (f * a[j] + g * b[j]) + (h * c[j] + k * d[j]);
  }
  for (; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) sum[j] += factors[i] * matrix[i * columns + j];
  }
}

CK_CLONES void ck_add_row_sum(size_t rows, size_t columns, const float *restrict matrix, float *restrict sum) {
  size_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    const float *a = matrix + i * columns, *b = a + columns, *c = b + columns, *d = c + columns;
    for (size_t j = 0; j < columns; j++) sum[j] += (a[j] + b[j]) + (c[j] + d[j]);
  }
  for (; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) sum[j] += matrix[i * columns + j];
  }
}

CK_CLONES void ck_group_row_sums(size_t groups, size_t group, size_t columns, const float *restrict matrix,
                                 float *restrict output) {
  for (size_t g = 0; g < groups; g++, output += columns) {
    memset(output, 0, columns * sizeof(float));
    for (size_t i = 0; i < group; i++, matrix += columns) {
      for (size_t j = 0; j < columns; j++) output[j] += matrix[j];
    }
  }
}

CK_CLONES void ck_add(size_t count, const float *restrict part, float *restrict sum) {
  for (size_t i = 0; i < count; i++) sum[i] += part[i];
}

CK_CLONES void ck_transpose(size_t rows, size_t columns, const float *restrict input, float *restrict output) {
  for (size_t j = 0; j < columns; j++) {
    for (size_t i = 0; i < rows; i++) output[j * rows + i] = input[i * columns + j];
  }
}
