#include "normalization.h"

#include <math.h>
#include <string.h>

#include "clones.h"
#include "lanes.h"

/// Σ (x - mean)².
CK_INLINE double squared_distance(size_t count, const float *x, float mean) {
  double lanes[LANE_COUNT] = {0}, sum = 0;
  size_t i = 0;
  for (; i + LANE_COUNT <= count; i += LANE_COUNT) {
    for (size_t l = 0; l < LANE_COUNT; l++) {
      double d = (double)x[i + l] - (double)mean;
      lanes[l] += d * d;
    }
  }
  for (; i < count; i++) sum += ((double)x[i] - (double)mean) * ((double)x[i] - (double)mean);
  for (size_t l = 0; l < LANE_COUNT; l++) sum += lanes[l];
  return sum;
}

CK_CLONES void ck_layer_norm(size_t rows, size_t columns, bool is_centred, double epsilon, const float *restrict x,
                             const float *restrict weight, const float *restrict bias, float *restrict y,
                             float *restrict statistics) {
  for (size_t i = 0; i < rows; i++, x += columns, y += columns, statistics += 2) {
    float mean = is_centred ? (float)(lanes_sum(columns, x) / (double)columns) : 0;
    double variance = squared_distance(columns, x, mean) / (double)columns;
    float inverse = (float)(1 / sqrt(variance + epsilon));
    statistics[0] = mean;
    statistics[1] = inverse;
    if (is_centred) {
      for (size_t j = 0; j < columns; j++) y[j] = (x[j] - mean) * inverse * weight[j] + bias[j];
    } else {
      for (size_t j = 0; j < columns; j++) y[j] = x[j] * inverse * weight[j];
    }
  }
}

// With g = weight dy and means over the columns: dx = (g - mean(g) - ŷ mean(g ŷ)) / √(…); RMS norm has no mean(g).
CK_INLINE void row_gradient(size_t columns, bool is_centred, const float *restrict x, const float *restrict weight,
                            float mean, float inverse, const float *restrict dy, float *restrict dx) {
  double lanes[LANE_COUNT] = {0}, products[LANE_COUNT] = {0}, sum = 0, product = 0;
  size_t j = 0;
  for (; j + LANE_COUNT <= columns; j += LANE_COUNT) {
    for (size_t l = 0; l < LANE_COUNT; l++) {
      float g = weight[j + l] * dy[j + l];
      lanes[l] += (double)g;
      products[l] += (double)g * (double)((x[j + l] - mean) * inverse);
    }
  }
  for (; j < columns; j++) {
    float g = weight[j] * dy[j];
    sum += (double)g;
    product += (double)g * (double)((x[j] - mean) * inverse);
  }
  for (size_t l = 0; l < LANE_COUNT; l++) {
    sum += lanes[l];
    product += products[l];
  }
  float shift = is_centred ? (float)(sum / (double)columns) : 0, slope = (float)(product / (double)columns);
  for (j = 0; j < columns; j++) {
    dx[j] = (weight[j] * dy[j] - shift - (x[j] - mean) * inverse * slope) * inverse;
  }
}

CK_CLONES void ck_layer_norm_gradient(size_t count, size_t rows, size_t columns, bool is_centred,
                                      const float *restrict x, const float *restrict weight,
                                      const float *restrict statistics, const float *restrict dy, float *restrict dx,
                                      float *restrict parameters) {
  size_t parameter_count = is_centred ? 2 * columns : columns;
  for (size_t i = 0; i < count; i++, parameters += parameter_count) {
    memset(parameters, 0, parameter_count * sizeof(float));
    for (size_t t = 0; t < rows; t++, x += columns, dy += columns, statistics += 2) {
      float mean = statistics[0], inverse = statistics[1];
      for (size_t j = 0; j < columns; j++) parameters[j] += dy[j] * ((x[j] - mean) * inverse);
      if (is_centred) {
        for (size_t j = 0; j < columns; j++) parameters[columns + j] += dy[j];
      }
      if (dx) row_gradient(columns, is_centred, x, weight, mean, inverse, dy, dx + t * columns);
    }
    if (dx) dx += rows * columns;
  }
}

CK_CLONES void ck_group_norm(size_t count, size_t pixels, size_t channels, size_t groups, double epsilon,
                             const float *restrict x, const float *restrict weight, const float *restrict bias,
                             float *restrict y, float *restrict statistics, void *work) {
  size_t width = channels / groups;
  double size = (double)(pixels * width), *sums = work;
  float *means = (float *)(sums + channels), *slopes = means + channels;
  for (size_t i = 0; i < count; i++, x += pixels * channels, y += pixels * channels, statistics += 2 * groups) {
    memset(sums, 0, channels * sizeof(double));
    for (size_t p = 0; p < pixels; p++) {
      for (size_t c = 0; c < channels; c++) sums[c] += (double)x[p * channels + c];
    }
    for (size_t g = 0; g < groups; g++) {
      double sum = 0;
      for (size_t c = 0; c < width; c++) sum += sums[g * width + c];
      statistics[2 * g] = (float)(sum / size);
      for (size_t c = 0; c < width; c++) means[g * width + c] = statistics[2 * g];
    }
    memset(sums, 0, channels * sizeof(double));
    for (size_t p = 0; p < pixels; p++) {
      for (size_t c = 0; c < channels; c++) {
        double d = (double)x[p * channels + c] - (double)means[c];
        sums[c] += d * d;
      }
    }
    for (size_t g = 0; g < groups; g++) {
      double sum = 0;
      for (size_t c = 0; c < width; c++) sum += sums[g * width + c];
      statistics[2 * g + 1] = (float)(1 / sqrt(sum / size + epsilon));
      for (size_t c = g * width; c < (g + 1) * width; c++) slopes[c] = statistics[2 * g + 1] * weight[c];
    }
    for (size_t p = 0; p < pixels; p++) {
      for (size_t c = 0; c < channels; c++) {
        y[p * channels + c] = (x[p * channels + c] - means[c]) * slopes[c] + bias[c];
      }
    }
  }
}

CK_CLONES void ck_group_norm_gradient(size_t count, size_t pixels, size_t channels, size_t groups,
                                      const float *restrict x, const float *restrict weight,
                                      const float *restrict statistics, const float *restrict dy, float *restrict dx,
                                      float *restrict parameters, void *work) {
  size_t width = channels / groups;
  double size = (double)(pixels * width), *of_weight = work, *of_bias = of_weight + channels;
  float *means = (float *)(of_bias + channels), *inverses = means + channels;
  float *shifts = inverses + channels, *slopes = shifts + channels;
  for (size_t i = 0; i < count; i++) {
    for (size_t c = 0; c < channels; c++) {
      means[c] = statistics[2 * (c / width)];
      inverses[c] = statistics[2 * (c / width) + 1];
    }
    memset(work, 0, 2 * channels * sizeof(double));
    for (size_t p = 0; p < pixels; p++) {
      for (size_t c = 0; c < channels; c++) {
        size_t j = p * channels + c;
        of_weight[c] += (double)dy[j] * (double)((x[j] - means[c]) * inverses[c]);
        of_bias[c] += (double)dy[j];
      }
    }
    for (size_t c = 0; c < channels; c++) {
      parameters[c] = (float)of_weight[c];
      parameters[channels + c] = (float)of_bias[c];
    }
    if (dx) {
      for (size_t g = 0; g < groups; g++) {
        double shift = 0, slope = 0;
        for (size_t c = g * width; c < (g + 1) * width; c++) {
          shift += (double)weight[c] * (double)parameters[channels + c];
          slope += (double)weight[c] * (double)parameters[c];
        }
        float inverse = statistics[2 * g + 1];
        for (size_t c = g * width; c < (g + 1) * width; c++) {
          shifts[c] = (float)(shift / size) * inverse;
          slopes[c] = (float)(slope / size) * inverse * inverse;
        }
      }
      for (size_t p = 0; p < pixels; p++) {
        for (size_t c = 0; c < channels; c++) {
          size_t j = p * channels + c;
          dx[j] = weight[c] * inverses[c] * dy[j] - shifts[c] - (x[j] - means[c]) * slopes[c];
        }
      }
      dx += pixels * channels;
    }
    x += pixels * channels;
    dy += pixels * channels;
    statistics += 2 * groups;
    parameters += 2 * channels;
  }
}
