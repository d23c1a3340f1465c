#include "elementwise.h"

#include "functions.h"

// The loops are plain so that the compiler vectorises them; no `restrict` where a pair may be the same array (equal
// indices only, which the compiler checks for at run time).

CK_CLONES void ck_relu(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = x[i] > 0 ? x[i] : 0;
}

CK_CLONES void ck_relu_gradient(size_t count, const float *y, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) {
    float slope = dy[i];
    dx[i] = y[i] > 0 ? slope : 0;
  }
}

CK_CLONES void ck_tanh(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = tanh_float(x[i]);
}

CK_CLONES void ck_tanh_gradient(size_t count, const float *y, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
}

// SplitMix64's output function (Steele, Lea and Flood, OOPSLA 2014, figure 17) of a state that is a multiple of its
// constant: the words of one row are those of a generator that begins at `start`, and any of them can be had alone.
CK_INLINE uint64_t split_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

CK_CLONES void ck_drop_out(size_t rows, size_t columns, uint32_t limit, float scale, uint64_t salt,
                           const uint64_t *seeds, const float *x, float *y) {
  const uint64_t gamma = UINT64_C(0x9e3779b97f4a7c15);
  for (size_t i = 0; i < rows; i++, x += columns, y += columns) {
    uint64_t start = split_mix(seeds[i] + salt * gamma);
    for (size_t j = 0; j < columns; j++) {
      float value = x[j] * scale;
      y[j] = (uint32_t)(split_mix(start + j * gamma) >> 32) >= limit ? value : 0;
    }
  }
}

void ck_softmax_cross_entropy(size_t count, size_t classes, const float *logits, const float *labels,
                              double *losses, float *gradient) {
  for (size_t i = 0; i < count; i++, logits += classes, gradient += classes) {
    size_t label = (size_t)labels[i];
    float shift = logits[0];
    for (size_t j = 1; j < classes; j++) shift = logits[j] > shift ? logits[j] : shift;
    double sum = 0;
    for (size_t j = 0; j < classes; j++) sum += exp((double)logits[j] - shift);
    losses[i] = log(sum) + shift - logits[label];
    for (size_t j = 0; j < classes; j++) {
      double probability = exp((double)logits[j] - shift) / sum;
      gradient[j] = (float)(probability - (j == label));
    }
  }
}

CK_CLONES void ck_momentum_update(size_t count, float learning_rate, float momentum, float scale,
                                  const float *restrict gradient, float *restrict velocity,
                                  float *restrict parameters) {
  for (size_t i = 0; i < count; i++) {
    float v = momentum * velocity[i] + scale * gradient[i];
    velocity[i] = v;
    parameters[i] -= learning_rate * v;
  }
}
