import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmurHash128 } from './murmur-hash.ts'

/** From the mmh3 package of Python, `hash128(…, x64arch=False)`. */
const known: readonly (readonly [text: string, seed: number, hash: string])[] = [
  ['', 0, '00000000000000000000000000000000'],
  ['', 123, '26f3e79926f3e79926f3e799fedc5245'],
  ['a', 0, '5556b01b5556b01b5556b01ba794933c'],
  ['a', 0xdeadbeef, '4ef0a6b94ef0a6b94ef0a6b9120456fc'],
  ['hello, world', 123, '74de2a894947c9de9b5faa8b76dd8999'],
  ['The quick brown fox jumps over the lazy dog', 0, 'e5e91d2c5d7bf66cecee2c672f1583c3'],
  ['The quick brown fox jumps over the lazy dog', 0xdeadbeef, '734302304ea12057722be9211a591eca'],
]

function hashOf(bytes: Buffer, seed: number, offset = 0): string {
  const padded = Buffer.concat([Buffer.alloc(offset, 7), bytes, Buffer.alloc(20, 9)])
  const lanes = new Uint32Array(4)
  const view = new DataView(padded.buffer, padded.byteOffset, padded.length)
  murmurHash128(view, offset, offset + bytes.length, seed, lanes)
  return [...lanes]
    .reverse()
    .map((lane) => lane.toString(16).padStart(8, '0'))
    .join('')
}

test('gives the known values wherever in the buffer the bytes lie', () => {
  for (const [text, seed, hash] of known) {
    for (const offset of [0, 1, 5, 16]) assert.equal(hashOf(Buffer.from(text), seed, offset), hash, text)
  }
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  assert.equal(hashOf(every, 123), '123734492f380e1d92e6c4ebb0d9d686')
})

test('each length of the last block and each bit of it counts', () => {
  const seen = new Set<string>()
  for (let length = 0; length <= 48; length++) {
    const bytes = Buffer.alloc(length)
    seen.add(hashOf(bytes, 1))
    for (let bit = 0; bit < length * 8; bit++) {
      bytes[bit >> 3] = 1 << (bit & 7)
      seen.add(hashOf(bytes, 1))
      bytes[bit >> 3] = 0
    }
  }
  assert.equal(seen.size, 49 + (48 * 49 * 8) / 2)
})
