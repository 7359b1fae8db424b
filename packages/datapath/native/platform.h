// EFIR_LINUX: there are epoll, recvmmsg and sendmmsg, UDP_GRO and UDP_SEGMENT. Elsewhere, and with EFIR_PORTABLE_ONLY
// defined at compile time, there is only the portable path.
#pragma once

#if defined(__linux__) && !defined(EFIR_PORTABLE_ONLY)
#define EFIR_LINUX 1
#endif
