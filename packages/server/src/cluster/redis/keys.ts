/** Names of keys and channels. One hash tag, so that scripts may touch them together on a Redis Cluster as well. */
export class Keys {
  readonly #prefix: string;
  readonly members: string;
  readonly instances: string;
  readonly infos: string;
  readonly states: string;
  readonly proof: string;
  readonly settling: string;
  /** Channel: something about the members is another. */
  readonly all: string;

  /** Channels have no database number: it is in the name. */
  constructor(database: number) {
    this.#prefix = `efir:{${database}}:`;
    this.members = `${this.#prefix}members`;
    this.instances = `${this.#prefix}instances`;
    this.infos = `${this.#prefix}infos`;
    this.states = `${this.#prefix}states`;
    this.proof = `${this.#prefix}proof`;
    this.settling = `${this.#prefix}settling`;
    this.all = `${this.#prefix}all`;
  }

  home(room: string): string {
    return `${this.#prefix}home:${room}`;
  }

  /** Room of a home's key. */
  roomOfHome(key: string): string {
    return key.slice(this.#prefix.length + 'home:'.length);
  }

  /** Key of what nodes announce, and channel of its changes. */
  room(room: string): string {
    return `${this.#prefix}room:${room}`;
  }

  roomOfChannel(channel: string): string | null {
    const start = `${this.#prefix}room:`;
    return channel.startsWith(start) ? channel.slice(start.length) : null;
  }

  /** Channel of requests and answers to a node. */
  mailbox(node: string): string {
    return `${this.#prefix}to:${node}`;
  }
}
