#pragma once

#include "inflate.h"
