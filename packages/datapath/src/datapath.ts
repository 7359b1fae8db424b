/** The public shape of the datapath. One object a worker; every method runs on the thread that made it. */

export type DtlsRole = 'client' | 'server';
export type SrtpProfile = 'AEAD_AES_128_GCM' | 'AES128_CM_SHA1_80';

export interface Fingerprint {
  /** Lower case as in SDP: `sha-256`, `sha-384`, `sha-512`; `sha-1` is accepted too (RFC 8122). */
  algorithm: string;
  /** Colon-separated hexadecimal. */
  value: string;
}

export type PeerEvent =
  /** DTLS is through, the fingerprint matched, SRTP keys are in place. */
  | { type: 'connected'; profile: SrtpProfile; dtlsVersion: string }
  /** The handshake can't succeed. `reason` is a sentence without secrets. */
  | { type: 'failed'; reason: 'fingerprint' | 'no-srtp-profile' | 'handshake' | 'timeout'; detail: string }
  /** close_notify came. */
  | { type: 'closed' };

export interface DatapathOptions {
  /** Arena slots, a power of two; default 8192. Also how many packets back a retransmission can reach. */
  slots?: number;
  /** Rows in `rx`, default 512. */
  rxRows?: number;
  /** Rows in `tx`, default 2048. */
  txRows?: number;
  /** Upper bound on peers, default 4096. */
  maxPeers?: number;
  /** First DTLS retransmission, ms, then doubling up to 60 s (RFC 6347 4.2.4.1); default 400. */
  dtlsRetransmitMs?: number;
  /** A handshake not done by then fails with `timeout`; ms, default 30,000. */
  dtlsTimeoutMs?: number;
  /** PEM pair; by default an ECDSA P-256 certificate is made. */
  certificate?: { certificatePem: string; privateKeyPem: string };
  /** What `use_srtp` offers and takes, by preference; default AEAD_AES_128_GCM, AES128_CM_SHA1_80. */
  srtpProfiles?: SrtpProfile[];
  /** Turn off GSO/GRO/mmsg (tests; other systems have it so anyway). */
  portable?: boolean;
}

export interface DatapathCallbacks {
  /** Something can be received: call `receive()` until it returns 0 or the turn's budget is used. Once a loop turn. */
  onReadable(): void;
  onPeerEvent(peer: number, event: PeerEvent): void;
  /** A packet for a TCP path: write it to connection `connection`, RFC 4571 frame and all. Called inside `flush()`/`sendRaw()` or after handshakes. `bytes` is the callee's to keep. */
  onTcpOutput(connection: number, bytes: Uint8Array): void;
}

/** Everything counts up from zero, since creation. */
export interface DatapathStats {
  rxPackets: number;
  rxBytes: number;
  /** By the kernel, for want of socket buffer (SO_RXQ_OVFL). */
  rxKernelDrops: number;
  /** `injectTcp` beyond `rxRows` waiting packets. */
  rxInjectDrops: number;
  rxFromUnknown: number;
  rxMalformed: number;
  rxTooLarge: number;
  srtpAuthFailures: number;
  srtpReplays: number;
  srtcpAuthFailures: number;
  srtcpReplays: number;
  /** SRTP from a peer whose keys aren't there yet, or of one SSRC too many. */
  srtpNoContext: number;
  ssrcLimitHits: number;
  /** DTLS records after the handshake that were forged, replayed or too many at once. */
  dtlsRefused: number;
  /** Application data beyond `rxRows` records that wait for a row. */
  rxDataDrops: number;
  txPackets: number;
  txBytes: number;
  txSyscalls: number;
  txErrors: number;
  /** Dropped because the bounded backlog was full while the kernel took no more. */
  txBacklogDrops: number;
  txStale: number;
  /** Refused so that no nonce is used twice. */
  txRepeats: number;
  txMalformed: number;
  /** Rows, RTCP and data for a peer that has no keys or no selected path yet. */
  txNotReady: number;
  dtlsHandshakes: number;
  dtlsFailures: number;
  peers: number;
  sockets: number;
}

export interface PeerStats {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  rxDropped: number;
}

export interface Datapath {
  /** Of our certificate, SHA-256. */
  readonly fingerprint: Fingerprint;
  readonly slots: number;
  readonly arena: Uint8Array;
  readonly rx: Uint32Array;
  readonly rxPaths: Uint8Array;
  readonly tx: Uint32Array;
  readonly txPrefix: Uint8Array;
  /** Payloads that the caller makes, for rows with `TX_MADE`; free again after each `flush`. */
  readonly made: Uint8Array;
  /** `txPrefix` as 32-bit words of the machine's byte order. */
  readonly txPrefixWords: Uint32Array;
  readonly rxRows: number;
  readonly txRows: number;

  /** Microseconds, monotonic, from this object's creation. */
  nowUs(): number;
  /** Opens a UDP socket; IPv6 sockets are V6ONLY. Throws `DatapathError` with `code` such as `EADDRINUSE`. */
  openUdp(options: { address: string; port: number; receiveBufferBytes?: number; sendBufferBytes?: number }): {
    socket: number;
    port: number;
  };
  closeUdp(socket: number): void;

  /** Throws `ERR_TOO_MANY_PEERS`. */
  createPeer(): number;
  /** Sends close_notify, frees everything. A second call, or a stale handle, does nothing. */
  closePeer(peer: number): void;
  /** A client begins once a path is selected. Throws `ERR_FINGERPRINT` when none can be used, `ERR_DTLS` when started already. */
  startDtls(
    peer: number,
    options: {
      role: DtlsRole;
      fingerprints: Fingerprint[];
      /** How many SSRCs of its are followed at one time, 64..8192; default 64. */
      maxSsrcs?: number;
    },
  ): void;

  /** From now on what comes from this path is the peer's (at most 16 a peer; the oldest goes). A path belongs to one peer: the last who claims it. */
  addPath(peer: number, path: Uint8Array): void;
  removePath(peer: number, path: Uint8Array): void;
  /** From now on what is sent to the peer goes there. Adds the path if need be. */
  selectPath(peer: number, path: Uint8Array): void;

  /**
   * An outgoing RTP stream. Sequence numbers must start below 2^15 so that both ends agree on the roll-over counter. An
   * SSRC that was removed may come back and must then go on above its last number. Throws `ERR_STREAM`: no such peer, the
   * SSRC is there already, or more than 16,384 of the peer, those removed counted.
   */
  addStream(peer: number, ssrc: number): number;
  removeStream(stream: number): void;

  /** Reads, demultiplexes (RFC 7983) and opens what has come; DTLS is fed to its peer. Returns rows now in `rx`. */
  receive(): number;
  /** Bytes of a packet that came over TCP connection `connection`; it shows up in the next `receive()`. At most `rxRows` wait, more are dropped and counted. */
  injectTcp(connection: number, packet: Uint8Array): void;
  /**
   * Takes the next arena packet number for bytes of the caller's own: written into its slot, rows can send them (`TX_PACKET`)
   * as if they had been received. Goes stale like the others.
   */
  reservePacket(): number;
  /** Seals and sends the first `rows` rows of `tx` and whatever `sendRtcp` queued. One call a loop turn. */
  flush(rows: number): void;
  /** Seals a compound RTCP packet and queues it for the next `flush()`. Ignored before the peer is connected. */
  sendRtcp(peer: number, packet: Uint8Array): void;
  /**
   * Seals application data as one DTLS record, at most 1,400 bytes; it goes out with the next `flush()`. Before the peer is
   * connected and after it closed, data is dropped and counted (`txNotReady`): whoever sends it sends it again.
   */
  sendData(peer: number, bytes: Uint8Array): void;
  /** Sends at once and unsealed: STUN. */
  sendRaw(path: Uint8Array, packet: Uint8Array): void;
  /** DTLS retransmission and time-outs. Call about every 50 ms; cheap when no handshake is under way. */
  tick(): void;

  stats(): DatapathStats;
  peerStats(peer: number): PeerStats | undefined;
  /** Idempotent. */
  close(): void;
}
