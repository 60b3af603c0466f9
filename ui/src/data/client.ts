/**
 * The server's own API, typed by its description: a path that `openapi.json` does not have does not compile.
 *
 * In: path, parameters, an abort signal. Out: the reply, or one `ApiError` with code, cause and remedy. Nothing is retried
 * here. Which server: the one that served the page, below its <base>.
 */
import type { components, paths } from '@/data/types.gen';

export type Schemas = components['schemas'];
export type ApiPath = keyof paths;

type Get<P extends ApiPath> = paths[P] extends { get: infer Operation } ? Operation : never;
type ParametersOf<Operation> = Operation extends { parameters: { query?: infer Query; path?: infer Path } } ? { query?: Query; path?: Path } : never;
type Reply<Operation> = Operation extends { responses: { 200: { content: { 'application/json': infer Body } } } } ? Body : never;

export type GetParameters<P extends ApiPath> = ParametersOf<Get<P>>;
export type GetReply<P extends ApiPath> = Reply<Get<P>>;

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

type QueryValue = string | number | boolean | string[] | null | undefined;

/** The address of a question; empty parameters are left out. */
export function addressOf<P extends ApiPath>(path: P, parameters: { query?: unknown; path?: unknown } = {}): URL {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String((parameters.path as Record<string, unknown>)[name])));
  const url = new URL(filled.slice(1), document.baseURI);
  for (const [key, value] of Object.entries((parameters.query ?? {}) as Record<string, QueryValue>)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null && item !== '' && item !== false) url.searchParams.append(key, item === true ? '1' : String(item));
    }
  }
  return url;
}

/** The same question for a terminal. */
export function curlOf(url: URL, accept?: string): string {
  const quoted = `'${url.href.replaceAll("'", "'\\''")}'`;
  return accept ? `curl -s -H 'Accept: ${accept}' ${quoted}` : `curl -s ${quoted}`;
}

export async function refusalOf(response: Response): Promise<ApiError> {
  const body = await response.text();
  try {
    const { error } = JSON.parse(body) as Schemas['ErrorEnvelope'];
    return new ApiError(response.status, error.code, error.message, error.remedy);
  } catch {
    return new ApiError(response.status, 'internal', body.slice(0, 300) || response.statusText, '');
  }
}

/** A fetch whose failure is an `ApiError`; aborting stays an abort. */
export async function ask(url: URL, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, 'unreachable', String(cause), '');
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
}

export async function get<P extends ApiPath>(path: P, parameters?: GetParameters<P>, signal?: AbortSignal): Promise<GetReply<P>> {
  const response = await ask(addressOf(path, parameters), { headers: { accept: 'application/json' }, ...(signal ? { signal } : {}) });
  return (await response.json()) as GetReply<P>;
}

export async function send<B>(method: 'POST' | 'PUT', path: ApiPath, body: unknown): Promise<B> {
  const response = await ask(addressOf(path), { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return (await response.json()) as B;
}
