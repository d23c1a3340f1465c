#pragma once

#include "elementwise.h"
#include "noise.h"
#include "noise_update.h"
#include "pool.h"
#include "rows.h"
#include "window.h"
