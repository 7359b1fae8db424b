/** What the asking node is told of an error: of those with a code the code, of others nothing but that they were. */
export function described(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (!(error instanceof Error) || typeof code !== 'string') {
    return { code: 'internal', message: 'something went wrong there' };
  }
  return { code: code.slice(0, 64), message: String(message).slice(0, 1000) };
}
