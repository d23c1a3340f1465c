#pragma once

#include "noise.h"
