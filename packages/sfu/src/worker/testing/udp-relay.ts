/** A link between two UDP ends that can be made to lose what it should. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

export class UdpRelay {
  /** Whether a packet is lost, on its way to the far end and back. */
  there: (packet: Buffer) => boolean = () => false;
  back: (packet: Buffer) => boolean = () => false;
  /** Packets that came through to whoever began. */
  returned = 0;
  #near: RemoteInfo | null = null;

  private constructor(
    readonly front: Socket,
    readonly rear: Socket,
    readonly target: number,
  ) {
    front.on('message', (packet, from) => {
      this.#near = from;
      if (!this.there(packet)) rear.send(packet, this.target, '127.0.0.1');
    });
    rear.on('message', (packet) => {
      if (!this.#near || this.back(packet)) return;
      this.returned++;
      front.send(packet, this.#near.port, this.#near.address);
    });
  }

  /** To port `target` of this machine. */
  static async open(target: number): Promise<UdpRelay> {
    const sockets = await Promise.all(
      [0, 1].map(
        () =>
          new Promise<Socket>((resolve, reject) => {
            const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
            socket.once('error', reject);
            socket.bind(0, '127.0.0.1', () => resolve(socket));
          }),
      ),
    );
    return new UdpRelay(sockets[0], sockets[1], target);
  }

  get port(): number {
    return this.front.address().port;
  }

  close(): void {
    this.front.close();
    this.rear.close();
  }
}
