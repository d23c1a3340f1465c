#pragma once

#include <stdbool.h>
#include <stddef.h>

/// Softmax of `scale` > 0 times each row of x [matrices, size, size], in place. Causal: row t is over columns 0...t, and the
/// others are set to 0. Exponentials in float32 (2 ulp), shifted by the row's greatest, their sums in float64.
void ck_attention_softmax(size_t matrices, size_t size, float scale, bool causal, float *x);

/// The gradient of that: dx = scale · p (dp - Σ p dp), with p the probabilities and dp, overwritten by dx, the gradient
/// with respect to them.
void ck_attention_softmax_gradient(size_t matrices, size_t size, float scale, bool causal, const float *p, float *dp);
