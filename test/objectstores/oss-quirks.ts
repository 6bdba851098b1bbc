// Alibaba OSS as far as it can be played here: versitygw does the work, and in front of it stands what OSS does in another way, by
// Alibaba's documentation of its S3 compatibility and the reports of those who met it. Requests in its own words are checked and put
// into those of S3 (oss-native.ts).
//
// - buckets are in the host name; path-style requests are refused (SecondLevelDomainForbidden)
// - aws-chunked bodies are refused except with STREAMING-AWS4-HMAC-SHA256-PAYLOAD
// - lists of keys to delete want a Content-MD5
// - checksums of the x-amz-checksum kind are not known
// - names that begin with a slash or backslash are refused (InvalidObjectName)
import type { IncomingMessage } from 'node:http'
import { type ChangingProxy, type Interference, type Refusal, startChangingProxy } from './changing-proxy.ts'
import { type StartedStore, startObjectStore } from './object-stores.ts'
import { inS3, isNative, refuseNative, toldByOss, xmlOfOss } from './oss-native.ts'

export interface PlayedOss extends AsyncDisposable {
  /** `http://oss.localhost:PORT`; buckets are below it. */
  readonly endpoint: string
  readonly region: string
  readonly store: StartedStore
  readonly proxy: ChangingProxy
  /** Why requests were refused. */
  readonly refusals: readonly string[]
  /** Requests in the words of OSS. */
  readonly native: { readonly count: number }
}

/** `watching` sees the requests that are not refused, and the answers. */
export async function playOss(watching: Pick<Interference, 'before' | 'headers'> = {}): Promise<PlayedOss> {
  const region = 'cn-hangzhou'
  const refusals: string[] = []
  const native = { count: 0 }
  const proxy = await startChangingProxy('http://127.0.0.1:9', {
    before: async (request) => {
      const refusal = refuse(request) ?? (isNative(request) ? refuseNative(request, region) : undefined)
      if (isNative(request)) native.count++
      if (refusal) refusals.push(`${refusal.code}: ${request.method} ${request.headers.host}${request.url}`)
      return refusal ?? (await watching.before?.(request))
    },
    translate: async (request, body) => (isNative(request) ? inS3(request, region, body) : undefined),
    headers: (request, headers, status) => {
      const told = watching.headers?.(request, headers, status) ?? headers
      return isNative(request) ? toldByOss(told) : told
    },
    xml: (request, text) => (isNative(request) ? xmlOfOss(text) : text),
  })
  const store = await startObjectStore('versitygw', { region, virtualDomain: `oss.localhost:${proxy.port}` })
  proxy.target = store.url
  return {
    endpoint: `http://oss.localhost:${proxy.port}`,
    region,
    store,
    proxy,
    refusals,
    native,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

function refuse({ headers, url = '', method }: IncomingMessage): Refusal | undefined {
  const isOfBucket = /^[^.]+\.oss\.localhost(?::\d+)?$/.test(headers.host ?? '')
  if (!isOfBucket)
    return { status: 403, code: 'SecondLevelDomainForbidden', message: 'Please use virtual hosted style to access.' }
  const digest = String(headers['x-amz-content-sha256'] ?? '')
  if (/aws-chunked/.test(headers['content-encoding'] ?? '') && digest !== 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
    return {
      status: 400,
      code: 'InvalidArgument',
      message: 'aws-chunked encoding is not supported with the specified x-amz-content-sha256 value.',
    }
  if (method === 'POST' && /[?&]delete\b/.test(url) && headers['content-md5'] === undefined)
    return { status: 400, code: 'MissingArgument', message: 'Missing Some Required Arguments.' }
  if (Object.keys(headers).some((name) => name.startsWith('x-amz-checksum-')))
    return { status: 400, code: 'InvalidArgument', message: 'checksums of this kind are not known' }
  if (/^\/(?:%2F|%5C|\/|\\)/i.test(url))
    return { status: 400, code: 'InvalidObjectName', message: 'The specified object is not valid.' }
  return undefined
}
