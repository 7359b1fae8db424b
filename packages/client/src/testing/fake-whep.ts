/** Servers that speak WHEP and the browser's side of their media, for tests of the player. */
import { vi } from 'vitest';
import { FakePeerConnection } from './fake-media.js';

type Answer = (request: { token: string | null }) => Response | Promise<Response>;

/** Receives ten packets and a frame each 100 ms as long as its server sends. */
export class FakeReceiver extends FakePeerConnection {
  server: string | null = null;
  private readonly madeAt = performance.now();
  private packets = 0;
  private lookedAt = this.madeAt;

  constructor(private readonly world: FakeWorld) {
    super();
    world.peers.push(this);
  }
  override async setRemoteDescription(description?: { sdp?: string }): Promise<void> {
    this.server = description?.sdp ?? null;
    if (!this.world.deaf.has(this.server ?? '')) await super.setRemoteDescription();
  }
  override async getStats(): Promise<Map<string, unknown>> {
    const now = performance.now();
    const steps = Math.floor((now - this.lookedAt) / 100);
    this.lookedAt += steps * 100;
    const sends = this.connectionState === 'connected' && this.world.sending.has(this.server ?? '');
    if (sends) this.packets += steps * 10;
    return new Map([['v', { type: 'inbound-rtp', packetsReceived: this.packets, framesDecoded: this.packets / 10 }]]);
  }
}

export class FakeEvents extends EventTarget {
  static readonly CLOSED = 2;
  readyState = 1;
  onerror: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    super();
  }
  close(): void {
    this.closed = true;
  }
  say(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}

/** The network of the player: hosts by name. An answer's SDP is the host's name. */
export class FakeWorld {
  readonly answers = new Map<string, Answer>();
  /** Hosts whose media flows. */
  readonly sending = new Set<string>();
  /** Hosts whose media can't be reached. */
  readonly deaf = new Set<string>();
  readonly requests: string[] = [];
  readonly peers: FakeReceiver[] = [];
  readonly events: FakeEvents[] = [];
  private sessions = 0;

  constructor() {
    const world = this;
    vi.stubGlobal('fetch', (input: string, init: RequestInit = {}) => this.fetch(input, init));
    vi.stubGlobal(
      'RTCPeerConnection',
      class extends FakeReceiver {
        constructor() {
          super(world);
        }
      },
    );
    vi.stubGlobal(
      'MediaStream',
      class {
        constructor(readonly tracks: unknown[]) {}
      },
    );
    vi.stubGlobal(
      'EventSource',
      class extends FakeEvents {
        constructor(url: string) {
          super(url);
          world.events.push(this);
        }
      },
    );
  }

  /** A host that lets everybody in, and sends. */
  up(host: string, headers: Record<string, string> = {}): void {
    this.sending.add(host);
    this.answers.set(host, () => this.grant(host, headers));
  }

  /** As after `kill -9`. */
  down(host: string): void {
    this.sending.delete(host);
    this.answers.delete(host);
  }

  grant(host: string, headers: Record<string, string> = {}): Response {
    const location = `/whep/demo/s${++this.sessions}`;
    return this.from(host, new Response(host, { status: 201, headers: { location, ...headers } }));
  }

  refuse(host: string, status: number, code: string, headers: Record<string, string> = {}): void {
    this.answers.set(host, () => Response.json({ error: { code, message: code } }, { status, headers }));
  }

  /** As the browser would say where it comes from. */
  from(host: string, response: Response, redirected = false): Response {
    Object.defineProperty(response, 'url', { value: `https://${host}/whep/demo` });
    Object.defineProperty(response, 'redirected', { value: redirected });
    return response;
  }

  of(method: string): string[] {
    return this.requests.filter((one) => one.startsWith(`${method} `)).map((one) => one.slice(method.length + 1));
  }

  private async fetch(input: string, { method = 'GET', headers }: RequestInit): Promise<Response> {
    const url = new URL(input);
    this.requests.push(`${method} ${url.host}${method === 'POST' ? '' : url.pathname}`);
    const answer = this.answers.get(url.host);
    if (!answer) throw new TypeError('fetch failed');
    if (method !== 'POST') return new Response(null, { status: method === 'DELETE' ? 200 : 405 });
    return answer({ token: new Headers(headers).get('authorization') });
  }
}
