// Peers: their life, their paths and streams, and their handshakes on the thread pool.
#include <algorithm>

#include "datapath.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace efir {

namespace {

/// Handshakes must not take the core from the media loop; a thread is made nicer once.
void lower_priority() {
#ifdef __linux__
  static thread_local bool lowered = false;
  if (lowered) return;
  lowered = true;
  setpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)), 5);
#endif
}

}  // namespace

uint32_t Datapath::create_peer() {
  if (closed_) return 0;
  uint32_t handle = peers_.take();
  if (!handle) return 0;
  uint32_t i = index_of(handle);
  if (i >= peer_.size()) peer_.resize(i + 1);
  peer_[i].reset(new Peer());
  peer_tx_.make(i).handle = handle;
  return handle;
}

void Datapath::close_peer(uint32_t handle) {
  if (closed_ || !peers_.valid(handle)) return;
  uint32_t i = index_of(handle);
  Peer& peer = *peer_[i];
  if (peer.dtls && !peer.dtls->running) {
    peer.dtls->session->shutdown();
    send_dtls(handle, *peer.dtls);
    batch_.submit();
  }
  end_handshake(handle);
  while (!peer.paths.empty()) forget_path(peer, peer.paths.size() - 1);
  while (!peer.streams.empty()) remove_stream(peer.streams.back());
  peer_[i].reset();
  peer_tx_.end(i);
  peers_.release(handle);
}

/// Lets go of the DTLS session; a job that is still at it is waited for by nobody.
void Datapath::end_handshake(uint32_t handle) {
  Peer& peer = *peer_[index_of(handle)];
  handshaking_.erase(std::remove(handshaking_.begin(), handshaking_.end(), handle), handshaking_.end());
  if (peer.dtls && peer.dtls->running) {
    peer.dtls->peer = 0;
    peer.dtls.release();
  }
  peer.dtls.reset();
}

const char* Datapath::start_dtls(uint32_t handle, bool client, FingerprintSet fingerprints, uint32_t max_ssrcs) {
  if (closed_ || !peers_.valid(handle)) return "There is no such peer";
  Peer& peer = *peer_[index_of(handle)];
  if (peer.dtls) return "DTLS was started already";
  peer.rtp.set_limit(max_ssrcs);
  peer.rtcp.set_limit(max_ssrcs);
  std::unique_ptr<Handshake> handshake(new Handshake());
  handshake->session.reset(new DtlsSession(config_.dtls, client, std::move(fingerprints)));
  handshake->work.data = handshake.get();
  handshake->datapath = this;
  handshake->peer = handle;
  handshake->deadline_us = now_us() + uint64_t(config_.dtls_timeout_ms) * 1000;
  // A server waits for ClientHello, a client until it knows where to.
  handshake->started = !client;
  peer.dtls = std::move(handshake);
  handshaking_.push_back(handle);
  if (client && peer.selected.key.family != 0) {
    peer.dtls->started = true;
    start_job(*peer.dtls);
  }
  return nullptr;
}

void Datapath::add_path(uint32_t handle, const Path& path) {
  if (closed_ || !peers_.valid(handle)) return;
  Peer& peer = *peer_[index_of(handle)];
  uint32_t owner = paths_.find(path.key);
  if (owner == handle) {
    for (Path& known : peer.paths) {
      if (known.key == path.key) known = path;
    }
    return;
  }
  if (owner) remove_path(owner, path);
  if (peer.paths.size() >= kMaxPaths) forget_path(peer, peer.paths[0].key == peer.selected.key ? 1 : 0);
  peer.paths.push_back(path);
  paths_.set(path.key, handle);
}

void Datapath::remove_path(uint32_t handle, const Path& path) {
  if (closed_ || !peers_.valid(handle)) return;
  Peer& peer = *peer_[index_of(handle)];
  for (size_t i = 0; i < peer.paths.size(); i++) {
    if (!(peer.paths[i].key == path.key)) continue;
    forget_path(peer, i);
    break;
  }
  if (peer.selected.key == path.key) {
    peer.selected = Path();
    peer_tx_[index_of(handle)].target = Target();
  }
}

void Datapath::forget_path(Peer& peer, size_t i) {
  paths_.erase(peer.paths[i].key);
  peer.paths.erase(peer.paths.begin() + ptrdiff_t(i));
}

void Datapath::select_path(uint32_t handle, const Path& path) {
  if (closed_ || !peers_.valid(handle)) return;
  add_path(handle, path);
  Peer& peer = *peer_[index_of(handle)];
  peer.selected = path;
  peer_tx_[index_of(handle)].target = Target(path);
  if (peer.dtls && !peer.dtls->started) {
    peer.dtls->started = true;
    start_job(*peer.dtls);
  }
}

uint32_t Datapath::add_stream(uint32_t handle, uint32_t ssrc, const char** why) {
  *why = "There is no such peer";
  if (closed_ || !peers_.valid(handle)) return 0;
  Peer& peer = *peer_[index_of(handle)];
  for (uint32_t other : peer.streams) {
    if (stream_tx_[index_of(other)].ssrc != ssrc) continue;
    *why = "The peer has a stream of this SSRC";
    return 0;
  }
  *why = "The peer has too many streams";
  if (peer.streams.size() + peer.retired.size() >= kMaxStreamsPerPeer) return 0;
  uint32_t stream = streams_.take();
  if (!stream) return 0;
  StreamTx& state = stream_tx_.make(index_of(stream));
  state.handle = stream;
  state.peer = index_of(handle);
  state.ssrc = ssrc;
  for (size_t i = 0; i < peer.retired.size(); i++) {
    if (peer.retired[i].first != ssrc) continue;
    state.sealed.mark_all_up_to(peer.retired[i].second);
    peer.retired.erase(peer.retired.begin() + ptrdiff_t(i));
    break;
  }
  peer.streams.push_back(stream);
  return stream;
}

void Datapath::remove_stream(uint32_t stream) {
  if (closed_ || !streams_.valid(stream)) return;
  uint32_t i = index_of(stream);
  Peer& peer = *peer_[stream_tx_[i].peer];
  if (!stream_tx_[i].sealed.empty()) peer.retired.emplace_back(stream_tx_[i].ssrc, stream_tx_[i].sealed.highest());
  peer.streams.erase(std::find(peer.streams.begin(), peer.streams.end(), stream));
  stream_tx_.end(i);
  streams_.release(stream);
}

void Datapath::tell(PeerEvent event) {
  events_.push_back(std::move(event));
  wake();
}

void Datapath::dtls_input(uint32_t handle, const Path& path, const uint8_t* bytes, size_t length) {
  Peer& peer = *peer_[index_of(handle)];
  if (!peer.dtls || !peer.dtls->started) {
    peer.rx_dropped++;
    return;
  }
  Handshake& handshake = *peer.dtls;
  handshake.reply = path;
  if (handshake.session && !handshake.running && handshake.session->state() != DtlsSession::State::kHandshaking) {
    handshake.session->receive(bytes, length);
    take_data(handle, handshake);
    send_dtls(handle, handshake);
    tell_if_closed(handle);
    return;
  }
  if (handshake.waiting.size() >= Handshake::kMaxWaiting) {
    peer.rx_dropped++;
    return;
  }
  handshake.waiting.emplace_back(bytes, bytes + length);
  if (!handshake.running) start_job(handshake);
}

/// Application data becomes rows, now or with the next `receive()`.
void Datapath::take_data(uint32_t handle, Handshake& handshake) {
  stats_.dtlsRefused += handshake.session->take_refused();
  uint32_t arrival = uint32_t(receiving_ ? turn_us_ : now_us());
  for (Datagram& data : handshake.session->take_data()) {
    if (receiving_ && row_of_data(handle, handshake.reply, data, arrival)) continue;
    if (data_in_.size() < config_.rx_rows) {
      data_in_.push_back({handle, arrival, handshake.reply, std::move(data)});
      wake();
    } else {
      stats_.rxDataDrops++;
    }
  }
}

void Datapath::tell_if_closed(uint32_t handle) {
  Peer& peer = *peer_[index_of(handle)];
  if (peer.closed_told || peer.dtls->session->state() != DtlsSession::State::kClosed) return;
  peer.closed_told = true;
  tell({handle, PeerEvent::kClosed, SrtpProfile::kNone, DtlsFailure::kNone, std::string()});
}

void Datapath::start_job(Handshake& handshake) {
  handshake.inputs.swap(handshake.waiting);
  handshake.running = true;
  running_jobs_++;
  uv_queue_work(loop_, &handshake.work, run_job, on_job_done);
}

void Datapath::run_job(uv_work_t* work) {
  auto* handshake = static_cast<Handshake*>(work->data);
  lower_priority();
  handshake->session->advance(handshake->inputs, handshake->timed_out);
}

void Datapath::on_job_done(uv_work_t* work, int) {
  auto* handshake = static_cast<Handshake*>(work->data);
  Datapath* self = handshake->datapath;
  self->running_jobs_--;
  handshake->running = false;
  if (handshake->peer == 0) {
    delete handshake;
    self->finish_closing();
    return;
  }
  self->job_done(*handshake);
}

void Datapath::job_done(Handshake& handshake) {
  uint32_t handle = handshake.peer;
  handshake.inputs.clear();
  handshake.timed_out = false;
  send_dtls(handle, handshake);
  batch_.submit();
  switch (handshake.session->state()) {
    case DtlsSession::State::kHandshaking:
      if (!handshake.waiting.empty()) start_job(handshake);
      break;
    case DtlsSession::State::kFailed:
      failed(handle, handshake.session->failure(), handshake.session->detail());
      break;
    default:
      connected(handle, handshake);
  }
}

void Datapath::connected(uint32_t handle, Handshake& handshake) {
  std::unique_ptr<SrtpMaster> master = handshake.session->take_master();
  Peer& peer = *peer_[index_of(handle)];
  PeerTx& tx = peer_tx_[index_of(handle)];
  SrtpProfile profile = master->profile;
  bool ok = tx.rtp_out.derive(profile, master->local_key, master->local_salt, false, true) &&
            peer.rtcp_out.derive(profile, master->local_key, master->local_salt, true, true) &&
            peer.rtp_in.derive(profile, master->remote_key, master->remote_salt, false, false) &&
            peer.rtcp_in.derive(profile, master->remote_key, master->remote_salt, true, false);
  master.reset();
  if (!ok) {
    failed(handle, DtlsFailure::kHandshake, "No SRTP contexts could be made");
    return;
  }
  peer.profile = profile;
  tx.keyed = true;
  stats_.dtlsHandshakes++;
  untrimmed_++;
  last_handshake_us_ = now_us();
  handshaking_.erase(std::remove(handshaking_.begin(), handshaking_.end(), handle), handshaking_.end());
  std::vector<Datagram>().swap(handshake.inputs);
  tell({handle, PeerEvent::kConnected, peer.profile, DtlsFailure::kNone, handshake.session->version()});
  take_data(handle, handshake);
  tell_if_closed(handle);
  std::vector<Datagram> waiting;
  waiting.swap(handshake.waiting);
  for (const Datagram& datagram : waiting) dtls_input(handle, handshake.reply, datagram.data(), datagram.size());
  batch_.submit();
}

void Datapath::failed(uint32_t handle, DtlsFailure failure, const std::string& detail) {
  stats_.dtlsFailures++;
  tell({handle, PeerEvent::kFailed, SrtpProfile::kNone, failure, detail});
  end_handshake(handle);
}

void Datapath::send_dtls(uint32_t handle, Handshake& handshake) {
  const Peer& peer = *peer_[index_of(handle)];
  Target target(peer.selected.key.family != 0 ? peer.selected : handshake.reply);
  for (const Datagram& datagram : handshake.session->take_outputs()) {
    if (target.family != 0) output(target, datagram.data(), datagram.size());
  }
}

/// After a crowd has joined: what its handshakes took goes back to the system. On the pool, for it takes milliseconds.
void Datapath::trim_heap(uint64_t now) {
  constexpr uint32_t kCrowd = 16;
  constexpr uint64_t kCalmUs = 1000 * 1000;
  if (untrimmed_ < kCrowd || now - last_handshake_us_ < kCalmUs || trimming_) return;
#ifdef __GLIBC__
  untrimmed_ = 0;
  trimming_ = true;
  running_jobs_++;
  trim_.data = this;
  uv_queue_work(
      loop_, &trim_, [](uv_work_t*) { malloc_trim(0); },
      [](uv_work_t* work, int) {
        auto* self = static_cast<Datapath*>(work->data);
        self->trimming_ = false;
        self->running_jobs_--;
        self->finish_closing();
      });
#endif
}

void Datapath::tick() {
  if (closed_) return;
  uint64_t now = now_us();
  trim_heap(now);
  for (size_t i = 0; i < handshaking_.size();) {
    uint32_t handle = handshaking_[i];
    Handshake& handshake = *peer_[index_of(handle)]->dtls;
    if (now >= handshake.deadline_us) {
      failed(handle, DtlsFailure::kTimeout, "The DTLS handshake took too long");
      continue;  // it is no longer in the list
    }
    if (handshake.started && !handshake.running && handshake.session->timeout_us() == 0) {
      handshake.timed_out = true;
      start_job(handshake);
    }
    i++;
  }
}

}  // namespace efir
