/** Messages of one channel that wait to be handed to a receiver's association. */
export interface WaitingMessage {
  text: boolean;
  /** Shared by all receivers: not to be written to. */
  bytes: Uint8Array;
}

/** What a message costs beside its bytes, wherever it waits. */
export const MESSAGE_COST = 64;

export class Outbox {
  /** Bytes that wait, overhead included. */
  cost = 0;
  #messages: WaitingMessage[] = [];
  #head = 0;

  constructor(readonly limitBytes: number) {}

  get empty(): boolean {
    return this.#head === this.#messages.length;
  }

  /** There is room for something. */
  get hasRoom(): boolean {
    return this.cost < this.limitBytes;
  }

  push(message: WaitingMessage): void {
    this.#messages.push(message);
    this.cost += message.bytes.length + MESSAGE_COST;
  }

  shift(): WaitingMessage | undefined {
    if (this.empty) return undefined;
    const message = this.#messages[this.#head++];
    this.cost -= message.bytes.length + MESSAGE_COST;
    if (this.empty) {
      this.#messages = [];
      this.#head = 0;
    } else if (this.#head >= 256) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  clear(): void {
    this.#messages = [];
    this.#head = 0;
    this.cost = 0;
  }
}
