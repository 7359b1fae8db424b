#include "tx_batch.h"

#include <errno.h>

#include <cstring>

namespace efir {

namespace {

bool is_full(int error) { return error == EAGAIN || error == EWOULDBLOCK; }
#ifdef EFIR_LINUX
/// The kernel or the device can't segment (EIO), or a segment doesn't fit this path's MTU (EINVAL, EMSGSIZE).
bool is_about_segments(int error) { return error == EIO || error == EINVAL || error == EMSGSIZE; }
#endif

}  // namespace

TxBatch::TxBatch(SocketTable* sockets, Stats* stats, bool portable)
    : sockets_(sockets), stats_(stats), portable_(portable), scratch_(new uint8_t[kScratchBytes]) {}

uint8_t* TxBatch::room(size_t length) {
  if (used_ + length > kScratchBytes || runs_ == kRuns) submit();
  if (runs_ == 0) used_ = 0;
  return scratch_.get() + used_;
}

void TxBatch::add(const Target& target, uint32_t owner, size_t length) {
  if (runs_ > 0) {
    Run& last = run_[runs_ - 1];
    if (owner && last.owner == owner && !last.closed && length <= last.segment && last.count < kMaxSegments &&
        last.length + length <= kMaxRunBytes) {
      last.closed = length < last.segment;
      last.length += uint32_t(length);
      last.count++;
      used_ += length;
      return;
    }
    if (last.target.socket != target.socket) send_runs();
  }
  UdpSocket* socket = sockets_->socket(target.socket);
  Run& run = run_[runs_++];
  run.target = target;
  run.owner = owner;
  run.offset = uint32_t(used_);
  run.length = uint32_t(length);
  run.segment = uint16_t(length);
  run.count = 1;
  run.closed = !socket || !socket->gso;
  used_ += length;
}

void TxBatch::submit() {
  send_runs();
  used_ = 0;
}

void TxBatch::send_runs() {
  if (runs_ == 0) return;
  UdpSocket* socket = sockets_->socket(run_[0].target.socket);
  uint32_t i = 0;
  if (!socket) {
    for (; i < runs_; i++) stats_->txErrors += run_[i].count;
  } else {
    if (!socket->backlogged()) i = send_many(*socket);
    for (; i < runs_; i++) {
      const Run& run = run_[i];
      keep(*socket, run.target, scratch_.get() + run.offset, run.length, run.segment);
    }
  }
  runs_ = 0;
}

/// Returns how many runs are done with; the rest is for the backlog.
uint32_t TxBatch::send_many(UdpSocket& socket) {
  uint32_t i = 0;
#ifdef EFIR_LINUX
  if (!portable_) {
    mmsghdr headers[kRuns];
    iovec vectors[kRuns];
    for (uint32_t j = 0; j < runs_; j++) {
      Run& run = run_[j];
      vectors[j] = {scratch_.get() + run.offset, run.length};
      headers[j] = mmsghdr();
      headers[j].msg_hdr.msg_iov = &vectors[j];
      headers[j].msg_hdr.msg_iovlen = 1;
      describe_send(socket, run.target, run.count > 1 ? run.segment : 0, &headers[j].msg_hdr, controls_[j]);
    }
    while (i < runs_) {
      int done = sendmmsg(socket.fd, headers + i, runs_ - i, 0);
      stats_->txSyscalls++;
      if (done > 0) {
        for (int j = 0; j < done; j++, i++) sent(run_[i].length, run_[i].count);
        continue;
      }
      if (errno == EINTR) continue;
      if (is_full(errno)) return i;
      Run& run = run_[i];
      if (run.count > 1 && is_about_segments(errno)) {
        if (errno == EIO) socket.gso = false;
        if (!send_apart(socket, run)) return i + 1;
      } else {
        stats_->txErrors += run.count;
      }
      i++;
    }
    return i;
  }
#endif
  for (; i < runs_; i++) {
    if (!send_apart(socket, run_[i])) return i + 1;
  }
  return i;
}

/// A datagram by itself. Returns errno, or 0; all but a full buffer has been counted.
int TxBatch::send_one(UdpSocket& socket, const Target& target, const uint8_t* bytes, uint32_t length) {
  msghdr header = msghdr();
  iovec vector = {const_cast<uint8_t*>(bytes), length};
  alignas(cmsghdr) uint8_t control[kSendControlBytes];
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  describe_send(socket, target, 0, &header, control);
  ssize_t done;
  do {
    done = sendmsg(socket.fd, &header, 0);
    stats_->txSyscalls++;
  } while (done < 0 && errno == EINTR);
  if (done >= 0) {
    sent(length, 1);
    return 0;
  }
  if (!is_full(errno)) stats_->txErrors++;
  return errno;
}

/// The packets of a run one by one. False when the buffer became full; what is left is in the backlog then.
bool TxBatch::send_apart(UdpSocket& socket, const Run& run) {
  const uint8_t* bytes = scratch_.get() + run.offset;
  for (uint32_t at = 0; at < run.length; at += run.segment) {
    uint32_t size = run.length - at < run.segment ? run.length - at : run.segment;
    if (!is_full(send_one(socket, run.target, bytes + at, size))) continue;
    keep(socket, run.target, bytes + at, run.length - at, run.segment);
    return false;
  }
  return true;
}

/// Kept as single datagrams: where the kernel's buffer is full, the CPU isn't what is short.
void TxBatch::keep(UdpSocket& socket, const Target& target, const uint8_t* bytes, uint32_t length, uint16_t segment) {
  std::vector<uint8_t>& backlog = socket.backlog;
  if (socket.backlog_head > kCompactBytes && socket.backlog_head > backlog.size() / 2) {
    backlog.erase(backlog.begin(), backlog.begin() + ptrdiff_t(socket.backlog_head));
    socket.backlog_head = 0;
  }
  for (uint32_t at = 0; at < length; at += segment) {
    BacklogEntry entry;
    entry.target = target;
    entry.length = length - at < segment ? length - at : segment;
    size_t total = sizeof(entry) + entry.length;
    if (backlog_bytes_ + total > kMaxBacklogBytes) {
      stats_->txBacklogDrops++;
      continue;
    }
    const auto* head = reinterpret_cast<const uint8_t*>(&entry);
    backlog.insert(backlog.end(), head, head + sizeof(entry));
    backlog.insert(backlog.end(), bytes + at, bytes + at + entry.length);
    backlog_bytes_ += total;
  }
  if (!socket.want_write) sockets_->watch_writable(socket, true);
}

void TxBatch::writable(UdpSocket& socket) {
  while (socket.backlogged()) {
    BacklogEntry entry;
    const uint8_t* at = socket.backlog.data() + socket.backlog_head;
    memcpy(static_cast<void*>(&entry), at, sizeof(entry));
    if (is_full(send_one(socket, entry.target, at + sizeof(entry), entry.length))) return;
    socket.backlog_head += sizeof(entry) + entry.length;
    backlog_bytes_ -= sizeof(entry) + entry.length;
  }
  std::vector<uint8_t>().swap(socket.backlog);
  socket.backlog_head = 0;
  if (socket.want_write) sockets_->watch_writable(socket, false);
}

void TxBatch::forget(UdpSocket& socket) {
  backlog_bytes_ -= socket.backlog.size() - socket.backlog_head;
  std::vector<uint8_t>().swap(socket.backlog);
  socket.backlog_head = 0;
}

}  // namespace efir
