// Which headers of a request or an answer go on to the other side of a proxy, and which belong to one connection only.

/** RFC 9110, 7.6.1; `expect` and `host` are answered anew for each connection. */
const ofOneConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const notOfRequests = new Set([...ofOneConnection, 'expect', 'host'])

/** Headers as they came: name, value, name, value … */
export type RawHeaders = readonly string[]

/** What replaces or joins the headers of a request. */
export interface HeaderChange {
  /** Lower-case names. */
  readonly without: ReadonlySet<string>
  readonly plus: Readonly<Record<string, string>>
}

/** `isKept` is asked with names in small letters. */
export function keptHeaders(headers: RawHeaders, isKept: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    if (isKept(name.toLowerCase())) kept.push(name, headers[at + 1] as string)
  }
  return kept
}

export function passedRequestHeaders(headers: RawHeaders, { without, plus }: HeaderChange): string[] {
  const named = namedByConnection(headers)
  const passed = keptHeaders(headers, (name) => !notOfRequests.has(name) && !without.has(name) && !named?.has(name))
  for (const [name, value] of Object.entries(plus)) passed.push(name, value)
  return passed
}

/** `chunked` says whether the answer's own framing may go on: clients of HTTP/1.0 do not know it. */
export function passedAnswerHeaders(headers: RawHeaders, chunked: boolean): string[] {
  const named = namedByConnection(headers)
  const isFraming = (name: string) => name === 'transfer-encoding' && chunked
  return keptHeaders(headers, (name) => (!ofOneConnection.has(name) || isFraming(name)) && !named?.has(name))
}

/** `Connection: upgrade, http2-settings` says that these are of this connection as well. */
function namedByConnection(headers: RawHeaders): Set<string> | undefined {
  let named: Set<string> | undefined
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const token of (headers[at + 1] as string).split(',')) {
      const key = token.trim().toLowerCase()
      // What a message cannot be read without is no matter of one connection, whatever somebody says.
      if (key === '' || key === 'close' || key === 'keep-alive' || /^content-|^authorization$/.test(key)) continue
      named ??= new Set()
      named.add(key)
    }
  }
  return named
}
