#pragma once

// The second half of a training step on a block of the parameter vector that stays in the cache from one call to the
// next: the noisy sum becomes a gradient, the gradient moves the parameters. The formulas are those of torch.optim.

#include <stddef.h>

/// gradient = sum; sum = 0.
void noise_take_sum(size_t count, float *_Nonnull sum, float *_Nonnull gradient);
/// gradient += sum; sum = 0.
void noise_add_sum(size_t count, float *_Nonnull sum, float *_Nonnull gradient);
/// gradient = (sum_scale · gradient + noise) · scale. Without `noise` none is added (training on public data).
void noise_add_scaled(size_t count, float sum_scale, const float *_Nullable noise, float scale,
                      float *_Nonnull gradient);
/// gradient += decay · parameter.
void noise_add_decay(size_t count, float decay, const float *_Nonnull parameters, float *_Nonnull gradient);
/// parameter *= factor.
void noise_shrink(size_t count, float factor, float *_Nonnull parameters);

/// parameter -= rate · gradient.
void noise_update_sgd(size_t count, const float *_Nonnull gradient, float rate, float *_Nonnull parameters);

/// velocity = momentum · velocity + gradient; parameter -= rate · velocity, or with Nesterov's momentum
/// rate · (gradient + momentum · velocity).
void noise_update_momentum(size_t count, const float *_Nonnull gradient, float rate, float momentum, int nesterov,
                           float *_Nonnull velocity, float *_Nonnull parameters);

/// The constants of a step of Adam. Shares are 1 − β, so that a β near 1 is not rounded to float32.
typedef struct {
  float rate;          // η / (1 − β₁ᵗ)
  float first_share;   // 1 − β₁
  float second_share;  // 1 − β₂
  float second_scale;  // 1 / √(1 − β₂ᵗ)
  float epsilon;
} noise_adam;

/// first += (1 − β₁)·(gradient − first); second = β₂ · second + (1 − β₂) · gradient²;
/// parameter -= rate · first / (√second · second_scale + epsilon).
void noise_update_adam(size_t count, const float *_Nonnull gradient, noise_adam constants, float *_Nonnull first,
                       float *_Nonnull second, float *_Nonnull parameters);

/// squares += gradient²; parameter -= rate · gradient / (√squares + epsilon).
void noise_update_adagrad(size_t count, const float *_Nonnull gradient, float rate, float epsilon,
                          float *_Nonnull squares, float *_Nonnull parameters);

/// squares = (1 − share) · squares + share · gradient²; parameter -= rate · gradient / (√squares + epsilon).
void noise_update_rmsprop(size_t count, const float *_Nonnull gradient, float rate, float share, float epsilon,
                          float *_Nonnull squares, float *_Nonnull parameters);

/// average += share · (parameter − average).
void noise_average(size_t count, float share, const float *_Nonnull parameters, float *_Nonnull average);
