// Finds the route of a call. The table is small, so that a list by first segment is all it takes.
import type { Route } from './route.ts'

export interface Match {
  readonly route: Route
  readonly parameters: Readonly<Record<string, string>>
}

export interface Path {
  /** Decoded, without empty ones; undefined when the path is not percent-encoded as it should be. */
  readonly segments: readonly string[] | undefined
  readonly query: string
}

/** Paths under this are ours alone: they are never passed on. */
export const ownFolder = '_indexferry'

interface Entry {
  readonly route: Route
  readonly segments: readonly string[]
}

export class Router {
  readonly #byFirst = new Map<string, Entry[]>()

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.split('/').filter(Boolean)
      const first = segments[0]?.startsWith(':') ? '' : (segments[0] ?? '/')
      const entries = this.#byFirst.get(first) ?? []
      // What is spelled out goes before what takes any segment.
      entries.push({ route, segments })
      entries.sort((a, b) => parametersIn(a) - parametersIn(b))
      this.#byFirst.set(first, entries)
    }
  }

  find(method: string, segments: readonly string[]): Match | undefined {
    for (const entry of this.#candidates(segments)) {
      if (entry.route.method !== method) continue
      const parameters = fit(entry.segments, segments)
      if (parameters) return { route: entry.route, parameters }
    }
    return undefined
  }

  /** The methods that a path takes; empty when there is no such path. */
  methods(segments: readonly string[]): string[] {
    const fitting = this.#candidates(segments).filter((entry) => fit(entry.segments, segments))
    return [...new Set(fitting.map(({ route }) => route.method))]
  }

  #candidates([first]: readonly string[]): Entry[] {
    return [...(this.#byFirst.get(first ?? '/') ?? []), ...(this.#byFirst.get('') ?? [])]
  }
}

const parametersIn = ({ segments }: Entry): number => segments.filter((segment) => segment.startsWith(':')).length

function fit(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at] as string
    if (part.startsWith(':')) parameters[part.slice(1)] = segment
    else if (part !== segment) return undefined
  }
  return parameters
}

/**
 * Path and query. Clients of proxies name the host as well, which a server has to take (RFC 9112, 3.2.2); and `OPTIONS *` is to these
 * servers what `OPTIONS /*` is.
 */
export const withoutOrigin = (url: string): string =>
  url.startsWith('/') ? url : `/${url.replace(/^https?:\/\/[^/?]*\/?/i, '')}`

/** Servers take `//_tasks//x/` for `/_tasks/x`. */
export function parsePath(given: string): Path {
  const url = withoutOrigin(given)
  const cut = url.indexOf('?')
  const path = cut < 0 ? url : url.slice(0, cut)
  const query = cut < 0 ? '' : url.slice(cut + 1)
  const raw = path.split('/').filter(Boolean)
  try {
    return { segments: path.includes('%') ? raw.map(decodeURIComponent) : raw, query }
  } catch {
    return { segments: undefined, query }
  }
}

/** As servers read a path that is not encoded as UTF-8: what cannot be read becomes a replacement character. */
export function readLeniently(given: string): readonly string[] {
  const path = withoutOrigin(given).split('?', 1)[0] as string
  const decode = (part: string) =>
    Buffer.from(
      part.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
      'latin1',
    ).toString()
  return path.split('/').filter(Boolean).map(decode)
}

/** Whether every `%` begins an escape of UTF-8. */
export function isWellEncoded(query: string): boolean {
  if (!query.includes('%')) return true
  try {
    decodeURIComponent(query)
    return true
  } catch {
    return false
  }
}
