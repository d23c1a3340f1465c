#pragma once

#include <stddef.h>
#include <stdint.h>

/// y = max(x, 0); y may be x.
void ck_relu(size_t count, const float *x, float *y);
/// dx = y > 0 ? dy : 0; dx may be dy.
void ck_relu_gradient(size_t count, const float *y, const float *dy, float *dx);

/// y = tanh(x) within 4 ulp; y may be x.
void ck_tanh(size_t count, const float *x, float *y);
/// dx = dy * (1 - y²); dx may be dy.
void ck_tanh_gradient(size_t count, const float *y, const float *dy, float *dx);

/// Row i of y = scale * x, or 0 where a word of SplitMix64 that follows from seeds[i], salt and the column is below
/// limit / 2³²; y may be x.
void ck_drop_out(size_t rows, size_t columns, uint32_t limit, float scale, uint64_t salt, const uint64_t *seeds,
                 const float *x, float *y);

/// Softmax cross-entropy of each row of logits [count, classes] with labels that are whole numbers, in float64; gradient = softmax - one-hot.
void ck_softmax_cross_entropy(size_t count, size_t classes, const float *logits, const float *labels,
                              double *losses, float *gradient);

/// velocity = momentum * velocity + scale * gradient; parameters -= learning_rate * velocity.
void ck_momentum_update(size_t count, float learning_rate, float momentum, float scale,
                        const float *gradient, float *velocity, float *parameters);
