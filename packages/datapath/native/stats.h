// The counters of DatapathStats (src/datapath.ts), in its order. All count up from zero.
#pragma once

#include <cstdint>

namespace efir {

#define EFIR_STATS(X)   \
  X(rxPackets)          \
  X(rxBytes)            \
  X(rxKernelDrops)      \
  X(rxInjectDrops)      \
  X(rxFromUnknown)      \
  X(rxMalformed)        \
  X(rxTooLarge)         \
  X(srtpAuthFailures)   \
  X(srtpReplays)        \
  X(srtcpAuthFailures)  \
  X(srtcpReplays)       \
  X(srtpNoContext)      \
  X(ssrcLimitHits)      \
  X(dtlsRefused)        \
  X(rxDataDrops)        \
  X(txPackets)          \
  X(txBytes)            \
  X(txSyscalls)         \
  X(txErrors)           \
  X(txBacklogDrops)     \
  X(txStale)            \
  X(txRepeats)          \
  X(txMalformed)        \
  X(txNotReady)         \
  X(dtlsHandshakes)     \
  X(dtlsFailures)

struct Stats {
#define EFIR_STAT_FIELD(name) uint64_t name = 0;
  EFIR_STATS(EFIR_STAT_FIELD)
#undef EFIR_STAT_FIELD
};

}  // namespace efir
