// What the gateway writes down about calls: one line of JSON for each refusal and each error, on standard error. Never a secret, and
// never a query string or a body, which may hold one.
import { redact } from '../../foundation/errors.ts'

export interface LogEvent {
  readonly event: 'refused' | 'failed' | 'defect' | 'dropped' | 'malformed' | 'switched'
  readonly status?: number
  /** Whoever called: `user admin`. */
  readonly who?: string
  /** Address of the client. */
  readonly from?: string | undefined
  readonly method?: string | undefined
  /** Path and query as they came; only the path is written. */
  readonly url?: string | undefined
  readonly reason: string
}

export type Log = (event: LogEvent) => void

const textMax = 500

export function createLog(write: (line: string) => void, now: () => number): Log {
  return ({ url, reason, ...facts }) => {
    const path = url?.split('?', 1)[0]?.slice(0, textMax)
    const time = new Date(now()).toISOString()
    const who = facts.who === undefined ? {} : { who: facts.who.slice(0, textMax) }
    const line = { time, ...facts, ...who, ...(path === undefined ? {} : { path }), reason: reason.slice(0, textMax) }
    write(`${redact(JSON.stringify(line))}\n`)
  }
}
