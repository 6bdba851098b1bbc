// Indexes of many small documents, filled as fast as the server takes them.
import type { HttpClient } from '../http.ts'

export interface SmallIndex {
  readonly name: string
  readonly shards: number
}

const mapping = { properties: { n: { type: 'long' }, at: { type: 'long' }, text: { type: 'keyword', index: false } } }
const documentsPerBody = 5_000

export const idOf = (n: number): string => `doc-${n}`

export const sourceOf = (n: number, at: number): string =>
  `{"n":${n},"at":${at},"text":"a small document of a large index, the ${n}th"}`

export async function makeIndex(http: HttpClient, { name, shards }: SmallIndex): Promise<void> {
  await http.bytes({ method: 'DELETE', path: `/${name}`, accept: [404] })
  await http.bytes({
    method: 'PUT',
    path: `/${name}`,
    body: {
      settings: { number_of_shards: shards, number_of_replicas: 0, refresh_interval: '1s' },
      mappings: mapping,
    },
  })
}

export async function bulk(http: HttpClient, index: string, lines: string, signal: AbortSignal): Promise<void> {
  const path = `/${index}/_bulk?filter_path=errors,items.*.error`
  const answer = await http.json<{ errors: boolean }>({ method: 'POST', path, body: Buffer.from(lines), signal })
  if (answer.errors) throw new Error(`refused: ${JSON.stringify(answer).slice(0, 500)}`)
}

/** Documents `from` to below `to`, over two connections. */
export async function fill(
  http: HttpClient,
  index: string,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<void> {
  let next = from
  const send = async () => {
    while (next < to) {
      const first = next
      next = Math.min(to, next + documentsPerBody)
      let lines = ''
      for (let n = first; n < next; n++) lines += `{"index":{"_id":"${idOf(n)}"}}\n${sourceOf(n, 0)}\n`
      await bulk(http, index, lines, signal)
    }
  }
  await Promise.all([send(), send()])
}

/** Few segments and nothing left to merge, as in an index that has been at rest. */
export async function settle(http: HttpClient, index: string, signal: AbortSignal): Promise<void> {
  await http.bytes({ method: 'POST', path: `/${index}/_refresh`, signal })
  await http.bytes({ method: 'POST', path: `/${index}/_flush?wait_if_ongoing=true`, signal })
}
