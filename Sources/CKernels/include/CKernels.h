#pragma once

#include "elementwise.h"
#include "noise.h"
#include "pool.h"
