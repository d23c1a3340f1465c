#pragma once

// Reductions over a row. A compiler may not reorder a floating-point sum, so the lanes are written out: 32 partial
// results, which are also independent chains of the widest vector.

#include <stddef.h>

#include "clones.h"

enum { LANE_COUNT = 32 };

/// The sum, in float64.
CK_INLINE double lanes_sum(size_t count, const float *x) {
  double lanes[LANE_COUNT] = {0}, sum = 0;
  size_t i = 0;
  for (; i + LANE_COUNT <= count; i += LANE_COUNT) {
    for (size_t l = 0; l < LANE_COUNT; l++) lanes[l] += (double)x[i + l];
  }
  for (; i < count; i++) sum += (double)x[i];
  for (size_t l = 0; l < LANE_COUNT; l++) sum += lanes[l];
  return sum;
}

/// The sum of products, in float64; each product is exact.
CK_INLINE double lanes_dot(size_t count, const float *x, const float *y) {
  double lanes[LANE_COUNT] = {0}, sum = 0;
  size_t i = 0;
  for (; i + LANE_COUNT <= count; i += LANE_COUNT) {
    for (size_t l = 0; l < LANE_COUNT; l++) lanes[l] += (double)x[i + l] * (double)y[i + l];
  }
  for (; i < count; i++) sum += (double)x[i] * (double)y[i];
  for (size_t l = 0; l < LANE_COUNT; l++) sum += lanes[l];
  return sum;
}

/// The greatest of `count` >= 1 numbers; NaN is passed over.
CK_INLINE float lanes_max(size_t count, const float *x) {
  float lanes[LANE_COUNT], greatest = -__builtin_inff();
  for (size_t l = 0; l < LANE_COUNT; l++) lanes[l] = greatest;
  size_t i = 0;
  for (; i + LANE_COUNT <= count; i += LANE_COUNT) {
    for (size_t l = 0; l < LANE_COUNT; l++) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
  }
  for (; i < count; i++) greatest = x[i] > greatest ? x[i] : greatest;
  for (size_t l = 0; l < LANE_COUNT; l++) greatest = lanes[l] > greatest ? lanes[l] : greatest;
  return greatest;
}
