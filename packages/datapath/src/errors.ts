/**
 * Bad arguments, and what the system refuses. `code`: the system's name (`EADDRINUSE`), `ERR_ADDON` when the native part
 * can't be loaded, or another `ERR_` name.
 */
export class DatapathError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatapathError';
    this.code = code;
  }
}
