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
/// ‖UᵀG‖² = Σ over s, t of (u_s · u_t)(g_s · g_t), for U [rows, u_columns] and G [rows, g_columns], in float64.
double ck_squared_norm_of_product(size_t rows, size_t u_columns, const float *u, size_t g_columns, const float *g);
/// sum[i] += part[i].
void ck_add(size_t count, const float *part, float *sum);
/// output[j, i] = input[i, j].
void ck_transpose(size_t rows, size_t columns, const float *input, float *output);
