#pragma once

#include <stddef.h>

// Losses of `count` examples, and the gradient of each with respect to its example's outputs.

/// Softmax cross-entropy, the mean over an example's positions whose target is a class, 0...classes - 1; a target
/// outside (-1) is ignored, and an example of such targets only has loss 0. Logits are [count, positions, classes].
///
/// Exponentials in float32 (2 ulp), their sums in float64.
void ck_token_cross_entropy(size_t count, size_t positions, size_t classes, const float *logits,
                            const float *targets, double *losses, float *gradient);

/// The mean over k of -y log σ(x) - (1 - y) log(1 - σ(x)), in float64.
void ck_binary_cross_entropy(size_t count, size_t k, const float *x, const float *y, double *losses, float *gradient);

/// The mean over k of (x - y)², in float64.
void ck_mean_squared_error(size_t count, size_t k, const float *x, const float *y, double *losses, float *gradient);
