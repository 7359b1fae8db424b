/** The package's errors. `code` is for programs, `message` is a sentence for whoever sent the input. */
export class RtcError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}
