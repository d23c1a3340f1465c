#pragma once

#include <stddef.h>

// Functions of each element; y may be x and dx may be dy. The gradients of sigmoid and ELU are functions of the output,
// those of the others of the input.

/// y = 1 / (1 + exp(-x)) within 3 ulp.
void ck_sigmoid(size_t count, const float *x, float *y);
/// dx = dy y (1 - y).
void ck_sigmoid_gradient(size_t count, const float *y, const float *dy, float *dx);

/// y = x / (1 + exp(-x)) within 4 ulp.
void ck_silu(size_t count, const float *x, float *y);
void ck_silu_gradient(size_t count, const float *x, const float *dy, float *dx);

/// y = x where x > 0, else exp(x) - 1, within 4 ulp.
void ck_elu(size_t count, const float *x, float *y);
/// dx = dy where y > 0, else dy (y + 1).
void ck_elu_gradient(size_t count, const float *y, const float *dy, float *dx);

/// y = x Φ(x), Φ the normal distribution function; relative error below (4 + x²) 6e-8.
void ck_gelu(size_t count, const float *x, float *y);
void ck_gelu_gradient(size_t count, const float *x, const float *dy, float *dx);

/// y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))); absolute error below 3e-7 max(1, |x|).
void ck_gelu_tanh(size_t count, const float *x, float *y);
void ck_gelu_tanh_gradient(size_t count, const float *x, const float *dy, float *dx);
