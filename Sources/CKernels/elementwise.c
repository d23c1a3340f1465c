#include "elementwise.h"

#include <math.h>
#include <string.h>

#include "clones.h"

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

// tanh x = e / (e + 2) with e = expm1(2|x|), the sign put back. With 2|x| = n ln 2 + r, |r| <= ln 2 / 2:
// expm1 = 2ⁿ p + (2ⁿ - 1), p = expm1(r) by its Taylor series, whose first missing term is r⁸/8! < 6e-9. n >= 0, so
// nothing cancels. At 2|x| >= 20 the result is 1 in float32.
CK_INLINE float tanh_by_expm1(float x) {
  float t = 2 * fabsf(x);
  t = t < 20 ? t : (t >= 20 ? 20 : t);  // NaN stays.
  float n = __builtin_rintf(t * 1.44269504f);
  // ln 2 in two parts; the first has few enough bits for n times it to be exact.
  float r = (t - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = r + r * r * p;
  int32_t bits = (int32_t)((n == n ? n : 0) + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  float e = power * p + (power - 1);
  return copysignf(e / (e + 2), x);
}

CK_CLONES void ck_tanh(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = tanh_by_expm1(x[i]);
}

CK_CLONES void ck_tanh_gradient(size_t count, const float *y, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
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
