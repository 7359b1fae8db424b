/** Progress lines of the set-up, and the one kind of error that ends it with a sentence instead of a stack. */

/** An obstacle that the reader can remove. `message` is one sentence with the remedy; `details` the tool's own words. */
export class SetupError extends Error {
  constructor(message, details = '') {
    super(message);
    this.name = 'SetupError';
    this.details = details;
  }

  /** Of a tool that failed: its own words are shown only where our sentence points at them. */
  static from(sentence, output) {
    return new SetupError(sentence, /above\.$/.test(sentence) ? output : '');
  }
}

const colour = process.stderr.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

/** Set-up talks on standard error, so that a benchmark's JSON stays alone on standard output. */
export function say(text) {
  process.stderr.write(`${paint(2, 'efir')} ${text}\n`);
}

/** Runs one step with a line before and its time after. */
export async function step(title, action) {
  const started = Date.now();
  say(`${title} …`);
  const result = await action();
  say(`${title}: ${paint(32, 'done')} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

/** Runs a whole set-up; a SetupError becomes its sentence and exit code 1. */
export async function orExplain(action) {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    if (error.details) process.stderr.write(`${error.details.trimEnd()}\n\n`);
    process.stderr.write(`${paint(31, error.message)}\n`);
    process.exit(1);
  }
}
