// Keys as names of files. A key may be anything; a name may not be empty, `.` or `..`, hold a NUL byte, or be longer than 255 bytes.
// Ordinary parts of keys keep their names, so that a folder of a cluster's `fs` repository is what the cluster expects; the others
// are written as `.indexferry~` and their bytes in base64, long ones as several folders `.indexferry+…` before that.
import { join } from 'node:path'

/** What begins like this is ours: in no listing under its own name, and never made from a key as it is. */
export const ownNames = '.indexferry'
const whole = '.indexferry~'
const goesOn = '.indexferry+'
const nameBytesMax = 255
/** 200 characters of base64. */
const chunkBytes = 150

const isPlain = (part: string): boolean =>
  part !== '' &&
  part !== '.' &&
  part !== '..' &&
  !part.includes('\0') &&
  !part.startsWith(ownNames) &&
  Buffer.byteLength(part) <= nameBytesMax

const encode = (text: string): string => Buffer.from(text).toString('base64url')
const decode = (text: string): string => Buffer.from(text, 'base64url').toString()

/** Cut between characters. */
function chunks(part: string): string[] {
  const found: string[] = []
  let chunk = ''
  let bytes = 0
  for (const character of part) {
    const length = Buffer.byteLength(character)
    if (bytes + length > chunkBytes) {
      found.push(chunk)
      chunk = ''
      bytes = 0
    }
    chunk += character
    bytes += length
  }
  return [...found, chunk]
}

function namesOf(part: string): string[] {
  if (isPlain(part)) return [part]
  const pieces = chunks(part)
  const last = pieces.pop() as string
  return [...pieces.map((piece) => goesOn + encode(piece)), whole + encode(last)]
}

/** The path of a key below the folder; never outside of it. */
export const pathOfKey = (root: string, key: string): string => join(root, ...key.split('/').flatMap(namesOf))

/** What a name in a folder stands for: a whole part of a key, or the beginning of one that goes on in the folder. */
export function readName(name: string): { readonly text: string; readonly goesOn: boolean } | undefined {
  if (!name.startsWith(ownNames)) return { text: name, goesOn: false }
  if (name.startsWith(whole)) return { text: decode(name.slice(whole.length)), goesOn: false }
  if (name.startsWith(goesOn)) return { text: decode(name.slice(goesOn.length)), goesOn: true }
  return undefined
}
