// Tokens of pages: where the next page begins, sealed so that a changed token, or one of another list, is told at once.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const sealLength = 16

/** `list` says which list the token belongs to: its direction and its filters. */
export function sealToken(key: Buffer, list: string, lastNumber: number): string {
  const place = Buffer.alloc(8)
  place.writeBigUInt64BE(BigInt(lastNumber))
  return Buffer.concat([place, sealOf(key, list, place)]).toString('base64url')
}

/** The number after which the page begins, or undefined for a token that is not one of this list. */
export function openToken(key: Buffer, list: string, token: string): number | undefined {
  if (!/^[A-Za-z0-9_-]{32}$/.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  const place = bytes.subarray(0, 8)
  return timingSafeEqual(sealOf(key, list, place), bytes.subarray(8)) ? Number(place.readBigUInt64BE()) : undefined
}

function sealOf(key: Buffer, list: string, place: Buffer): Buffer {
  const which = createHash('sha256').update(list).digest()
  return createHmac('sha256', key).update(which).update(place).digest().subarray(0, sealLength)
}
