#pragma once

#include <stddef.h>

// Matrices are row-major and contiguous.

/// matrix[i, j] += bias[j].
void ck_add_to_rows(size_t rows, size_t columns, const float *bias, float *matrix);
/// norms[i] = Σ_j matrix[i, j]², with float64 sums.
void ck_row_squared_norms(size_t rows, size_t columns, const float *matrix, double *norms);
/// output[i, j] = factors[i] * matrix[i, j].
void ck_scale_rows(size_t rows, size_t columns, const float *factors, const float *matrix, float *output);
/// sum[j] += Σ_i factors[i] * matrix[i, j].
void ck_add_weighted_row_sum(size_t rows, size_t columns, const float *factors, const float *matrix, float *sum);
/// sum[j] += Σ_i matrix[i, j].
void ck_add_row_sum(size_t rows, size_t columns, const float *matrix, float *sum);
/// output[g, j] = Σ over the `group` rows of group g.
void ck_group_row_sums(size_t groups, size_t group, size_t columns, const float *matrix, float *output);
/// Σ over s, t < size of m(s, t) b(s, t), with m(s, t) = Σ over k of a(s + shift_k, t + shift_k), for symmetric a and b
/// whose rows are a_stride and b_stride floats apart. Products and their sum are in float64. `diagonal` receives
/// Σ over s of m(s, s) b(s, s).
double ck_gram_product(size_t size, size_t a_stride, const float *a, size_t shift_count, const size_t *shifts,
                       size_t b_stride, const float *b, double *diagonal);
/// sum[i] += part[i].
void ck_add(size_t count, const float *part, float *sum);
/// output[j, i] = input[i, j].
void ck_transpose(size_t rows, size_t columns, const float *input, float *output);
