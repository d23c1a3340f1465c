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

// The terms have both signs and may cancel almost wholly: in float32 the norm of an example's gradient could come out
// far too small, and the example would then be clipped too little. In float64 the products are exact.
CK_CLONES double ck_squared_norm_of_product(size_t rows, size_t u_columns, const float *u, size_t g_columns,
                                            const float *g) {
  double diagonal = 0, above = 0;
  for (size_t s = 0; s < rows; s++) {
    const float *u_s = u + s * u_columns, *g_s = g + s * g_columns;
    diagonal += dot(u_columns, u_s, u_s) * dot(g_columns, g_s, g_s);
    for (size_t t = s + 1; t < rows; t++) {
      above += dot(u_columns, u_s, u + t * u_columns) * dot(g_columns, g_s, g + t * g_columns);
    }
  }
  return diagonal + 2 * above;
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
