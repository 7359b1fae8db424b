import type { z } from 'zod';
import { ServerError } from './errors.js';

/** The parsed value, or `bad-request` with the path that failed in front of what was wrong there. */
export function validate<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ServerError('bad-request', describeIssues(result.error));
}

/** `videoCodecs.0: Invalid option …; title: Too big …`: the first three issues. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => {
      const path = issue.path.map(String).join('.');
      return path ? `${path}: ${issue.message}` : issue.message;
    })
    .join('; ');
}
