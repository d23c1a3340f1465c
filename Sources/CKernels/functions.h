#pragma once

// Elementary functions in float32 whose loops vectorise: no tables, no branches, no calls. Each is accurate to a few ulp
// (stated at each), keeps NaN, and accepts every input.

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "clones.h"

/// 2ⁿ for n in -127...127 (0 for -127); NaN counts as 0.
CK_INLINE float power_of_two(float n) {
  int32_t bits = (int32_t)((n == n ? n : 0) + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

/// x - n ln 2, with ln 2 in two parts; the first has few enough bits for n times it to be exact.
CK_INLINE float less_logarithms(float x, float n) { return (x - n * 0.693359375f) + n * 2.12194440e-4f; }

/// expm1(r) for |r| <= ln 2 / 2 by its Taylor series, whose first missing term is r⁸/8! < 6e-9.
CK_INLINE float expm1_reduced(float r) {
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  return r + r * r * p;
}

/// exp x within 2 ulp; 0 below -87, where results approach the subnormal range.
CK_INLINE float exp_float(float x) {
  float t = x < -87.3f ? -87.3f : (x > 89 ? 89 : x);  // NaN stays.
  float n = __builtin_rintf(t * 1.44269504f);
  float p = 1 + expm1_reduced(less_logarithms(t, n));
  // Half the power first: at the upper end 2ⁿ itself would overflow.
  return p * power_of_two(n - 1) * 2;
}

/// exp x - 1 within 4 ulp for x <= 20. Nothing cancels: 2ⁿ p + (2ⁿ - 1) with p = expm1 of the remainder.
CK_INLINE float expm1_float(float x) {
  float t = x < -20 ? -20 : (x > 20 ? 20 : x);
  float n = __builtin_rintf(t * 1.44269504f);
  float p = expm1_reduced(less_logarithms(t, n)), power = power_of_two(n);
  return power * p + (power - 1);
}

/// tanh x = e / (e + 2) with e = expm1(2|x|), the sign put back; within 4 ulp. At 2|x| >= 20 it is 1 in float32.
CK_INLINE float tanh_float(float x) {
  float e = expm1_float(2 * fabsf(x));
  return copysignf(e / (e + 2), x);
}

/// 1 / (1 + exp(-x)) within 3 ulp.
CK_INLINE float sigmoid_float(float x) { return 1 / (1 + exp_float(-x)); }
