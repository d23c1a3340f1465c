#pragma once

#include "deflate.h"
#include "inflate.h"
