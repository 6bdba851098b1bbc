// A bucket of any service with the S3 interface, Alibaba OSS included.
import type { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { BucketLocation } from '../model/object-location.ts'
import { compareKeys } from './key-order.ts'
import { plainEtag } from './object-checksum.ts'
import type {
  ObjectBody,
  ObjectEntry,
  ObjectHead,
  ObjectHeaders,
  ObjectRange,
  ObjectStore,
  OpenedObject,
  ServerSideSource,
  StoreAbilities,
  Upload,
  UploadedPart,
} from './object-store.ts'
import { patientRetries, retrying } from './retry.ts'
import type { S3Access } from './s3-client.ts'
import { storeError } from './s3-failures.ts'
import { headersOf, noQuotes, quoted, type ServiceHeaders, writeHeaders } from './s3-headers.ts'
import type { StoreSettings, WriteSettings } from './store-settings.ts'

const GiB = 1024 ** 3
/** The first request tells a wrong address or key; nobody wants to wait long for that. */
const firstAttempts = 3

export class S3Store implements ObjectStore {
  readonly name: string
  readonly side: Side
  readonly identity: string
  readonly abilities: StoreAbilities
  private readonly access: S3Access
  private readonly bucket: string
  private readonly payer: { RequestPayer?: 'requester' }
  private readonly writing: WriteSettings
  private readonly pageSize: { MaxKeys?: number }
  private hasAnswered = false

  constructor(access: S3Access, location: BucketLocation, side: Side, settings: StoreSettings, writing: WriteSettings) {
    this.access = access
    this.bucket = location.bucket
    this.name = `bucket ${location.bucket}`
    this.side = side
    this.identity = access.identity
    this.payer = settings.requesterPays ? { RequestPayer: 'requester' } : {}
    this.pageSize = settings.pageSize === undefined ? {} : { MaxKeys: settings.pageSize }
    this.writing = writing
    this.abilities = {
      etagIsMd5: writing.encryption !== 'aws:kms',
      serverSideCopy: true,
      // OSS copies up to 1 GiB in one request, S3 up to 5 GiB.
      serverSideCopyMax: location.kind === 'oss' ? GiB : 5 * GiB,
      partSizeMin: 5 * 1024 * 1024,
      partSizeMax: 5 * GiB,
      partsMax: 10_000,
      objectSizeMax: 10_000 * 5 * GiB,
    }
  }

  private async call<Result>(what: string, send: () => Promise<Result>): Promise<Result> {
    try {
      const result = await send()
      this.hasAnswered = true
      return result
    } catch (error) {
      throw storeError(error, { side: this.side, name: this.name, address: this.access.address }, what)
    }
  }

  private object(key: string): { Bucket: string; Key: string; RequestPayer?: 'requester' } {
    return { Bucket: this.bucket, Key: key, ...this.payer }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<readonly ObjectEntry[]> {
    const { client, vendor } = this.access
    let token: string | undefined
    let last: string | undefined
    do {
      const page = await retrying(
        { ...patientRetries, ...(this.hasAnswered ? {} : { attempts: firstAttempts }), ...(signal ? { signal } : {}) },
        () =>
          this.call(`list "${prefix}"`, () =>
            client.send(
              new vendor.ListObjectsV2Command({
                Bucket: this.bucket,
                Prefix: prefix,
                // Keys may hold characters that XML cannot.
                EncodingType: 'url',
                ContinuationToken: token,
                ...this.pageSize,
                ...this.payer,
              }),
              { ...(signal ? { abortSignal: signal } : {}) },
            ),
          ),
      )
      const decode = page.EncodingType === 'url' ? decodeListed : (key: string) => key
      const entries = (page.Contents ?? []).map((listed) => ({
        key: decode(listed.Key ?? ''),
        size: listed.Size ?? 0,
        modifiedMs: listed.LastModified?.getTime() ?? 0,
        etag: plainEtag(listed.ETag),
      }))
      last = this.checkOrder(entries, last, prefix)
      if (entries.length > 0) yield entries
      const next: string | undefined = page.IsTruncated ? page.NextContinuationToken : undefined
      if (page.IsTruncated && (next === undefined || next === token))
        throw this.invalid(`the list of "${prefix}" has no way to its next page`)
      token = next
    } while (token !== undefined)
  }

  /** Two lists are merged by their order: a store that lists in another one would have objects missed. */
  private checkOrder(entries: readonly ObjectEntry[], before: string | undefined, prefix: string): string | undefined {
    let last = before
    for (const { key } of entries) {
      if (last !== undefined && compareKeys(last, key) >= 0)
        throw this.invalid(`"${key}" is listed behind "${last}", not in the order of bytes`)
      if (!key.startsWith(prefix)) throw this.invalid(`"${key}" is listed among those that begin with "${prefix}"`)
      last = key
    }
    return last
  }

  private invalid(reason: string): IndexferryError {
    return new IndexferryError('ANSWER_INVALID', `${this.side} ${this.name}: ${reason}`, { side: this.side })
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectHead | undefined> {
    const { client, vendor } = this.access
    try {
      const answer = await this.call(`look up "${key}"`, () =>
        client.send(new vendor.HeadObjectCommand(this.object(key)), { ...(signal ? { abortSignal: signal } : {}) }),
      )
      return headOf(key, answer, answer.ContentLength ?? 0)
    } catch (error) {
      if (error instanceof IndexferryError && error.code === 'OBJECT_MISSING') return undefined
      throw error
    }
  }

  async open(
    key: string,
    range: ObjectRange,
    { etag, signal }: { etag?: string; signal?: AbortSignal } = {},
  ): Promise<OpenedObject> {
    const { client, vendor } = this.access
    const what = `read "${key}"`
    const answer = await this.call(what, () =>
      client.send(
        new vendor.GetObjectCommand({
          ...this.object(key),
          // An empty object has no first byte that a range could begin with.
          ...(range.length > 0 ? { Range: `bytes=${range.from}-${range.from + range.length - 1}` } : {}),
          ...(etag ? { IfMatch: quoted(etag) } : {}),
        }),
        { ...(signal ? { abortSignal: signal } : {}) },
      ),
    )
    const body = answer.Body as Readable
    const head = headOf(key, answer, totalSize(answer))
    // A store may ignore If-Match, or the range.
    if (etag !== undefined && head.etag !== etag) {
      body.destroy()
      throw new IndexferryError('OBJECT_CHANGED', `${this.side} ${this.name}: "${key}" is another version by now`, {
        side: this.side,
      })
    }
    return { head, body: this.wholeBody(body, range.length, what) }
  }

  private async *wholeBody(body: Readable, length: number, what: string): AsyncGenerator<Buffer> {
    let got = 0
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        got += chunk.length
        if (got > length) throw this.invalid(`cannot ${what}: more than the ${length} bytes asked for came`)
        yield chunk
      }
    } catch (error) {
      throw storeError(error, { side: this.side, name: this.name, address: this.access.address }, what)
    } finally {
      body.destroy()
    }
    if (got < length) throw this.invalid(`cannot ${what}: only ${got} of ${length} bytes came`)
  }

  async put(key: string, body: ObjectBody, headers: ObjectHeaders, signal?: AbortSignal): Promise<string> {
    const { client, vendor } = this.access
    const answer = await this.call(`write "${key}"`, () =>
      client.send(
        new vendor.PutObjectCommand({
          ...this.object(key),
          ...bodyOf(body),
          ...writeHeaders(headers, this.writing),
        }),
        { ...(signal ? { abortSignal: signal } : {}) },
      ),
    )
    return plainEtag(answer.ETag)
  }

  async createUpload(key: string, size: number, partSize: number, headers: ObjectHeaders): Promise<Upload> {
    const { client, vendor } = this.access
    const { UploadId: id } = await this.call(`begin to write "${key}" in parts`, () =>
      client.send(
        new vendor.CreateMultipartUploadCommand({ ...this.object(key), ...writeHeaders(headers, this.writing) }),
      ),
    )
    if (!id) throw this.invalid(`an upload of "${key}" was begun without an id`)
    return { key, id, size, partSize }
  }

  async putPart(upload: Upload, number: number, body: ObjectBody, signal?: AbortSignal): Promise<string> {
    const { client, vendor } = this.access
    const answer = await this.call(`write part ${number} of "${upload.key}"`, () =>
      client.send(
        new vendor.UploadPartCommand({
          ...this.object(upload.key),
          UploadId: upload.id,
          PartNumber: number,
          ...bodyOf(body),
        }),
        { ...(signal ? { abortSignal: signal } : {}) },
      ),
    )
    return plainEtag(answer.ETag)
  }

  async listParts(upload: Upload): Promise<readonly UploadedPart[] | undefined> {
    const { client, vendor } = this.access
    const parts: UploadedPart[] = []
    let marker: string | undefined
    try {
      do {
        const page = await this.call(`list the parts of "${upload.key}"`, () =>
          client.send(
            new vendor.ListPartsCommand({ ...this.object(upload.key), UploadId: upload.id, PartNumberMarker: marker }),
          ),
        )
        for (const { PartNumber: number = 0, Size: size = 0, ETag: etag } of page.Parts ?? [])
          parts.push({ number, size, etag: plainEtag(etag) })
        const next = page.IsTruncated ? page.NextPartNumberMarker : undefined
        if (next !== undefined && next === marker) throw this.invalid(`the parts of "${upload.key}" have no next page`)
        marker = next
      } while (marker !== undefined && parts.length < this.abilities.partsMax)
    } catch (error) {
      if (error instanceof IndexferryError && error.code === 'OBJECT_MISSING') return undefined
      throw error
    }
    return parts
  }

  async completeUpload(upload: Upload, parts: readonly UploadedPart[]): Promise<string> {
    const { client, vendor } = this.access
    const answer = await this.call(`put the parts of "${upload.key}" together`, () =>
      client.send(
        new vendor.CompleteMultipartUploadCommand({
          ...this.object(upload.key),
          UploadId: upload.id,
          MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: quoted(etag) })) },
        }),
      ),
    )
    return plainEtag(answer.ETag)
  }

  async abortUpload(upload: Upload): Promise<void> {
    const { client, vendor } = this.access
    const input = { ...this.object(upload.key), UploadId: upload.id }
    await this.ignoreMissing(() =>
      this.call(`give up the upload of "${upload.key}"`, () =>
        client.send(new vendor.AbortMultipartUploadCommand(input)),
      ),
    )
  }

  async copyWithin(from: ServerSideSource, key: string): Promise<string> {
    const { client, vendor } = this.access
    const answer = await this.call(`copy "${from.key}" within the store`, () =>
      client.send(
        new vendor.CopyObjectCommand({
          ...this.object(key),
          ...copySource(from),
          ...writeHeaders({}, this.writing),
          MetadataDirective: 'COPY',
        }),
      ),
    )
    return plainEtag(answer.CopyObjectResult?.ETag)
  }

  async copyPartWithin(from: ServerSideSource, upload: Upload, number: number, range: ObjectRange): Promise<string> {
    const { client, vendor } = this.access
    const answer = await this.call(`copy part ${number} of "${from.key}" within the store`, () =>
      client.send(
        new vendor.UploadPartCopyCommand({
          ...this.object(upload.key),
          UploadId: upload.id,
          PartNumber: number,
          ...copySource(from),
          CopySourceRange: `bytes=${range.from}-${range.from + range.length - 1}`,
        }),
      ),
    )
    return plainEtag(answer.CopyPartResult?.ETag)
  }

  async delete(key: string): Promise<void> {
    const { client, vendor } = this.access
    // One by one: OSS and others want a checksum for lists of keys that the library does not send any more.
    await this.ignoreMissing(() =>
      this.call(`delete "${key}"`, () => client.send(new vendor.DeleteObjectCommand(this.object(key)))),
    )
  }

  private async ignoreMissing(call: () => Promise<unknown>): Promise<void> {
    try {
      await call()
    } catch (error) {
      if (!(error instanceof IndexferryError && error.code === 'OBJECT_MISSING')) throw error
    }
  }

  placeOf(prefix: string): string {
    return `${this.access.address.origin} ${this.bucket} ${prefix}`
  }

  addressOf({ key, etag }: ObjectEntry): ServerSideSource {
    return { bucket: this.bucket, key, etag }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.access.client.destroy()
  }
}

/** As `encoding-type=url` writes keys: a form's encoding, in which + is a space. */
const decodeListed = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '))

const bodyOf = (body: ObjectBody) => ({
  Body: 'bytes' in body ? body.bytes : body.stream,
  ContentLength: body.length,
  ...(body.md5 === undefined ? {} : { ContentMD5: body.md5.toString('base64') }),
})

const copySource = ({ bucket, key, etag }: ServerSideSource) => ({
  CopySource: `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
  ...(etag ? { CopySourceIfMatch: quoted(etag) } : {}),
})

const headOf = (key: string, answer: ServiceHeaders, size: number): ObjectHead => ({
  key,
  size,
  modifiedMs: answer.LastModified?.getTime() ?? 0,
  etag: noQuotes(answer.ETag),
  headers: headersOf(answer),
})

/** Of the whole object: the number behind the slash in `bytes 0-9/100`. */
function totalSize({ ContentRange: range, ContentLength: length = 0 }: GetObjectCommandOutput): number {
  const total = /\/(\d+)$/.exec(range ?? '')?.[1]
  return total === undefined ? length : Number(total)
}
