// MurmurHash3 (the 128-bit variant for 32-bit machines) over a range of a buffer, without a copy and without an allocation.
//
// It tells different bytes apart by chance, not against an adversary. In JavaScript it is several times faster than calling any hash of
// node:crypto, for small documents because of the call and for large ones because of the work (docs/decisions/003).

const c1 = 0x239b961b
const c2 = 0xab0e9789
const c3 = 0x38b34ae5
const c4 = 0xa1e38b93

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))

/** Hashes `view[start…end)` into the four `lanes`, lowest first. */
export function murmurHash128(view: DataView, start: number, end: number, seed: number, lanes: Uint32Array): void {
  let h1 = seed | 0
  let h2 = seed | 0
  let h3 = seed | 0
  let h4 = seed | 0
  let at = start
  for (const lastBlock = end - 16; at <= lastBlock; at += 16) {
    h1 ^= Math.imul(rotate(Math.imul(view.getInt32(at, true), c1), 15), c2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 4, true), c2), 16), c3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 8, true), c3), 17), c4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 12, true), c4), 18), c1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  // The last, incomplete block: as much of each of its four words as there is.
  if (at + 12 < end) h4 ^= Math.imul(rotate(Math.imul(partialWord(view, at + 12, end), c4), 18), c1)
  if (at + 8 < end) h3 ^= Math.imul(rotate(Math.imul(partialWord(view, at + 8, end), c3), 17), c4)
  if (at + 4 < end) h2 ^= Math.imul(rotate(Math.imul(partialWord(view, at + 4, end), c2), 16), c3)
  if (at < end) h1 ^= Math.imul(rotate(Math.imul(partialWord(view, at, end), c1), 15), c2)
  const length = end - start
  finish(h1 ^ length, h2 ^ length, h3 ^ length, h4 ^ length, lanes)
}

/** Up to four bytes, the first one lowest. */
function partialWord(view: DataView, at: number, end: number): number {
  if (at + 4 <= end) return view.getInt32(at, true)
  let word = 0
  for (let byte = Math.min(at + 3, end - 1); byte >= at; byte--) word = (word << 8) | view.getUint8(byte)
  return word
}

function finish(a: number, b: number, c: number, d: number, lanes: Uint32Array): void {
  const sum = (a + b + c + d) | 0
  const h1 = spread(sum)
  const h2 = spread((b + sum) | 0)
  const h3 = spread((c + sum) | 0)
  const h4 = spread((d + sum) | 0)
  const all = (h1 + h2 + h3 + h4) | 0
  lanes[0] = all
  lanes[1] = h2 + all
  lanes[2] = h3 + all
  lanes[3] = h4 + all
}

/** Every bit of the input reaches every bit of the result. */
export function spread(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) | 0
}
