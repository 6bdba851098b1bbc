// Many small documents, each computed from its number: written as lines, and looked for again in the lines that came back.

import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'

/** Bytes that change in most hands: zeros at the end of numbers, numbers too large or too small, escapes, odd white space. */
const oddNumbers = [
  '10.50',
  '1.0',
  '9007199254740993',
  '1e400',
  '-0.0',
  '0.1e1',
  '123456789012345678901234567890',
  '4.9e-324',
]
const oddTexts = ['\\u00e9t\\u00e9', 'été', '\\/path\\/', 'tab\\t', '\\ud83d\\ude00', '日本']

export const documentId = (n: number): string => `d${n}`

export function documentSource(n: number): string {
  const space = n % 11 === 0 ? ' ' : ''
  return (
    `{"n":${n},${space}"odd":${oddNumbers[n % 8]},"price":${n % 1000}.${n % 10}0,"text":"${oddTexts[n % 6]} ${n % 9973}",` +
    `"list":[${n % 7},${space}${n % 13}.0],"flag":${n % 2 === 0},"tail":"${(n * 2654435761) % 1_000_000_007}"}`
  )
}

export async function writeDocuments(file: string, count: number, signal: AbortSignal): Promise<void> {
  const output = createWriteStream(file)
  const linesAtOnce = 5000
  for (let from = 0; from < count; from += linesAtOnce) {
    signal.throwIfAborted()
    let lines = ''
    for (let n = from; n < Math.min(count, from + linesAtOnce); n++) {
      lines += `{"_id":"${documentId(n)}","_source":${documentSource(n)}}\n`
    }
    if (!output.write(lines)) await once(output, 'drain')
  }
  output.end()
  await once(output, 'close')
}

/** Throws unless the file holds each document once, byte for byte. Its memory is a bit for each document. */
export async function checkDocumentLines(file: string, count: number, signal: AbortSignal): Promise<void> {
  const seen = new Uint8Array(Math.ceil(count / 8))
  let found = 0
  for await (const line of linesOf(file)) {
    if (found % 10_000 === 0) signal.throwIfAborted()
    const n = Number(/"_id":"d(\d+)"/.exec(line)?.[1] ?? Number.NaN)
    if (!(n < count)) throw new Error(`a line of the file is of no document: ${line.slice(0, 300)}`)
    if (!line.endsWith(`"_source":${documentSource(n)}}`)) throw new Error(`document ${n} came back as ${line}`)
    if (((seen[n >> 3] as number) >> (n & 7)) & 1) throw new Error(`document ${n} came back twice`)
    seen[n >> 3]! |= 1 << (n & 7)
    found++
  }
  if (found !== count) throw new Error(`${count} documents went in, ${found} came back`)
}

/** One pass over the bytes; the line reader of node would take several times as long. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
    const end = bytes.lastIndexOf(10) + 1
    // The end of a line is no part of a longer character, so that whole lines can be decoded together.
    for (const line of bytes.toString('utf8', 0, Math.max(0, end - 1)).split('\n')) if (end > 0) yield line
    rest = bytes.subarray(end)
  }
  if (rest.length > 0)
    throw new Error(`the file does not end with the end of a line but with ${rest.toString().slice(0, 300)}`)
}
