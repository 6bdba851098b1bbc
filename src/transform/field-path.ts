// A field of documents, named as users and mappings name it: `a.b.c`. The dots lead into objects, but a document may also spell
// some of them out in a key (`{"a.b":{"c":1}}`): servers take both for the same field, so both match.
import { IndexferryError } from '../foundation/errors.ts'
import { encodeJsonString, equalsBytes } from '../foundation/json-bytes.ts'

const BACKSLASH = 0x5c

export class FieldPath {
  readonly text: string
  readonly segments: readonly string[]
  /** `spellings[from][count - 1]`: the key that covers `count` segments from `from` on, as it stands between the quotes. */
  private readonly spellings: readonly (readonly Buffer[])[]

  constructor(text: string) {
    this.text = text
    this.segments = text.split('.')
    if (this.segments.includes('')) {
      throw new IndexferryError('USAGE', `"${text}" is not the path of a field`, {
        remedy: 'Write names with single dots between them, such as user.name.',
      })
    }
    this.spellings = this.segments.map((_, from) =>
      this.segments.slice(from).map((_, more) => keyContent(this.segments.slice(from, from + more + 1).join('.'))),
    )
  }

  get length(): number {
    return this.segments.length
  }

  /** How many segments from number `from` on the key `bytes[start…end)` stands for; 0 when it is another key. */
  covers(bytes: Buffer, start: number, end: number, from: number): number {
    const spellings = this.spellings[from] as readonly Buffer[]
    for (let i = 0; i < spellings.length; i++) {
      if (equalsBytes(bytes, start, end, spellings[i] as Buffer)) return i + 1
    }
    const backslash = bytes.indexOf(BACKSLASH, start)
    if (backslash < 0 || backslash >= end) return 0
    return this.coversEscaped(bytes, start, end, spellings)
  }

  /** The key holds escapes that we would not have written, such as `\u0061`. */
  private coversEscaped(bytes: Buffer, start: number, end: number, spellings: readonly Buffer[]): number {
    const plain = keyContent(JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as string)
    return spellings.findIndex((spelling) => spelling.equals(plain)) + 1
  }

  /** `{"c":{"d":VALUE}}` without the outer braces, for the segments from `from` on. */
  nest(value: Buffer, from: number): Buffer {
    const names = this.segments.slice(from).map((segment) => `${JSON.stringify(segment)}:`)
    return Buffer.concat([Buffer.from(names.join('{')), value, Buffer.from('}'.repeat(names.length - 1))])
  }
}

/** Whether one is the other or lies inside it. */
export function overlap(a: FieldPath, b: FieldPath): boolean {
  const shared = Math.min(a.length, b.length)
  return a.segments.slice(0, shared).join('.') === b.segments.slice(0, shared).join('.')
}

const keyContent = (name: string): Buffer => encodeJsonString(name).subarray(1, -1)
