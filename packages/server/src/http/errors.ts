/** Failures of requests, as HTTP has them: `{ error: { code, message } }` and the status of the code. */
import type { ErrorBody } from '@efir/protocol';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { errorReply, HTTP_STATUS, ServerError } from '../errors.js';

/** The last handler of the app. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error);
    const { status, failure } = describe(error);
    if (status >= 500 && !(error instanceof ServerError)) {
      log.error({ err: error, method: request.method, path: request.path }, 'a request failed');
    }
    const { retryAfterSeconds } = failure;
    if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds));
    if (status === 307 && failure.url !== undefined) response.set('Location', failure.url);
    if (status === 401) response.set('WWW-Authenticate', 'Bearer');
    sendError(response, status, failure);
  };
}

export const notFound: RequestHandler = (request) => {
  throw new ServerError('not-found', `there is nothing at ${request.path.slice(0, 100)}`);
};

/** For the end of a path's routes: 405, naming what is allowed (RFC 9110 section 15.5.6). */
export function methodNotAllowed(...allowed: string[]): RequestHandler {
  return (request, response) => {
    response.set('Allow', allowed.join(', '));
    sendError(response, 405, new ServerError('unsupported', `${request.method} is not for this address`));
  };
}

/** 415 unless the body is of this type (RFC 9110 section 15.5.16). A body that is not there passes if `optional`. */
export function requireType(type: string, { optional = false } = {}): RequestHandler {
  return (request, response, next) => {
    const given = request.headers['content-type'];
    const empty = request.headers['transfer-encoding'] === undefined && !Number(request.headers['content-length'] ?? 0);
    if ((given === undefined && empty && optional) || given?.split(';')[0]?.trim().toLowerCase() === type)
      return next();
    response.set('Accept', type);
    sendError(response, 415, new ServerError('unsupported', `the body must be ${type}`));
  };
}

function sendError(response: Response, status: number, failure: ServerError): void {
  const body: ErrorBody = { error: errorReply(failure) };
  response.status(status).json(body);
}

/** Of body-parser and the router: see `http-errors`. */
interface HttpError {
  type?: string;
  status?: number;
}

function describe(error: unknown): { status: number; failure: ServerError } {
  if (error instanceof ServerError) return { status: HTTP_STATUS[error.code], failure: error };
  const { type = '', status = 500 } = (error ?? {}) as HttpError;
  switch (type) {
    case 'entity.too.large':
      return { status: 413, failure: new ServerError('too-large', 'the body is too large') };
    case 'entity.parse.failed':
      return { status: 400, failure: new ServerError('bad-request', 'the body is not JSON') };
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return { status: 415, failure: new ServerError('unsupported', 'this encoding of the body is not understood') };
  }
  if (status >= 400 && status < 500) {
    return { status, failure: new ServerError('bad-request', 'the request is not understood') };
  }
  return { status: 500, failure: new ServerError('internal', 'something went wrong here') };
}
