#include "loss.h"

#include "functions.h"
#include "lanes.h"

/// exp(x - shift) of a row into e; returns the sum.
CK_INLINE double exponentials(size_t columns, const float *restrict x, float shift, float *restrict e) {
  for (size_t j = 0; j < columns; j++) e[j] = exp_float(x[j] - shift);
  return lanes_sum(columns, e);
}

CK_CLONES void ck_token_cross_entropy(size_t count, size_t positions, size_t classes, const float *restrict logits,
                                      const float *restrict targets, double *restrict losses,
                                      float *restrict gradient) {
  for (size_t i = 0; i < count; i++, targets += positions) {
    size_t counted = 0;
    for (size_t t = 0; t < positions; t++) counted += targets[t] >= 0 && targets[t] < (float)classes;
    double loss = 0, share = counted == 0 ? 0 : 1.0 / (double)counted;
    for (size_t t = 0; t < positions; t++, logits += classes, gradient += classes) {
      if (!(targets[t] >= 0 && targets[t] < (float)classes)) {
        memset(gradient, 0, classes * sizeof(float));
        continue;
      }
      size_t target = (size_t)targets[t];
      // The greatest exponential is 1, so nothing overflows and the sum is at least 1.
      float shift = lanes_max(classes, logits);
      double sum = exponentials(classes, logits, shift, gradient);
      loss += log(sum) + shift - logits[target];
      float scale = (float)(share / sum);
      for (size_t j = 0; j < classes; j++) gradient[j] *= scale;
      gradient[target] -= (float)share;
    }
    losses[i] = loss * share;
  }
}

void ck_binary_cross_entropy(size_t count, size_t k, const float *x, const float *y, double *losses,
                             float *gradient) {
  for (size_t i = 0; i < count; i++, x += k, y += k, gradient += k) {
    double loss = 0;
    for (size_t j = 0; j < k; j++) {
      // log(1 + exp x) = max(x, 0) + log(1 + exp(-|x|)).
      double logit = x[j], e = exp(-fabs(logit));
      loss += (logit > 0 ? logit : logit == logit ? 0 : logit) - logit * y[j] + log1p(e);
      gradient[j] = (float)(((logit >= 0 ? 1 / (1 + e) : e / (1 + e)) - y[j]) / (double)k);
    }
    losses[i] = loss / (double)k;
  }
}

CK_CLONES void ck_mean_squared_error(size_t count, size_t k, const float *restrict x, const float *restrict y,
                                     double *restrict losses, float *restrict gradient) {
  for (size_t i = 0; i < count; i++, x += k, y += k, gradient += k) {
    double loss = 0;
    for (size_t j = 0; j < k; j++) {
      double difference = (double)x[j] - (double)y[j];
      loss += difference * difference;
      gradient[j] = (float)(2 * difference / (double)k);
    }
    losses[i] = loss / (double)k;
  }
}
