// Between the headers of an object and those of HTTP, in the words of each store.
import type { IncomingHttpHeaders } from 'node:http'
import { plainEtag } from './object-checksum.ts'
import type { ObjectHead, ObjectHeaders, ServerSideSource } from './object-store.ts'
import type { WriteSettings } from './store-settings.ts'
import type { StoreDialect } from './store-signature.ts'
import { encodeKey } from './store-signature.ts'

export const quoted = (etag: string): string => `"${etag}"`

/** How uploads came in (aws-chunked) is no property of the object; some services store it as one. */
const withoutChunked = (encoding: string): string =>
  encoding
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== 'aws-chunked' && each !== '')
    .join(', ')

const text = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(', ') : (value ?? ''))

function headersOf(answer: IncomingHttpHeaders, { headerPrefix }: StoreDialect): ObjectHeaders {
  const encoding = withoutChunked(text(answer['content-encoding']))
  const meta = `${headerPrefix}meta-`
  const metadata = Object.entries(answer)
    .filter(([name]) => name.startsWith(meta))
    .map(([name, value]) => [name.slice(meta.length), text(value)])
  const { 'content-type': contentType, 'cache-control': cacheControl } = answer
  const { 'content-disposition': contentDisposition, 'content-language': contentLanguage } = answer
  return {
    ...(contentType ? { contentType } : {}),
    ...(cacheControl ? { cacheControl } : {}),
    ...(encoding ? { contentEncoding: encoding } : {}),
    ...(contentDisposition ? { contentDisposition } : {}),
    ...(contentLanguage ? { contentLanguage: text(contentLanguage) } : {}),
    ...(metadata.length > 0 ? { metadata: Object.fromEntries(metadata) as Record<string, string> } : {}),
  }
}

export const headOf = (key: string, answer: IncomingHttpHeaders, dialect: StoreDialect): ObjectHead => ({
  key,
  size: totalSize(answer),
  modifiedMs: Date.parse(answer['last-modified'] ?? '') || 0,
  etag: plainEtag(answer.etag),
  headers: headersOf(answer, dialect),
  isEtagOpaque: isEtagOpaque(answer),
})

/** As Amazon says of its ETags: SSE-KMS, also in two layers, and SSE-C. */
const isEtagOpaque = (answer: IncomingHttpHeaders): boolean =>
  text(answer['x-amz-server-side-encryption']).startsWith('aws:kms') ||
  answer['x-amz-server-side-encryption-customer-algorithm'] !== undefined

/** Of the whole object: the number behind the slash in `bytes 0-9/100`. */
function totalSize(answer: IncomingHttpHeaders): number {
  const total = /\/(\d+)$/.exec(answer['content-range'] ?? '')?.[1]
  return Number(total ?? answer['content-length'] ?? 0)
}

export function writeHeaders(
  headers: ObjectHeaders,
  writing: WriteSettings,
  dialect: StoreDialect,
): Record<string, string> {
  const { headerPrefix } = dialect
  const found: Record<string, string> = { ...settingHeaders(writing, dialect) }
  if (headers.contentType) found['content-type'] = headers.contentType
  if (headers.cacheControl) found['cache-control'] = headers.cacheControl
  if (headers.contentEncoding) found['content-encoding'] = headers.contentEncoding
  if (headers.contentDisposition) found['content-disposition'] = headers.contentDisposition
  if (headers.contentLanguage) found['content-language'] = headers.contentLanguage
  for (const [name, value] of Object.entries(headers.metadata ?? {})) found[`${headerPrefix}meta-${name}`] = value
  return found
}

/** Each service has classes of its own; the store says when it does not know one. */
function settingHeaders(
  { storageClass, acl, encryption, encryptionKey }: WriteSettings,
  { name, headerPrefix }: StoreDialect,
): Record<string, string> {
  const isOss = name === 'oss'
  const key = isOss ? 'server-side-encryption-key-id' : 'server-side-encryption-aws-kms-key-id'
  return {
    ...(storageClass ? { [`${headerPrefix}storage-class`]: storageClass } : {}),
    ...(acl ? { [`${headerPrefix}${isOss ? 'object-acl' : 'acl'}`]: acl } : {}),
    ...(encryption
      ? { [`${headerPrefix}server-side-encryption`]: isOss && encryption === 'aws:kms' ? 'KMS' : encryption }
      : {}),
    ...(encryptionKey ? { [`${headerPrefix}${key}`]: encryptionKey } : {}),
  }
}

export function copyHeaders(
  { bucket, key, etag }: ServerSideSource,
  { headerPrefix }: StoreDialect,
): Record<string, string> {
  return {
    [`${headerPrefix}copy-source`]: `/${bucket}/${encodeKey(key)}`,
    ...(etag ? { [`${headerPrefix}copy-source-if-match`]: quoted(etag) } : {}),
  }
}
