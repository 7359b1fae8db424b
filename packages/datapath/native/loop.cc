// The datapath and the event loop: polling, one turn's callbacks, opening and closing.
#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <unistd.h>

#include "datapath.h"

#ifdef EFIR_LINUX
#include <sys/epoll.h>
#endif

namespace efir {

namespace {

uint64_t random_seed() {
  uint64_t seed = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof(seed));
  return seed;
}

}  // namespace

Datapath::Datapath(uv_loop_t* loop, const DatapathConfig& config, DatapathHost* host)
    : loop_(loop),
      config_(config),
      host_(host),
      born_ns_(uv_hrtime()),
      peers_(config.max_peers),
      streams_(config.max_peers * kAverageStreams),
      peer_tx_(config.max_peers),
      stream_tx_(streams_.capacity()),
      paths_(random_seed()),
      staging_(config.portable),
      slot_length_(config.slots, 0),
      batch_(this, &stats_, config.portable) {}

Datapath::~Datapath() = default;

uint64_t Datapath::now_us() const { return (uv_hrtime() - born_ns_) / 1000; }

bool Datapath::start(std::string* error) {
  if (!peer_tx_ || !stream_tx_) {
    *error = "Not enough memory for that many peers";
    return false;
  }
  uv_async_init(loop_, &wake_, [](uv_async_t*) {});
  uv_check_init(loop_, &check_);
  wake_.data = check_.data = this;
  open_handles_ = 2;
  uv_check_start(&check_, on_check);
  uv_unref(reinterpret_cast<uv_handle_t*>(&wake_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
#ifdef EFIR_LINUX
  if (!config_.portable) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0 || uv_poll_init(loop_, &poll_, epoll_) != 0) {
      *error = "No epoll instance to be had";
      return false;
    }
    poll_.data = this;
    poll_open_ = true;
    open_handles_++;
    uv_poll_start(&poll_, UV_READABLE, on_epoll);
    uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
  }
#endif
  return true;
}

uint32_t Datapath::open_udp(const UdpOptions& options, uint16_t* port, int* error) {
  std::unique_ptr<UdpSocket> opened = UdpSocket::open(options, error);
  if (!opened) return 0;
  uint32_t handle = sockets_.take();
  if (!handle) {
    *error = EMFILE;
    return 0;
  }
  opened->handle = handle;
  uint32_t i = index_of(handle);
  if (i >= socket_.size()) socket_.resize(i + 1);
  socket_[i] = std::move(opened);
  if (!watch(*socket_[i])) {
    *error = errno ? errno : ENOMEM;
    socket_[i].reset();
    sockets_.release(handle);
    return 0;
  }
  *port = socket_[i]->port;
  return handle;
}

void Datapath::close_udp(uint32_t handle) {
  UdpSocket* socket = this->socket(handle);
  if (!socket) return;
  batch_.forget(*socket);
  unwatch(*socket);
  socket_[index_of(handle)].reset();
  sockets_.release(handle);
  if (poll_open_ && sockets_.live() == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
}

UdpSocket* Datapath::socket(uint32_t handle) {
  return sockets_.valid(handle) ? socket_[index_of(handle)].get() : nullptr;
}

bool Datapath::watch(UdpSocket& socket) {
#ifdef EFIR_LINUX
  if (!config_.portable) {
    epoll_event event = epoll_event();
    event.events = EPOLLIN;
    event.data.u32 = socket.handle;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd, &event) != 0) return false;
    uv_ref(reinterpret_cast<uv_handle_t*>(&poll_));
    return true;
  }
#endif
  auto* watcher = new SocketPoll();
  watcher->owner = this;
  watcher->socket = socket.handle;
  if (uv_poll_init(loop_, &watcher->poll, socket.fd) != 0) {
    delete watcher;
    return false;
  }
  open_handles_++;
  socket.poll = watcher;
  uv_poll_start(&watcher->poll, UV_READABLE, on_socket_poll);
  return true;
}

void Datapath::unwatch(UdpSocket& socket) {
#ifdef EFIR_LINUX
  if (!config_.portable) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, socket.fd, nullptr);
    return;
  }
#endif
  uv_close(reinterpret_cast<uv_handle_t*>(&socket.poll->poll), [](uv_handle_t* handle) {
    auto* watcher = reinterpret_cast<SocketPoll*>(handle);
    auto* self = static_cast<Datapath*>(watcher->owner);
    delete watcher;
    self->open_handles_--;
    self->finish_closing();
  });
  socket.poll = nullptr;
}

void Datapath::watch_writable(UdpSocket& socket, bool on) {
  socket.want_write = on;
#ifdef EFIR_LINUX
  if (!config_.portable) {
    epoll_event event = epoll_event();
    event.events = on ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u32 = socket.handle;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, socket.fd, &event);
    return;
  }
#endif
  uv_poll_start(&socket.poll->poll, on ? UV_READABLE | UV_WRITABLE : UV_READABLE, on_socket_poll);
}

void Datapath::on_epoll(uv_poll_t* poll, int, int) { static_cast<Datapath*>(poll->data)->poll_kernel(); }

void Datapath::on_socket_poll(uv_poll_t* poll, int, int events) {
  auto* watcher = reinterpret_cast<SocketPoll*>(poll);
  auto* self = static_cast<Datapath*>(watcher->owner);
  self->polled(watcher->socket, (events & UV_READABLE) != 0, (events & UV_WRITABLE) != 0);
}

/// Asks which sockets can be read, and sends what waited for a socket to take it.
void Datapath::poll_kernel() {
  if (!ready_.empty()) return;
#ifdef EFIR_LINUX
  if (!config_.portable) {
    epoll_event events[64];
    int count = epoll_wait(epoll_, events, 64, 0);
    for (int i = 0; i < count; i++) {
      bool writable = (events[i].events & EPOLLOUT) != 0;
      bool readable = (events[i].events & ~uint32_t(EPOLLOUT)) != 0;
      polled(events[i].data.u32, readable, writable);
    }
    return;
  }
#endif
  std::vector<pollfd> polls;
  for (const auto& socket : socket_) polls.push_back({socket ? socket->fd : -1, POLLIN, 0});
  if (poll(polls.data(), nfds_t(polls.size()), 0) <= 0) return;
  for (size_t i = 0; i < polls.size(); i++) {
    if (socket_[i] && polls[i].revents) polled(socket_[i]->handle, true, false);
  }
}

void Datapath::polled(uint32_t handle, bool readable, bool writable) {
  UdpSocket* socket = this->socket(handle);
  if (!socket) return;
  if (writable) batch_.writable(*socket);
  if (readable && !socket->ready) {
    socket->ready = true;
    ready_.push_back(handle);
  }
}

void Datapath::on_check(uv_check_t* check) { static_cast<Datapath*>(check->data)->turn(); }

void Datapath::turn() {
  if (!events_.empty()) {
    std::vector<PeerEvent> events;
    events.swap(events_);
    for (const PeerEvent& event : events) {
      if (closed_) return;
      if (peers_.valid(event.peer)) host_->peer_event(event);
    }
  }
  deliver_tcp();
  if (!closed_ && (!ready_.empty() || staged_next_ < staged_ || !tcp_in_.empty() || !data_in_.empty())) {
    host_->readable();
  }
}

/// The callee may call anything, this too.
void Datapath::deliver_tcp() {
  if (tcp_out_.empty()) return;
  std::vector<TcpOutput> outputs;
  outputs.swap(tcp_out_);
  for (const TcpOutput& output : outputs) {
    if (closed_) return;
    host_->tcp_output(output);
  }
}

void Datapath::close() {
  if (closed_) return;
  for (uint32_t i = 0; i < peers_.end(); i++) {
    if (peer_[i]) close_peer(peer_tx_[i].handle);
  }
  batch_.submit();
  closed_ = true;
  events_.clear();
  tcp_in_.clear();
  data_in_.clear();
  tcp_out_.clear();
  staged_ = staged_next_ = 0;
  for (uint32_t i = 0; i < socket_.size(); i++) {
    if (socket_[i]) close_udp(socket_[i]->handle);
  }
  auto closing = [](uv_handle_t* handle) { on_handle_closed(handle); };
  uv_close(reinterpret_cast<uv_handle_t*>(&wake_), closing);
  uv_close(reinterpret_cast<uv_handle_t*>(&check_), closing);
  if (poll_open_) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), closing);
  poll_open_ = false;
  if (epoll_ >= 0) ::close(epoll_);
  epoll_ = -1;
}

void Datapath::on_handle_closed(uv_handle_t* handle) {
  auto* self = static_cast<Datapath*>(handle->data);
  self->open_handles_--;
  self->finish_closing();
}

void Datapath::finish_closing() {
  if (closed_ && open_handles_ == 0 && running_jobs_ == 0) host_->gone();
}

}  // namespace efir
