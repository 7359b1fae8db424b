export type Handler<Payload> = (payload: Payload) => void;

/** Typed events. A handler that throws doesn't keep the others from being called; its error is reported, not lost. */
export class Emitter<Events extends object> {
  private readonly handlers = new Map<keyof Events, Set<Handler<never>>>();

  /** Returns the function that takes the handler off again. */
  on<Name extends keyof Events>(name: Name, handler: Handler<Events[Name]>): () => void {
    let set = this.handlers.get(name);
    if (!set) {
      set = new Set();
      this.handlers.set(name, set);
    }
    set.add(handler as Handler<never>);
    return () => this.off(name, handler);
  }

  once<Name extends keyof Events>(name: Name, handler: Handler<Events[Name]>): () => void {
    const stop = this.on(name, (payload) => {
      stop();
      handler(payload);
    });
    return stop;
  }

  off<Name extends keyof Events>(name: Name, handler: Handler<Events[Name]>): void {
    this.handlers.get(name)?.delete(handler as Handler<never>);
  }

  /** For the class that owns the events. */
  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const handler of [...(this.handlers.get(name) ?? [])]) {
      try {
        (handler as Handler<Events[Name]>)(payload);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
