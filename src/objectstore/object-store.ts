// What every kind of object store offers to those who move and compare objects. Keys are whole keys of the store.
import type { Side } from '../foundation/errors.ts'

export interface ObjectEntry {
  readonly key: string
  readonly size: number
  /** Last modified, in milliseconds; many stores know whole seconds only. */
  readonly modifiedMs: number
  /** Without quotes. Tells versions of one object apart; whether it is a checksum is for object-checksum.ts to say. */
  readonly etag: string
}

/** What HTTP tells with the content, moved along with it. */
export interface ObjectHeaders {
  readonly contentType?: string
  readonly cacheControl?: string
  readonly contentEncoding?: string
  readonly contentDisposition?: string
  readonly contentLanguage?: string
  readonly metadata?: Readonly<Record<string, string>>
}

export interface ObjectHead extends ObjectEntry {
  readonly headers: ObjectHeaders
  /** Encrypted with a key of the user's: the ETag looks like an MD5 and is none. Lists do not tell. */
  readonly isEtagOpaque?: boolean
}

export interface ObjectRange {
  /** First byte, and the number of bytes. */
  readonly from: number
  readonly length: number
}

export interface OpenedObject {
  readonly head: ObjectHead
  /**
   * Exactly the range, or an error: a body that ends early never ends quietly. A chunk may be overwritten when the one after the next is
   * asked for.
   */
  readonly body: AsyncIterableIterator<Buffer>
}

/** An object, or a part of one, on its way into a store. */
export type ObjectBody = {
  readonly length: number
  /** Sent along where it is known before, for the store to check. */
  readonly md5?: Buffer
} & ({ readonly bytes: Buffer } | { readonly stream: AsyncIterable<Buffer> })

export interface Upload {
  readonly key: string
  readonly id: string
  readonly size: number
  readonly partSize: number
}

export interface UploadedPart {
  readonly number: number
  readonly size: number
  readonly etag: string
}

export interface StoreAbilities {
  /** ETags of objects put in one piece are their MD5, as far as the settings of this side say. */
  readonly etagIsMd5: boolean
  /** Copies of objects that the store makes itself; only between stores with the same `identity`. */
  readonly serverSideCopy: boolean
  /** Largest object that one request may copy. */
  readonly serverSideCopyMax: number
  readonly partSizeMin: number
  readonly partSizeMax: number
  readonly partsMax: number
  readonly objectSizeMax: number
}

export interface ObjectStore extends AsyncDisposable {
  /** `bucket eric-es-index-backups`, for messages. */
  readonly name: string
  readonly side: Side
  readonly abilities: StoreAbilities
  /** Two stores with the same identity are one service reached with the same credentials. */
  readonly identity: string
  /** Pages in the byte order of the keys. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<readonly ObjectEntry[]>
  /** Undefined when it is not there. */
  head(key: string, signal?: AbortSignal): Promise<ObjectHead | undefined>
  /** With `etag` only that version. Throws OBJECT_MISSING, OBJECT_CHANGED. */
  open(key: string, range: ObjectRange, options?: { etag?: string; signal?: AbortSignal }): Promise<OpenedObject>
  /** Puts a whole object and returns its ETag. */
  put(key: string, body: ObjectBody, headers: ObjectHeaders, signal?: AbortSignal): Promise<string>
  createUpload(key: string, size: number, partSize: number, headers: ObjectHeaders): Promise<Upload>
  /** Those of this key that were begun since then and neither completed nor given up. */
  findUploads(key: string, sinceMs: number): Promise<readonly Upload[]>
  putPart(upload: Upload, number: number, body: ObjectBody, signal?: AbortSignal): Promise<string>
  /** Undefined when the store does not know the upload any more. At most `partsMax` parts. */
  listParts(upload: Upload): Promise<readonly UploadedPart[] | undefined>
  completeUpload(upload: Upload, parts: readonly UploadedPart[]): Promise<string>
  abortUpload(upload: Upload): Promise<void>
  /** Copies within the store and returns the ETag of the copy. Throws OBJECT_MISSING, OBJECT_CHANGED. */
  copyWithin(from: ServerSideSource, key: string): Promise<string>
  copyPartWithin(from: ServerSideSource, upload: Upload, number: number, range: ObjectRange): Promise<string>
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>
  /** Tells places apart: one lies within the other when its text begins with that of the other. */
  placeOf(prefix: string): string
  /** What addresses the object in the store's own copy request. */
  addressOf(entry: ObjectEntry): ServerSideSource
}

export interface ServerSideSource {
  readonly bucket: string
  readonly key: string
  readonly etag: string
}
