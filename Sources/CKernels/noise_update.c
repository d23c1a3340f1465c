#include "noise_update.h"

#include "clones.h"

// Every function is one loop over a block that is in the first- or second-level cache, and every choice is made outside
// of it: an argument that is there or not gives a loop of its own.

CK_INLINE float root(float x) { return __builtin_elementwise_sqrt(x); }

CK_CLONES void noise_take_sum(size_t count, float *restrict sum, float *restrict gradient) {
  for (size_t i = 0; i < count; i++) {
    gradient[i] = sum[i];
    sum[i] = 0;
  }
}

CK_CLONES void noise_add_sum(size_t count, float *restrict sum, float *restrict gradient) {
  for (size_t i = 0; i < count; i++) {
    gradient[i] += sum[i];
    sum[i] = 0;
  }
}

CK_CLONES void noise_add_scaled(size_t count, float sum_scale, const float *restrict noise, float scale,
                                float *restrict gradient) {
  if (noise) {
    for (size_t i = 0; i < count; i++) gradient[i] = (sum_scale * gradient[i] + noise[i]) * scale;
  } else {
    for (size_t i = 0; i < count; i++) gradient[i] = sum_scale * gradient[i] * scale;
  }
}

CK_CLONES void noise_add_decay(size_t count, float decay, const float *restrict parameters, float *restrict gradient) {
  for (size_t i = 0; i < count; i++) gradient[i] += decay * parameters[i];
}

CK_CLONES void noise_shrink(size_t count, float factor, float *restrict parameters) {
  for (size_t i = 0; i < count; i++) parameters[i] *= factor;
}

CK_CLONES void noise_update_sgd(size_t count, const float *restrict gradient, float rate, float *restrict parameters) {
  for (size_t i = 0; i < count; i++) parameters[i] -= rate * gradient[i];
}

CK_CLONES void noise_update_momentum(size_t count, const float *restrict gradient, float rate, float momentum,
                                     int nesterov, float *restrict velocity, float *restrict parameters) {
  if (nesterov) {
    for (size_t i = 0; i < count; i++) {
      float v = velocity[i] = momentum * velocity[i] + gradient[i];
      parameters[i] -= rate * (gradient[i] + momentum * v);
    }
  } else {
    for (size_t i = 0; i < count; i++) {
      float v = velocity[i] = momentum * velocity[i] + gradient[i];
      parameters[i] -= rate * v;
    }
  }
}

CK_CLONES void noise_update_adam(size_t count, const float *restrict gradient, noise_adam constants,
                                 float *restrict first, float *restrict second, float *restrict parameters) {
  noise_adam c = constants;
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i];
    float m = first[i] = first[i] + c.first_share * (g - first[i]);
    float v = second[i] = (1 - c.second_share) * second[i] + c.second_share * g * g;
    parameters[i] -= c.rate * (m / (root(v) * c.second_scale + c.epsilon));
  }
}

CK_CLONES void noise_update_adagrad(size_t count, const float *restrict gradient, float rate, float epsilon,
                                    float *restrict squares, float *restrict parameters) {
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i];
    float s = squares[i] = squares[i] + g * g;
    parameters[i] -= rate * (g / (root(s) + epsilon));
  }
}

CK_CLONES void noise_update_rmsprop(size_t count, const float *restrict gradient, float rate, float share,
                                    float epsilon, float *restrict squares, float *restrict parameters) {
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i];
    float s = squares[i] = (1 - share) * squares[i] + share * g * g;
    parameters[i] -= rate * (g / (root(s) + epsilon));
  }
}

CK_CLONES void noise_average(size_t count, float share, const float *restrict parameters, float *restrict average) {
  for (size_t i = 0; i < count; i++) average[i] += share * (parameters[i] - average[i]);
}
