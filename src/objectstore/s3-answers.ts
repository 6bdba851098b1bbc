// What stores with the S3 interface, OSS among them, say in XML.
import { plainEtag } from './object-checksum.ts'
import type { ObjectEntry, UploadedPart } from './object-store.ts'
import { childOf, escapeXml, readXml, textOf, type XmlElement } from './xml.ts'

export interface ListedPage {
  readonly entries: readonly ObjectEntry[]
  readonly isTruncated: boolean
  readonly next: string | undefined
}

/** Undefined where it is not what it should be. */
export function readListing(body: Buffer): ListedPage | undefined {
  const root = readXml(body.toString())
  if (root?.name !== 'ListBucketResult') return undefined
  const decode = textOf(root, 'EncodingType') === 'url' ? decodeListed : (key: string) => key
  const entries: ObjectEntry[] = []
  for (const child of root.children) {
    if (child.name !== 'Contents') continue
    const entry = readEntry(child, decode)
    if (entry === undefined) return undefined
    entries.push(entry)
  }
  const next = textOf(root, 'NextContinuationToken')
  return { entries, isTruncated: textOf(root, 'IsTruncated') === 'true', next: next || undefined }
}

function readEntry({ children }: XmlElement, decode: (key: string) => string): ObjectEntry | undefined {
  let key: string | undefined
  let size: number | undefined
  let modifiedMs = 0
  let etag = ''
  for (const { name, text } of children) {
    if (name === 'Key') key = text
    else if (name === 'Size') size = Number(text)
    else if (name === 'LastModified') modifiedMs = Date.parse(text) || 0
    else if (name === 'ETag') etag = plainEtag(text)
  }
  // Without a size nothing could be compared.
  return key === undefined || size === undefined || !Number.isSafeInteger(size)
    ? undefined
    : { key: decode(key), size, modifiedMs, etag }
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
