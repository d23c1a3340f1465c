#include "activation.h"

#include "functions.h"

CK_CLONES void ck_sigmoid(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = sigmoid_float(x[i]);
}

CK_CLONES void ck_sigmoid_gradient(size_t count, const float *y, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

CK_CLONES void ck_silu(size_t count, const float *x, float *y) {
  // -inf times 0 would be NaN.
  for (size_t i = 0; i < count; i++) y[i] = x[i] < -100 ? 0 : x[i] * sigmoid_float(x[i]);
}

// In the gradients 1 - σ(u) is e σ(u) with e = exp(-u): the difference would lose the digits of a small result.
CK_CLONES void ck_silu_gradient(size_t count, const float *x, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) {
    float t = x[i] < -80 ? -80 : (x[i] > 80 ? 80 : x[i]);
    float e = exp_float(-t), s = 1 / (1 + e);
    dx[i] = dy[i] * (s * (1 + t * (e * s)));
  }
}

CK_CLONES void ck_elu(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) {
    float below = expm1_float(x[i]);
    y[i] = x[i] > 0 ? x[i] : below;
  }
}

CK_CLONES void ck_elu_gradient(size_t count, const float *y, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) dx[i] = dy[i] * (y[i] > 0 ? 1 : y[i] + 1);
}

// 1 - Φ(a) = exp(-a²/2) F(a) for a >= 0. F falls from 1/2 like 1/a, so F = t P(t) with t = 1 / (1 + a/4); P is of degree
// 9, fitted for the least relative error on 0 <= a <= 14 (1e-8, with coefficients rounded to float32). Beyond 14 the tail is
// below float32's range.
typedef struct {
  float density, distribution;
} normal_point;

CK_INLINE normal_point normal_float(float x) {
  float a = fabsf(x);
  a = a > 14 ? 14 : a;
  float t = 1 / (1 + 0.25f * a);
  float p = 0.0165797525f;
  p = p * t - 0.0627926944f;
  p = p * t + 0.0516535336f;
  p = p * t + 0.0284343906f;
  p = p * t + 0.0127129f;
  p = p * t + 0.0866564107f;
  p = p * t + 0.0719995502f;
  p = p * t + 0.0955156994f;
  p = p * t + 0.0994925579f;
  p = p * t + 0.0997479035f;
  float e = exp_float(-0.5f * a * a), tail = e * (p * t);
  normal_point result = {0.398942280f * e, x > 0 ? 1 - tail : tail};
  return result;
}

CK_CLONES void ck_gelu(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) {
    float product = x[i] * normal_float(x[i]).distribution;
    y[i] = x[i] < -14 ? 0 : product;
  }
}

CK_CLONES void ck_gelu_gradient(size_t count, const float *x, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) {
    float t = x[i] < -14 ? -14 : (x[i] > 14 ? 14 : x[i]);
    normal_point point = normal_float(t);
    dx[i] = dy[i] * (point.distribution + t * point.density);
  }
}

// (1 + tanh u)/2 = 1 / (1 + exp(-2u)).
static const float twice_root_two_over_pi = 1.59576912f, cubic = 0.044715f;

CK_CLONES void ck_gelu_tanh(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) {
    float t = x[i] < -14 ? -14 : (x[i] > 14 ? 14 : x[i]);
    float product = x[i] * sigmoid_float(twice_root_two_over_pi * (t + cubic * t * t * t));
    y[i] = x[i] < -14 ? 0 : product;
  }
}

CK_CLONES void ck_gelu_tanh_gradient(size_t count, const float *x, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) {
    float t = x[i] < -14 ? -14 : (x[i] > 14 ? 14 : x[i]);
    float u = twice_root_two_over_pi * (t + cubic * t * t * t);
    float e = exp_float(-(u < -80 ? -80 : u)), s = 1 / (1 + e);
    float slope = twice_root_two_over_pi * (1 + 3 * cubic * t * t);
    dx[i] = dy[i] * (s + t * s * (e * s) * slope);
  }
}
