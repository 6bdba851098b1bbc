// A request as the bytes of a connection, right or not.
export interface MalformedRequest {
  /** For the message of a failing test. */
  readonly what: string
  readonly bytes: Buffer
  /** The client stops in the middle: closes its half, or falls silent. */
  readonly ends: 'complete' | 'closed' | 'silent'
}

export type Make = (pick: Picker) => MalformedRequest

export class Picker {
  readonly #chance: () => number

  constructor(chance: () => number) {
    this.#chance = chance
  }

  below(limit: number): number {
    return Math.floor(this.#chance() * limit)
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }
}

export const crlf = '\r\n'

interface Parts {
  readonly method?: string
  readonly url?: string
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
  readonly ends?: MalformedRequest['ends']
  readonly what: string
}

export function http({
  method = 'POST',
  url = '/_reindex',
  headers,
  body = '',
  ends = 'complete',
  what,
}: Parts): MalformedRequest {
  const bytes = Buffer.from(body)
  const lines = headers ?? ['content-type: application/json', `content-length: ${bytes.length}`]
  const head = [`${method} ${url} HTTP/1.1`, 'host: localhost', 'connection: close', ...lines, '', ''].join(crlf)
  return { what, bytes: Buffer.concat([Buffer.from(head), bytes]), ends }
}

export const raw = (
  what: string,
  text: string | Buffer,
  ends: MalformedRequest['ends'] = 'complete',
): MalformedRequest => ({
  what,
  bytes: Buffer.from(text),
  ends,
})
