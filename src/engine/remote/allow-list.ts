// `reindex.remote.allowlist`: `host:port` with `*` for any text, as Elasticsearch and OpenSearch read it (ReindexValidator): a
// pattern must match host and port as a whole, and a list with an entry of nothing but `*` is refused at the start. Unlike there, a
// host counts however it is written (host-form.ts).
import { IndexferryError } from '../../foundation/errors.ts'
import { canonicalHost, inBrackets } from './host-form.ts'

interface Entry {
  readonly written: string
  /** Of entries whose host part is without `*`, in the form of `canonicalHost`. */
  readonly host: string | undefined
  readonly matches: (hostAndPort: string) => boolean
}

export class AllowList {
  readonly #entries: readonly Entry[]

  constructor(entries: readonly string[]) {
    this.#entries = entries.map(parseEntry)
    // No other pattern matches every text: each asks for a letter somewhere.
    if (!entries.some((entry) => /^\s*\*+\s*$/.test(entry))) return
    const list = `[${entries.join(', ')}]`
    const sentence = `Refusing to start because allowlist ${list} accepts all addresses. This would allow users to reindex-from-remote any URL they like effectively having indexferry make HTTP GETs for them.`
    throw new IndexferryError('CONFIG_INVALID', sentence, {
      remedy: 'Name hosts and ports in reindex.remote.allowlist, such as es.example.com:9200 or *.example.com:9200.',
    })
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Entries as they were written, for the finding of near misses. */
  get entries(): readonly string[] {
    return this.#entries.map(({ written }) => written)
  }

  /** `host` in the form of `canonicalHost`. */
  allows(host: string, port: number): boolean {
    return this.#match(host, port).length > 0
  }

  /** Allowed by an entry that names this very host: one without `*` before the port. */
  names(host: string, port: number): boolean {
    return this.#match(host, port).some((entry) => entry.host === host)
  }

  #match(host: string, port: number): Entry[] {
    const text = `${inBrackets(host)}:${port}`
    return this.#entries.filter(({ matches }) => matches(text))
  }
}

/** For `reindex.remotes[].hosts`: as in the list, but alone, where `*` may stand for all, and a host without a port for all ports. */
export function hostPattern(pattern: string): (host: string, port: number) => boolean {
  const trimmed = pattern.trim()
  const hasPort = trimmed.includes('*') ? /^\*+$|:[\d*]+$/.test(trimmed) : canonicalHost(trimmed) === undefined
  const { matches } = parseEntry(hasPort ? trimmed : `${inBrackets(trimmed)}:*`)
  return (host, port) => matches(`${inBrackets(host)}:${port}`)
}

function parseEntry(entry: string): Entry {
  const written = entry.trim()
  const { host, port } = splitPort(written)
  const canonical = host.includes('*') ? undefined : canonicalHost(host)
  const pattern = canonical === undefined ? written.toLowerCase() : `${inBrackets(canonical)}:${port}`
  return { written, host: canonical, matches: wildcard(pattern) }
}

/** At the last colon. */
export function splitPort(entry: string): { readonly host: string; readonly port: string } {
  const at = entry.lastIndexOf(':')
  return at < 0 ? { host: entry, port: '' } : { host: entry.slice(0, at), port: entry.slice(at + 1) }
}

/** Whether the whole text matches; `*` stands for any text. Linear in pattern times text, whatever the pattern. */
export function wildcard(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  const [first = '', ...rest] = parts
  const last = rest.pop()
  return (text) => {
    if (last === undefined) return text === first
    if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
    let at = first.length
    const end = text.length - last.length
    for (const part of rest) {
      const found = text.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
