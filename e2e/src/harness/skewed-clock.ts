/** `NODE_OPTIONS` for a process of ours whose clock is off by so many seconds. */
export function skewedClock(seconds: number): NodeJS.ProcessEnv {
  const program = `
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...given) { if (given.length === 0) super(Real.now() + ${seconds * 1000}); else super(...given); }
      static now() { return Real.now() + ${seconds * 1000}; }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}
