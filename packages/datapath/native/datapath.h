// One datapath: its sockets, its peers, its arena and the loop handles that drive it. Parts: loop.cc, peers.cc, rx.cc,
// tx.cc. Everything runs on the loop's thread but `DtlsSession::advance`, which runs on libuv's pool.
#pragma once

#include <uv.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "dtls.h"
#include "flat_array.h"
#include "handles.h"
#include "layout.h"
#include "path_table.h"
#include "peer.h"
#include "stats.h"
#include "tx_batch.h"
#include "udp.h"

namespace efir {

struct DatapathConfig {
  uint32_t slots = 8192;
  uint32_t rx_rows = 512;
  uint32_t tx_rows = 2048;
  uint32_t max_peers = 4096;
  uint32_t dtls_timeout_ms = 30000;
  bool portable = false;
  std::shared_ptr<DtlsContext> dtls;
  // Memory that JavaScript sees as well; outlives `close()`.
  uint8_t* arena = nullptr;
  uint32_t* rx = nullptr;
  uint8_t* rx_paths = nullptr;
  uint32_t* tx = nullptr;
  uint8_t* tx_prefix = nullptr;
  uint8_t* made = nullptr;
};

struct PeerEvent {
  enum Type : uint8_t { kConnected, kFailed, kClosed };
  uint32_t peer;
  Type type;
  SrtpProfile profile;
  DtlsFailure failure;
  std::string text;  // DTLS version, or why it failed
};

struct TcpOutput {
  uint32_t connection;
  std::vector<uint8_t> frame;
};

/// Whom a datapath tells. Called on the loop's thread, never after `close()`, but for `gone()`: the last call of all.
class DatapathHost {
 public:
  virtual void readable() = 0;
  virtual void peer_event(const PeerEvent& event) = 0;
  virtual void tcp_output(const TcpOutput& output) = 0;
  virtual void gone() = 0;

 protected:
  ~DatapathHost() = default;
};

class Datapath final : private SocketTable {
 public:
  Datapath(uv_loop_t* loop, const DatapathConfig& config, DatapathHost* host);
  ~Datapath();
  /// False with a sentence in `error`; then `close()` must still be called.
  bool start(std::string* error);

  uint64_t now_us() const;
  /// Socket handle, or 0 with an errno.
  uint32_t open_udp(const UdpOptions& options, uint16_t* port, int* error);
  void close_udp(uint32_t socket);

  /// 0 when there are too many.
  uint32_t create_peer();
  void close_peer(uint32_t peer);
  /// Null, or why not.
  const char* start_dtls(uint32_t peer, bool client, FingerprintSet fingerprints, uint32_t max_ssrcs);
  void add_path(uint32_t peer, const Path& path);
  void remove_path(uint32_t peer, const Path& path);
  void select_path(uint32_t peer, const Path& path);
  /// Stream handle, or 0 with why not.
  uint32_t add_stream(uint32_t peer, uint32_t ssrc, const char** why);
  void remove_stream(uint32_t stream);

  uint32_t receive();
  /// The next arena packet number, for bytes that JavaScript writes into its slot.
  uint32_t reserve_packet();
  void inject_tcp(uint32_t connection, const uint8_t* bytes, size_t length);
  void flush(uint32_t rows);
  void send_rtcp(uint32_t peer, const uint8_t* bytes, size_t length);
  /// Application data over the peer's DTLS, one record; goes out with the next `flush()`.
  void send_data(uint32_t peer, const uint8_t* bytes, size_t length);
  void send_raw(const Path& path, const uint8_t* bytes, size_t length);
  void tick();
  void close();

  bool closed() const { return closed_; }
  const Stats& stats() const { return stats_; }
  uint32_t peer_count() const { return peers_.live(); }
  uint32_t socket_count() const { return sockets_.live(); }
  const DatapathConfig& config() const { return config_; }
  const Peer* peer(uint32_t handle) const { return peers_.valid(handle) ? peer_[index_of(handle)].get() : nullptr; }
  const PeerTx& peer_tx(uint32_t handle) const { return peer_tx_[index_of(handle)]; }

 private:
  static constexpr uint32_t kMaxSockets = 65536;
  static constexpr uint32_t kMaxStreamsPerPeer = 16384;
  static constexpr uint32_t kAverageStreams = 64;

  // loop.cc
  static void on_epoll(uv_poll_t* poll, int status, int events);
  static void on_socket_poll(uv_poll_t* poll, int status, int events);
  static void on_check(uv_check_t* check);
  static void on_handle_closed(uv_handle_t* handle);
  UdpSocket* socket(uint32_t handle) override;
  void watch_writable(UdpSocket& socket, bool on) override;
  bool watch(UdpSocket& socket);
  void unwatch(UdpSocket& socket);
  void poll_kernel();
  void polled(uint32_t socket, bool readable, bool writable);
  void wake() { uv_async_send(&wake_); }
  void turn();
  void deliver_tcp();
  void finish_closing();

  // peers.cc
  static void run_job(uv_work_t* work);
  static void on_job_done(uv_work_t* work, int status);
  void start_job(Handshake& handshake);
  void job_done(Handshake& handshake);
  void end_handshake(uint32_t peer);
  void connected(uint32_t peer, Handshake& handshake);
  void failed(uint32_t peer, DtlsFailure failure, const std::string& detail);
  void send_dtls(uint32_t peer, Handshake& handshake);
  void dtls_input(uint32_t peer, const Path& path, const uint8_t* bytes, size_t length);
  void take_data(uint32_t peer, Handshake& handshake);
  void forget_path(Peer& peer, size_t i);
  void trim_heap(uint64_t now);
  void tell(PeerEvent event);
  void tell_if_closed(uint32_t peer);

  // rx.cc
  bool read_more(bool* asked);
  void open_staged();
  void input(const Path& path, uint32_t peer, const uint8_t* bytes, size_t length, uint32_t arrival_us);
  void input_stun(const Path& path, uint32_t peer, const uint8_t* bytes, size_t length, uint32_t arrival_us);
  void input_rtp(const Path& path, uint32_t peer, const uint8_t* bytes, size_t length, uint32_t arrival_us);
  bool row_of_data(uint32_t peer, const Path& path, const Datagram& data, uint32_t arrival_us);
  void deliver_waiting_data();
  void input_rtcp(const Path& path, uint32_t peer, const uint8_t* bytes, size_t length, uint32_t arrival_us);
  size_t open_rtp(Peer& peer, const uint8_t* bytes, size_t header, size_t length, uint8_t* slot);
  uint32_t* new_row(uint32_t kind, const Path& path, uint32_t peer, size_t length, uint32_t arrival_us);
  uint8_t* next_slot() { return config_.arena + size_t(next_packet_ & (config_.slots - 1)) * kSlotBytes; }
  uint32_t arrival_us(int64_t stamp_ns) const;

  // tx.cc
  void send_row(const uint32_t* row, const uint8_t* prefix);
  void flush_rtcp();
  void output(const Target& target, const uint8_t* bytes, size_t length);
  void frame_tcp(uint32_t connection, const uint8_t* bytes, size_t length);

  uv_loop_t* loop_;
  DatapathConfig config_;
  DatapathHost* host_;
  Stats stats_;
  uint64_t born_ns_;
  bool closed_ = false;
  uint32_t open_handles_ = 0;
  uint32_t running_jobs_ = 0;
  int epoll_ = -1;
  uv_poll_t poll_;
  uv_async_t wake_;
  uv_check_t check_;
  bool poll_open_ = false;
  std::vector<PeerEvent> events_;

  HandleTable sockets_{kMaxSockets};
  std::vector<std::unique_ptr<UdpSocket>> socket_;
  std::deque<uint32_t> ready_;

  HandleTable peers_;
  HandleTable streams_;
  FlatArray<PeerTx> peer_tx_;
  FlatArray<StreamTx> stream_tx_;
  std::vector<std::unique_ptr<Peer>> peer_;
  PathTable paths_;
  std::vector<uint32_t> handshaking_;
  uint64_t last_handshake_us_ = 0;
  uint32_t untrimmed_ = 0;  // handshakes since the heap was trimmed
  bool trimming_ = false;
  uv_work_t trim_;

  Staging staging_;
  uint32_t staged_ = 0;       // messages in staging_
  uint32_t staged_next_ = 0;  // the one being opened
  uint32_t staged_at_ = 0;    // bytes of it done
  uint32_t rows_ = 0;
  uint32_t next_packet_ = 0;
  std::vector<uint16_t> slot_length_;
  int64_t realtime_offset_ns_ = 0;  // CLOCK_REALTIME - monotonic, of this receive()
  uint64_t turn_us_ = 0;            // when it began
  std::deque<TcpOutput> tcp_in_;
  struct WaitingData {
    uint32_t peer;
    uint32_t arrival_us;
    Path path;
    Datagram bytes;
  };
  std::deque<WaitingData> data_in_;  // decrypted when there was no row for it
  bool receiving_ = false;           // inside `receive()`: rows can be made

  TxBatch batch_;
  struct QueuedRtcp {
    uint32_t peer;
    uint32_t offset;
    uint32_t length;
  };
  std::vector<QueuedRtcp> rtcp_queue_;
  std::vector<uint8_t> rtcp_bytes_;
  std::vector<uint8_t> tcp_scratch_;
  std::vector<TcpOutput> tcp_out_;
};

}  // namespace efir
