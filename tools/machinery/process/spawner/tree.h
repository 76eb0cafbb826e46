// The processes below this one, as the kernel lists them.
#pragma once
#include "wire.h"

/** SIGTERM to every descendant that has not had it; SIGCONT behind it where one is stopped. Answers how many were new. */
i64 askTree(void);
/** SIGKILL to every child; what a killed one leaves becomes our child. Answers how many children there were. */
i64 killChildren(void);
