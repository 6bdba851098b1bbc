// Between the headers of an object and the parameters of AWS's library.
import type { ObjectCannedACL, PutObjectCommandInput, ServerSideEncryption, StorageClass } from '@aws-sdk/client-s3'
import { plainEtag } from './object-checksum.ts'
import type { ObjectHeaders } from './object-store.ts'
import type { WriteSettings } from './store-settings.ts'

/** What answers to GET and HEAD have in common. */
export interface ServiceHeaders {
  readonly ETag?: string | undefined
  readonly LastModified?: Date | undefined
  readonly ContentType?: string | undefined
  readonly CacheControl?: string | undefined
  readonly ContentEncoding?: string | undefined
  readonly ContentDisposition?: string | undefined
  readonly ContentLanguage?: string | undefined
  readonly Metadata?: Record<string, string> | undefined
}

export const quoted = (etag: string): string => `"${etag}"`
export const noQuotes = plainEtag

/** How uploads came in (aws-chunked) is no property of the object; some services store it as one. */
const withoutChunked = (encoding: string): string =>
  encoding
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== 'aws-chunked' && each !== '')
    .join(', ')

export function headersOf(answer: ServiceHeaders): ObjectHeaders {
  const encoding = withoutChunked(answer.ContentEncoding ?? '')
  return {
    ...(answer.ContentType ? { contentType: answer.ContentType } : {}),
    ...(answer.CacheControl ? { cacheControl: answer.CacheControl } : {}),
    ...(encoding ? { contentEncoding: encoding } : {}),
    ...(answer.ContentDisposition ? { contentDisposition: answer.ContentDisposition } : {}),
    ...(answer.ContentLanguage ? { contentLanguage: answer.ContentLanguage } : {}),
    ...(Object.keys(answer.Metadata ?? {}).length > 0 ? { metadata: answer.Metadata as Record<string, string> } : {}),
  }
}

type Written = Pick<
  PutObjectCommandInput,
  | 'ContentType'
  | 'CacheControl'
  | 'ContentEncoding'
  | 'ContentDisposition'
  | 'ContentLanguage'
  | 'Metadata'
  | 'StorageClass'
  | 'ACL'
  | 'ServerSideEncryption'
  | 'SSEKMSKeyId'
>

export function writeHeaders(headers: ObjectHeaders, writing: WriteSettings): Written {
  const { storageClass, acl, encryption, encryptionKey } = writing
  return {
    ...(headers.contentType ? { ContentType: headers.contentType } : {}),
    ...(headers.cacheControl ? { CacheControl: headers.cacheControl } : {}),
    ...(headers.contentEncoding ? { ContentEncoding: headers.contentEncoding } : {}),
    ...(headers.contentDisposition ? { ContentDisposition: headers.contentDisposition } : {}),
    ...(headers.contentLanguage ? { ContentLanguage: headers.contentLanguage } : {}),
    ...(headers.metadata ? { Metadata: { ...headers.metadata } } : {}),
    // Each service has classes of its own; the store says when it does not know one.
    ...(storageClass ? { StorageClass: storageClass as StorageClass } : {}),
    ...(acl ? { ACL: acl as ObjectCannedACL } : {}),
    ...(encryption ? { ServerSideEncryption: encryption as ServerSideEncryption } : {}),
    ...(encryptionKey ? { SSEKMSKeyId: encryptionKey } : {}),
  }
}
