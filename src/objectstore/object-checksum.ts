// What an ETag says about the content. An object put in one piece has its MD5, one put in parts the MD5 of the parts' MD5s and
// their number; encrypted objects (aws:kms) and some services have something else that may look the same.
import { createHash } from 'node:crypto'

export const md5Of = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest()

export const isMd5 = (etag: string): boolean => /^[0-9a-f]{32}$/i.test(etag)

export const sameEtag = (etag: string, md5: Buffer): boolean => etag.toLowerCase() === md5.toString('hex')

/** The ETag that S3 gives to an object of these parts. */
export function multipartEtag(md5s: readonly Buffer[]): string {
  const hash = createHash('md5')
  for (const md5 of md5s) hash.update(md5)
  return `${hash.digest('hex')}-${md5s.length}`
}

/** Headers have ETags in quotes, some services leave them out. */
export const plainEtag = (etag: string | undefined): string => (etag ?? '').replace(/^W\//, '').replaceAll('"', '')
