// The one error class. A user reads its message as one sentence: the side, the cause, then what to do.
import { type ErrorCode, errorCodes } from './error-codes.ts'
import { type ErrorDefinition, exitCodes } from './error-definition.ts'

export type Side = 'source' | 'target' | 'file' | 'ours'

export interface ErrorDetails {
  readonly side?: Side
  /** What to do, where this place knows better than the table. */
  readonly remedy?: string
  /** Machine-readable facts, such as index, status or document id. Never secrets. */
  readonly fields?: Readonly<Record<string, string | number | boolean | null>>
  /** What a cluster answered, whole, for who passes its words on. In no log and no state file. */
  readonly answer?: string | undefined
  readonly cause?: unknown
}

/** Secrets are taken out here, when the error is made, so that no log, report or state file can hold them. */
export class IndexferryError extends Error {
  readonly code: ErrorCode
  readonly side: Side
  readonly remedy: string
  readonly fields: Readonly<Record<string, string | number | boolean | null>>
  readonly answer: string | undefined

  constructor(code: ErrorCode, sentence: string, details: ErrorDetails = {}) {
    super(redact(sentence), details.cause === undefined ? {} : { cause: details.cause })
    this.name = 'IndexferryError'
    this.code = code
    this.side = details.side ?? 'ours'
    this.remedy = redact(details.remedy ?? errorCodes[code].remedy)
    this.fields = details.fields ?? {}
    this.answer = details.answer === undefined ? undefined : redact(details.answer)
  }

  get definition(): ErrorDefinition {
    return errorCodes[this.code]
  }

  get exitCode(): number {
    const { exit } = this.definition
    if (exit !== 'side') return exitCodes[exit]
    return this.side === 'ours' ? exitCodes.internal : exitCodes[this.side]
  }

  /** The form of `--json` and of state files. */
  toJSON(): Record<string, unknown> {
    return { code: this.code, side: this.side, message: this.message, remedy: this.remedy, ...this.fields }
  }
}

export const isErrorOf = (error: unknown, ...codes: ErrorCode[]): error is IndexferryError =>
  error instanceof IndexferryError && codes.includes(error.code)

/** Any thrown value as an IndexferryError; what is not one of ours is a defect. */
export function asIndexferryError(error: unknown): IndexferryError {
  if (error instanceof IndexferryError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new IndexferryError('INTERNAL', message, { cause: error })
}

/** How many hold each secret. */
const secrets = new Map<string, number>()

/**
 * Registers a secret (a password, a key, a token) that must not be printed, whatever text it turns up in. It stays until the
 * function that is answered is called, which a program that gets secrets with each request must do in the end; what is given on the
 * command line or in the configuration is never released.
 */
export function registerSecret(secret: string | undefined): () => void {
  if (!secret || secret.length < 4) return () => {}
  secrets.set(secret, (secrets.get(secret) ?? 0) + 1)
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    const holders = (secrets.get(secret) ?? 1) - 1
    if (holders > 0) secrets.set(secret, holders)
    else secrets.delete(secret)
  }
}

/** Takes credentials in URLs, authorization headers and every registered secret out of a text. */
export function redact(text: string): string {
  let clean = text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*:[^\s@]*@/gi, '$1***@')
    .replace(/\b(Basic|Bearer|ApiKey)\s+[A-Za-z0-9+/=._-]{8,}/g, '$1 ***')
    .replace(/(Signature=|X-Amz-Security-Token[:=]\s*)[^\s,&]+/gi, '$1***')
  for (const secret of secrets.keys()) clean = clean.replaceAll(secret, '***')
  return clean
}
