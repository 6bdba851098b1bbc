// What stores with the S3 interface, OSS among them, say in XML.
import { plainEtag } from './object-checksum.ts'
import type { ObjectEntry, UploadedPart } from './object-store.ts'
import { childOf, escapeXml, readXml, textOf, unescapeXml, type XmlElement } from './xml.ts'

export interface ListedPage {
  readonly isTruncated: boolean
  readonly next: string | undefined
  /** Made when it is called: until then the next page can be asked for. Undefined where an object is not what it should be. */
  readonly entries: () => readonly ObjectEntry[] | undefined
}

/** Undefined where it is not what it should be. */
export function readListing(body: Buffer): ListedPage | undefined {
  const text = body.toString()
  const parts = splitContents(text)
  const root = readXml(parts?.rest ?? text)
  if (root?.name !== 'ListBucketResult') return undefined
  const decode = textOf(root, 'EncodingType') === 'url' ? decodeListed : (key: string) => key
  return {
    isTruncated: textOf(root, 'IsTruncated') === 'true',
    next: textOf(root, 'NextContinuationToken') || undefined,
    entries: () => {
      const listed = (parts && readPlain(parts.contents)) ?? readContents(parts ? readXml(text) : root)
      const entries = listed?.map((each) => each && entryOf(each, decode))
      return entries?.includes(undefined) ? undefined : (entries as ObjectEntry[] | undefined)
    },
  }
}

interface ListedObject {
  readonly key: string
  readonly size: string
  readonly modified: string
  /** Without quotes. */
  readonly etag: string
}

/**
 * A page holds a thousand objects in one plain form; as elements they would be most of the work of a look at a store that has nothing new. Undefined
 * where anything is in another form: then the whole is read as elements.
 */
function splitContents(text: string): { readonly contents: readonly string[]; readonly rest: string } | undefined {
  // Comments and CDATA may hold anything.
  if (text.includes('<!')) return undefined
  const contents: string[] = []
  let rest = ''
  for (let at = 0; ; ) {
    const start = text.indexOf('<Contents>', at)
    if (start < 0) {
      rest += text.slice(at)
      // Objects whose element has a prefix or attributes are among the rest.
      return rest.includes('Contents') ? undefined : { contents, rest }
    }
    const end = text.indexOf('</Contents>', start)
    if (end < 0) return undefined
    contents.push(text.slice(start + '<Contents>'.length, end))
    if (start > at) rest += text.slice(at, start)
    at = end + '</Contents>'.length
  }
}

function readPlain(contents: readonly string[]): ListedObject[] | undefined {
  const listed: ListedObject[] = []
  for (const object of contents) {
    const key = textWithin(object, '<Key>', '</Key>')
    const size = textWithin(object, '<Size>', '</Size>')
    if (key === undefined || size === undefined) return undefined
    const modified = textWithin(object, '<LastModified>', '</LastModified>') ?? ''
    listed.push({ key: unescapeXml(key), size, modified, etag: listedEtag(textWithin(object, '<ETag>', '</ETag>')) })
  }
  return listed
}

function textWithin(object: string, opening: string, closing: string): string | undefined {
  const start = object.indexOf(opening)
  if (start < 0) return undefined
  const from = start + opening.length
  const end = object.indexOf('<', from)
  return object.startsWith(closing, end) ? object.slice(from, end) : undefined
}

/** As nearly all ETags are written: in quotes, with nothing else that is escaped. */
const quotes = ['&quot;', '&#34;', '"']

function listedEtag(text = ''): string {
  const quote = quotes.find((each) => text.startsWith(each)) ?? ''
  const inner = text.endsWith(quote) ? text.slice(quote.length, text.length - quote.length) : text
  return /[&"W]/.test(inner) ? plainEtag(unescapeXml(text)) : inner
}

function readContents(root: XmlElement | undefined): (ListedObject | undefined)[] | undefined {
  return root?.children.flatMap((child) => {
    if (child.name !== 'Contents') return []
    const [key, size] = [textOf(child, 'Key'), textOf(child, 'Size')]
    if (key === undefined || size === undefined) return [undefined]
    return [{ key, size, modified: textOf(child, 'LastModified') ?? '', etag: plainEtag(textOf(child, 'ETag')) }]
  })
}

/** Undefined without a size that is a number: nothing could be compared. */
function entryOf(
  { key, size, modified, etag }: ListedObject,
  decode: (key: string) => string,
): ObjectEntry | undefined {
  const bytes = Number(size)
  if (!Number.isSafeInteger(bytes)) return undefined
  return { key: decode(key), size: bytes, modifiedMs: Date.parse(modified) || 0, etag }
}

/** As `encoding-type=url` writes keys: a form's encoding, in which + is a space. */
function decodeListed(key: string): string {
  if (!/[%+]/.test(key)) return key
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    // A store that says so and writes keys as they are.
    return key
  }
}

export interface PartsPage {
  readonly parts: readonly UploadedPart[]
  readonly next: string | undefined
}

export function readParts(body: Buffer): PartsPage | undefined {
  const root = readXml(body.toString())
  if (root?.name !== 'ListPartsResult') return undefined
  const parts = root.children
    .filter(({ name }) => name === 'Part')
    .map((part) => ({
      number: Number(textOf(part, 'PartNumber')),
      size: Number(textOf(part, 'Size')),
      etag: plainEtag(textOf(part, 'ETag')),
    }))
  const next = textOf(root, 'IsTruncated') === 'true' ? textOf(root, 'NextPartNumberMarker') : undefined
  return { parts, next: next || undefined }
}

export function readUploadId(body: Buffer): string | undefined {
  const root = readXml(body.toString())
  return root?.name === 'InitiateMultipartUploadResult' ? textOf(root, 'UploadId') || undefined : undefined
}

export interface UploadsPage {
  readonly uploads: readonly { readonly key: string; readonly id: string; readonly begunMs: number }[]
  /** What to ask the next page with. */
  readonly next: Readonly<Record<string, string>> | undefined
}

export function readUploads(body: Buffer): UploadsPage | undefined {
  const root = readXml(body.toString())
  if (root?.name !== 'ListMultipartUploadsResult') return undefined
  const decode = textOf(root, 'EncodingType') === 'url' ? decodeListed : (key: string) => key
  const uploads = root.children
    .filter(({ name }) => name === 'Upload')
    .map((upload) => ({
      key: decode(textOf(upload, 'Key') ?? ''),
      id: textOf(upload, 'UploadId') ?? '',
      begunMs: Date.parse(textOf(upload, 'Initiated') ?? '') || Number.POSITIVE_INFINITY,
    }))
  const [key, id] = [textOf(root, 'NextKeyMarker'), textOf(root, 'NextUploadIdMarker')]
  const isLast = textOf(root, 'IsTruncated') !== 'true' || !key
  return {
    uploads,
    next: isLast ? undefined : { 'key-marker': decode(key), ...(id ? { 'upload-id-marker': id } : {}) },
  }
}

/** Of a completed upload, a copy, or a part that was copied; undefined when the answer is none of them. */
export function readEtag(body: Buffer): string | undefined {
  const root = readXml(body.toString())
  if (root === undefined || !/^(?:CompleteMultipartUpload|CopyObject|CopyPart)Result$/.test(root.name)) return undefined
  return plainEtag(childOf(root, 'ETag')?.text)
}

export function completionBody(parts: readonly UploadedPart[]): Buffer {
  const lines = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(`"${etag}"`)}</ETag></Part>`,
  )
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><CompleteMultipartUpload>${lines.join('')}</CompleteMultipartUpload>`,
  )
}
