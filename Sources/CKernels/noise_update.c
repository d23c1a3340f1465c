#include "noise.h"

#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

// The two choices are made outside of the loop: inlined with constants, each call below is a loop of its own.
static inline __attribute__((always_inline)) void sweep(
    size_t count, float *restrict sum, const float *restrict noise, float scale, float momentum, float learning_rate,
    float *restrict velocity, float *restrict parameters) {
  for (size_t i = 0; i < count; i++) {
    float gradient = (noise ? sum[i] + noise[i] : sum[i]) * scale;
    sum[i] = 0;
    if (velocity) gradient = velocity[i] = momentum * velocity[i] + gradient;
    parameters[i] -= learning_rate * gradient;
  }
}

CLONES void noise_sgd_update(size_t count, float *sum, const float *noise, float scale, float momentum,
                             float learning_rate, float *velocity, float *parameters) {
  if (noise && velocity) {
    sweep(count, sum, noise, scale, momentum, learning_rate, velocity, parameters);
  } else if (noise) {
    sweep(count, sum, noise, scale, momentum, learning_rate, 0, parameters);
  } else if (velocity) {
    sweep(count, sum, 0, scale, momentum, learning_rate, velocity, parameters);
  } else {
    sweep(count, sum, 0, scale, momentum, learning_rate, 0, parameters);
  }
}
