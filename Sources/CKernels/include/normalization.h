#pragma once

#include <stdbool.h>
#include <stddef.h>

// Normalization: ŷ = (x - mean) / √(variance + epsilon) and y = weight ŷ + bias, the statistics over the columns of each
// row (layer norm; RMS norm without mean and bias) or over a group of columns of all rows of an example (group norm).
// Sums are in float64 and the variance is that of the differences from the mean, so that a large mean costs no digits.

/// y and the statistics of each row of x [rows, columns]: statistics[row] = {mean, 1 / √(variance + epsilon)}. Without
/// `is_centred` the mean is 0 and `bias` is not read.
void ck_layer_norm(size_t rows, size_t columns, bool is_centred, double epsilon, const float *x, const float *weight,
                   const float *bias, float *y, float *statistics);

/// The gradients of `count` examples of `rows` rows: dx, if not NULL, and for each example those of the weight and the
/// bias, parameters[example] = {weight [columns], bias [columns]} (no bias without `is_centred`).
void ck_layer_norm_gradient(size_t count, size_t rows, size_t columns, bool is_centred, const float *x,
                            const float *weight, const float *statistics, const float *dy, float *dx,
                            float *parameters);

/// As above for `count` examples [pixels, channels]; statistics[example] = {mean, 1 / √(variance + epsilon)} of each
/// group. `channels` is a multiple of `groups`; `work`, aligned for doubles, has room for
/// 4 · channels of them.
void ck_group_norm(size_t count, size_t pixels, size_t channels, size_t groups, double epsilon, const float *x,
                   const float *weight, const float *bias, float *y, float *statistics, void *work);

void ck_group_norm_gradient(size_t count, size_t pixels, size_t channels, size_t groups, const float *x,
                            const float *weight, const float *statistics, const float *dy, float *dx,
                            float *parameters, void *work);
