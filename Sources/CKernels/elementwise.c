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
