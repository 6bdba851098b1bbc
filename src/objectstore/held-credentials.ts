// Credentials as they are used: kept while they hold, and asked for again before they end or when the store says that they have.
import { now } from '../foundation/clock.ts'
import type { CredentialSource, StoreCredentials } from './store-credentials.ts'

/** Credentials that end sooner than this are asked for again. */
const freshMs = 5 * 60_000
/** A source may hand out what it has until the last minute; so often it is asked for something newer. */
const againMs = 30_000

export class HeldCredentials {
  private readonly source: CredentialSource
  private asked: Promise<StoreCredentials> | undefined
  private askedMs = 0
  private latest: StoreCredentials | undefined

  constructor(source: CredentialSource) {
    this.source = source
  }

  async get(): Promise<StoreCredentials> {
    if (this.asked === undefined) return this.ask(undefined)
    const credentials = await this.asked
    const isFresh = !endsWithin(credentials, freshMs) || now() - this.askedMs < againMs
    return isFresh ? credentials : this.ask(credentials)
  }

  /** The store says that these have ended. Of many requests that are told so, the first is enough. */
  drop(used: StoreCredentials): void {
    if (this.latest === used) this.asked = undefined
  }

  private ask(former: StoreCredentials | undefined): Promise<StoreCredentials> {
    const asked: Promise<StoreCredentials> = this.source().then(
      (credentials) => {
        this.latest = credentials
        return credentials
      },
      (error: unknown) => {
        // What they come from may be away for a moment; until they end, those that are there will do.
        if (former !== undefined && !endsWithin(former, 0)) return former
        if (this.asked === asked) this.asked = undefined
        throw error
      },
    )
    this.asked = asked
    this.askedMs = now()
    return asked
  }
}

const endsWithin = ({ expiration }: StoreCredentials, ms: number): boolean =>
  expiration !== undefined && expiration.getTime() - now() < ms
