#pragma once

#include <stddef.h>

/// velocity = momentum * velocity + scale * gradient; parameters -= learning_rate * velocity.
void ck_momentum_update(size_t count, float learning_rate, float momentum, float scale,
                        const float *gradient, float *velocity, float *parameters);
