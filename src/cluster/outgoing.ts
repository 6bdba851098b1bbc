// From a request as a room states it to what goes over the wire: path and query encoded, body as bytes, compressed where it pays.
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { assert } from '../foundation/assert.ts'
import type { ClusterRequest } from './cluster.ts'

export interface Outgoing {
  readonly method: ClusterRequest['method']
  /** Without the node's prefix. */
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Record<string, string>
  readonly body: Buffer | undefined
}

const compress = promisify<Buffer, { level: number }, Buffer>(gzip)

/** Below this, the header of gzip and the call cost more than the bytes. */
const gzipBytesMin = 1024

const contentTypes = { json: 'application/json', ndjson: 'application/x-ndjson' } as const

/** `strict` encodes all that may be encoded, so that a signature can be recomputed from the path in one way only. */
export async function outgoing(
  request: ClusterRequest,
  common: Readonly<Record<string, string>>,
  options: { readonly gzipAnswer: boolean; readonly gzipBody: boolean; readonly strict: boolean },
): Promise<Outgoing> {
  const { method, body } = request
  assert(request.path.startsWith('/') && !request.path.includes('?'), `${request.path} is a path without query`)
  const headers: Record<string, string> = { ...common }
  if (options.gzipAnswer) headers['accept-encoding'] = 'gzip'
  const query = Object.entries(request.query ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as const],
  )
  const path = options.strict ? encodeStrictly(request.path) : request.path
  if (body === undefined) return { method, path, query, headers, body: undefined }
  headers['content-type'] = contentTypes[request.contentType ?? 'json']
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  if (!options.gzipBody || bytes.length < gzipBytesMin) return { method, path, query, headers, body: bytes }
  headers['content-encoding'] = 'gzip'
  return { method, path, query, headers, body: await compress(bytes, { level: constants.Z_BEST_SPEED }) }
}

export function queryString(query: Outgoing['query']): string {
  if (query.length === 0) return ''
  return `?${query.map(([key, value]) => `${encodeValue(key)}=${encodeValue(value)}`).join('&')}`
}

const encodeValue = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, percent)

export const encodeStrictly = (path: string): string => path.replace(/[^A-Za-z0-9/%._~-]/g, percent)

const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
