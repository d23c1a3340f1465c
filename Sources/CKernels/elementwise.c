#include "elementwise.h"

#include "clones.h"

CK_CLONES void ck_momentum_update(size_t count, float learning_rate, float momentum, float scale,
                                  const float *restrict gradient, float *restrict velocity,
                                  float *restrict parameters) {
  for (size_t i = 0; i < count; i++) {
    float v = momentum * velocity[i] + scale * gradient[i];
    velocity[i] = v;
    parameters[i] -= learning_rate * v;
  }
}
