// A bucket of any service with the S3 interface, Alibaba OSS included.
import type { BodyStream } from '../cluster/body-stream.ts'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { BucketLocation } from '../model/object-location.ts'
import type { BucketAnswer, BucketClient, BucketRequest } from './bucket-client.ts'
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
import {
  completionBody,
  type ListedPage,
  readEtag,
  readListing,
  readParts,
  readUploadId,
  readUploads,
} from './s3-answers.ts'
import type { S3Access } from './s3-client.ts'
import { readRefusal, refused } from './store-failures.ts'
import { copyHeaders, headOf, quoted, writeHeaders } from './store-headers.ts'
import type { StoreSettings, WriteSettings } from './store-settings.ts'
import { WholeBody } from './whole-body.ts'

const GiB = 1024 ** 3
/** Of 1,000 uploads each, of names that begin alike. */
const uploadPagesMax = 100
/** The first request tells a wrong address or key; nobody wants to wait long for that. */
const firstAttempts = 3

export class S3Store implements ObjectStore {
  readonly name: string
  readonly side: Side
  readonly identity: string
  readonly abilities: StoreAbilities
  private readonly client: BucketClient
  private readonly origin: string
  private readonly bucket: string
  /** Of every request for an object or a list. */
  private readonly payer: Readonly<Record<string, string>>
  private readonly writing: WriteSettings
  private readonly pageSize: number | undefined
  private hasAnswered = false

  constructor(access: S3Access, location: BucketLocation, side: Side, settings: StoreSettings, writing: WriteSettings) {
    this.client = access.client
    this.origin = access.origin
    this.bucket = location.bucket
    this.name = `bucket ${location.bucket}`
    this.side = side
    this.identity = access.identity
    const { headerPrefix } = access.client.dialect
    this.payer = settings.requesterPays ? { [`${headerPrefix}request-payer`]: 'requester' } : {}
    this.pageSize = settings.pageSize
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

  private send(what: string, { headers, ...request }: BucketRequest): Promise<BucketAnswer> {
    return this.client.send(what, { ...request, headers: { ...headers, ...this.payer } })
  }

  private async ask(what: string, { headers, ...request }: BucketRequest): Promise<Buffer> {
    return (await this.client.ask(what, { ...request, headers: { ...headers, ...this.payer } })).body
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<readonly ObjectEntry[]> {
    let token: string | undefined
    let last: string | undefined
    let coming: Promise<ListedPage> | undefined = this.patientPage(prefix, undefined, signal)
    while (coming !== undefined) {
      const page: ListedPage = await coming
      const isLost: boolean = page.isTruncated && (page.next === undefined || page.next === token)
      token = page.isTruncated && !isLost ? page.next : undefined
      // The store makes the next page while this one is looked through. What fails is told when it is waited for.
      coming = token === undefined ? undefined : this.patientPage(prefix, token, signal)
      coming?.catch(() => {})
      const entries = page.entries()
      if (entries === undefined) throw this.invalid(`the list of "${prefix}" has an object without a key or a size`)
      last = this.checkOrder(entries, last, prefix)
      if (entries.length > 0) yield entries
      if (isLost) throw this.invalid(`the list of "${prefix}" has no way to its next page`)
    }
  }

  private patientPage(prefix: string, token: string | undefined, signal?: AbortSignal): Promise<ListedPage> {
    const attempts = this.hasAnswered ? {} : { attempts: firstAttempts }
    const rules = { ...patientRetries, ...attempts, ...(signal ? { signal } : {}) }
    return retrying(rules, () => this.listPage(prefix, token, signal))
  }

  private async listPage(prefix: string, token: string | undefined, signal?: AbortSignal): Promise<ListedPage> {
    const query = {
      'list-type': '2',
      // Keys may hold characters that XML cannot.
      'encoding-type': 'url',
      prefix: prefix || undefined,
      'continuation-token': token,
      // OSS gives 100 at a time unless asked; nobody gives more than 1,000.
      'max-keys': String(this.pageSize ?? 1000),
    }
    const page = readListing(await this.ask(`list "${prefix}"`, { method: 'GET', query, signal }))
    if (page === undefined) throw this.invalid(`the list of "${prefix}" is cut off or is none`)
    this.hasAnswered = true
    return page
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
    return this.client.invalid(reason)
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectHead | undefined> {
    return this.unlessMissing(async () => {
      const { headers } = await this.send(`look up "${key}"`, { method: 'HEAD', key, signal })
      return headOf(key, headers, this.client.dialect)
    })
  }

  async open(
    key: string,
    range: ObjectRange,
    { etag, signal }: { etag?: string; signal?: AbortSignal } = {},
  ): Promise<OpenedObject> {
    const what = `read "${key}"`
    const wanted = {
      // An empty object has no first byte that a range could begin with.
      ...(range.length > 0 ? { range: `bytes=${range.from}-${range.from + range.length - 1}` } : {}),
      ...(etag ? { 'if-match': quoted(etag) } : {}),
    }
    const { status, headers, body } = await this.send(what, {
      method: 'GET',
      key,
      headers: wanted,
      isStreamed: true,
      signal,
    })
    const stream = body as BodyStream
    const head = headOf(key, headers, this.client.dialect)
    // A store may ignore If-Match, or the range.
    const isOther = etag !== undefined && head.etag !== etag
    if (isOther || (status === 200 && range.from > 0)) {
      await stream.return()
      if (!isOther) throw this.invalid(`cannot ${what}: the whole came and not the range that was asked for`)
      throw new IndexferryError('OBJECT_CHANGED', `${this.side} ${this.name}: "${key}" is another version by now`, {
        side: this.side,
      })
    }
    const tell = (reason: string) => this.invalid(`cannot ${what}: ${reason}`)
    return { head, body: new WholeBody(stream, range.length, tell) }
  }

  async put(key: string, body: ObjectBody, headers: ObjectHeaders, signal?: AbortSignal): Promise<string> {
    const { dialect } = this.client
    const sent = { ...writeHeaders(headers, this.writing, dialect), ...digestOf(body) }
    const answer = await this.send(`write "${key}"`, { method: 'PUT', key, headers: sent, ...contentOf(body), signal })
    return plainEtag(answer.headers.etag)
  }

  async createUpload(key: string, size: number, partSize: number, headers: ObjectHeaders): Promise<Upload> {
    const sent = writeHeaders(headers, this.writing, this.client.dialect)
    const what = `begin to write "${key}" in parts`
    const id = readUploadId(
      await this.ask(what, { method: 'POST', key, query: { uploads: '' }, headers: sent, length: 0 }),
    )
    if (!id) throw this.invalid(`an upload of "${key}" was begun without an id`)
    return { key, id, size, partSize }
  }

  async findUploads(key: string, sinceMs: number): Promise<readonly Upload[]> {
    const what = `list the uploads of "${key}"`
    const found: Upload[] = []
    let next: Readonly<Record<string, string>> | undefined = {}
    for (let page = 1; next !== undefined && page <= uploadPagesMax; page++) {
      const query = { uploads: '', prefix: key, 'encoding-type': 'url', ...next }
      const listed = readUploads(await this.ask(what, { method: 'GET', query }))
      if (listed === undefined) throw this.invalid(`the uploads of "${key}" are no list`)
      for (const { key: other, id, begunMs } of listed.uploads)
        if (other === key && begunMs >= sinceMs) found.push({ key, id, size: 0, partSize: 0 })
      next = listed.next
    }
    return found
  }

  async putPart(upload: Upload, number: number, body: ObjectBody, signal?: AbortSignal): Promise<string> {
    const { key, id } = upload
    const query = { partNumber: String(number), uploadId: id }
    const what = `write part ${number} of "${key}"`
    const { headers } = await this.send(what, {
      method: 'PUT',
      key,
      query,
      headers: digestOf(body),
      ...contentOf(body),
      signal,
    })
    return plainEtag(headers.etag)
  }

  async listParts({ key, id }: Upload): Promise<readonly UploadedPart[] | undefined> {
    const what = `list the parts of "${key}"`
    return this.unlessMissing(async () => {
      const parts: UploadedPart[] = []
      let marker: string | undefined
      do {
        const query = { uploadId: id, 'part-number-marker': marker }
        const page = readParts(await this.ask(what, { method: 'GET', key, query }))
        if (page === undefined) throw this.invalid(`the parts of "${key}" are no list`)
        parts.push(...page.parts)
        if (page.next !== undefined && page.next === marker)
          throw this.invalid(`the parts of "${key}" have no next page`)
        marker = page.next
      } while (marker !== undefined && parts.length < this.abilities.partsMax)
      return parts
    })
  }

  async completeUpload({ key, id }: Upload, parts: readonly UploadedPart[]): Promise<string> {
    const what = `put the parts of "${key}" together`
    const body = completionBody(parts)
    const headers = { 'content-type': 'application/xml' }
    const request = { method: 'POST', key, query: { uploadId: id }, headers, body, length: body.length } as const
    return this.etagIn(what, await this.ask(what, request))
  }

  async abortUpload({ key, id }: Upload): Promise<void> {
    const what = `give up the upload of "${key}"`
    await this.unlessMissing(() => this.ask(what, { method: 'DELETE', key, query: { uploadId: id } }))
  }

  async copyWithin(from: ServerSideSource, key: string): Promise<string> {
    const { dialect } = this.client
    const headers = {
      ...copyHeaders(from, dialect),
      ...writeHeaders({}, this.writing, dialect),
      [`${dialect.headerPrefix}metadata-directive`]: 'COPY',
    }
    const what = `copy "${from.key}" within the store`
    return this.etagIn(what, await this.ask(what, { method: 'PUT', key, headers, length: 0 }))
  }

  async copyPartWithin(from: ServerSideSource, upload: Upload, number: number, range: ObjectRange): Promise<string> {
    const { dialect } = this.client
    const headers = {
      ...copyHeaders(from, dialect),
      [`${dialect.headerPrefix}copy-source-range`]: `bytes=${range.from}-${range.from + range.length - 1}`,
    }
    const query = { partNumber: String(number), uploadId: upload.id }
    const what = `copy part ${number} of "${from.key}" within the store`
    return this.etagIn(what, await this.ask(what, { method: 'PUT', key: upload.key, query, headers, length: 0 }))
  }

  /** These answers begin before the work is done, so that an error comes with status 200. */
  private etagIn(what: string, body: Buffer): string {
    const etag = readEtag(body)
    if (etag !== undefined) return etag
    const refusal = readRefusal(200, {}, body)
    if (refusal.code === '') throw this.invalid(`cannot ${what}: the answer is cut off or is none`)
    // As it would have been told at once.
    const status = refusal.code === 'NoSuchUpload' || refusal.code === 'NoSuchKey' ? 404 : 500
    throw refused({ ...refusal, status }, this.client.place, what, this.client.dialect)
  }

  /** One by one: lists of keys to delete want a checksum that not all services agree on. */
  async delete(key: string): Promise<void> {
    await this.unlessMissing(() => this.ask(`delete "${key}"`, { method: 'DELETE', key }))
  }

  private async unlessMissing<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await call()
    } catch (error) {
      if (error instanceof IndexferryError && error.code === 'OBJECT_MISSING') return undefined
      throw error
    }
  }

  placeOf(prefix: string): string {
    return `${this.origin} ${this.bucket} ${prefix}`
  }

  addressOf({ key, etag }: ObjectEntry): ServerSideSource {
    return { bucket: this.bucket, key, etag }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
  }
}

const contentOf = (body: ObjectBody) => ({ body: 'bytes' in body ? body.bytes : body.stream, length: body.length })

const digestOf = ({ md5 }: ObjectBody): Record<string, string> =>
  md5 === undefined ? {} : { 'content-md5': md5.toString('base64') }
